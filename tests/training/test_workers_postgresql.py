"""Several workers take runs from one database, and whatever becomes of one of them, each run is done once."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from subprocess import CompletedProcess, run

import pytest
from pydantic import SecretStr

from tests.postgresql import Cluster, cluster
from tests.servers.tuning import TuningServer, tuning_server
from tests.training.workers_kit import LONGEST_WAIT, STEPS, Yard, come_true, worker, yard
from tests.training.workflow_kit import told
from training.registry import Run
from training.runs.workbench import SHARED

PACE = SHARED


@pytest.fixture
def server() -> Generator[TuningServer]:
    with tuning_server() as server:
        yield server


@pytest.fixture
def shared(tmp_path: Path, database: SecretStr, server: TuningServer) -> Generator[Yard]:
    with yard(tmp_path, database, server) as shared:
        yield shared


def let_end(shared: Yard) -> None:
    """Let the jobs at the server come to their end."""
    shared.server.store.steps_at_a_poll = 100


def check_done_once(shared: Yard, runs: list[Run]) -> None:
    """Every run succeeded, with one job and one model, and told each step once."""
    assert [shared.registry.run(one.id).state for one in runs] == ["succeeded"] * len(runs)
    at_server = [one for one in runs if one.plan.provider == "openai"]
    assert len(shared.server.jobs) == len(at_server)
    assert len(shared.registry.models()) == len(runs)
    for one in at_server:
        keys = Counter(told(shared.registry, one.id))
        assert [keys[f"step:{step}"] for step in STEPS] == [1] * len(STEPS)
        texts = Counter(event.text for event in shared.registry.events(one.id))
        assert set(texts.values()) == {1}


@pytest.mark.slow(seconds=40)
def test_the_runs_of_a_worker_that_is_killed_or_stopped_go_on_at_another_and_each_is_done_once(shared: Yard) -> None:
    with worker(shared, "first") as first, worker(shared, "second", "training") as second:
        runs = [shared.start() for _ in range(4)]
        come_true(lambda: shared.is_watched(*runs))
        holders = shared.holders()
        assert set(holders) == {run.id for run in runs}
        killed, left = (first, second) if first.pid in holders.values() else (second, first)
        runs.append(shared.start("embedded"))
        os.kill(killed.pid, signal.SIGKILL)
        its = [run for run, process in holders.items() if process == killed.pid]
        seconds = come_true(lambda: all(shared.holders().get(run) == left.pid for run in its))
        assert seconds < PACE.take_over + 5
        # A step that fits a discriminator does not come back at once.
        come_true(lambda: shared.registry.run(runs[-1].id).ended)
        with worker(shared, "third") as third:
            left.process.send_signal(signal.SIGTERM)
            seconds = come_true(lambda: set(shared.holders().values()) == {third.pid})
            # Nobody waited until it was surely gone.
            assert seconds < PACE.take_over
            assert left.process.wait(LONGEST_WAIT) == 0
            assert left.says("Stopped: what was under way goes on at another worker.")
            let_end(shared)
            come_true(lambda: not shared.registry.unfinished())
            check_done_once(shared, runs)


@pytest.mark.slow(seconds=40)
def test_workers_outlive_a_database_that_is_away_for_a_while(tmp_path: Path, server: TuningServer) -> None:
    with (
        cluster() as away,
        away.database() as database,
        yard(tmp_path, database, server) as shared,
        worker(shared, "first") as first,
        worker(shared, "second") as second,
    ):
        runs = [shared.start() for _ in range(4)]
        come_true(lambda: shared.is_watched(*runs))
        away.stop()
        come_true(lambda: first.says("cannot be reached") and second.says("cannot be reached"))
        let_end(shared)
        away.start()
        come_true(lambda: not shared.registry.unfinished())
        check_done_once(shared, runs)
        assert not first.says("Traceback")
        assert (first.end(), second.end()) == (0, 0)


@pytest.mark.slow(seconds=30)
def test_a_worker_that_freezes_loses_its_runs_and_leaves_them_alone_when_it_wakes(shared: Yard) -> None:
    with worker(shared, "first") as first:
        runs = [shared.start() for _ in range(2)]
        come_true(lambda: shared.is_watched(*runs))
        with worker(shared, "second") as second:
            os.kill(first.pid, signal.SIGSTOP)
            come_true(lambda: set(shared.holders().values()) == {second.pid})
            os.kill(first.pid, signal.SIGCONT)
            come_true(lambda: first.says("begins anew"))
            assert set(shared.holders().values()) == {second.pid}
            let_end(shared)
            come_true(lambda: not shared.registry.unfinished())
            check_done_once(shared, runs)


@pytest.mark.slow(seconds=30)
def test_a_worker_that_is_cut_off_stops_before_another_takes_its_runs(shared: Yard, postgresql: Cluster) -> None:
    with worker(shared, "first") as first:
        runs = [shared.start() for _ in range(2)]
        come_true(lambda: shared.is_watched(*runs))
        with worker(shared, "second"):
            # As a firewall would, in the middle of what both sides say.
            postgresql.put_out(f"sarah worker {first.pid}")
            come_true(lambda: first.says("begins anew"))
            assert set(shared.holders().values()) == {first.pid}
            assert {process for _, process, _ in shared.flows().values()} == {first.pid}
            let_end(shared)
            come_true(lambda: not shared.registry.unfinished())
            check_done_once(shared, runs)


def test_a_worker_without_a_database_says_what_is_missing(tmp_path: Path) -> None:
    for program in ("bot", "training"):
        refused = run_worker(program, tmp_path, {})
        assert refused.returncode == 2
        assert refused.stderr.startswith("sarah: A worker takes runs from a database that machines share: set SARAH_")


def test_a_worker_that_is_not_let_in_says_so_without_the_password(
    tmp_path: Path, database: SecretStr, postgresql: Cluster
) -> None:
    wrong = database.get_secret_value().replace("sarah:", "sarah:not-")
    for address, why in {wrong: "password authentication failed", postgresql.address("none"): "does not exist"}.items():
        refused = run_worker("training", tmp_path, {"SARAH_DATABASE_URL": address})
        assert refused.returncode == 2
        assert why in refused.stderr
        assert refused.stderr.count("\n") == 1
        assert "4711" not in refused.stderr + refused.stdout


def run_worker(program: str, home: Path, variables: dict[str, str]) -> CompletedProcess[str]:
    """Run a worker that is to be refused."""
    command = [sys.executable, "-m", program, "worker"]
    around = os.environ | {"SARAH_HOME": str(home), **variables}
    return run(command, env=around, capture_output=True, text=True, timeout=LONGEST_WAIT, check=False)  # noqa: S603 - our own program
