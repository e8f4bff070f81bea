"""JSON lines as they are kept: the same content is always the same bytes."""

import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from training.entries import NOT_PREFERRED, PREFERRED, Entry
from training.examples import DataError

# What a provider reads of a message, in the order in which it is written.
_MESSAGE_KEYS = ("role", "name", "content", "function_call", "weight")


def json_line(value: object) -> bytes:
    """Return a JSON value as one line of UTF-8, ended by a line feed."""
    try:
        return f"{json.dumps(value, ensure_ascii=False, allow_nan=False)}\n".encode()
    except UnicodeEncodeError:  # half a surrogate pair has no place in UTF-8, though JSON can spell it
        return f"{json.dumps(value, allow_nan=False)}\n".encode()


def provider_line(entry: Entry) -> bytes | None:
    """Return an example as a provider takes it, and nothing more.

    None when it neither has the chat format nor is a preference.
    """
    lists = [_written(held) for held in entry.lists]
    if not all(lists):
        return None
    if not entry.is_preference:
        return json_line({"messages": lists[0]})
    asked, preferred, other = lists
    return json_line({"input": {"messages": asked}, PREFERRED: preferred, NOT_PREFERRED: other})


def _written(held: object) -> list[dict[str, object]]:
    """Return messages as a provider reads them; none where something stands that is no message."""
    listed = cast("list[Mapping[str, object]]", held) if isinstance(held, list) else []
    return [_ordered(one) for one in listed] if all(isinstance(one, dict) for one in listed) else []


def _ordered(message: Mapping[str, object]) -> dict[str, object]:
    return {key: message[key] for key in _MESSAGE_KEYS if key in message}


class Sheet:
    """A new file of lines, with their number and their SHA-256; closed, it is on the disk."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._digest = sha256()
        self.lines = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._file:
            if error is None:
                self._file.flush()
                os.fsync(self._file.fileno())

    def write(self, line: bytes) -> None:
        """Add a line."""
        self._file.write(line)
        self._digest.update(line)
        self.lines += 1

    @property
    def sha256(self) -> str:
        """The hash of all that was written so far."""
        return self._digest.hexdigest()


@contextmanager
def kept_in(folder: Path) -> Generator[None]:
    """Turn what the disk refuses into a DataError that names the folder."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(
            f"{folder} cannot be written ({reason}): make room there or name another folder; nothing was kept."
        ) from error
