"""One run on several devices, here two processes of the CPU, which accelerate starts."""

import signal
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest

from tests.local import needs_local
from tests.local.kit import losses
from tests.local.scene import STEPS, Bench, ended, step, until
from training.providers.local import Local
from training.providers.local import job as jobs
from training.providers.local.manifest import see_whole
from training.providers.local.process import is_held

pytestmark = [needs_local, pytest.mark.slow(seconds=60)]

LAUNCH = "accelerate launch --multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no --dynamo_backend no"


@pytest.fixture
def bench(tmp_path: Path, llama: Path) -> Generator[Bench]:
    bench = Bench(tmp_path, llama, STEPS)
    bench.provider = Local(lambda run: tmp_path / run, tmp_path / "presets", lambda model: tmp_path / model, LAUNCH)
    yield bench
    bench.provider.cancel("run-1")


def test_two_processes_learn_one_model_and_stop_together(bench: Bench) -> None:
    bench.start(bench.order())
    bench.until(lambda progress: step(progress) >= 2)
    first, second = bench.process(0), bench.process(1)
    assert first.pid != second.pid
    # One of them hears it, and both stop at the same step.
    second.send_signal(signal.SIGTERM)
    until(lambda: not is_held(bench.home / "run-1"))
    done = max(losses(bench.home / "run-1"))
    assert done < STEPS
    progress = bench.until(ended)
    assert progress.state == "succeeded", progress.reason
    told = " ".join(event.text for event in progress.events)
    assert told.count("is loaded on") == 2
    assert f"It goes on from step {done}." in told
    assert [told.step for told in jobs.read_progress(bench.home / "run-1") if told.metrics] == list(range(1, STEPS + 1))
    assert losses(bench.home / "run-1")[STEPS] < 0.1 * losses(bench.home / "run-1")[1]
    see_whole(bench.home / "run-1")


def test_cancel_ends_every_process(bench: Bench) -> None:
    bench.start(bench.order())
    bench.until(lambda progress: step(progress) >= 1)
    processes = [bench.process(0), bench.process(1), psutil.Process(bench.process(0).ppid())]
    bench.provider.cancel("run-1")
    until(lambda: not any(process.is_running() and process.status() != "zombie" for process in processes))
