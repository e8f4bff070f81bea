"""Reads a Parquet file in a process of its own: `python -m training.formats.parquet FILE`.

What the file says is decoded by a library in C++ that hostile files may crash or make take all memory, so this process
may take little, and its parent believes nothing that it writes. It writes JSON lines: first how many rows there are,
then one object for each row, or a string that says why there are no more.
"""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from training.formats.columns import WANTED, Columns, found, recognised
from training.formats.shapes import KEPT

# Address space in bytes; the library takes 300 MB of it before it reads anything.
_MEMORY = 1536 * 1024 * 1024
_BATCH_ROWS = 64
_BUFFER = 1024 * 1024
# What the file says of itself: names and lists in its footer.
_FOOTER_BYTES = 64 * 1024 * 1024
_FOOTER_ITEMS = 1_000_000
_CONVERSATIONS = ("messages", "conversations", "conversation")


class _Unusable(Exception):  # noqa: N818 - a finding about the file, not a fault
    """A Parquet file holds no examples; the text says why."""


def main(path: Path) -> None:
    """Write the rows of a file to standard output, and a sentence when it cannot be read."""
    _take_little()
    out = sys.stdout.buffer
    try:
        for value in _rows(path):
            out.write(_line(value))
    except _Unusable as finding:
        out.write(_line(str(finding)))
    except MemoryError:
        out.write(_line("takes too much memory to unpack: write it in smaller row groups, or as JSONL"))
    except BrokenPipeError:
        return
    except Exception as error:  # noqa: BLE001 - whatever the library raises, the file is what is wrong
        memory = "memory" in type(error).__name__.lower() or "malloc" in str(error)
        finding = "takes too much memory to unpack" if memory else "is damaged, or no Parquet file"
        out.write(_line(f"{finding}: write it again, or as JSONL"))
    out.flush()


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _take_little() -> None:
    """Limit this process's memory, and let it write neither files nor the dump of a crash."""
    try:
        import resource  # noqa: PLC0415 - Windows has no such thing
    except ImportError:
        return
    for name, most in (("RLIMIT_AS", _MEMORY), ("RLIMIT_FSIZE", 0), ("RLIMIT_CORE", 0)):
        # A system may refuse a limit that it does not know; the others stand.
        with contextlib.suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (most, most))


def _rows(path: Path) -> Iterator[object]:
    # Only here, so that the limits hold for what the library itself takes.
    from pyarrow import parquet  # noqa: PLC0415

    file = cast("Any", parquet).ParquetFile(
        path,
        buffer_size=_BUFFER,
        pre_buffer=False,
        thrift_string_size_limit=_FOOTER_BYTES,
        thrift_container_size_limit=_FOOTER_ITEMS,
    )
    names = [str(name) for name in file.schema_arrow.names]
    wanted = _wanted(names)
    yield int(file.metadata.num_rows)
    yield from _examples(file, names, wanted)


def _wanted(names: list[str]) -> Columns | str:
    """Return the column of conversations, or the columns of questions and answers."""
    for name in _CONVERSATIONS:
        if name in names:
            return name
    if columns := recognised(names):
        return columns
    raise _Unusable(f"has the columns {found(names)}: wanted are messages, conversations, or {WANTED}")


def _examples(file: Any, names: list[str], wanted: Columns | str) -> Iterator[object]:  # noqa: ANN401 - pyarrow's
    if isinstance(wanted, str):
        taken = [wanted, *(name for name in (*KEPT, "system") if name in names)]
    else:
        at = (wanted.question, wanted.answer, wanted.more, wanted.system, *(place for _, place in wanted.kept))
        taken = [names[place] for place in at if place >= 0]
    number = 0
    for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=taken, use_threads=False):
        for row in batch.to_pylist():
            number += 1
            yield _example(number, row, names, wanted)


def _example(number: int, row: dict[str, Any], names: list[str], wanted: Columns | str) -> dict[str, object]:
    if isinstance(wanted, str):
        value = {name: _without_nulls(cell) for name, cell in row.items() if name == wanted or cell is not None}
    else:
        cells = [row.get(name) for name in names]
        value = wanted.example(cells[wanted.question], cells[wanted.answer], cells)
    try:
        _line(value)
    except (TypeError, ValueError):
        raise _Unusable(f"holds in row {number} a value that is no text, number or list: write it as text") from None
    return value


def _without_nulls(cell: object) -> object:
    """Return a list of messages without the fields that a message lacks: a column gives all of them the same ones."""
    if not isinstance(cell, list):
        return cell
    messages = cast("list[object]", cell)
    return [
        {key: value for key, value in cast("dict[str, object]", message).items() if value is not None}
        if isinstance(message, dict)
        else message
        for message in messages
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
