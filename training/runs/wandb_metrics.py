"""What a run measures, shown at Weights & Biases too; it may fail there, and the run goes on."""

import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from training.files import written_whole
from training.providers import Metric
from training.registry import Run

# Seconds that a run waits for W&B, to begin and to end; what is not sent by then stays on the disk.
PATIENCE_SECONDS = 20.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WandbProject:
    """Where metrics are shown; without an entity, in the account's own."""

    project: str
    entity: str = ""


class WandbMetrics:
    """A run's metrics at W&B, each step once, in order; `warn` is told in a sentence when that does not work."""

    def __init__(self, place: WandbProject, home: Path, run: Run, warn: Callable[[str], None]) -> None:
        self._place, self._home, self._run, self._warn = place, home, run, warn
        self._shown = home / "wandb" / f"{run.id}.step"
        self._wandb_run: Any = None
        self._given_up = False

    def show(self, metrics: Iterable[Metric], *, last: bool) -> None:
        """Show the steps that were not shown yet, of all metrics so far.

        A step is shown once it is whole: when there is a later one, or when these are the last.
        """
        steps: defaultdict[int, dict[str, float]] = defaultdict(dict)
        for metric in metrics:
            steps[metric.step][metric.name] = metric.value
        newest = max(steps, default=0)
        shown = self._step_shown()
        new = {step: steps[step] for step in sorted(steps) if step > shown and (last or step < newest)}
        if not self._given_up:
            self._trying(lambda: self._send(new, last=last))

    def close(self) -> None:
        """Let go of W&B; another may go on with the run there."""
        if self._wandb_run is not None:
            self._trying(self._finish)

    def _finish(self) -> None:
        opened, self._wandb_run = self._wandb_run, None
        if opened is not None:
            opened.finish()

    def _send(self, new: Mapping[int, Mapping[str, float]], *, last: bool) -> None:
        for step, values in new.items():
            self._opened().log(dict(values), step=step)
        if new:
            self._remember(max(new))
        if last:
            self._finish()

    def _trying(self, send: Callable[[], None]) -> None:
        """Do something at W&B, and give it up there when that fails."""
        try:
            send()
        except ImportError:
            self._give_up('Weights & Biases is configured, but its package is missing: pip install "sarah[wandb]".')
        except Exception as error:  # noqa: BLE001 - it has errors of many kinds, and none may end a run
            _log.warning("W&B failed for %s", self._run.id, exc_info=error)
            self._give_up(
                f"Weights & Biases does not take the metrics ({type(error).__name__}); they are kept here all the same:"
                " log in with `wandb login`, or set WANDB_MODE=offline."
            )

    def _opened(self) -> Any:  # noqa: ANN401 - wandb carries only partial types
        if self._wandb_run is None:
            self._wandb_run = self._open()
        return self._wandb_run

    def _open(self) -> Any:  # noqa: ANN401 - wandb carries only partial types
        # It would tell its makers of each error.
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb  # noqa: PLC0415 - an extra, and only where it is configured

        settings = wandb.Settings(
            console="off",
            silent=True,
            show_info=False,
            disable_git=True,
            save_code=False,
            x_disable_meta=True,
            x_disable_stats=True,
            x_disable_machine_info=True,
            x_save_requirements=False,
            host="",
            init_timeout=PATIENCE_SECONDS,
            finish_timeout=PATIENCE_SECONDS,
            # Several runs may go on in one process.
            reinit="create_new",
        )
        return cast("Any", wandb).init(
            project=self._place.project,
            entity=self._place.entity or None,
            id=self._run.id,
            name=self._run.id,
            resume="allow",
            dir=self._home,
            config=asdict(self._run.plan),
            settings=settings,
        )

    def _give_up(self, sentence: str) -> None:
        self._given_up = True
        self._warn(sentence)

    def _step_shown(self) -> int:
        try:
            return int(self._shown.read_text("utf-8"))
        except (OSError, ValueError):
            return -1

    def _remember(self, step: int) -> None:
        # W&B drops a step that it has; only its offline files would have one twice after a kill at this very place.
        with written_whole(self._shown) as file:
            file.write(str(step).encode())
