"""What kind of file it is: told by its name, how it begins, and its first example."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from training.entries import Entry
from training.examples import DataError
from training.formats.elements import Layout, holds_list, read_elements
from training.formats.jsonl import each_line, read_lines
from training.formats.limits import Limits
from training.formats.pages import page_files
from training.formats.shapes import shape_of
from training.formats.source import HEAD, length, opened, reading, refuse_unreadable
from training.formats.table import has_columns

Format = Literal["chat", "csv", "sharegpt", "alpaca", "parquet", "markdown"]
KNOWN = "JSONL, JSON, CSV, Parquet, or a folder of Markdown pages"

_LINES = (".jsonl", ".ndjson")
_JSON = (*_LINES, ".json")
_TABLES = (".csv", ".tsv")
_PARQUET = (b"PAR1", b"PARE")


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file, and how to read it."""

    format: Format
    layout: Layout
    """How its JSON stands in it; of no meaning for what is no JSON."""
    size: int
    """Bytes."""


def recognise(path: Path, told: Format | None, limits: Limits) -> Recognised:
    """Return how to read a file; `told` is its format where that is known.

    Raises DataError for what cannot be read: no file, a device, an archive, an Office file, binary, UTF-16.
    """
    if told == "markdown" or (told is None and _is_pages(path)):
        return Recognised("markdown", "values", _pages_size(path))
    with opened(path) as file:
        size, head = length(file), file.read(HEAD)
    if head.startswith(_PARQUET) or told == "parquet":
        return Recognised("parquet", "values", size)
    refuse_unreadable(path, head)
    if told == "csv" or (told is None and _is_table(path, head, limits)):
        return Recognised("csv", "lines", size)
    layout = _layout(path, head, limits)
    return Recognised(told or _first_shape(path, layout, limits), layout, size)


def json_entries(path: Path, layout: Layout, limits: Limits) -> Iterator[Entry]:
    """Yield the values of a file of JSON, as they are, and lines that are no JSON; raises DataError naming the line."""
    return read_lines(path, limits) if layout == "lines" else read_elements(path, layout, limits)


def _is_pages(path: Path) -> bool:
    with reading(path):
        return path.is_dir() or path.suffix.lower() == ".md"


def _pages_size(path: Path) -> int:
    with reading(path):
        return sum(file.stat().st_size for file in page_files(path))


def _is_table(path: Path, head: bytes, limits: Limits) -> bool:
    suffix = path.suffix.lower()
    if suffix in _TABLES or suffix in _JSON:
        return suffix in _TABLES
    if head.lstrip()[:1] in (b"{", b"["):
        return False
    if not has_columns(path, limits):
        raise DataError(f"{path} is of no kind that is known: give it as {KNOWN}.")
    return True


def _layout(path: Path, head: bytes, limits: Limits) -> Layout:
    """Return how the JSON of a file stands in it."""
    begin = head.lstrip()[:1]
    if path.suffix.lower() in _LINES:
        return "array" if begin == b"[" and not _first_line_is_whole(path, limits) else "lines"
    if begin == b"[":
        return "array"
    if begin == b"{" and holds_list(path, limits):
        return "wrapped"
    return "lines" if begin == b"{" and _first_line_is_whole(path, limits) else "values"


def _first_line_is_whole(path: Path, limits: Limits) -> bool:
    try:
        first = next(each_line(path, limits), None)
    except DataError:
        return False
    return not (first and first.unread)


def _first_shape(path: Path, layout: Layout, limits: Limits) -> Format:
    try:
        first = next((entry for entry in json_entries(path, layout, limits) if not entry.unread), None)
    except DataError:
        # Said again, in its place, when the file is read.
        return "chat"
    return shape_of(first.value) if first else "chat"
