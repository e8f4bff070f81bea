"""A worker among others: what it does on PostgreSQL as on files, when it stops, and whose runs it takes over."""

import os
import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError

from tests.kit import OTHER_DATA
from tests.postgresql import Cluster
from tests.training.workers_kit import LONGEST_WAIT, come_true
from tests.training.workflow_kit import (
    DONE,
    QUICK,
    RUNNING,
    Scripted,
    bench,
    conversations,
    embedded,
    in_a_thread,
    keep,
    record,
    start,
    told,
)
from training.datasets import Dataset
from training.place import Place
from training.postgresql import engine_for
from training.providers import Provider
from training.registry import Plan, Registry, RegistryError, open_registry
from training.runs import engine, queues
from training.runs.lifeline import alive, is_gone, lifeline, new_name
from training.runs.takeover import Takeover
from training.runs.unheard import Unheard
from training.runs.workbench import Workbench
from training.runs.worker import is_at_work, start_in_background, take_runs, work

WHOLE = ["check", "split", "price", "upload", "create", "watch", "collect", "register"]
PACE = replace(QUICK, beat=0.05, lease=5.0, take_over=0.5, unheard=0.2)


@pytest.fixture
def kept(tmp_path: Path, database: SecretStr) -> Generator[tuple[Place, Registry, Dataset]]:
    place, dataset = Place(tmp_path, database), keep(tmp_path, conversations())
    with open_registry(place) as registry:
        record(registry, dataset)
        yield place, registry, dataset


Kept = tuple[Place, Registry, Dataset]


def shared(kept: Kept, provider: Provider) -> Workbench:
    """Return what runs are worked on with, at a database that others have, too."""
    place, registry, _ = kept
    return replace(bench(place.home, registry, provider, pace=PACE), database=place.database)


@contextmanager
def taking(made: Workbench) -> Generator[threading.Thread]:
    """Take runs in another thread, and stop at the end."""
    with in_a_thread(partial(take_runs, made), made) as thread:
        yield thread


def asked(place: Place, query: str, *values: object) -> list[tuple[object, ...]]:
    """Ask the database, or change it, beside those who work with it."""
    with psycopg.connect(place.database.get_secret_value()) as connection:
        done = connection.execute(query.encode(), values)
        return done.fetchall() if done.description else []


def flows(place: Place) -> list[tuple[object, ...]]:
    """Return the states and queues of all runs at DBOS."""
    return asked(place, "SELECT status, queue_name FROM dbos.workflow_status ORDER BY created_at")


def test_a_run_goes_from_its_dataset_to_its_model(kept: Kept) -> None:
    place, registry, dataset = kept
    run = start(registry, dataset)
    work(shared(kept, Scripted()))
    assert registry.run(run.id).state == "succeeded"
    assert [key for key in told(registry, run.id) if key.startswith("step:")] == [f"step:{step}" for step in WHOLE]
    assert not is_at_work(place)
    assert not (place.home / "runs.db").exists()
    assert not (place.home / "registry.db").exists()


def test_a_run_that_was_left_is_given_back_and_goes_on_where_it_was(kept: Kept) -> None:
    place, registry, dataset = kept
    run, first, second = start(registry, dataset), Scripted(RUNNING), Scripted(DONE)
    with taking(shared(kept, first)):
        come_true(lambda: "e1" in told(registry, run.id))
        assert flows(place) == [("PENDING", "runs")]
    assert flows(place) == [("ENQUEUED", "runs")]
    second.jobs = first.jobs
    work(shared(kept, second))
    assert registry.run(run.id).state == "succeeded"
    assert second.asked == ["progress", "collect"]


def test_wishes_reach_a_worker_through_the_registry(kept: Kept) -> None:
    _, registry, dataset = kept
    provider, run = Scripted(RUNNING), start(registry, dataset)
    with taking(shared(kept, provider)):
        come_true(lambda: registry.run(run.id).step == "watch")
        registry.want_pause(run.id, "kim", 2.0)
        come_true(lambda: registry.run(run.id).state == "paused")
        registry.want_cancel(run.id, "kim", 3.0)
        come_true(lambda: registry.run(run.id).ended)
    assert registry.run(run.id).state == "cancelled"
    assert provider.cancelled == set(provider.jobs.values())


