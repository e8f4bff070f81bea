"""Fetching what somebody sent: from where, how much of it, and what is left when it fails."""

import asyncio
import gzip
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.admin.calls import UploadError
from bot.admin.fetching import CHUNK, fetch

CONTENT = b'{"messages": []}\n' * 10_000
LARGEST = 1_000_000
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Host:
    """A server on loopback that keeps one file, and what it was asked for."""

    origin: str
    asked: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    paths: list[str] = field(default_factory=list[str])

    async def fetch(self, path: Path, *, largest: int = LARGEST, size: int = 0, at: str = "/file.jsonl") -> None:
        """Fetch the file, as a platform does whose files are here."""
        await fetch(f"{self.origin}{at}", path, origins=frozenset({self.origin}), largest=largest, size=size)


@asynccontextmanager
async def open_host(give: Handler) -> AsyncGenerator[Host]:
    """Serve a file that `give` gives."""
    host = Host("")

    async def given(request: web.Request) -> web.StreamResponse:
        host.asked.append(request.headers.copy())
        host.paths.append(request.raw_path)
        return await give(request)

    application = web.Application()
    application.router.add_get("/{path:.*}", given)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield host
    finally:
        await runner.cleanup()


def giving(content: bytes, status: int = 200, **headers: str) -> Handler:
    """Return what answers with this content, under these headers."""

    async def give(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=content, status=status, headers=told)

    return give


async def refused(give: Handler, path: Path, *, largest: int = LARGEST, size: int = 0) -> str:
    """Return why a file is not taken, of which nothing may be left."""
    async with open_host(give) as host:
        with pytest.raises(UploadError) as why:
            await host.fetch(path, largest=largest, size=size)
    assert not is_there(path)
    return str(why.value)


def is_there(path: Path) -> bool:
    """Whether anything is left of a file."""
    return path.exists()


async def test_a_file_is_written_as_it_was_sent(tmp_path: Path) -> None:
    async with open_host(giving(CONTENT)) as host:
        await host.fetch(tmp_path / "file", size=len(CONTENT))
        assert (tmp_path / "file").read_bytes() == CONTENT


async def test_a_signed_address_is_asked_for_as_it_is_written(tmp_path: Path) -> None:
    async with open_host(giving(CONTENT)) as host:
        await host.fetch(tmp_path / "file", at="/a%2Fb%20c.jsonl?hm=%41b&ex=1~")
        assert host.paths == ["/a%2Fb%20c.jsonl?hm=%41b&ex=1~"]


async def test_headers_go_along_and_the_file_is_asked_for_uncompressed(tmp_path: Path) -> None:
    async with open_host(giving(CONTENT)) as host:
        await fetch(
            f"{host.origin}/file",
            tmp_path / "file",
            origins=frozenset({host.origin}),
            largest=LARGEST,
            headers=[("Authorization", "Bearer x")],
        )
        assert host.asked[0]["Authorization"] == "Bearer x"
        assert host.asked[0]["Accept-Encoding"] == "identity"


async def test_a_session_that_is_lent_is_used_and_stays_open(tmp_path: Path) -> None:
    async with open_host(giving(CONTENT)) as host, aiohttp.ClientSession(headers={"X-Lent": "yes"}) as session:
        origins = frozenset({host.origin})
        await fetch(f"{host.origin}/file", tmp_path / "file", origins=origins, largest=LARGEST, session=session)
        assert host.asked[0]["X-Lent"] == "yes"
        assert not session.closed


@pytest.mark.parametrize(
    "address",
    [
        "http://{host}/file",  # the same host, but not encrypted
        "https://{host}:8443/file",
        "https://elsewhere.example/file",
        "https://files.example.elsewhere.example/file",
        "https://files.example@{host}/file",
        "file:///etc/passwd",
        "/file",
        "",
        "https://[",
    ],
)
async def test_no_other_address_than_the_platforms_own_is_asked(tmp_path: Path, address: str) -> None:
    async with open_host(giving(CONTENT)) as host:
        url = address.format(host=host.origin.removeprefix("http://"))
        with pytest.raises(UploadError, match="not where this platform keeps its files"):
            await fetch(url, tmp_path / "file", origins=frozenset({"https://files.example"}), largest=LARGEST)
        assert host.asked == []


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    async with open_host(giving(CONTENT)) as other:
        why = await refused(giving(b"", 302, Location=f"{other.origin}/file"), tmp_path / "file")
        assert "302" in why
        assert other.asked == []


