"""A store for tests, over a real file, and a look into that file beside it."""

import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path

from bot.conversation import Conversation, Question
from bot.store import Outcome, Store

HERE = Conversation("slack", "T1", "C1", "171.5")
NUMBERS = count()
SECRET = "my door code is 4711"


def ask(text: str = "Does it dim?", conversation: Conversation = HERE, message_id: str = "") -> Question:
    """Return a question, under an id of its own unless one is given."""
    return Question(conversation, "U1", message_id or f"m{next(NUMBERS)}", text)


async def answered(store: Store, question: Question, answer: str = "Yes.") -> int:
    """Take a question and answer it."""
    turn = await store.take(question, "r1", 1.0)
    assert turn is not None
    await store.finish(turn, Outcome("answered", answer, "champion"), 12)
    return turn


def look(path: Path, sql: str) -> list[tuple[object, ...]]:
    """Read the database beside the store."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(sql).fetchall()


def change(path: Path, sql: str) -> None:
    """Change the database behind the store's back."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(sql)


def holds(path: Path, text: str) -> bool:
    """Whether these characters stand anywhere in the file."""
    return text.encode() in path.read_bytes()


def explain(path: Path, statement: str, values: tuple[object, ...]) -> str:
    """Return how SQLite would go about a statement."""
    with closing(sqlite3.connect(path)) as database:
        return "; ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", values))
