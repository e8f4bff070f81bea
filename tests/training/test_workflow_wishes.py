"""Somebody wants a run to stop, to hold or to go on, at whatever moment."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.workflow_kit import BUSY, DONE, PAUSED, QUICK, RUNNING, Scripted, bench, scene, start, told
from training.providers import ProviderError
from training.runs.worker import work


@pytest.mark.parametrize("step", ["upload", "create", "progress", "collect"])
def test_a_run_can_be_cancelled_at_every_step(tmp_path: Path, step: str) -> None:
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        provider = Scripted(**{step: [lambda: registry.want_cancel(run.id, "kim", 2.0) and None]})
        work(bench(tmp_path, registry, provider))
        assert registry.run(run.id).state == "cancelled"
        assert told(registry, run.id).count("end") == 1
        assert not registry.models()
    # Nobody was asked for a job when the files were uploaded, but that is for the provider to say.
    assert provider.cancelled == set(provider.jobs.values())
    assert ("create" in provider.asked) is (step != "upload")


def test_a_run_that_is_cancelled_before_it_begins_never_meets_its_provider(tmp_path: Path) -> None:
    provider = Scripted()
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        registry.want_cancel(run.id, "kim", 2.0)
        work(bench(tmp_path, registry, provider))
        assert registry.run(run.id).state == "cancelled"
    assert not provider.asked


def test_a_run_is_cancelled_while_its_provider_is_out_of_reach(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        provider = Scripted(
            create=[BUSY, lambda: registry.want_cancel(run.id, "kim", 2.0) and None], cancel=[BUSY, BUSY]
        )
        work(bench(tmp_path, registry, provider))
        assert registry.run(run.id).state == "cancelled"
    assert provider.asked.count("cancel") == 3


def test_a_job_that_cannot_be_stopped_is_not_called_cancelled(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        provider = Scripted(
            create=[lambda: registry.want_cancel(run.id, "kim", 2.0) and None], cancel=[ProviderError("Not allowed.")]
        )
        work(bench(tmp_path, registry, provider))
        assert registry.run(run.id).state == "failed"
        assert registry.run(run.id).reason == "The run was cancelled, but its job may go on. Not allowed."


def test_a_cancelled_run_does_not_wait_for_the_next_poll(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        provider = Scripted(RUNNING, progress=[lambda: None, lambda: registry.want_cancel(run.id, "kim", 2.0) and None])
        work(bench(tmp_path, registry, provider, pace=replace(QUICK, longest_poll=600.0, growth=1000.0)))
        assert registry.run(run.id).state == "cancelled"


def test_a_run_is_held_and_goes_on(tmp_path: Path) -> None:
    states: list[str] = []
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)

        def resume() -> None:
            states.append(registry.run(run.id).state)
            if states[-1] == "paused":
                registry.want_resume(run.id, "kim", 3.0)

        wishes = [lambda: registry.want_pause(run.id, "kim", 2.0) and None, *[resume] * 6]
        provider = Scripted(RUNNING, RUNNING, RUNNING, RUNNING, DONE, progress=wishes)
        work(bench(tmp_path, registry, provider))
        ended = registry.run(run.id)
        assert (ended.state, ended.wanted) == ("succeeded", "")
    assert "paused" in states
    assert [asked for asked in provider.asked if asked in {"pause", "resume"}] == ["pause", "resume"]


def test_a_provider_that_cannot_hold_a_job_is_told_of_and_the_run_goes_on(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        registry.want_pause(run.id, "kim", 2.0)
        work(bench(tmp_path, registry, Scripted(pause=[ProviderError("It cannot hold jobs.")])))
        warnings = [event.text for event in registry.events(run.id) if event.level == "warning"]
        assert (registry.run(run.id).state, warnings) == ("succeeded", ["It cannot hold jobs."])


def test_a_job_that_is_held_elsewhere_is_a_run_that_is_held(tmp_path: Path) -> None:
    states: list[str] = []
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        look = [lambda: states.append(registry.run(run.id).state)] * 4
        work(bench(tmp_path, registry, Scripted(PAUSED, PAUSED, RUNNING, DONE, progress=look)))
    assert states == ["running", "paused", "paused", "running"]
