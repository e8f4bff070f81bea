"""A file from outside is opened only when it is one, and looked at before it is read."""

import codecs
import os
import re
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from training.examples import DataError

HEAD = 4096
BOM = b"\xef\xbb\xbf"

_UNPACK = "is an archive ({}): unpack it first"
_ARCHIVES = (
    (re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)"), _UNPACK.format("zip")),
    (re.compile(rb"\x1f\x8b"), _UNPACK.format("gzip")),
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), _UNPACK.format("bzip2")),
    (re.compile(rb"\xfd7zXZ\x00"), _UNPACK.format("xz")),
    (re.compile(rb"\x28\xb5\x2f\xfd"), _UNPACK.format("zstd")),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), _UNPACK.format("7z")),
    (re.compile(rb"\x04\x22\x4d\x18"), _UNPACK.format("lz4")),
    (re.compile(rb"Rar!\x1a\x07"), _UNPACK.format("rar")),
    (re.compile(rb".{257}ustar", re.DOTALL), _UNPACK.format("tar")),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "is an old Office file: export it as CSV"),
)
_OFFICE = re.compile(rb"\[Content_Types\]\.xml|_rels/\.rels|(?:xl|word|ppt)/|opendocument")
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_MOST = 0.7
# Control characters that text seldom holds: a few are for whoever reads the line to find, many mean that it is no text.
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MANY = 0.1


@contextmanager
def reading(path: Path) -> Generator[None]:
    """Turn what the system says about a file into one sentence; raises DataError."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"There is no file {path}: check its name.") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder where a file is wanted: name a file in it.") from None
    except PermissionError:
        raise DataError(f"{path} may not be read: ask for the right to, or name a copy of it.") from None
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise DataError(f"{path} was not read to its end ({reason}): check the disk, and try again.") from None
    except ValueError as error:
        if "embedded null" not in str(error):
            raise
        raise DataError(f"There is no file {str(path)!r}: check its name.") from None


@contextmanager
def opened(path: Path, buffer: int = HEAD) -> Generator[BinaryIO]:
    """Open a regular file, past its byte order mark; raises DataError for anything else, which might have no end."""
    with reading(path), os.fdopen(_handle(path), "rb", buffering=max(buffer, HEAD)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise DataError(f"{path} is not a regular file (a pipe or a device): copy what it gives into a file.")
        if file.read(len(BOM)) != BOM:
            file.seek(0)
        yield file


def _handle(path: Path) -> int:
    # Opening a pipe that nobody writes to would wait for ever, and Windows would change the line ends.
    return os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))


def length(file: BinaryIO) -> int:
    """Return how many bytes an open file holds."""
    return os.fstat(file.fileno()).st_size


def refuse_cut(path: Path, seen: int, expected: int) -> None:
    """Raise DataError when a file ended before the length that it had when it was opened."""
    if seen < expected:
        raise DataError(f"{path} became shorter while it was read: wait until it is written, and try again.")


def refuse_unreadable(path: Path, head: bytes) -> None:
    """Raise DataError, saying what it is, for a file that is no UTF-8 text; `head` is how it begins."""
    if len(head) < HEAD and not head.strip():
        raise DataError(f"{path} is empty: write at least one example into it.")
    for magic, what in _ARCHIVES:
        if magic.match(head):
            office = "zip" in what and _OFFICE.search(head)
            raise DataError(f"{path} {'is an Office file: export it as CSV' if office else what}.")
    if head.startswith(_WIDE_BOMS) or _wide(head):
        raise DataError(f"{path} is UTF-16 or UTF-32 text: save the file as UTF-8.")
    if _binary(head):
        raise DataError(f"{path} is binary, not text: export it as JSONL or CSV.")


def _binary(head: bytes) -> bool:
    if len(_CONTROLS.findall(head)) > _MANY * len(head):
        return True
    try:
        # A character may be cut in two where the head ends.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return b"\x00" in head
    return False


def _wide(head: bytes) -> bool:
    """Tell whether every other byte is NUL and the rest can be read, as ASCII is written in UTF-16 and UTF-32."""
    rest = head.replace(b"\x00", b"")
    if not rest or _CONTROLS.search(rest):
        return False
    return max(head[0::2].count(0), head[1::2].count(0)) > _MOST * (len(head) / 2)