def test_a_run_that_is_tuned_here_waits_for_a_machine_that_can(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    place, registry, dataset = kept
    monkeypatch.setattr(queues, "is_installed", lambda: False)
    here, anywhere = start(registry, dataset, "local"), start(registry, dataset, "embedded")

    def provider_of(plan: Plan) -> Provider:
        return embedded(place.home) if plan.provider == "embedded" else Scripted(DONE)

    made = replace(shared(kept, Scripted()), providers=provider_of)
    with taking(made):
        come_true(lambda: registry.run(anywhere.id).ended and len(flows(place)) == 2)
        come_true(lambda: told(registry, here.id) == ["unheard"])
    [event] = registry.events(here.id)
    assert "run `sarah worker` where what tunes models is installed" in event.text
    assert registry.run(here.id).state == "queued"
    assert "unheard" not in told(registry, anywhere.id)
    assert sorted(flows(place)) == [("ENQUEUED", "local"), ("SUCCESS", "runs")]
    monkeypatch.setattr(queues, "is_installed", lambda: True)
    work(replace(made, stop=threading.Event()))
    assert registry.run(here.id).state == "succeeded"
    assert told(registry, here.id).count("unheard") == 1


@contextmanager
def unheard(database: SecretStr, made: Workbench, clock: Callable[[], float]) -> Generator[Unheard]:
    """Look after runs that nobody can take."""
    opened = engine_for(database, {})
    try:
        yield Unheard(opened, replace(made, pace=replace(PACE, beat=1.0, unheard=30.0)), clock)
    finally:
        opened.dispose()


def test_a_run_tells_that_nobody_can_take_it_only_where_that_stays_so(kept: Kept) -> None:
    place, registry, dataset = kept
    held, waits = start(registry, dataset, "local"), start(registry, dataset, "local")
    registry.update_run(held.id, state="paused")
    now, made = 0.0, shared(kept, Scripted())

    def after(seconds: float) -> list[str]:
        nonlocal now
        now += seconds
        looking.look(registry.unfinished())
        assert told(registry, held.id) == []
        return told(registry, waits.id)

    with unheard(place.database, made, lambda: now) as looking:
        assert after(5.0) == after(29.0) == []
        with lifeline(place.database, new_name(), PACE, lambda: None, tunes=True):
            assert after(2.0) == []
        # The time begins anew with the worker's end, and another's that cannot tune either does not count.
        with lifeline(place.database, new_name(), PACE, lambda: None):
            assert after(2.0) == after(29.0) == []
            assert after(1.0) == after(60.0) == ["unheard"]


@pytest.mark.parametrize("with_database", [False, True])
def test_of_the_runs_that_are_tuned_here_one_goes_on_at_a_time(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, *, with_database: bool
) -> None:
    monkeypatch.setattr(queues, "is_installed", lambda: True)
    place, _, dataset = kept
    local, others = Scripted(RUNNING), Scripted(RUNNING)

    def provider_of(plan: Plan) -> Provider:
        return local if plan.provider == "local" else others

    with open_registry(place if with_database else place.home) as registry:
        record(registry, dataset)
        for provider in ("local", "local", "scripted", "scripted"):
            start(registry, dataset, provider)
        made = bench(place.home, registry, others, pace=PACE)
        made = replace(made, providers=provider_of)
        with taking(replace(made, database=place.database) if with_database else made):
            come_true(lambda: len(others.jobs) == 2 and len(local.jobs) == 1)
            come_true(lambda: local.asked.count("progress") > 3)
            assert len(local.jobs) == 1


def test_a_worker_that_is_cut_off_stops_its_work_and_says_so(kept: Kept, postgresql: Cluster) -> None:
    place, registry, dataset = kept
    run, provider = start(registry, dataset), Scripted(RUNNING)
    cut: list[str] = []

    def put_out() -> None:
        come_true(lambda: registry.run(run.id).step == "watch")
        postgresql.put_out(f"sarah worker {os.getpid()}")

    thread = threading.Thread(target=put_out)
    thread.start()
    with pytest.raises(RegistryError, match="was cut off from the database"):
        take_runs(replace(shared(kept, provider), anew=lambda: cut.append("anew")))
    thread.join()
    assert cut == ["anew"]
    # Nobody may touch it before it is sure that nobody works on it.
    assert flows(place) == [("PENDING", "runs")]
    assert registry.run(run.id).state == "running"


def test_a_worker_whose_database_does_not_answer_is_cut_off(database: SecretStr, postgresql: Cluster) -> None:
    lost = threading.Event()
    with lifeline(database, new_name(), replace(PACE, lease=0.5), lost.set) as held:
        ((session,),) = postgresql.run(
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'sarah worker%'"  # type: ignore[arg-type]
        )
        os.kill(session, signal.SIGSTOP)
        try:
            assert lost.wait(LONGEST_WAIT)
        finally:
            os.kill(session, signal.SIGCONT)
        assert held.is_lost


def test_a_lock_is_held_as_long_as_its_worker_is_there(database: SecretStr) -> None:
    made, name, lost = engine_for(database, {}), new_name(), threading.Event()
    try:
        with made.connect() as connection:
            assert is_gone(name, alive(connection))
            with lifeline(database, name, replace(PACE, beat=0.01), lost.set):
                assert not is_gone(name, alive(connection))
                assert is_gone(new_name(), alive(connection))
            assert is_gone(name, alive(connection))
    finally:
        made.dispose()
    assert not lost.is_set()


@contextmanager
def takeover(database: SecretStr, clock: Callable[[], float] = time.monotonic) -> Generator[Takeover]:
    """Look after the runs of others."""
    opened = engine_for(database, {})
    made = Takeover(opened, new_name(), "sarah", replace(PACE, beat=1.0, take_over=6.0), clock)
    try:
        yield made
    finally:
        made.close()
        opened.dispose()


def left_by(kept: Kept, *names: str) -> None:
    """Leave a run under way for each of these workers."""
    place, registry, dataset = kept
    runs = [start(registry, dataset) for _ in names]
    with taking(shared(kept, Scripted(RUNNING))):
        come_true(lambda: all(registry.run(run.id).step == "watch" for run in runs))
    for run, name in zip(runs, names, strict=True):
        query = "UPDATE dbos.workflow_status SET status = 'PENDING', executor_id = %s WHERE workflow_uuid = %s"
        asked(place, query, name, run.id)


def test_the_runs_of_a_worker_that_is_gone_are_left_alone_until_it_has_surely_stopped(kept: Kept) -> None:
    place, _, _ = kept
    here, gone = new_name(), new_name()
    left_by(kept, here, gone)
    now = 100.0
    with lifeline(place.database, here, PACE, lambda: None), takeover(place.database, lambda: now) as others:
        for now in (100.0, 101.0, 105.9):  # noqa: B007 - its clock reads it
            others.look()
            assert flows(place) == [("PENDING", "runs")] * 2
        now = 107.0
        others.look()
        assert flows(place) == [("PENDING", "runs"), ("ENQUEUED", "runs")]


def test_a_worker_that_is_back_is_not_taken_for_gone(kept: Kept) -> None:
    place, _, _ = kept
    name, now = new_name(), 100.0
    left_by(kept, name)
    with takeover(place.database, lambda: now) as others:
        others.look()
        with lifeline(place.database, name, PACE, lambda: None):
            now = 105.0
            others.look()
        for now in (110.0, 115.0):  # noqa: B007 - its clock reads it
            others.look()
            assert flows(place) == [("PENDING", "runs")]
        now = 116.0
        others.look()
        assert flows(place) == [("ENQUEUED", "runs")]


def test_a_run_is_taken_over_by_one_only(kept: Kept) -> None:
    place, _, _ = kept
    name, now = new_name(), 100.0
    left_by(kept, name)
    with takeover(place.database, lambda: now) as one, takeover(place.database, lambda: now) as another:
        one.look()
        another.look()
        now = 106.0
        one.look()
        # Somebody has it again before the other one looks.
        asked(place, "UPDATE dbos.workflow_status SET status = 'PENDING', executor_id = %s", new_name())
        another.look()
        assert flows(place) == [("PENDING", "runs")]


def test_looking_after_others_does_not_wait_for_a_database_that_is_away(database: SecretStr) -> None:
    away = SecretStr(database.get_secret_value().replace("/test", "/none"))
    with takeover(away) as others, pytest.raises(OperationalError):
        others.look()


def test_on_one_machine_one_process_works_in_the_background(kept: Kept) -> None:
    place, registry, dataset = kept
    start(registry, dataset)
    made = shared(kept, Scripted(RUNNING))
    thread = threading.Thread(target=work, args=(made,))
    thread.start()
    try:
        come_true(lambda: is_at_work(place))
        assert not is_at_work(place.home)
    finally:
        made.stop.set()
        thread.join()
    assert not is_at_work(place)


@pytest.mark.slow
def test_a_run_is_done_in_the_background(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    place, registry, dataset = kept
    # This company's discriminator is fitted in a moment.
    monkeypatch.setenv("SARAH_DATA", str(OTHER_DATA))
    run = start(registry, dataset, provider="embedded")
    process = start_in_background(place)
    come_true(lambda: registry.run(run.id).ended)
    assert registry.run(run.id).state == "succeeded"
    assert process.wait(LONGEST_WAIT) == 0
    assert not (place.home / "registry.db").exists()


def test_a_run_whose_step_does_not_come_back_is_kept_back_and_the_others_are_given_back(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_GRACE_SECONDS", 0.1)
    place, registry, dataset = kept
    go_on, comes, stuck = threading.Event(), start(registry, dataset), start(registry, dataset, "embedded")

    def wait() -> None:
        go_on.wait()

    well, never = Scripted(RUNNING), Scripted(upload=[wait])

    def provider_of(plan: Plan) -> Provider:
        return never if plan.provider == "embedded" else well

    try:
        with taking(replace(shared(kept, well), providers=provider_of)):
            come_true(lambda: registry.run(comes.id).step == "watch" and registry.run(stuck.id).step == "upload")
        states = asked(place, "SELECT workflow_uuid, status FROM dbos.workflow_status")
        assert set(states) == {(comes.id, "ENQUEUED"), (stuck.id, "PENDING")}
    finally:
        go_on.set()
