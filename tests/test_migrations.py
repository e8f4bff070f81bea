"""A database file of any age becomes the newest, or is left as it was."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot import migrations
from bot.conversation import PastTurn, StartupError
from bot.store import open_store
from bot.tables import metadata
from tests.store_kit import HERE, answered, ask, change, look

CONFIG = Config()
CONFIG.set_main_option("script_location", str(Path(migrations.__file__).parent))
SCRIPTS = ScriptDirectory.from_config(CONFIG)
OLDER = [script.revision for script in SCRIPTS.walk_revisions() if script.revision != migrations.NEWEST]
FIRST = "0001"
ONE_TURN = """
    INSERT INTO conversations VALUES (1, 'slack', 'T1', 'C1', '171.5');
    INSERT INTO turns
        (id, conversation_id, message_id, author, reference, question, attachments, asked_at, state, answer)
    VALUES (7, 1, 'm', 'U', 'r', 'Does it dim?', 0, 0, 'answered', 'Yes.');
"""
SHAPES = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
OPENING = """
import asyncio, sys
from pathlib import Path
from bot.store import open_store

async def main():
    async with open_store(Path(sys.argv[1])):
        print("alembic" in sys.modules)

asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sarah.db"


def over(path: Path, work: Callable[[sa.Connection], None]) -> None:
    """Work on the file in one transaction."""
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        work(connection)
    engine.dispose()


def bring(path: Path, revision: str, move: Callable[[Config, str], None] = command.upgrade) -> None:
    """Bring the file's tables to a revision."""

    def work(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        move(config, revision)

    over(path, work)


async def reopened(path: Path) -> list[PastTurn]:
    async with open_store(path) as store:
        return await store.history(HERE, 40)


async def imports_alembic(path: Path) -> bool:
    """Whether a process of its own needs Alembic to open the file."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", OPENING, str(path), stdout=PIPE)
    told, _ = await process.communicate()
    return told.strip() == b"True"


def test_the_newest_revision_is_the_head_of_the_steps() -> None:
    assert SCRIPTS.get_heads() == [migrations.NEWEST]


async def test_the_steps_build_the_tables_that_the_queries_expect(path: Path) -> None:
    await reopened(path)
    differences: list[object] = []
    over(
        path, lambda connection: differences.extend(compare_metadata(MigrationContext.configure(connection), metadata))
    )
    assert differences == []


async def test_the_steps_build_the_same_indexes_with_the_same_conditions(path: Path, tmp_path: Path) -> None:
    await reopened(path)
    over(tmp_path / "fresh.db", metadata.create_all)
    indexes = {row for row in look(tmp_path / "fresh.db", SHAPES) if row[0] == "index"}
    assert indexes == {row for row in look(path, SHAPES) if row[0] == "index"}
    assert len(indexes) == 7


async def test_opening_twice_keeps_what_was_said(path: Path) -> None:
    async with open_store(path) as store:
        turn = await answered(store, ask("Does it dim?"), "Yes.")
    assert await reopened(path) == await reopened(path) == [PastTurn(turn, "Does it dim?", "Yes.")]


@pytest.mark.parametrize("revision", OLDER)
async def test_an_older_file_becomes_the_newest_and_keeps_what_was_said(
    path: Path, tmp_path: Path, revision: str
) -> None:
    bring(path, FIRST)
    change(path, ONE_TURN)
    bring(path, revision)
    assert await reopened(path) == [PastTurn(7, "Does it dim?", "Yes.")]
    await reopened(tmp_path / "fresh.db")
    assert look(path, SHAPES) == look(tmp_path / "fresh.db", SHAPES)


@pytest.mark.parametrize("revision", OLDER)
async def test_a_step_can_be_taken_back_without_losing_what_was_said(path: Path, revision: str) -> None:
    await reopened(path)
    change(path, ONE_TURN)
    bring(path, revision, command.downgrade)
    assert look(path, "SELECT version_num FROM alembic_version") == [(revision,)]
    assert len(await reopened(path)) == 1


async def test_a_file_of_a_newer_sarah_is_refused_with_the_way_out_and_left_as_it_was(path: Path) -> None:
    await reopened(path)
    change(path, "UPDATE alembic_version SET version_num = '9999'; ALTER TABLE turns ADD COLUMN mood;")
    before = look(path, SHAPES)
    with pytest.raises(StartupError) as refused:
        await reopened(path)
    assert str(refused.value) == (
        f"{str(path)!r} was written by a newer version of this program (its tables are at 9999):"
        " start that version, or point SARAH_HOME at another folder."
    )
    assert look(path, SHAPES) == before


async def test_a_migration_that_breaks_off_leaves_nothing_half_done(path: Path) -> None:
    change(path, "CREATE TABLE turns (somebody TEXT)")
    with pytest.raises(StartupError, match="table turns already exists"):
        await reopened(path)
    assert [row[1] for row in look(path, SHAPES)] == ["turns"]
    change(path, "DROP TABLE turns")
    assert await reopened(path) == []


async def test_a_start_needs_alembic_only_when_there_is_something_to_migrate(path: Path) -> None:
    assert await imports_alembic(path)
    assert not await imports_alembic(path)
