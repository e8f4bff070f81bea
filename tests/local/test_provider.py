"""The provider `local`, with real trainers on the CPU: killed, stopped, held, cancelled, and without memory."""

import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest

from tests.local import needs_local
from tests.local.kit import losses
from tests.local.scene import STEPS, Bench, ended, step, until
from training.providers import Hyperparameters, Order, ProviderError
from training.providers.local import Local
from training.providers.local import job as jobs
from training.providers.local.manifest import MANIFEST, WEIGHTS, see_whole
from training.providers.local.process import is_held

pytestmark = [needs_local, pytest.mark.slow(seconds=20)]


@pytest.fixture
def bench(tmp_path: Path, llama: Path) -> Generator[Bench]:
    bench = Bench(tmp_path, llama, STEPS)
    yield bench
    for run in ("run-1", "run-2"):
        bench.provider.cancel(run)


def test_after_a_kill_it_goes_on_from_the_last_checkpoint_with_the_same_losses(tmp_path: Path, llama: Path) -> None:
    whole, killed = Bench(tmp_path / "whole", llama, 24), Bench(tmp_path / "killed", llama, 24)
    whole.start(whole.order())
    assert whole.until(ended).state == "succeeded"
    killed.start(killed.order())
    killed.until(lambda progress: step(progress) >= 12)
    killed.process().send_signal(signal.SIGKILL)
    progress = killed.until(ended)
    assert progress.state == "succeeded", progress.reason
    told = " ".join(event.text for event in progress.events)
    assert told.count("It goes on from step") == 1
    assert int(told.split("goes on from step ")[1].split(".")[0]) >= 8
    assert losses(killed.home / "run-1") == pytest.approx(losses(whole.home / "run-1"), rel=1e-5)
    assert list(losses(whole.home / "run-1")) == list(range(1, 25))
    assert progress.trained_tokens == whole.provider.progress("run-1").trained_tokens


def test_sigterm_saves_and_the_next_trainer_goes_on_from_that_very_step(bench: Bench) -> None:
    bench.start(bench.order())
    bench.until(lambda progress: step(progress) >= 2)
    bench.process().send_signal(signal.SIGTERM)
    progress = bench.until(ended)
    assert progress.state == "succeeded", progress.reason
    steps = [told.step for told in jobs.read_progress(bench.home / "run-1") if told.metrics]
    # None was done twice.
    assert steps == list(range(1, STEPS + 1))


def test_a_trainer_whose_worker_is_killed_saves_and_ends_and_another_goes_on(bench: Bench) -> None:
    bench.order()
    worker = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "tests.local.worker", str(bench.home)]
    )
    until(lambda: bool(losses(bench.home / "run-1")))
    process = bench.process()
    worker.kill()
    worker.wait()
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
    assert not is_held(bench.home / "run-1")
    done = max(losses(bench.home / "run-1"))
    assert done < STEPS
    assert bench.until(ended).state == "succeeded"
    told = " ".join(told.text for told in jobs.read_progress(bench.home / "run-1"))
    assert f"It goes on from step {done}." in told


def test_one_that_is_held_frees_the_memory_and_goes_on_when_it_may(bench: Bench) -> None:
    bench.start(bench.order())
    bench.until(lambda progress: step(progress) >= 1)
    bench.provider.pause("run-1")
    assert bench.provider.progress("run-1").state == "paused"
    until(lambda: not is_held(bench.home / "run-1"))
    before = step(bench.provider.progress("run-1"))
    assert before < STEPS
    bench.provider.resume("run-1")
    assert bench.until(ended).state == "succeeded"
    steps = [told.step for told in jobs.read_progress(bench.home / "run-1") if told.metrics]
    assert steps == list(range(1, STEPS + 1))


