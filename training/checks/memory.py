"""What the checks remember of a file: on disk, so that memory stays flat however many examples there are."""

import sqlite3
import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from training.checks.sketches import Seen
from training.checks.vocabulary import Vocabulary
from training.examples import DataError

Value = float | str | bytes | None
Table = Literal[
    "examples",
    "exchanges",
    "bands",
    "held_out",
    "apart",
    "asked",
    "copies",
    "pairs",
    "candidates",
    "refusals",
    "problems",
    "kept",
]

_TABLES: dict[Table, tuple[str, ...]] = {
    "examples": ("example INTEGER PRIMARY KEY", "line", "conversation", "system", "sketch"),
    # Each question of a customer; the hashes are those of fingerprint.Exchange.
    "exchanges": ("example", "number", "context", "question", "answer"),
    "bands": ("band", "example"),
    # Hashes of questions that must not be learned, whose they are, and how alike another is that is nearly the same.
    "held_out": ("question INTEGER PRIMARY KEY", "source", "sketch", "least"),
    # Of each band of their sketches, whose it is first.
    "apart": ("band INTEGER PRIMARY KEY", "question"),
    # Questions that may have such a band.
    "asked": ("band", "example", "number", "question", "sketch"),
    # Examples that say the same as an earlier one.
    "copies": ("example INTEGER PRIMARY KEY",),
    # Examples that may be near-duplicates.
    "pairs": ("later", "earlier"),
    # The same, each once and in order.
    "candidates": ("later", "earlier"),
    # Answers that refuse what may be the company's own.
    "refusals": ("example", "number", "named", "words"),
    # Conversations of a mended file.
    "kept": ("conversation INTEGER PRIMARY KEY",),
    "problems": ("line", "rule", "severity", "text"),
}
_CACHE_KIB = 16_384
_ROWS_AT_ONCE = 2_000


class Memory:
    """Tables in a temporary file that is gone when the process is; close it.

    Every method raises DataError when the disk is full.
    """

    def __init__(self) -> None:
        # A database without a name is a file that the system deletes with the last handle, even after a kill.
        self._database = sqlite3.connect("", isolation_level=None)
        self.vocabulary = Vocabulary()
        self.apart = Seen()
        self._waiting: dict[Table, list[Sequence[Value]]] = {table: [] for table in _TABLES}
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA temp_store = FILE",
            f"PRAGMA cache_size = -{_CACHE_KIB}",
            *(f"CREATE TABLE {table} ({', '.join(columns)})" for table, columns in _TABLES.items()),
            # Never committed: nobody else reads it, and nothing of it is kept.
            "BEGIN",
        ):
            self._database.execute(statement)

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def note(self, table: Table, *row: Value) -> None:
        """Remember a row; the first of two with the same key stays."""
        waiting = self._waiting[table]
        waiting.append(row)
        if len(waiting) >= _ROWS_AT_ONCE:
            self._write(table)

    def _write_all(self) -> None:
        for table in _TABLES:
            self._write(table)

    def _write(self, table: Table) -> None:
        rows = self._waiting[table]
        if rows:
            places = ", ".join("?" * len(_TABLES[table]))
            with _disk():
                self._database.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({places})", rows)  # noqa: S608 our own names
            rows.clear()

    def is_new(self, conversation: int) -> bool:
        """Remember a conversation that is kept; tells whether it is the first of its kind."""
        with _disk():
            return self._database.execute("INSERT OR IGNORE INTO kept VALUES (?)", (conversation,)).rowcount > 0

    def fill(self, table: Table, query: str) -> None:
        """Remember, in order, the rows that a query finds."""
        self._write_all()
        with _disk():
            self._database.execute(f"INSERT INTO {table} {query}")

    def rows(self, query: str, values: Iterable[Value] = ()) -> Iterator[tuple[Value, ...]]:
        """Yield the rows that a query finds; what was noted before is among them."""
        self._write_all()
        with _disk():
            cursor = self._database.execute(query, tuple(values))
        while True:
            with _disk():
                rows = cursor.fetchmany(_ROWS_AT_ONCE)
            if not rows:
                return
            yield from rows


@contextmanager
def _disk() -> Generator[None]:
    try:
        yield
    except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
        folder = tempfile.gettempdir()
        raise DataError(
            f"The checks could not keep their notes in {folder} ({error}): free some space there, or set TMPDIR."
        ) from None
