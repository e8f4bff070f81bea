"""One run on several devices, here two processes of the CPU, which accelerate starts."""

import signal
import socket
import subprocess
import sys
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
    assert bench.provider.progress("run-1").state == "cancelled"


def test_two_machines_learn_one_model(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    two = LAUNCH.replace("--num_machines 1", "--num_machines 2")
    node = f"{two} --main_process_ip 127.0.0.1 --main_process_port {port}"
    home = bench.home
    bench.provider = Local(
        lambda run: home / run, home / "presets", lambda model: home / model, f"{node} --machine_rank 0"
    )
    bench.start(bench.order())
    bench.provider.progress("run-1")
    accelerate, *others = f"{node} --machine_rank 1".split()
    command = [str(Path(sys.executable).with_name(accelerate)), *others, "-m", "training.providers.lora"]
    with (home / "other.log").open("wb") as log:
        other = subprocess.Popen(  # noqa: S603 - as README has it
            [*command, str(home / "run-1")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    progress = bench.until(ended)
    assert progress.state == "succeeded", progress.reason
    assert other.wait(30) == 0
    assert sorted(path.name for path in (home / "run-1" / jobs.PROCESSES).glob("*.group")) == ["0.group", "1.group"]
    see_whole(home / "run-1")
