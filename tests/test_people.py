"""What is kept of one person: shown, or erased to the last byte; and what people thought of answers."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from bot.conversation import Conversation, Question
from bot.store import Counts, Exchange, Marked, Outcome, Store, open_store
from tests.store_kit import HERE, NUMBERS, SECRET, explain, look

DIRECT = Conversation("slack", "T1", "D1")
ELSEWHERE = Conversation("slack", "T2", "C1", "171.5")
ON_DISCORD = Conversation("discord", "T1", "C1", "171.5")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sarah.db"


@pytest.fixture
async def store(path: Path) -> AsyncGenerator[Store]:
    async with open_store(path) as opened:
        yield opened


async def tell(
    store: Store, text: str = "Does it dim?", author: str = "U1", conversation: Conversation = HERE, at: float = 1.0
) -> int:
    """Let somebody ask, and answer with the same words."""
    turn = await store.take(Question(conversation, author, f"m{next(NUMBERS)}", text), "r1", at)
    assert turn is not None
    await store.finish(turn, Outcome("answered", f"So: {text}", "champion"), 12)
    return turn


def bytes_of(path: Path) -> bytes:
    """Return the database and the log beside it, once another process wrote that into the file."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(FULL)")
    return path.read_bytes() + path.with_name(f"{path.name}-wal").read_bytes()


# Erased.


async def test_of_a_person_who_is_forgotten_no_word_and_no_name_is_left_in_the_file(store: Store, path: Path) -> None:
    author = "U-who-is-unique"
    for conversation in (HERE, DIRECT):
        await store.rate(await tell(store, SECRET, author, conversation), "U2", "up", 1.0)
    await store.rate(await tell(store), author, "down", 1.0)
    await store.take(Question(HERE, author, "m-waiting", SECRET), "r1", 1.0)
    assert await store.handoffs.begin(HERE, f"slack:{author}", 1.0, "link")
    before = bytes_of(path)
    assert SECRET.encode() in before
    assert author.encode() in before
    assert await store.people.forget("slack", "T1", author) == 3
    after = bytes_of(path)
    assert SECRET.encode() not in after
    assert author.encode() not in after
    assert look(path, "SELECT * FROM feedback") == []
    assert await store.take(Question(HERE, author, "m-waiting", SECRET), "r2", 2.0) is None


async def test_whoever_is_forgotten_takes_nobody_elses_turns_and_verdicts_along(store: Store) -> None:
    await tell(store)
    kept = [await tell(store, author="U2")]
    kept += [await tell(store, conversation=conversation) for conversation in (ELSEWHERE, ON_DISCORD)]
    for turn in kept:
        await store.rate(turn, "U2", "up", 1.0)
    await store.rate(kept[1], "U1", "up", 1.0)
    assert await store.people.forget("slack", "T1", "U1") == 1
    assert sorted(marked.turn for marked in await store.people.feedback(9)) == kept
    assert await store.people.counts() == Counts(ups=4, downs=0)
    assert await store.people.forget("slack", "T1", "U1") == 0


async def test_where_a_person_is_the_same_in_every_workspace_all_of_it_is_shown_and_forgotten(store: Store) -> None:
    for conversation in (HERE, ELSEWHERE, ON_DISCORD):
        await tell(store, conversation=conversation)
    assert await store.handoffs.begin(ELSEWHERE, "U1", 1.0, "")
    assert len(await store.people.export("slack", None, "U1")) == 2
    assert await store.people.forget("slack", None, "U1") == 2
    assert await store.people.export("slack", None, "U1") == []
    assert [handoff.asked_by for handoff in await store.handoffs.every_open()] == [""]
    assert len(await store.people.export("discord", None, "U1")) == 1


@pytest.mark.parametrize("name", ["U1", "slack:U1"])
async def test_hand_offs_lose_the_name_of_whoever_is_forgotten_and_go_on(path: Path, name: str) -> None:
    async with open_store(path) as store:
        for conversation in (HERE, ELSEWHERE):
            assert await store.handoffs.begin(conversation, name, 1.0, f"https://chat.example/team/{name}")
        assert await store.handoffs.begin(DIRECT, "U2", 1.0, "")
        assert await store.handoffs.end(3, name, 2.0)
        await store.people.forget("slack", "T1", "U1")
        assert [handoff.asked_by for handoff in await store.handoffs.every_open()] == ["", name]
        known = store.handoffs.open_for(HERE)
    assert known
    assert known.link == ""
    assert look(path, "SELECT link FROM handoffs WHERE asked_by = ''") == [("",)]
    async with open_store(path) as store:
        assert [handoff.asked_by for handoff in await store.handoffs.every_open()] == ["", name]
        over = await store.handoffs.get(3)
    assert over
    assert (over.asked_by, over.ended_by, over.ended_at) == ("U2", "", 2.0)


async def test_an_answer_that_comes_after_its_asker_was_forgotten_is_not_kept(store: Store, path: Path) -> None:
    turn = await store.take(Question(HERE, "U1", "m", SECRET), "r1", 1.0)
    assert turn
    await store.people.forget("slack", "T1", "U1")
    await store.finish(turn, Outcome("answered", SECRET, "champion"), 1)
    assert SECRET.encode() not in bytes_of(path)


