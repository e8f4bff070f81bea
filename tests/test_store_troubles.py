"""The store when many ask at once, callers give up, disks fill and files are not what they should be."""

import asyncio
import os
import resource
import threading
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.conversation import Conversation, StartupError
from bot.store import StoreError, open_store
from tests.store_kit import HERE, SECRET, answered, ask, change

NOTES = b"These are somebody's notes. " * 100


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sarah.db"


@pytest.fixture
def notes(path: Path) -> Path:
    path.write_bytes(NOTES)
    return path


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    tmp_path.chmod(0o500)
    return tmp_path / "sarah.db"


@contextmanager
def full_disk(limit: int) -> Generator[None]:
    """Let no file of this process grow beyond `limit` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_five_hundred_questions_at_once_are_taken_in_the_order_they_came(path: Path) -> None:
    async with open_store(path) as store:
        questions = [ask(conversation=Conversation("web", "", str(number))) for number in range(500)]
        turns = await asyncio.gather(*(store.take(question, "r", 1.0) for question in questions))
    assert turns == list(range(1, 501))


async def test_a_cancelled_question_is_recorded_whole_or_not_at_all_and_holds_nobody_up(path: Path) -> None:
    questions = [ask(conversation=Conversation("web", "", str(number))) for number in range(120)]
    async with open_store(path) as store:
        for steps, question in enumerate(questions):
            taking = asyncio.create_task(store.take(question, "r", 1.0))
            for _ in range(steps):
                await asyncio.sleep(0)
            taking.cancel()
        turn = await answered(store, ask())
        assert [past.turn for past in await store.before(turn + 1, 1)] == []
        recorded = {unfinished.question for unfinished in await store.unfinished("web")}
        again = await asyncio.gather(*(store.take(question, "r", 1.0) for question in questions))
    assert {question for question, taken in zip(questions, again, strict=True) if taken is None} == recorded


@pytest.mark.parametrize("number", [2**70, -(2**70)])
async def test_a_number_that_no_turn_can_have_is_a_store_error(path: Path, number: int) -> None:
    async with open_store(path) as store:
        with pytest.raises(StoreError):
            await store.rate(number, "U1", "up", 1.0)


async def test_half_a_character_is_a_store_error_and_the_store_goes_on(path: Path) -> None:
    async with open_store(path) as store:
        with pytest.raises(StoreError, match="surrogates not allowed"):
            await store.take(ask("\ud83d"), "r1", 1.0)
        assert await store.take(ask(), "r1", 1.0) == 1


async def test_an_error_says_why_and_nothing_of_what_the_customer_wrote(path: Path) -> None:
    async with open_store(path) as store:
        change(path, "ALTER TABLE turns RENAME TO elsewhere")
        with pytest.raises(StoreError) as raised:
            await store.take(ask(SECRET), "r1", 1.0)
    assert str(raised.value) == "no such table: turns"
    assert SECRET not in "".join(traceback.format_exception(raised.value))


async def test_a_full_disk_is_a_store_error_and_room_ends_it(path: Path) -> None:
    async with open_store(path) as store:
        await answered(store, ask())
        with full_disk(100_000), pytest.raises(StoreError, match="disk"):
            await store.take(ask("long " * 50_000), "r1", 1.0)
        assert len(await store.history(HERE, 40)) == 1
        await answered(store, ask())


async def test_a_file_that_is_no_database_is_refused_with_the_way_out(notes: Path) -> None:
    with pytest.raises(StartupError, match="SARAH_HOME") as refused:
        async with open_store(notes):
            pass
    assert str(notes) in str(refused.value)
    assert "file is not a database" in str(refused.value)


@pytest.mark.parametrize("home", ["notes.txt", "notes.txt/below", "/proc/sarah"])
async def test_a_folder_that_cannot_be_is_refused_with_the_way_out(tmp_path: Path, home: str) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(StartupError, match="SARAH_HOME"):
        async with open_store(tmp_path / home / "sarah.db"):
            pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
async def test_a_folder_that_may_not_be_written_is_refused_with_the_way_out(sealed: Path) -> None:
    with pytest.raises(StartupError, match="SARAH_HOME"):
        async with open_store(sealed):
            pass


async def test_a_start_on_a_full_disk_is_refused_with_the_way_out(path: Path) -> None:
    with full_disk(0), pytest.raises(StartupError, match="SARAH_HOME"):
        async with open_store(path):
            pass
    async with open_store(path) as store:
        assert await store.take(ask(), "r1", 1.0) == 1


@pytest.mark.parametrize("name", ["what? is#this.db", "100%.db", "file:sarah.db?mode=memory", "Ärger &co.db"])
async def test_any_name_of_a_file_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    async with open_store(tmp_path / name) as store:
        await answered(store, ask())
    assert (tmp_path / name).stat().st_size > 0


async def test_nothing_runs_on_once_the_store_is_closed(path: Path) -> None:
    async with open_store(path) as store:
        await answered(store, ask())
    assert "store_0" not in {thread.name for thread in threading.enumerate()}
