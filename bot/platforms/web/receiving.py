"""What browsers send with a form: from this page only, no more than it may be, files on the disk."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from bot.admin.calls import Upload, UploadError

# Bytes at a time, and of everything in a form that is no file.
CHUNK = 64 * 1024
WORDS = 1_000_000
FIELDS = 100
# Names of what goes with every form beside a command's own fields, none of which begins so.
SECRET = "_secret"  # noqa: S105 - the name of a field
ACT = "_act"
PRESSED = "_pressed"


@dataclass(frozen=True, slots=True)
class Posted:
    """A form that came in: our own words about it, and a command's fields."""

    ours: dict[str, str]
    given: dict[str, "str | int | float | bool | Upload"]


def is_own(request: Request) -> bool:
    """Whether a request says that it comes from a page of this server, as far as the browser tells."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


@asynccontextmanager
async def posted(request: Request, largest: int = 0) -> AsyncGenerator[Posted]:
    """Read a form; its files, of so many bytes together at most, are there while the block lasts.

    Raises UploadError when it is larger.
    """
    counted = _Counted(request, largest + WORDS)
    reading = Request(request.scope, counted.receive)
    try:
        form = await reading.form(max_files=1, max_fields=FIELDS, max_part_size=WORDS)
    except HTTPException:
        raise UploadError("The form did not arrive whole: send it again.") from None
    except _TooMuchError:
        await counted.rest()
        raise UploadError(f"That is larger than {largest / 1_000_000:g} MB: split it.") from None
    try:
        ours = {name: value for name, value in form.items() if isinstance(value, str) and name.startswith("_")}
        given: dict[str, str | int | float | bool | Upload] = {}
        for name, value in form.items():
            if isinstance(value, UploadFile) and value.filename:
                given[name] = _upload(value, largest)
            elif isinstance(value, str) and name not in ours and value.strip():
                # Browsers end lines as HTTP does.
                given[name] = value.replace("\r\n", "\n")
        yield Posted(ours, given)
    finally:
        await form.close()


def _upload(file: UploadFile, largest: int) -> Upload:
    async def save(path: Path) -> None:
        await asyncio.to_thread(_copied, file, path, largest)

    return Upload(file.filename or "", file.content_type or "", file.size or 0, save)


def _copied(file: UploadFile, path: Path, largest: int) -> None:
    size = 0
    with path.open("wb") as out:
        while chunk := file.file.read(CHUNK):
            size += len(chunk)
            if size > largest:
                raise UploadError(f"The file is larger than {largest / 1_000_000:g} MB: split it.")
            out.write(chunk)


class _TooMuchError(Exception):
    """More arrives than may."""


class _Counted:
    """A request's body, as long as it does not grow over so many bytes."""

    def __init__(self, request: Request, most: int) -> None:
        self._request = request
        self._left = most
        self._more = True

    async def receive(self) -> Message:
        message = await self._request.receive()
        self._left -= len(message.get("body", b""))
        self._more = bool(message.get("more_body", False))
        if self._left < 0:
            raise _TooMuchError
        return message

    async def rest(self) -> None:
        """Read on and keep nothing: browsers listen to an answer only once they have sent everything."""
        while self._more:
            message = await self._request.receive()
            self._more = message["type"] == "http.request" and bool(message.get("more_body", False))
