"""JSON lines: one value a line, read with a limit so that no line fills the memory."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from training.entries import Entry
from training.examples import DataError
from training.formats.limits import Limits
from training.formats.source import length, opened, refuse_cut
from training.formats.strict import Decode, NotStrict, strict_decoder

_SPACE = b" \t\r\n"
_WAY_OUT = "write one JSON object a line"
# A file that begins with so many lines that are no JSON is no file of JSON lines.
_MOST_UNREAD = 1000
_WORDS = ("true", "false", "null", "-")


def read_lines(path: Path, limits: Limits) -> Iterator[Entry]:
    """Yield every line, those that are no JSON too; raises DataError naming the line, the first where none is JSON."""
    lines, unread = each_line(path, limits), list[Entry]()
    for entry in lines:
        if not entry.unread:
            yield from (*unread, entry)
            yield from lines
            return
        unread.append(entry)
        if len(unread) == _MOST_UNREAD:
            break
    if unread:
        refuse_unread(path, unread[0])


def refuse_unread(path: Path, entry: Entry) -> None:
    """Raise DataError for a line that is no JSON."""
    if entry.unread:
        raise DataError(f"{path}, line {entry.line} {entry.unread}.")


def each_line(path: Path, limits: Limits) -> Iterator[Entry]:
    """Yield the value of every line, or why it is no JSON; raises DataError for what nothing can be said of."""
    decode = strict_decoder(limits.depth)
    with opened(path, limits.chunk_bytes) as file:
        expected, end = length(file), file.tell()
        for number, line in enumerate(bounded_lines(path, file, limits.example_bytes), 1):
            end += len(line)
            if text := line.strip(_SPACE):
                place = f"{path}, line {number}"
                if len(text) > limits.example_brackets:
                    refuse_many(place, text.count(b"{") + text.count(b"["), limits)
                value, unread = _value(place, text, decode)
                yield Entry(number, value, end, unread)
        refuse_cut(path, end, expected)


def bounded_lines(path: Path, file: BinaryIO, most: int) -> Iterator[bytes]:
    """Yield lines of at most `most` bytes; raises DataError for a longer one."""
    for number, line in enumerate(iter(lambda: file.readline(most + 1), b""), 1):
        if len(line) > most and not line.endswith(b"\n"):
            raise DataError(f"{path}, line {number} {too_long(most)}.")
        yield line


def too_long(most: int) -> str:
    """Return what is said of an example that is longer than `most` bytes."""
    size = f"{most // 1024**2} MiB" if most >= 1024**2 else f"{most} bytes"
    return f"is longer than {size}: split it, or close the quote or bracket that was left open"


def refuse_many(place: str, brackets: int, limits: Limits) -> None:
    """Raise DataError for an example of so many lists and objects that they would fill the memory."""
    if brackets > limits.example_brackets:
        raise DataError(f"{place} holds more than {limits.example_brackets} lists and objects: split it.")


def utf8(place: str, line: bytes) -> str:
    """Return a line as text; raises DataError naming its place."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise DataError(f"{place} is not UTF-8 text: save the file as UTF-8.") from None


def _value(place: str, line: bytes, decode: Decode) -> tuple[object, str]:
    """Return the value of a line, or why it is no JSON."""
    text = utf8(place, line)
    try:
        value, end = decode(text, 0)
    except NotStrict as finding:
        raise DataError(f"{place} {finding}: mend or remove the line.") from None
    except json.JSONDecodeError as error:
        if cut_off(error, text):
            return None, f"ends in the middle of a value (it was cut off): {_WAY_OUT}"
        return None, f"is not JSON at character {error.pos + 1} ({error.msg}): {_WAY_OUT}"
    if end < len(text):
        return None, f"goes on after its value: {_WAY_OUT}"
    return value, ""


def cut_off(error: json.JSONDecodeError, text: str) -> bool:
    """Tell whether a text, which ends here, is the beginning of a value."""
    rest = text[error.pos :].strip()
    return error.msg.startswith("Unterminated string") or any(word.startswith(rest) for word in _WORDS)
