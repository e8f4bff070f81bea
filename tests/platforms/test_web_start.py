"""How the web page starts and stops."""

import asyncio
import gc
import logging
import signal
import socket
import time
import weakref
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from bot.admin.admin import Admin
from bot.admin.calls import Call
from bot.admin.forms import command
from bot.admin.office import Office
from bot.admin.replies import Reply
from bot.conversation import StartupError
from bot.platforms.web import WebPlatform
from bot.platforms.web.view import View
from tests.admin_kit import open_office
from tests.browser import Profiles
from tests.kit import PERSONA, ScriptedModel
from tests.platforms.web_scene import KEYS, customer, served
from tests.platforms.web_staff import visiting

pytest_plugins = ("tests.browser",)
# Seconds.
LONGEST_STOP = 10
LONG = 20

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_port_in_use_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with open_office(tmp_path) as office:
            with pytest.raises(StartupError, match=rf"Port {port} on 127.0.0.1 is in use.* SARAH_WEB_PORT "):
                await WebPlatform(office.assistant, PERSONA, "127.0.0.1", port, admin=office.admin, keys={}).run(print)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.7"])
async def test_a_host_that_is_not_here_is_refused_with_the_way_out(tmp_path: Path, host: str) -> None:
    async with open_office(tmp_path) as office:
        with pytest.raises(StartupError, match=rf"{host}.* SARAH_WEB_HOST"):
            await WebPlatform(office.assistant, PERSONA, host, 0, admin=office.admin, keys={}).run(print)


async def test_it_says_where_the_page_is_and_the_page_is_there(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, served(office) as url, httpx.AsyncClient() as client:
        assert url.startswith("http://127.0.0.1:")
        assert PERSONA.disclosure in (await client.get(url)).text


async def test_it_stops_at_once_although_a_browser_is_connected(tmp_path: Path, browser: Profiles) -> None:
    async with open_office(tmp_path, ScriptedModel()) as office, customer(browser) as alice:
        async with served(office, port=browser.port) as url:
            await alice.visit(url)
            await expect(alice.page.get_by_text(PERSONA.greeting)).to_be_visible()
            began = time.monotonic()
        assert time.monotonic() - began < LONGEST_STOP


async def test_it_stops_at_once_although_a_command_takes_long_and_without_a_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begun, broken_off = asyncio.Event(), asyncio.Event()

    @command("data", may="home")
    async def dawdle(call: Call, office: Office) -> Reply:  # noqa: ARG001 - as commands have it
        """Take long."""
        begun.set()
        try:
            await asyncio.wait_for(asyncio.Event().wait(), LONG)
        except asyncio.CancelledError:
            broken_off.set()
            raise
        return Reply("")

    async with open_office(tmp_path) as opened:
        office = replace(opened, admin=Admin(opened.office, [dawdle]))
        with caplog.at_level(logging.WARNING):
            async with served(office, keys=KEYS) as url, visiting(url) as olga:
                await olga.sign_in()
                asked = asyncio.create_task(olga.press(await olga.see("/admin"), "Dawdle"))
                await begun.wait()
                stopped = time.monotonic()
            # The page is gone before whoever waits for the command is.
            assert time.monotonic() - stopped < LONGEST_STOP
            with pytest.raises(httpx.HTTPError):
                await asked
    assert broken_off.is_set()
    assert caplog.records == []


async def test_signals_stay_with_whoever_runs_the_loop(tmp_path: Path) -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    async with open_office(tmp_path) as office, served(office):
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


async def test_nothing_of_it_is_left_after_the_stop(tmp_path: Path, browser: Profiles) -> None:
    async with open_office(tmp_path, ScriptedModel()) as office, customer(browser) as alice:
        before = set(asyncio.all_tasks())
        async with served(office, port=browser.port) as url:
            await alice.visit(url)
            await alice.say("hello")
            await alice.sees("Yes.")
        async with asyncio.timeout(LONGEST_STOP):
            while left := _working(before):
                await asyncio.wait(left, timeout=0.05)


def _working(before: set[asyncio.Task[object]]) -> set[asyncio.Task[object]]:
    tasks = asyncio.all_tasks() - before - {asyncio.current_task()}
    return {task for task in tasks if "gradio" in repr(task) or "uvicorn" in repr(task) or "bot/" in repr(task)}


async def test_a_page_that_is_closed_is_let_go(tmp_path: Path, browser: Profiles) -> None:
    async with (
        open_office(tmp_path, ScriptedModel()) as office,
        customer(browser) as alice,
        served(office, port=browser.port, look_every=0.05) as url,
    ):
        await alice.visit(url)
        await expect(alice.page.get_by_text(PERSONA.greeting)).to_be_visible()
        gone = asyncio.Event()
        weakref.finalize(_only_view(), gone.set)
        await alice.page.goto("about:blank")
        await asyncio.wait_for(gone.wait(), LONGEST_STOP)


def _only_view() -> View:
    (view,) = (thing for thing in gc.get_objects() if type(thing) is View)
    return view
