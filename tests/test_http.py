"""Health, metrics and what is added to them, asked over a real socket."""

import asyncio
import json
import platform
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from bot.conversation import StartupError
from bot.http import LARGEST, open_http
from bot.metrics import Metrics

# Seconds after which a test gives up.
PATIENCE = 60


class Page:
    """A served health page with two platforms, and what it answers."""

    def __init__(self) -> None:
        self.states = {"web": "up", "slack": "up"}
        self.metrics = Metrics()
        self.url = ""

    async def ask(self, path: str, method: str = "GET", data: bytes = b"") -> tuple[int, str]:
        """Return the status and the text of an answer, in which no version stands."""
        async with aiohttp.ClientSession() as session, session.request(method, self.url + path, data=data) as answer:
            text = await answer.text()
            told = f"{dict(answer.headers)}{text}"
        versions = ("aiohttp", "Python", platform.python_version(), "Traceback", ".py")
        assert not [word for word in versions if word in told]
        return answer.status, text


@asynccontextmanager
async def serving(*more: web.RouteDef) -> AsyncGenerator[Page]:
    page = Page()
    async with (
        asyncio.timeout(PATIENCE),
        open_http("127.0.0.1", 0, lambda: page.states, page.metrics, more) as page.url,
    ):
        yield page


async def reachable(url: str) -> bool:
    """Whether anybody listens there."""
    place = urlsplit(url)
    try:
        _, writer = await asyncio.open_connection(place.hostname, place.port)
    except ConnectionError:
        return False
    writer.close()
    return True


async def test_a_process_that_lives_says_so_whatever_its_platforms_do() -> None:
    async with serving() as page:
        page.states = {"web": "down", "slack": "starting"}
        assert await page.ask("/healthz") == (200, '{"status": "ok"}')


async def test_it_is_ready_when_every_platform_is_up() -> None:
    async with serving() as page:
        status, text = await page.ask("/readyz")
    assert status == 200
    assert json.loads(text) == {"status": "ok", "platforms": {"web": "up", "slack": "up"}}


@pytest.mark.parametrize("state", ["down", "starting"])
async def test_it_is_not_ready_while_a_platform_is_not_up_and_says_which(state: str) -> None:
    async with serving() as page:
        page.states["slack"] = state
        status, text = await page.ask("/readyz")
        assert status == 503
        assert json.loads(text) == {"status": "not ready", "platforms": {"web": "up", "slack": state}}
        page.states["slack"] = "up"
        assert (await page.ask("/readyz"))[0] == 200


async def test_a_prometheus_reads_what_was_counted() -> None:
    async with serving() as page:
        page.metrics.turns.labels("slack", "champion", "answered").inc(3)
        page.metrics.platforms.labels("slack").set(1)
        status, text = await page.ask("/metrics")
        async with aiohttp.ClientSession() as session, session.get(page.url + "/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=1.0.0")
    samples = {
        (sample.name, tuple(sorted(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert status == 200
    assert samples["sarah_turns_total", ("answered", "champion", "slack")] == 3
    assert samples["sarah_platform_up", ("slack",)] == 1


@pytest.mark.parametrize("path", ["/", "/nope", "/healthz/", "/../etc/passwd", "/%00%ff", "/readyz?a=b/nope"])
async def test_an_unknown_path_is_not_found_and_tells_nothing_else(path: str) -> None:
    async with serving() as page:
        status, text = await page.ask(path)
    known = path.startswith("/readyz?")
    assert (status, text) == (200, text) if known else (404, "404: Not Found")


async def test_a_path_is_asked_for_and_not_written_to() -> None:
    async with serving() as page:
        assert (await page.ask("/healthz", method="POST"))[0] == 405


async def failing(request: web.Request) -> web.Response:
    raise RuntimeError(request.path)


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


async def test_what_is_added_is_served_beside_the_rest() -> None:
    async with serving(web.post("/echo", echo)) as page:
        assert await page.ask("/echo", method="POST", data=b"hello") == (200, "hello")
        assert (await page.ask("/healthz"))[0] == 200


async def test_a_failure_in_what_is_added_tells_its_caller_nothing() -> None:
    async with serving(web.get("/failing", failing)) as page:
        # As under PYTHONASYNCIODEBUG.
        asyncio.get_running_loop().set_debug(enabled=True)
        status, text = await page.ask("/failing")
        assert status == 500
        assert "RuntimeError" not in text
        assert (await page.ask("/healthz"))[0] == 200


async def test_a_request_that_is_too_large_is_refused() -> None:
    async with serving(web.post("/echo", echo)) as page:
        assert (await page.ask("/echo", method="POST", data=b"x" * LARGEST))[0] == 200
        assert (await page.ask("/echo", method="POST", data=b"x" * (LARGEST + 1)))[0] == 413


async def test_a_port_in_use_is_refused_with_the_name_of_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        with pytest.raises(StartupError, match="SARAH_HTTP_PORT") as refused:
            async with open_http("127.0.0.1", port, dict, Metrics(), []):
                pass
    assert f"Port {port} on 127.0.0.1 is in use, so the health page cannot open there: " in str(refused.value)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.7"])
async def test_a_host_that_is_not_here_is_refused_with_the_name_of_its_setting(host: str) -> None:
    with pytest.raises(StartupError, match=rf"{host}.* SARAH_HTTP_HOST"):
        async with open_http(host, 0, dict, Metrics(), []):
            pass


async def test_it_says_where_it_is_also_in_ipv6() -> None:
    async with open_http("::1", 0, dict, Metrics(), []) as url:
        assert url.startswith("http://[::1]:")
        assert await reachable(url)


async def test_its_port_is_free_again_as_soon_as_it_ends() -> None:
    async with serving() as page:
        assert await reachable(page.url)
        await page.ask("/healthz")
    assert not await reachable(page.url)
    port = urlsplit(page.url).port or 0
    async with open_http("127.0.0.1", port, dict, Metrics(), []) as url:
        assert url == page.url


async def test_it_ends_when_the_block_fails() -> None:
    urls: list[str] = []

    async def fail() -> None:
        async with serving() as page:
            urls.append(page.url)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert not await reachable(*urls)


async def test_a_request_in_progress_is_answered_before_it_ends() -> None:
    begun, leave = asyncio.Event(), asyncio.Event()

    async def hold(_: web.Request) -> web.Response:
        begun.set()
        await leave.wait()
        return web.Response(text="done")

    async def serve_until_asked(pages: list[Page]) -> asyncio.Task[tuple[int, str]]:
        async with serving(web.get("/held", hold)) as page:
            pages.append(page)
            asked = asyncio.create_task(page.ask("/held"))
            await begun.wait()
        return asked

    pages: list[Page] = []
    ending = asyncio.create_task(serve_until_asked(pages))
    await begun.wait()
    while await reachable(pages[0].url):
        pass
    for _ in range(100):
        await asyncio.sleep(0)
    assert not ending.done()
    leave.set()
    assert await (await ending) == (200, "done")
