"""CSV tables of questions and answers."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn

from training.entries import Entry
from training.examples import DataError
from training.formats.columns import WANTED, Columns, found, recognised
from training.formats.dialogue import dialogue_column, pairs_in
from training.formats.formulas import is_formula
from training.formats.jsonl import bounded_lines, too_long, utf8
from training.formats.limits import Limits
from training.formats.names import plain
from training.formats.shapes import KEPT
from training.formats.source import length, opened, refuse_cut

_DELIMITERS = ",;\t"


def read_table(path: Path, limits: Limits) -> Iterator[Entry]:
    """Yield the examples of a CSV table in Alpaca's shape, each with the line that its row begins at.

    Raises DataError naming the line, for a row with other columns than the first and a cell that is a formula too.
    """
    with opened(path, limits.chunk_bytes) as file:
        expected = length(file)
        rows = _Rows(path, file, limits)
        names = rows.header()
        columns = _columns(path, names)
        for line, cells in rows:
            rows.refuse_wrong(line, cells, names)
            for question, answer in rows.pairs(line, cells, columns):
                yield Entry(line, columns.example(question, answer, cells), rows.end)
        refuse_cut(path, rows.end, expected)


def _columns(path: Path, names: Sequence[str]) -> Columns:
    if columns := recognised(names):
        return columns
    if (at := dialogue_column(names)) >= 0:
        kept = tuple((plain(name), place) for place, name in enumerate(names) if plain(name) in KEPT)
        return Columns(question=at, answer=at, more=-1, system=-1, kept=kept)
    raise DataError(f"{path} has the columns {found(names)}: name them in its first line; wanted are {WANTED}.")


def has_columns(path: Path, limits: Limits) -> bool:
    """Tell whether a file begins as a table of questions and answers does."""
    with opened(path) as file:
        return columns_of(file.readline(limits.example_bytes)) is not None


def columns_of(line: bytes) -> Columns | None:
    """Return the columns that a first line names."""
    text = line.decode(errors="replace")
    return recognised(_cells(text, _delimiter(text)))


def _delimiter(text: str) -> str:
    """Return what parts the names of the columns: what makes them known, or else what makes the most of them."""
    ranked = [(recognised(cells) is not None, len(cells)) for cells in (_cells(text, way) for way in _DELIMITERS)]
    return _DELIMITERS[ranked.index(max(ranked))]


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return [cell for row in csv.reader([text], delimiter=delimiter) for cell in row]
    except csv.Error:
        return []


def _lines(cell: str) -> list[str]:
    return [line.strip() for line in cell.replace("\r", "\n").split("\n") if line.strip()]


class _Rows:
    """The rows of a table that are not empty: (the line that it begins at, its cells)."""

    def __init__(self, path: Path, file: BinaryIO, limits: Limits) -> None:
        self.end = file.tell()
        self._path, self._most = path, limits.example_bytes
        self._lines = bounded_lines(path, file, limits.example_bytes)
        self._begin, self._line, self._row_bytes = 1, 0, 0
        first = next(self._lines, b"")
        self._first = first
        # The limit is one for the whole process; it is only ever raised, and rows are measured here.
        csv.field_size_limit(max(csv.field_size_limit(), limits.example_bytes))
        delimiter = _delimiter(first.decode(errors="replace"))
        self._reader = csv.reader(self._texts(), delimiter=delimiter, strict=True)

    def __iter__(self) -> "_Rows":
        return self

    def __next__(self) -> tuple[int, list[str]]:
        while True:
            self._begin, self._row_bytes = self._line + 1, 0
            try:
                cells = next(self._reader)
            except csv.Error as error:
                self._refuse(self._begin, _sentence(str(error)))
            if any(cell.strip() for cell in cells):
                return self._begin, cells

    def header(self) -> list[str]:
        """Return the names of the columns, none when there is no row."""
        for _, cells in self:
            return cells
        return []

    def refuse_wrong(self, line: int, cells: Sequence[str], names: Sequence[str]) -> None:
        """Raise DataError for a row with other columns than the first, and for a formula."""
        if len(cells) != len(names):
            self._refuse(line, f"has {len(cells)} cells, not {len(names)}: check its commas and quotes")
        for name, cell in zip(names, cells, strict=True):
            if is_formula(cell):
                self._refuse(line, f"holds a formula in {name[:40]!r}: write it as text, or remove it")

    def pairs(self, line: int, cells: Sequence[str], columns: Columns) -> list[tuple[str, str]]:
        """Part cells that hold as many questions as answers, a line each; any other cell is one question or answer."""
        question, answer = cells[columns.question], cells[columns.answer]
        if columns.question == columns.answer:
            return pairs_in(question) or self._refuse(
                line, "holds no questions and answers in turn: begin each with 'Q:' and 'A:' on a line of its own"
            )
        questions, answers = _lines(question), _lines(answer)
        if len(questions) < 2 or len(answers) < 2:  # noqa: PLR2004 - one line is one question, or one answer
            return [(question, answer)]
        if len(questions) == len(answers):
            return list(zip(questions, answers, strict=True))
        if all(text.endswith("?") for text in questions):
            counts = f"{len(questions)} questions and {len(answers)} answers"
            self._refuse(line, f"has {counts}, a line each: write as many answers as questions")
        return [(question, answer)]

    def _texts(self) -> Iterator[str]:
        for raw in self._raw():
            self._line += 1
            self.end += len(raw)
            self._row_bytes += len(raw)
            if self._row_bytes > self._most:
                self._refuse(self._begin, too_long(self._most))
            if b"\x00" in raw:
                self._refuse(self._line, "holds a NUL character: export the table again, as CSV in UTF-8")
            yield utf8(f"{self._path}, line {self._line}", raw)

    def _raw(self) -> Iterator[bytes]:
        yield self._first
        yield from self._lines

    def _refuse(self, line: int, finding: str) -> NoReturn:
        raise DataError(f"{self._path}, line {line} {finding}.")


def _sentence(error: str) -> str:
    if "unexpected end" in error:
        return "opens a quote that is never closed: close it"
    if "new-line character" in error:
        return "has line ends of an old Macintosh: save the file with line ends of today"
    if "expected after" in error:
        return "goes on after a closing quote: double the quotes that stand inside a cell"
    return f"is no row of a table ({error}): export it again as CSV"