# Shown.


async def test_a_person_is_shown_what_they_asked_in_this_workspace_with_their_own_verdicts(store: Store) -> None:
    first = await tell(store, "One?", at=1.5)
    await store.rate(first, "U1", "down", 2.0)
    second = await tell(store, "Two?", conversation=DIRECT, at=2.5)
    await store.rate(second, "U2", "up", 3.0)
    await tell(store, "Not mine?", author="U2")
    for conversation in (ELSEWHERE, ON_DISCORD):
        await tell(store, "Not here?", conversation=conversation)
    assert await store.people.export("slack", "T1", "U1") == [
        Exchange(1.5, "slack", "T1", "C1", "171.5", "One?", "So: One?", "down"),
        Exchange(2.5, "slack", "T1", "D1", "", "Two?", "So: Two?", ""),
    ]


async def test_what_was_erased_is_not_shown_even_to_whoever_has_no_name(store: Store) -> None:
    at_the_desk = Conversation("terminal", "", "1")
    for conversation in (at_the_desk, HERE):
        await tell(store, "One?", "", conversation)
    await store.reset(at_the_desk)
    await tell(store, "Two?", "", at_the_desk)
    assert [row.question for row in await store.people.export("terminal", "", "")] == ["Two?"]
    assert await store.people.forget("terminal", "", "") == 1


# What people thought.


async def test_turns_with_verdicts_come_newest_verdict_first_one_row_each(store: Store) -> None:
    first, second = await tell(store, "One?"), await tell(store, "Two?", "U2", ELSEWHERE)
    await tell(store, "Three?")
    await store.rate(first, "U1", "up", 1.0)
    await store.rate(second, "U2", "up", 2.0)
    await store.rate(first, "U3", "down", 3.0)
    await store.rate(first, "U4", "up", 2.5)
    expected = [
        Marked(first, 3.0, HERE, "One?", "So: One?", "champion", ups=2, downs=1),
        Marked(second, 2.0, ELSEWHERE, "Two?", "So: Two?", "champion", ups=1, downs=0),
    ]
    assert await store.people.feedback(9) == expected
    assert [await store.people.turn(turn) for turn in (first, second)] == expected
    assert await store.people.counts() == Counts(ups=3, downs=1)


async def test_pages_of_verdicts_miss_none_and_repeat_none_even_where_many_came_at_once(store: Store) -> None:
    turns = [await tell(store) for _ in range(7)]
    for number, turn in enumerate(turns):
        await store.rate(turn, "U1", "up", number // 3)
    pages: list[int] = []
    before = None
    while page := await store.people.feedback(2, before):
        pages += [marked.turn for marked in page]
        before = (page[-1].rated_at, page[-1].turn)
    assert pages == turns[::-1]


@pytest.mark.parametrize(
    ("workspaces", "found"),
    [
        (None, [HERE, ELSEWHERE, ON_DISCORD]),
        ([("slack", "T1")], [HERE]),
        ([("slack", "T2"), ("discord", "T1")], [ELSEWHERE, ON_DISCORD]),
        ([("slack", "T3")], []),
        ([], []),
    ],
    ids=["all", "one", "two", "another", "none"],
)
async def test_an_admin_sees_the_verdicts_of_the_workspaces_that_are_named(
    store: Store, workspaces: list[tuple[str, str]] | None, found: list[Conversation]
) -> None:
    for at, conversation in enumerate([ON_DISCORD, ELSEWHERE, HERE]):
        await store.rate(await tell(store, conversation=conversation), "U1", "down", at)
    shown = await store.people.feedback(9, workspaces=workspaces)
    assert [marked.conversation for marked in shown] == found


async def test_a_turn_that_nobody_rated_can_be_looked_up_and_one_that_is_gone_cannot(store: Store) -> None:
    turn = await tell(store)
    assert await store.people.turn(turn) == Marked(
        turn, 0.0, HERE, "Does it dim?", "So: Does it dim?", "champion", ups=0, downs=0
    )
    await store.reset(HERE)
    assert await store.people.turn(turn) is None
    assert await store.people.feedback(9) == []
    assert await store.people.turn(4711) is None


async def test_whoever_asks_for_what_is_kept_of_them_does_not_make_the_file_be_read_through(
    store: Store, path: Path
) -> None:
    turn = await tell(store)
    heard: list[tuple[str, tuple[object, ...]]] = []

    def listen(_connection: object, _cursor: object, statement: str, values: tuple[object, ...], *_: object) -> None:
        heard.append((statement, values))

    event.listen(sa.Engine, "before_cursor_execute", listen)
    try:
        await store.people.export("slack", "T1", "U1")
        await store.people.turn(turn)
        await store.people.forget("slack", "T1", "U1")
    finally:
        event.remove(sa.Engine, "before_cursor_execute", listen)
    plans = [explain(path, *said) for said in heard if "turns" in said[0] and "FROM feedback" not in said[0][:20]]
    assert len(plans) == 3
    assert [plan for plan in plans if "SCAN turns" in plan or "SCAN conversations" in plan] == []
    assert all("turns_by_author" in plan for plan in (plans[0], plans[-1]))
