"""The registry's file: made, migrated, refused with the way out, and shared by several processes."""

import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock, Timeout
from sqlalchemy import event

from tests.store_kit import change, look
from tests.training.registry_kit import PLAN, registered, started
from training.providers import Metric
from training.registry import Registry, RegistryError, Tuned, database, migrations, open_registry
from training.registry.database import open_database
from training.registry.tables import metadata

FULL = 2  # what SQLite calls synchronous=FULL
SHAPES = "SELECT name, sql FROM sqlite_master ORDER BY name"
CONFIG = Config()
CONFIG.set_main_option("script_location", str(Path(migrations.__file__).parent))
SCRIPTS = ScriptDirectory.from_config(CONFIG)
OLDER = [script.revision for script in SCRIPTS.walk_revisions() if script.revision != migrations.NEWEST]

# Promotes and measures for ever, and tells each as soon as it is acknowledged.
WORKING = """
import sys
from itertools import count
from pathlib import Path
from training.providers import Event, Metric
from training.registry import open_registry

home, who, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with open_registry(home) as registry:
    models = [model.id for model in registry.models()]
    run = registry.runs()[0].id
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(most) if most else count():
        registry.add_metrics(run, [Metric(number, who, 1.0), Metric(number, "shared", float(number))])
        registry.add_events(run, [Event(f"{who}-{number}", 1.0, "info", "told")])
        registry.audit(who, 1.0, "step", str(number))
        for model in models:
            try:
                registry.promote(model, who, float(number))
            except Exception as error:
                assert "champion already" in str(error), error
        print(number, flush=True)
"""


@contextmanager
def full_disk(limit: int) -> Generator[None]:
    """Let no file of this process grow beyond `limit` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def refusal(home: Path) -> str:
    with pytest.raises(RegistryError) as refused, open_registry(home):
        pass
    told = str(refused.value)
    assert "\n" not in told
    assert told.endswith(".")
    return told


@contextmanager
def working(home: Path, who: str, most: int = 0) -> Generator[Popen[str]]:
    """Run a process that keeps changing the registry, and kill it at the end."""
    command = [sys.executable, "-c", WORKING, str(home), who, str(most)]
    process = Popen(command, stdin=PIPE, stdout=PIPE, text=True)  # noqa: S603 - a program of this test
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def let_go(process: Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def check_consistent(registry: Registry) -> None:
    """No champion was promoted twice in a row, and every promotion has its line in the audit log."""
    promoted = registry.promotions()
    assert all(before.model != after.model for before, after in pairwise(promoted))
    lines = [line for line in reversed(registry.audit_log(10**6)) if line.action == "promote"]
    assert [(line.subject, line.by) for line in lines] == [(change.model, change.by) for change in promoted]


def test_the_newest_revision_is_the_head_of_the_steps() -> None:
    assert SCRIPTS.get_heads() == [migrations.NEWEST]


def test_the_steps_build_the_tables_that_the_queries_expect(tmp_path: Path) -> None:
    with open_registry(tmp_path / "home" / "below"):
        pass
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'home' / 'below' / 'registry.db'}")
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert len(sa.inspect(connection).get_table_names()) == len(metadata.tables) + 1
    engine.dispose()


def test_an_empty_file_becomes_a_registry_and_opening_again_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "registry.db").touch()
    with open_registry(tmp_path) as registry:
        run = started(registry)
    with open_registry(tmp_path) as registry:
        assert registry.runs() == [run]


def bring(path: Path, revision: str, move: Callable[[Config, str], None] = command.upgrade) -> None:
    """Bring the file's tables to a revision."""
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        move(config, revision)
    engine.dispose()


@pytest.mark.parametrize("revision", OLDER)
def test_an_older_file_becomes_the_newest_and_keeps_what_it_knew(tmp_path: Path, revision: str) -> None:
    bring(tmp_path / "registry.db", revision)
    change(
        tmp_path / "registry.db",
        """
        INSERT INTO datasets VALUES ('ds-1', 'lamps', 10, 8, 2, 'ana', 1.0);
        INSERT INTO audit VALUES (1, 1.0, 'ana', 'add dataset', 'ds-1', '');
        """,
    )
    with open_registry(tmp_path) as registry:
        assert [row.name for row in registry.datasets()] == ["lamps"]
        assert [line.subject for line in registry.audit_log()] == ["ds-1"]
        assert (
            registry.propose(replace(PLAN, dataset="ds-1"), 1.0, "ana", 2.0, needs_second=False).plan.dataset == "ds-1"
        )
    with open_registry(tmp_path / "fresh"):
        pass
    assert look(tmp_path / "registry.db", SHAPES) == look(tmp_path / "fresh" / "registry.db", SHAPES)


