"""What a turn costs the database does not depend on how much was ever said.

Costs are steps of SQLite's own machine, which no other load on this computer changes.
"""

import re
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection

from bot.store import Outcome, Store, open_store
from tests.store_kit import HERE, ask, change, explain

LAST = 10_000_000
# How a file may be filled: the SQL of a row's conversation and state, by its number and the number of all rows.
LAYOUTS = {
    "one conversation holds all": ("1", "'answered'"),
    "many conversations hold fifty each": ("1 + number % ({rows} / 50)", "'answered'"),
    "all but the first were declined": ("1", "CASE WHEN number <= 50 THEN 'answered' ELSE 'declined' END"),
    "all but the first were deleted": ("1", "CASE WHEN number <= 50 THEN 'answered' ELSE 'deleted' END"),
}
OPERATIONS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "take": lambda store: store.take(ask(message_id="new"), "r", 1.0),
    "take again": lambda store: store.take(ask(message_id="new"), "r", 1.0),
    "before": lambda store: store.before(LAST, 40),
    "history": lambda store: store.history(HERE, 40),
    "replying": lambda store: store.replying(LAST, "reply"),
    "knows": lambda store: store.knows(HERE),
    "unfinished": lambda store: store.unfinished("slack"),
    "edit": lambda store: store.edit(HERE, "last", "Does it glow?"),
    "finish": lambda store: store.finish(LAST, Outcome("answered", "Yes.", "champion"), 1),
    "rate": lambda store: store.rate(LAST, "U1", "up", 1.0),
    "delete": lambda store: store.delete(HERE, "reply"),
}
FILL = """
    INSERT INTO conversations VALUES (1, 'slack', 'T1', 'C1', '171.5');
    WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {rows})
    INSERT INTO turns (conversation_id, message_id, author, reference, question, attachments, asked_at, state)
    SELECT {conversation}, 'm' || number, 'U', 'r', 'q', 0, 0, {state} FROM numbers;
    INSERT INTO turns (id, conversation_id, message_id, author, reference, question, attachments, asked_at, state)
    VALUES ({last}, 1, 'last', 'U', 'r', 'q', 0, 0, 'asked');
"""


class Steps:
    """Counts the steps of every connection that is opened while it watches."""

    def __init__(self) -> None:
        self.taken = 0

    def watch(self, connection: AsyncAdapt_aiosqlite_connection, _: object) -> None:
        """Listen to a new connection."""
        connection.run_async(lambda driver: driver.set_progress_handler(self.count, 1))

    def count(self) -> int:
        """Count one step, and let SQLite go on."""
        self.taken += 1
        return 0


@contextmanager
def listening(name: str, listener: Callable[..., None]) -> Generator[None]:
    """Hear of what happens to every engine."""
    event.listen(sa.Engine, name, listener)
    try:
        yield
    finally:
        event.remove(sa.Engine, name, listener)


async def fill(path: Path, rows: int, layout: str) -> None:
    async with open_store(path):
        pass
    conversation, state = LAYOUTS[layout]
    change(path, FILL.format(rows=rows, conversation=conversation.format(rows=rows), state=state, last=LAST))


async def costs(path: Path) -> dict[str, int]:
    """Return the steps of each operation."""
    steps, found = Steps(), dict[str, int]()
    with listening("connect", steps.watch):
        async with open_store(path) as store:
            for name, operate in OPERATIONS.items():
                before = steps.taken
                await operate(store)
                found[name] = steps.taken - before
    return found


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
async def test_a_turn_costs_the_same_with_a_million_turns_stored_as_with_a_thousand(
    tmp_path: Path, layout: str
) -> None:
    await fill(tmp_path / "small.db", 1_000, layout)
    await fill(tmp_path / "large.db", 1_000_000, layout)
    small = await costs(tmp_path / "small.db")
    assert small == await costs(tmp_path / "large.db")
    assert min(small.values()) > 0


async def test_no_statement_of_a_turn_walks_through_a_table_or_sorts(tmp_path: Path) -> None:
    path = tmp_path / "sarah.db"
    await fill(path, 1_000, "one conversation holds all")
    statements: list[tuple[str, tuple[object, ...]]] = []

    def heard(_connection: object, _cursor: object, statement: str, values: tuple[object, ...], *_: object) -> None:
        statements.append((statement, values))

    async with open_store(path) as store:
        with listening("before_cursor_execute", heard):
            for operate in OPERATIONS.values():
                await operate(store)
    plans = {statement: explain(path, statement, values) for statement, values in statements}
    assert len(plans) >= len(OPERATIONS)
    walking = [plan for plan in plans.values() if re.search(r"SCAN (turns|conversations|feedback)$|TEMP B-TREE", plan)]
    assert walking == []
