"""JSON that is no list of lines, as a stream: an array, an object that holds one, or values one after the other."""

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal, NoReturn

from training.entries import Entry
from training.examples import DataError
from training.formats.jsonl import cut_off, refuse_many, too_long
from training.formats.limits import Limits
from training.formats.source import length, opened, refuse_cut
from training.formats.strict import NotStrict, strict_decoder

Layout = Literal["lines", "array", "wrapped", "values"]
# Under these names an object holds the list of examples.
LISTS = ("data", "examples", "conversations")

_SPACE = re.compile(r"[ \t\r\n]*")
# A number that ends where the text ends may go on: its exponent or its fraction is at most so far away.
_TAIL = 4
# The longest word of JSON, and the longest escape, are shorter: an error further from the end is one.
_WORD = 16


def read_elements(path: Path, layout: Layout, limits: Limits) -> Iterator[Entry]:
    """Yield the values of a file of JSON; raises DataError naming the line."""
    with opened(path, limits.chunk_bytes) as file:
        expected = length(file)
        text = Text(path, file, limits)
        ways = {"array": _array, "wrapped": _wrapped, "values": _values}
        yield from ways[layout](text)
        if text.peek():
            text.refuse("goes on after its end: remove what follows the last bracket")
        refuse_cut(path, text.end, expected)


def holds_list(path: Path, limits: Limits) -> bool:
    """Tell whether a file is one object that holds a list of examples; False also when that cannot be read."""
    with opened(path, limits.chunk_bytes) as file:
        text = Text(path, file, limits)
        try:
            for key in _keys(text):
                if key == "messages":
                    return False
                if _is_list(text, key):
                    return _begins_with_example(text)
                text.value()
        except DataError:
            return False
        return False


def _array(text: "Text") -> Iterator[Entry]:
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    while True:
        yield text.entry()
        if text.peek() != ",":
            text.take("]")
            return
        text.step()


def _wrapped(text: "Text") -> Iterator[Entry]:
    seen = set[str]()
    for key in _keys(text):
        if key in seen:
            text.refuse("holds an object in which one key stands twice: mend the file")
        seen.add(key)
        if _is_list(text, key):
            yield from _array(text)
        else:
            text.value()


def _values(text: "Text") -> Iterator[Entry]:
    while text.peek():
        yield text.entry()


def _keys(text: "Text") -> Iterator[str]:
    """Yield the keys of an object, each when its value is next."""
    text.take("{")
    while text.peek() == '"':
        yield text.key()
        if text.peek() != ",":
            break
        text.take(",")
        if text.peek() != '"':
            text.refuse("is not JSON (a key should follow the comma): mend the file")
    text.take("}")


def _is_list(text: "Text", key: str) -> bool:
    return key.lower() in LISTS and text.peek() == "["


def _begins_with_example(text: "Text") -> bool:
    """Tell whether the list that is next holds examples, rather than the messages of one example."""
    text.take("[")
    first: object = dict[str, object]() if text.peek() == "]" else text.value()
    return isinstance(first, dict) and not ("from" in first or "role" in first)


class Text:
    """What has been read of a file and not yet been used; it never holds more than one example and one chunk."""

    def __init__(self, path: Path, file: BinaryIO, limits: Limits) -> None:
        self.line = 1
        self.end = file.tell()
        self._path, self._file, self._limits = path, file, limits
        self._decode = strict_decoder(limits.depth)
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._text, self._at = "", 0

    def peek(self) -> str:
        """Return the next character that is no space, or "" at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            if space and space.end() > self._at:
                self._advance(space.end())
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, character: str) -> None:
        """Step over a character; raises DataError when another one is next."""
        found = self.peek()
        if not found:
            self._refuse_end()
        if found != character:
            self.refuse(f"is not JSON ({character!r} should stand where {found!r} does): mend the file")
        self.step()

    def step(self) -> None:
        """Step over the character that has been peeked at."""
        self._advance(self._at + 1)

    def entry(self) -> Entry:
        """Return the value that is next, with its place."""
        self.peek()
        line = self.line
        return Entry(line, self._value(), self.end)

    def value(self) -> object:
        """Return the value that is next; raises DataError for what is no JSON, or too much of it."""
        self.peek()
        return self._value()

    def _value(self) -> object:
        before, line = self.end, self.line
        value, end = self._whole()
        self._advance(end)
        if self.end - before > self._limits.example_bytes:
            self._refuse_at(line, too_long(self._limits.example_bytes))
        return value

    def key(self) -> str:
        """Return the key of an object that is next, and step over its colon."""
        key = self.value()
        self.take(":")
        return str(key)

    def refuse(self, finding: str) -> NoReturn:
        """Raise DataError naming the line that has been reached."""
        self._refuse_at(self.line, finding)

    def _whole(self) -> tuple[object, int]:
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except NotStrict as finding:
                self.refuse(f"{finding}: mend or remove the example that begins there")
            except json.JSONDecodeError as error:
                self._go_on(error)
            else:
                if len(self._text) - end > _TAIL or not self._more():
                    return value, end

    def _go_on(self, error: json.JSONDecodeError) -> None:
        """Read on when that may mend what is wrong; raises DataError when it cannot."""
        near_end = error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _WORD
        if near_end and len(self._text) - self._at > self._limits.example_bytes:
            self.refuse(too_long(self._limits.example_bytes))
        if near_end:
            # All that is left belongs to one value, for it has no end yet.
            brackets = self._text.count("{", self._at) + self._text.count("[", self._at)
            refuse_many(f"{self._path}, line {self.line}", brackets, self._limits)
            if self._more():
                return
        if cut_off(error, self._text):
            self._refuse_end()
        line = self.line + self._text.count("\n", self._at, error.pos)
        self._refuse_at(line, f"is not JSON ({error.msg}): mend the file")

    def _more(self) -> bool:
        """Read on, twice as far each time for one long value, so that it is not decoded too often."""
        held = self._text[self._at :]
        chunk = self._file.read(max(self._limits.chunk_bytes, len(held)))
        try:
            more = self._utf8.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            before = held.count("\n") + error.object.count(b"\n", 0, error.start)
            self._refuse_at(self.line + before, "is not UTF-8 text: save the file as UTF-8")
        if chunk:
            self._text, self._at = held + more, 0
        return bool(chunk)

    def _advance(self, to: int) -> None:
        passed = self._text[self._at : to]
        self.line += passed.count("\n")
        self.end += len(passed) if passed.isascii() else len(passed.encode())
        self._at = to

    def _refuse_end(self) -> NoReturn:
        raise DataError(
            f"{self._path}, line {self.line + self._text.count(chr(10), self._at)}: the file ends in the middle of an"
            " example (it was cut off): get the whole file again."
        )

    def _refuse_at(self, line: int, finding: str) -> NoReturn:
        raise DataError(f"{self._path}, line {line} {finding}.")
