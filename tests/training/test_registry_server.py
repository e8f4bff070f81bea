"""The registry in PostgreSQL: made, migrated, refused with the way out, and shared by several processes."""

import os
import signal
import sys
import traceback
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from subprocess import PIPE, Popen

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from tests.postgresql import USER, Cluster, cluster
from tests.training.registry_kit import behind, registered, started
from tests.training.test_registry_file import OLDER
from training.place import Place
from training.postgresql import engine_for, named, url_of
from training.registry import RegistryError, migrations, open_registry, server
from training.registry.server import open_server
from training.registry.tables import metadata

SECRET = "my door code is 4711"


@pytest.fixture
def place(tmp_path: Path, database: SecretStr) -> Place:
    return Place(tmp_path, database)


def refusal(place: Place) -> str:
    with pytest.raises(RegistryError) as refused, open_registry(place):
        pass
    told = str(refused.value)
    assert "\n" not in told
    assert told.endswith(".")
    # Neither the password nor how it is written in the address.
    assert "4711" not in "".join(traceback.format_exception(refused.value))
    return told


@pytest.fixture
def engine(place: Place) -> Generator[sa.Engine]:
    made = engine_for(place.database, {})
    yield made
    made.dispose()


def test_the_steps_build_the_tables_that_the_queries_expect(place: Place, engine: sa.Engine) -> None:
    with open_registry(place):
        pass
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert len(sa.inspect(connection).get_table_names()) == len(metadata.tables) + 1
    assert list(place.home.iterdir()) == []


@pytest.mark.parametrize("revision", OLDER)
def test_older_tables_become_the_newest_and_keep_what_they_knew(place: Place, engine: sa.Engine, revision: str) -> None:
    with open_registry(place) as registry:
        run = started(registry)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
    with open_registry(place) as registry:
        assert registry.runs() == [run]
        registered(registry)


def test_tables_of_a_newer_sarah_are_refused_with_the_way_out(place: Place) -> None:
    with open_registry(place):
        pass
    behind(place, "UPDATE alembic_version SET version_num = '9999'")
    assert refusal(place) == (
        f"The{named(place.database)[3:]} was written by a newer version of this program (its tables are at 9999):"
        " start that version, or name another database in SARAH_DATABASE_URL."
    )


def test_a_migration_that_breaks_off_leaves_nothing_half_done(place: Place, engine: sa.Engine) -> None:
    behind(place, "CREATE TABLE permissions (somebody TEXT)")
    assert 'relation "permissions" already exists' in refusal(place)
    assert sa.inspect(engine).get_table_names() == ["permissions"]


def test_a_server_that_is_not_there_is_told_with_the_way_out(place: Place, tmp_path: Path) -> None:
    nowhere = f"postgresql://sarah:{SECRET.rsplit(maxsplit=1)[-1]}@/sarah?host={tmp_path}"
    told = refusal(Place(tmp_path, SecretStr(nowhere)))
    assert told.startswith(f"The database 'sarah' at {tmp_path} cannot be reached (")
    assert told.endswith("start it, or correct SARAH_DATABASE_URL.")
    other = place.database.get_secret_value().replace(f"{USER}:", f"{USER}:not-")
    assert "password authentication failed" in refusal(Place(tmp_path, SecretStr(other)))


def test_an_address_that_is_none_is_told_without_it(tmp_path: Path) -> None:
    assert refusal(Place(tmp_path, SecretStr("4711"))).startswith("SARAH_DATABASE_URL is no address: write postgresql:")


def test_a_user_who_may_make_no_tables_is_told_what_to_do(place: Place, postgresql: Cluster) -> None:
    name = str(url_of(place.database).database)
    postgresql.run(SQL("ALTER DATABASE {} OWNER TO postgres").format(Identifier(name)))
    assert "make its user the owner of the database" in refusal(place)


def test_a_database_that_another_keeps_locked_is_told_after_some_patience(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_server(place.database) as opened, closing(psycopg.connect(place.database.get_secret_value())) as other:
        monkeypatch.setattr(server, "PATIENCE_SECONDS", 0.2)
        with open_registry(place) as registry:

            def work(_: sa.Connection) -> None:
                with pytest.raises(
                    RegistryError, match=r"Another process has been writing to the database .* try again"
                ):
                    started(registry)
                # Who only reads does not wait.
                assert registry.runs() == []

            opened.write(work)
            other.execute("LOCK TABLE datasets")
            with pytest.raises(RegistryError, match="has been writing to"):
                registry.datasets()
            other.rollback()
            started(registry)


def test_whoever_freezes_while_it_writes_does_not_stop_the_others(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_registry(place) as others:
        monkeypatch.setattr(server, "PATIENCE_SECONDS", 0.5)
        with open_server(place.database) as frozen:

            def work(_: sa.Connection) -> None:
                # It waits until the one that does nothing is put out.
                others.audit("ana", 1.0, "export", "x")

            with pytest.raises(RegistryError, match=r"The registry cannot be kept in|cannot be reached"):
                frozen.write(work)
        assert [line.action for line in others.audit_log()] == ["export"]


def test_a_server_that_was_started_again_is_met_again(tmp_path: Path) -> None:
    with cluster() as away, away.database() as database, open_registry(Place(tmp_path, database)) as registry:
        run = started(registry)
        away.stop()
        away.start()
        assert registry.runs() == [run]
        away.stop()
        with pytest.raises(RegistryError, match=r"cannot be reached \(.*\): start it"):
            registry.runs()
        away.start()
        assert registry.runs() == [run]


# Opens the registry, and says so.
OPENING = """
import sys; from pathlib import Path; from pydantic import SecretStr
from training.place import Place; from training.registry import open_registry
print("ready", flush=True)
sys.stdin.readline()
with open_registry(Place(Path("."), SecretStr(sys.argv[1]))) as registry: registry.audit("p", 1.0, "open", "x")
"""


@pytest.mark.slow
def test_several_processes_may_make_the_tables_at_the_same_time(place: Place) -> None:
    program = [sys.executable, "-c", OPENING, place.database.get_secret_value()]
    processes = [Popen(program, stdin=PIPE, stdout=PIPE, text=True) for _ in range(4)]  # noqa: S603 - of this test
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0] * 4
    with open_registry(place) as registry:
        assert [line.action for line in registry.audit_log()] == ["open"] * 4


@pytest.mark.slow
def test_a_killed_process_loses_nothing_that_it_acknowledged(place: Place) -> None:
    program = """
import sys; from itertools import count; from pathlib import Path; from pydantic import SecretStr
from training.place import Place; from training.registry import open_registry
with open_registry(Place(Path("."), SecretStr(sys.argv[1]))) as registry:
    for number in count():
        registry.audit("k", 1.0, "step", str(number))
        print(number, flush=True)
"""
    command = [sys.executable, "-c", program, place.database.get_secret_value()]
    with Popen(command, stdout=PIPE, text=True) as process:  # noqa: S603 - a program of this test
        assert process.stdout
        for _ in range(5):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        acknowledged = 5 + len(process.stdout.read().split("\n")[:-1])
    with open_registry(place) as registry:
        steps = [int(line.subject) for line in reversed(registry.audit_log(10**6))]
        # Nobody waits for it.
        registry.audit("ana", 1.0, "export", "x")
    assert steps == list(range(len(steps)))
    assert len(steps) in {acknowledged, acknowledged + 1}