@pytest.mark.parametrize("status", [204, 206, 401, 404, 500])
async def test_any_other_answer_than_the_file_is_refused_with_its_number(tmp_path: Path, status: int) -> None:
    assert str(status) in await refused(giving(b"{}", status), tmp_path / "file")


async def test_a_web_page_instead_of_a_file_is_refused(tmp_path: Path) -> None:
    page = giving(b"<html>Sign in</html>", Content_Type="text/html; charset=utf-8")
    assert "web page" in await refused(page, tmp_path / "file")


async def test_a_file_that_is_said_to_be_too_large_is_not_begun(tmp_path: Path) -> None:
    sent: list[int] = []

    async def give(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(LARGEST + 1)})
        await response.prepare(request)
        sent.append(LARGEST + 1)
        return response

    assert "larger than 1 MB" in await refused(give, tmp_path / "file")
    assert sent == [LARGEST + 1]


async def test_a_file_that_grows_too_large_is_broken_off_while_it_arrives(tmp_path: Path) -> None:
    broken_off = asyncio.Event()

    async def give(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * CHUNK)
        except ConnectionError:
            broken_off.set()
            raise

    async with asyncio.timeout(30):
        assert "larger than 1 MB" in await refused(give, tmp_path / "file")
    assert broken_off.is_set()


async def test_a_file_of_exactly_the_largest_size_is_taken(tmp_path: Path) -> None:
    async with open_host(giving(CONTENT)) as host:
        await host.fetch(tmp_path / "file", largest=len(CONTENT))
    assert "larger than" in await refused(giving(CONTENT), tmp_path / "more", largest=len(CONTENT) - 1)


async def test_a_file_whose_connection_breaks_is_refused(tmp_path: Path) -> None:
    async def give(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(CONTENT))})
        await response.prepare(request)
        await response.write(CONTENT[:CHUNK])
        assert request.transport
        request.transport.close()
        return response

    assert "did not arrive whole" in await refused(give, tmp_path / "file")


async def test_a_file_that_is_shorter_than_the_platform_said_is_refused(tmp_path: Path) -> None:
    why = await refused(giving(CONTENT), tmp_path / "file", size=len(CONTENT) + 1)
    assert f"{len(CONTENT):,} of {len(CONTENT) + 1:,} bytes" in why


async def test_a_host_out_of_reach_is_told_in_a_sentence(tmp_path: Path) -> None:
    async with open_host(giving(CONTENT)) as host:
        pass
    with pytest.raises(UploadError, match="send it again"):
        await host.fetch(tmp_path / "file")


@pytest.mark.parametrize("lent", [False, True])
async def test_a_small_answer_that_would_unpack_to_a_huge_file_is_refused(tmp_path: Path, lent: bool) -> None:  # noqa: FBT001 - the two cases
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < LARGEST
    async with open_host(giving(bomb, Content_Encoding="gzip")) as host, aiohttp.ClientSession() as session:
        with pytest.raises(UploadError, match="compressed"):
            await fetch(
                f"{host.origin}/file",
                tmp_path / "file",
                origins=frozenset({host.origin}),
                largest=LARGEST,
                session=session if lent else None,
            )
    assert not (tmp_path / "file").exists()


async def test_nothing_is_left_of_a_file_when_its_fetching_is_cancelled(tmp_path: Path) -> None:
    half_way = asyncio.Event()

    async def give(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(CONTENT))})
        await response.prepare(request)
        await response.write(CONTENT[:CHUNK])
        half_way.set()
        await asyncio.Event().wait()
        return response

    async with asyncio.timeout(30), open_host(give) as host:
        fetching = asyncio.create_task(host.fetch(tmp_path / "file"))
        await half_way.wait()
        while not is_there(tmp_path / "file"):  # noqa: ASYNC110 - a file gives no sign of its own
            await asyncio.sleep(0)
        fetching.cancel()
        await asyncio.wait({fetching})
        assert fetching.cancelled()
    assert not (tmp_path / "file").exists()
