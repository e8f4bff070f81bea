"""Fetching a file that somebody sent, from the platform's own file hosts only, and never more than is allowed."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import aiohttp
from yarl import URL

from bot.admin.calls import UploadError
from bot.admin.files import too_large

CHUNK = 64 * 1024
# Seconds without a sign of life, and seconds in all.
PATIENCE = aiohttp.ClientTimeout(total=600, sock_connect=10, sock_read=30)
_AGAIN = "send it again"


async def fetch(  # noqa: PLR0913 - what differs between platforms, by name
    url: str,
    path: Path,
    *,
    origins: frozenset[str],
    largest: int,
    size: int = 0,
    headers: Iterable[tuple[str, str]] = (),
    session: aiohttp.ClientSession | None = None,
) -> None:
    """Write what stands at an address to a path, of at most `largest` bytes; raises UploadError, and leaves no part.

    `origins` are the hosts that may be asked, each as "https://host" with its port where it is not the usual one;
    `size` is how many bytes the platform says that the file has, 0 where it does not.
    """
    if _origin(url) not in origins:
        raise UploadError("The file is not where this platform keeps its files, and is not fetched: send it here.")
    try:
        async with _asked(url, headers, session) as response:
            _look(response, largest)
            await _save(response, path, largest, size)
    except (aiohttp.ClientError, TimeoutError) as error:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        raise UploadError(f"The file did not arrive whole ({type(error).__name__}): {_AGAIN}.") from None
    except BaseException:
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - a task that is being cancelled waits for nothing more
        raise


def _origin(url: str) -> str:
    try:
        return str(URL(url).origin())
    except ValueError:
        return ""


@asynccontextmanager
async def _asked(
    url: str, headers: Iterable[tuple[str, str]], session: aiohttp.ClientSession | None
) -> AsyncGenerator[aiohttp.ClientResponse]:
    """Ask for a file as it is: compressed, its size would tell nothing."""
    asked = {**dict(headers), "Accept-Encoding": "identity"}
    # The address is signed as it is written: encoded anew it would be another.
    address = URL(url, encoded=True)
    if session is None:
        async with aiohttp.ClientSession(auto_decompress=False) as own, _got(own, address, asked) as response:
            yield response
    else:
        async with _got(session, address, asked) as response:
            yield response


@asynccontextmanager
async def _got(
    session: aiohttp.ClientSession, address: URL, headers: dict[str, str]
) -> AsyncGenerator[aiohttp.ClientResponse]:
    async with session.get(address, headers=headers, allow_redirects=False, timeout=PATIENCE) as response:
        yield response


def _look(response: aiohttp.ClientResponse, largest: int) -> None:
    """Refuse an answer that is not the file itself; raises UploadError."""
    if response.status != HTTPStatus.OK:
        raise UploadError(f"The file cannot be fetched (the platform answers {response.status}): {_AGAIN}.")
    if response.content_type == "text/html":
        raise UploadError("Instead of the file a web page came: this app may not read files here, or it is gone.")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise UploadError(f"The platform gives the file only compressed, and so it is not taken: {_AGAIN}.")
    if (response.content_length or 0) > largest:
        raise too_large(largest)


async def _save(response: aiohttp.ClientResponse, path: Path, largest: int, size: int) -> None:
    """Write a file as it arrives; raises UploadError where it is not the whole."""
    arrived = 0
    with path.open("wb") as file:
        async for chunk in response.content.iter_chunked(CHUNK):
            arrived += len(chunk)
            if arrived > largest:
                raise too_large(largest)
            await asyncio.to_thread(file.write, chunk)
    if size and arrived != size:
        raise UploadError(f"The file did not arrive whole ({arrived:,} of {size:,} bytes): {_AGAIN}.")