@pytest.mark.parametrize("whose", ["ours", "another's"])
def test_cancel_ends_it_within_seconds_and_keeps_nothing(tmp_path: Path, llama: Path, whose: str) -> None:
    bench = Bench(tmp_path, llama, steps=100_000)
    bench.start(bench.order())
    bench.until(lambda progress: step(progress) >= 4)
    process = bench.process()
    provider = bench.provider if whose == "ours" else bench.anew()
    began = time.monotonic()
    provider.cancel("run-1")
    assert time.monotonic() - began < 5
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert provider.progress("run-1").state == "cancelled"
    left = {path.name for path in (bench.home / "run-1").iterdir()}
    assert not left & {jobs.CHECKPOINTS, WEIGHTS, MANIFEST}
    provider.cancel("run-1")


def test_a_run_that_has_ended_is_not_cancelled_any_more(bench: Bench) -> None:
    bench.start(bench.order())
    bench.until(ended)
    bench.provider.cancel("run-1")
    assert bench.provider.progress("run-1").state == "succeeded"
    see_whole(bench.home / "run-1")


def test_a_trainer_that_is_killed_again_and_again_at_one_step_fails_the_run(tmp_path: Path, llama: Path) -> None:
    bench = Bench(tmp_path, llama, steps=12)
    # It ends as one does for which there is no memory.
    bench.provider = Local(
        lambda run: tmp_path / run, tmp_path / "presets", lambda model: tmp_path / model, "sh -c 'kill -9 $$'"
    )
    bench.start(bench.order())
    progress = bench.until(ended)
    assert progress.state == "failed"
    assert "was ended 3 times at step 0 (exit code -9)" in progress.reason
    assert not (tmp_path / "run-1" / MANIFEST).exists()


def test_a_trainer_knows_no_secret_of_ours(tmp_path: Path, llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SARAH_TUNING_KEY", "DISCORD_TOKEN", "SLACK_BOT_TOKEN", "OPENAI_API_KEY", "WANDB_API_KEY", "HF_TOKEN"):
        monkeypatch.setenv(name, f"made-up-{name}")
    bench = Bench(tmp_path, llama, steps=12)
    bench.provider = Local(
        lambda run: tmp_path / run, tmp_path / "presets", lambda model: tmp_path / model, "sh -c env"
    )
    bench.start(bench.order())
    bench.until(ended)
    told = (tmp_path / "run-1" / jobs.LOG).read_text()
    assert {line for line in told.splitlines() if "made-up" in line} == {"HF_TOKEN=made-up-HF_TOKEN"}


def test_a_second_round_is_tuned_from_a_model_of_ours_as_its_first_was(bench: Bench) -> None:
    bench.start(bench.order())
    bench.until(ended)
    (bench.home / "model-1").symlink_to(bench.home / "run-1")
    bench.start(bench.order("run-2", "model-1"))
    assert bench.until(ended, "run-2").state == "succeeded"
    manifest = see_whole(bench.home / "run-2")
    assert (manifest.parent, manifest.recipe.r) == ("model-1", 16)
    assert losses(bench.home / "run-2")[1] < 0.5 * losses(bench.home / "run-1")[1]


def test_a_parent_whose_files_were_changed_is_refused(bench: Bench) -> None:
    bench.start(bench.order())
    bench.until(ended)
    (bench.home / "run-1" / WEIGHTS / "adapter_model.safetensors").write_bytes(b"other")
    (bench.home / "model-1").symlink_to(bench.home / "run-1")
    with pytest.raises(ProviderError, match="is not what was learned, its hash differs"):
        bench.provider.upload(bench.order("run-2", "model-1"))


def test_what_was_asked_for_goes_before_the_preset(bench: Bench) -> None:
    asked = Hyperparameters(epochs=2, batch_size=4, learning_rate_multiplier=0.5)
    order = bench.order()
    order = Order(order.run, order.base, order.train, None, order.folder, hyperparameters=asked, seed=3)
    bench.start(order)
    recipe = jobs.read_job(order.folder).recipe
    assert (recipe.steps, recipe.epochs, recipe.batch_size, recipe.accumulation) == (None, 2, 2, 2)
    assert (recipe.learning_rate, recipe.seed) == (0.005, 3)
    assert jobs.read_job(order.folder).train.is_absolute()
