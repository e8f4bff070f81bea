"""One process at a time works on the runs, all of them, and whatever ends it, the next one goes on."""

import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from filelock import FileLock

from tests.kit import OTHER_DATA
from tests.training.cli_kit import PATIENCE
from tests.training.workflow_kit import (
    DONE,
    QUICK,
    RUNNING,
    Scripted,
    bench,
    embedded,
    in_a_thread,
    scene,
    start,
    told,
)
from training.providers import Provider
from training.registry import Plan, RegistryError
from training.runs.workbench import Workbench
from training.runs.worker import start_in_background, work

MOMENT = 0.005
LONGEST_WAIT = 20.0


@contextmanager
def working(made: Workbench, until: str | None = None) -> Generator[threading.Thread]:
    """Work in another thread, and stop it at the end."""
    with in_a_thread(partial(work, made, until), made) as thread:
        yield thread


def come_true(what: Callable[[], bool], within: float = LONGEST_WAIT) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within
    while not what():
        assert time.monotonic() < deadline
        time.sleep(MOMENT)


def test_all_runs_are_worked_on_those_that_are_added_meanwhile_too(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        provider = Scripted(DONE, upload=[lambda: start(registry, dataset) and None])
        for _ in range(2):
            start(registry, dataset)
        work(bench(tmp_path, registry, provider))
        assert [run.state for run in registry.runs()] == ["succeeded"] * 3
        assert len(provider.jobs) == 3


def test_nothing_is_started_where_nothing_is_to_be_done(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, _):
        work(bench(tmp_path, registry, Scripted()))
    assert not (tmp_path / "runs.db").exists()


def test_work_on_one_run_ends_with_it_and_leaves_the_others(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        long, short = start(registry, dataset, provider="scripted"), start(registry, dataset, provider="embedded")

        def provider_of(plan: Plan) -> Provider:
            return embedded(tmp_path) if plan.provider == "embedded" else Scripted(RUNNING)

        work(replace(bench(tmp_path, registry, Scripted()), providers=provider_of), short.id)
        assert registry.run(short.id).state == "succeeded"
        assert registry.run(long.id).state == "running"
        again = Scripted(DONE)
        again.jobs = {long.id: registry.run(long.id).job}
        work(bench(tmp_path, registry, again))
        assert registry.run(long.id).state == "succeeded"
    assert again.asked == ["progress", "collect"]


def test_a_run_that_was_left_goes_on_where_it_was(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        run, first, second = start(registry, dataset), Scripted(RUNNING), Scripted(DONE)
        with working(bench(tmp_path, registry, first)):
            come_true(lambda: "e1" in told(registry, run.id))
        assert registry.run(run.id).state == "running"
        second.jobs = first.jobs
        work(bench(tmp_path, registry, second))
        assert registry.run(run.id).state == "succeeded"
    assert first.asked[:2] == ["upload", "create"]
    assert second.asked == ["progress", "collect"]


@pytest.mark.parametrize(("number", "ending"), [(signal.SIGTERM, SystemExit), (signal.SIGINT, KeyboardInterrupt)])
def test_a_signal_stops_the_work_at_once_and_leaves_the_run(
    tmp_path: Path, number: signal.Signals, ending: type[BaseException]
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        provider = Scripted(RUNNING, progress=[lambda: None, lambda: os.kill(os.getpid(), number)])
        began = time.monotonic()
        with pytest.raises(ending) as stopped:
            work(bench(tmp_path, registry, provider, pace=replace(QUICK, longest_poll=60.0, growth=100.0)))
        assert time.monotonic() - began < LONGEST_WAIT
        assert registry.run(run.id).state == "running"
        assert getattr(stopped.value, "code", 143) == 143
        again = Scripted(DONE)
        again.jobs = provider.jobs
        work(bench(tmp_path, registry, again))
        assert registry.run(run.id).state == "succeeded"
    assert signal.getsignal(signal.SIGTERM) is before


# Works on a run whose provider never answers.
STUCK = """
import sys, time
from pathlib import Path
from tests.training.workflow_kit import Scripted, bench
from training.registry import open_registry
from training.runs.worker import work

def never():
    print("asked", flush=True)
    time.sleep(600)

home = Path(sys.argv[1])
with open_registry(home) as registry:
    work(bench(home, registry, Scripted(create=[never])))
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_work_even_when_a_step_never_comes_back(tmp_path: Path, number: signal.Signals) -> None:
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        command = [sys.executable, "-c", STUCK, str(tmp_path)]
        with Popen(command, stdout=PIPE, text=True) as process:  # noqa: S603 - a program of this test
            assert process.stdout
            assert process.stdout.readline() == "asked\n"
            process.send_signal(number)
            assert process.wait(LONGEST_WAIT) == 128 + number
        assert registry.run(run.id).state == "running"


def test_only_one_works_and_whoever_waits_takes_over(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        run, provider = start(registry, dataset), Scripted(DONE)
        with FileLock(tmp_path / "training.lock"), working(bench(tmp_path, registry, provider), run.id):
            time.sleep(20 * MOMENT)
            assert not provider.asked
        # The one that waited was stopped; another takes over as soon as the lock is free.
        lock = FileLock(tmp_path / "training.lock")
        lock.acquire()
        with working(bench(tmp_path, registry, provider), run.id) as waiting:
            time.sleep(10 * MOMENT)
            lock.release()
            waiting.join(LONGEST_WAIT)
            assert registry.run(run.id).state == "succeeded"


def test_whoever_waits_for_a_run_is_done_when_another_has_done_it(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        run, provider = start(registry, dataset), Scripted()
        with FileLock(tmp_path / "training.lock"), working(bench(tmp_path, registry, provider), run.id) as waiting:
            registry.update_run(run.id, state="cancelled")
            waiting.join(LONGEST_WAIT)
            assert not waiting.is_alive()
    assert not provider.asked


def test_of_those_who_wait_for_no_run_one_is_enough(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        start(registry, dataset)
        with FileLock(tmp_path / "training.lock"), working(bench(tmp_path, registry, Scripted())) as first:
            come_true((tmp_path / "training.next.lock").exists)
            work(bench(tmp_path, registry, Scripted()))
            assert first.is_alive()


def test_a_run_whose_work_ended_without_a_result_has_failed(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        work(bench(tmp_path, registry, Scripted()))
        with closing(sqlite3.connect(tmp_path / "registry.db", isolation_level=None)) as database:
            # As an older copy of the file has it.
            database.execute("UPDATE runs SET state = 'running', ended_at = 0")
        work(bench(tmp_path, registry, Scripted()))
        assert registry.run(run.id).state == "failed"
        assert (
            registry.run(run.id).reason
            == f"The work on {run.id} has ended (success) and left no result: start another run."
        )


def test_a_run_that_nobody_knows_any_more_does_not_hold_the_others_up(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        start(registry, dataset)
        with working(bench(tmp_path, registry, Scripted(RUNNING))):
            come_true(lambda: registry.runs()[0].step == "watch")
        with closing(sqlite3.connect(tmp_path / "registry.db", isolation_level=None)) as database:
            for table in ("events", "metrics", "runs"):
                database.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
        other = start(registry, dataset)
        work(bench(tmp_path, registry, Scripted(DONE)))
        assert registry.run(other.id).state == "succeeded"


def broken(home: Path, *statements: str) -> Callable[[], None]:
    """Return what damages the database that DBOS keeps."""

    def damage() -> None:
        with closing(sqlite3.connect(home / "runs.db", isolation_level=None)) as database:
            for statement in statements:
                database.execute(statement)

    return damage


@pytest.mark.parametrize("which", ["registry", "runs"])
def test_a_run_that_cannot_be_kept_is_left_for_the_next_start(tmp_path: Path, which: str) -> None:
    away = broken(tmp_path, "ALTER TABLE operation_outputs RENAME TO elsewhere")
    back = broken(tmp_path, "ALTER TABLE elsewhere RENAME TO operation_outputs")
    fault = away if which == "runs" else RegistryError("There is no room left.")
    with scene(tmp_path) as (registry, dataset):
        run, provider = start(registry, dataset), Scripted(upload=[fault])
        with pytest.raises(RegistryError, match=r"no such table|no room left"):
            work(bench(tmp_path, registry, provider))
        assert registry.run(run.id).state == "running"
        if which == "runs":
            back()
        work(bench(tmp_path, registry, provider))
        assert registry.run(run.id).state == "succeeded"
        assert len(provider.jobs) == 1


def test_a_damaged_file_is_told_of_in_a_sentence(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        (tmp_path / "runs.db").write_bytes(b"no database at all" * 100)
        with pytest.raises(RegistryError, match=r"runs\.db' cannot be used \(file is not a database\): move it away"):
            work(bench(tmp_path, registry, Scripted()))
        (tmp_path / "runs.db").unlink()
        work(bench(tmp_path, registry, Scripted()))
        assert registry.run(run.id).state == "succeeded"


def test_a_run_that_was_killed_after_it_was_registered_is_closed_by_the_next_start(tmp_path: Path) -> None:
    unfinished = "UPDATE workflow_status SET status = 'PENDING', completed_at = NULL"
    forgotten = "DELETE FROM operation_outputs WHERE function_name IN ('register', 'end')"
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        work(bench(tmp_path, registry, Scripted()))
        before = registry.run(run.id), registry.models(), registry.events(run.id)
        broken(tmp_path, unfinished, forgotten, "DELETE FROM workflow_output")()
        start(registry, dataset)
        work(bench(tmp_path, registry, Scripted(DONE)))
        assert (registry.run(run.id), [registry.models()[-1]], registry.events(run.id)) == before
    with closing(sqlite3.connect(tmp_path / "runs.db")) as database:
        assert database.execute("SELECT DISTINCT status FROM workflow_status").fetchall() == [("SUCCESS",)]


def test_a_log_that_has_grown_large_begins_anew(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        (tmp_path / "training.log").write_bytes(b"x" * 10_000_001)
        start(registry, dataset)
        work(bench(tmp_path, registry, Scripted(create=[ZeroDivisionError()])))
    assert (tmp_path / "training.log").stat().st_size < 100_000
    assert (tmp_path / "training.log.1").stat().st_size == 10_000_001


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with scene(tmp_path) as (registry, dataset):
        start(registry, dataset)
        work(bench(tmp_path, registry, Scripted(create=[ZeroDivisionError()])))
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_run_is_done_in_the_background(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # This company's discriminator is fitted in a moment.
    monkeypatch.setenv("SARAH_DATA", str(OTHER_DATA))
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset, provider="embedded")
        process = start_in_background(tmp_path)
        assert os.getsid(process.pid) == process.pid
        come_true(lambda: registry.run(run.id).ended, PATIENCE)
        assert registry.run(run.id).state == "succeeded"
        process.wait()
