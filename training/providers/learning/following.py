# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""What a trainer tells while it learns, and how it is stopped in order."""

import math
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path
from typing import cast

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from training.providers.local.job import CHECKPOINTS, Told, tell, wished

# What TRL calls it, and what everybody else here does.
_NAMES = {
    "loss": "train_loss",
    "eval_loss": "valid_loss",
    "mean_token_accuracy": "train_mean_token_accuracy",
    "eval_mean_token_accuracy": "valid_mean_token_accuracy",
    "learning_rate": "learning_rate",
    "rewards/accuracies": "reward_accuracy",
    "eval_rewards/accuracies": "valid_reward_accuracy",
}
_GIB = 1 << 30
# A checkpoint that holds this was written to its end.
WHOLE = "whole"


class NotANumber(Exception):  # noqa: N818 - what happened, not a fault of the program
    """The loss of a step is no number."""


class Stopping:
    """Whether this process is to end: SIGTERM, Ctrl-C, or the end of standard input, where it is tied to that."""

    def __init__(self, *, tied: bool) -> None:
        self.wanted = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._want)
        if tied:
            threading.Thread(target=self._wait_for_end, daemon=True).start()

    def _want(self, *_: object) -> None:
        self.wanted = True

    def _wait_for_end(self) -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        self.wanted = True

    def agreed(self) -> bool:
        """Return whether any of the processes that learn together is to end: they have to stop at the same step."""
        if not torch.distributed.is_initialized():
            return self.wanted
        wanted = torch.tensor(int(self.wanted), device="cuda" if torch.cuda.is_available() else "cpu")
        torch.distributed.all_reduce(wanted, op=torch.distributed.ReduceOp.MAX)
        return bool(wanted)


class Follower(TrainerCallback):
    """Writes down what is measured, and stops the trainer when it is to stop."""

    def __init__(self, folder: Path, stopping: Stopping) -> None:
        self._folder = folder
        self._stopping = stopping
        self._tokens, self._first_step = 0, 0
        # Of the clock: when it began, when the last step was told of, when one ended, and what was no learning since.
        self._began = self._told_at = self._ended_at = self._away = 0.0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Begin to count."""
        self._began = self._told_at = time.monotonic()
        self._first_step, self._tokens = state.global_step, state.num_input_tokens_seen

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        """Save and stop, if that is wanted."""
        self._ended_at = time.monotonic()
        if wished(self._folder):
            self._stopping.wanted = True
        if self._stopping.agreed():
            control.should_save = control.should_training_stop = True

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        """Leave out of the pace what validating took."""
        self._leave_out()

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        """Mark a checkpoint as whole; leave out of the pace what it took."""
        if state.is_world_process_zero:
            (self._folder / CHECKPOINTS / f"checkpoint-{state.global_step}" / WHOLE).touch()
        self._leave_out()

    def _leave_out(self) -> None:
        now = time.monotonic()
        self._away += now - self._ended_at
        self._ended_at = now

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **told: object) -> None:
        """Tell what was measured; raises NotANumber."""
        logs = cast("dict[str, float]", told["logs"])
        measured = {_NAMES[name]: float(value) for name, value in logs.items() if name in _NAMES}
        if not all(map(math.isfinite, measured.values())):
            raise NotANumber(state.global_step)
        if "train_loss" in measured:
            measured |= {"tokens_per_second": self._pace(state), "memory_gb": memory()}
        if measured and state.is_world_process_zero:
            tokens, ends = state.num_input_tokens_seen, self._ends(state)
            at, step = time.time(), state.global_step
            tell(self._folder, Told(at=at, step=step, metrics=measured, trained_tokens=tokens, finishes_at=ends))

    def _pace(self, state: TrainerState) -> float:
        """Return the tokens a second since the last time that it was told, validating and saving left out."""
        now = time.monotonic()
        seconds, tokens = now - self._told_at - self._away, state.num_input_tokens_seen - self._tokens
        self._told_at, self._away, self._tokens = now, 0.0, state.num_input_tokens_seen
        return tokens / max(seconds, 1e-9)

    def _ends(self, state: TrainerState) -> float:
        """Return when it will have learned, in seconds since 1970."""
        done, left = state.global_step - self._first_step, state.max_steps - state.global_step
        return time.time() + (time.monotonic() - self._began) / max(done, 1) * left


def memory() -> float:
    """Return the most memory that was taken so far, in GiB: the GPU's, or this process's where there is none."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / _GIB
    # Bytes at Apple, kilobytes elsewhere.
    unit = 1 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _GIB
