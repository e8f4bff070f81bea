"""A trainer that learns nothing, for tests without torch: it tells, and leaves behind, what the real one does.

SARAH_LOCAL_LAUNCH puts it in the real one's place. While there is the file that TRAINER_HOLDS names, it stays where it
is; TRAINER_FAILS is a sentence with which it gives up.
"""

import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tests.training.local_kit import adapter_files
from training.providers.local import job as jobs
from training.providers.local.job import Job, Told
from training.providers.local.manifest import WEIGHTS, Manifest, hashed, write_manifest
from training.providers.local.process import at_work

STEPS = 4
# Seconds between two looks.
LOOK = 0.01


def main() -> int:
    """Do what the folder says."""
    signal.signal(signal.SIGTERM, _end)
    folder = Path(sys.argv[sys.argv.index("training.providers.lora") + 1])
    with at_work(folder, 0):
        if reason := os.environ.get("TRAINER_FAILS"):
            jobs.fail(folder, reason)
            return 1
        return learn(folder, jobs.read_job(folder))


def _end(_: int, __: FrameType | None) -> NoReturn:
    sys.exit(0)


def learn(folder: Path, job: Job) -> int:
    """Tell of some steps, and leave an adapter."""
    done = max((told.step for told in jobs.read_progress(folder)), default=0)
    _tell(folder, done, text=f"It goes on from step {done}." if done else f"{job.recipe.model} is loaded.")
    for step in range(done + 1, STEPS + 1):
        measured = {"train_loss": 2.0 / step, "valid_loss": 2.1 / step, "tokens_per_second": 1234.4, "memory_gb": 5.11}
        _tell(folder, step, metrics=measured, trained_tokens=100 * step, finishes_at=time.time() + 60 * (STEPS - step))
        while Path(os.environ.get("TRAINER_HOLDS", "none")).exists():
            if jobs.wished(folder):
                return 0
            time.sleep(LOOK)
    adapter_files(folder / WEIGHTS)
    write_manifest(folder, manifest(folder, job))
    return 0


def _tell(folder: Path, step: int, **told: object) -> None:
    jobs.tell(folder, Told.model_validate({"at": time.time(), "step": step, **told}))


def manifest(folder: Path, job: Job) -> Manifest:
    """Return what is known of what was made."""
    return Manifest(
        run=job.run,
        kind="adapter",
        base=job.recipe.model,
        revision="",
        parent=job.parent,
        method=job.method,
        recipe=job.recipe,
        dataset={"train": hashed(job.train)},
        device="none",
        versions={},
        trained_tokens=100 * STEPS,
        files={file.name: hashed(file) for file in (folder / WEIGHTS).iterdir()},
    )


if __name__ == "__main__":
    sys.exit(main())