@pytest.mark.parametrize("revision", OLDER)
def test_a_step_can_be_taken_back_without_losing_what_older_tables_hold(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "registry.db"
    with open_registry(tmp_path) as registry:
        registered(registry)
        registry.propose(PLAN, 1.0, "ana", 2.0, needs_second=True)
        known = registry.runs(), registry.models(), registry.audit_log()
    bring(path, revision, command.downgrade)
    bring(tmp_path / "older.db", revision)
    assert look(path, "SELECT version_num FROM alembic_version") == [(revision,)]
    assert look(path, SHAPES) == look(tmp_path / "older.db", SHAPES)
    with open_registry(tmp_path) as registry:
        assert (registry.runs(), registry.models(), registry.audit_log()) == known


def test_a_model_that_was_registered_before_there_were_discriminators_has_none(tmp_path: Path) -> None:
    with open_registry(tmp_path) as registry:
        registered(registry, Tuned(started(registry).id, topic="topics/1"))
    bring(tmp_path / "registry.db", "0002", command.downgrade)
    with open_registry(tmp_path) as registry:
        assert [model.topic for model in registry.models()] == [""]


def test_a_file_of_a_newer_sarah_is_refused_with_the_way_out_and_left_as_it_was(tmp_path: Path) -> None:
    with open_registry(tmp_path):
        pass
    path = tmp_path / "registry.db"
    change(path, "UPDATE alembic_version SET version_num = '9999'; ALTER TABLE runs ADD COLUMN mood;")
    before = look(path, SHAPES)
    assert refusal(tmp_path) == (
        f"{str(path)!r} was written by a newer version of this program (its tables are at 9999):"
        " start that version, or point SARAH_HOME at another folder."
    )
    assert look(path, SHAPES) == before


def test_a_migration_that_breaks_off_leaves_nothing_half_done(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    change(path, "CREATE TABLE permissions (somebody TEXT)")
    assert "table permissions already exists" in refusal(tmp_path)
    assert [row[0] for row in look(path, SHAPES)] == ["permissions"]


def test_a_file_that_is_no_database_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_bytes(b"These are somebody's notes. " * 100)
    told = refusal(tmp_path)
    assert "file is not a database" in told
    assert "SARAH_HOME" in told
    assert str(tmp_path / "registry.db") in told


@pytest.mark.parametrize("home", ["notes.txt", "notes.txt/below", "/proc/sarah"])
def test_a_folder_that_cannot_be_is_refused_with_the_way_out(tmp_path: Path, home: str) -> None:
    (tmp_path / "notes.txt").touch()
    assert "SARAH_HOME" in refusal(tmp_path / home)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_refused_with_the_way_out(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "SARAH_HOME" in refusal(tmp_path)


def test_a_full_disk_is_told_and_room_ends_it(tmp_path: Path) -> None:
    with full_disk(0):
        assert "registry.db" in refusal(tmp_path)
    with open_registry(tmp_path) as registry:
        run = started(registry)
        with full_disk(50_000), pytest.raises(RegistryError, match=r"no room left .* free some"):
            registry.audit("ana", 1.0, "export", "x", "long " * 50_000)
        assert registry.runs() == [run]
        registry.audit("ana", 1.0, "export", "x")


@pytest.mark.parametrize("name", ["what? is#this", "100%", "file:home?mode=memory", "Ärger &co"])
def test_any_name_of_a_folder_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    with open_registry(tmp_path / name) as registry:
        started(registry)
    assert (tmp_path / name / "registry.db").stat().st_size > 0


def test_a_registry_that_another_process_keeps_locked_is_told_after_some_patience(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 0.05)
    with open_registry(tmp_path) as registry:
        with closing(sqlite3.connect(tmp_path / "registry.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(RegistryError, match=r"has been writing to .* try again"):
                started(registry)
            assert registry.runs() == []
        with FileLock(tmp_path / "registry.lock"), pytest.raises(RegistryError, match="has been writing to"):
            started(registry)
        started(registry)


def test_a_change_holds_the_write_lock_and_the_one_beside_the_file_from_its_beginning(tmp_path: Path) -> None:
    with open_database(tmp_path) as opened, closing(sqlite3.connect(tmp_path / "registry.db", timeout=0)) as other:

        def work(_: sa.Connection) -> None:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Timeout):
                FileLock(tmp_path / "registry.lock", timeout=0).acquire()

        opened.write(work)
        opened.read(lambda _: other.execute("BEGIN IMMEDIATE").close())


def test_every_commit_reaches_the_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    seen: set[tuple[object, ...]] = set()
    names = ("journal_mode", "synchronous", "foreign_keys")

    def at_commit(connection: sa.Connection) -> None:
        seen.add(tuple(connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names))

    event.listen(sa.Engine, "commit", at_commit)
    try:
        with open_registry(tmp_path) as registry:
            started(registry)
    finally:
        event.remove(sa.Engine, "commit", at_commit)
    assert seen == {("wal", FULL, 1)}


def test_a_closed_registry_leaves_one_file_and_its_lock(tmp_path: Path) -> None:
    with open_registry(tmp_path) as registry:
        started(registry)
    assert {path.name for path in tmp_path.iterdir()} <= {"registry.db", "registry.lock"}


def killed(home: Path, who: str, steps: int) -> int:
    """Kill a process after some of its acknowledged steps; returns how many it had acknowledged by then."""
    with working(home, who) as process:
        let_go(process)
        assert process.stdout
        for _ in range(steps):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().split("\n")[:-1]
    return steps + len(rest)


def check_kept(registry: Registry, who: str, acknowledged: int) -> None:
    run = registry.runs()[0].id
    expected = set(range(acknowledged))
    assert expected <= {metric.step for metric in registry.metrics(run) if metric.name == who}
    assert {f"{who}-{number}" for number in expected} <= {told.key for told in registry.events(run)}
    steps = [int(line.subject) for line in registry.audit_log(10**6) if line.by == who and line.action == "step"]
    assert steps[::-1] == list(range(len(steps)))
    assert len(steps) in {acknowledged, acknowledged + 1}


def two_models(home: Path) -> None:
    with open_registry(home) as registry:
        registered(registry)
        registered(registry)


def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    two_models(tmp_path)
    acknowledged = killed(tmp_path, "k", 5)
    with open_registry(tmp_path) as registry:
        check_kept(registry, "k", acknowledged)
        check_consistent(registry)


@pytest.mark.slow
def test_twenty_killed_processes_lose_nothing_that_they_acknowledged(tmp_path: Path) -> None:
    two_models(tmp_path)
    acknowledged = {f"k{number}": killed(tmp_path, f"k{number}", number) for number in range(20)}
    with open_registry(tmp_path) as registry:
        for who, steps in acknowledged.items():
            check_kept(registry, who, steps)
        check_consistent(registry)
    assert look(tmp_path / "registry.db", "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.slow
def test_three_processes_at_once_lose_nothing_and_keep_one_history(tmp_path: Path) -> None:
    two_models(tmp_path)
    with working(tmp_path, "a", 40) as a, working(tmp_path, "b", 40) as b, working(tmp_path, "c", 40) as c:
        for process in (a, b, c):
            let_go(process)
        for process in (a, b, c):
            process.communicate()
            assert process.returncode == 0
    with open_registry(tmp_path) as registry:
        for who in ("a", "b", "c"):
            check_kept(registry, who, 40)
        check_consistent(registry)
        run = registry.runs()[0].id
        assert [metric for metric in registry.metrics(run) if metric.name == "shared"] == [
            Metric(number, "shared", float(number)) for number in range(40)
        ]


@pytest.mark.slow
def test_several_processes_may_make_the_registry_at_once(tmp_path: Path) -> None:
    opening = "import sys; from pathlib import Path; from training.registry import open_registry\n"
    opening += "with open_registry(Path(sys.argv[1])) as registry: registry.audit('p', 1.0, 'open', 'x')"
    command = [sys.executable, "-c", opening, str(tmp_path)]
    processes = [Popen(command) for _ in range(4)]  # noqa: S603 - a program of this test
    assert [process.wait() for process in processes] == [0] * 4
    with open_registry(tmp_path) as registry:
        assert len(registry.audit_log()) == 4
