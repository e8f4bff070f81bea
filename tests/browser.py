"""A real, headless Chromium for the tests of the web page: one for the whole session."""

import os
import shutil
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import NoReturn

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing but the tests talks to a network, and nothing needs a screen, a graphics card or a user namespace.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = (
    f"no Chromium: none of {', '.join(NAMES)} is on PATH. "
    "Install one (apt-get install chromium), or set CHROMIUM to its executable."
)

# Below those from which Linux and macOS take the port of a connection: one is free at times, between two tests.
LOWEST_PORT, PORTS = 11_000, 20_000

# What is expected of a page may take as long on a busy machine as what is done to one.
expect.set_options(timeout=30_000)


def find_chromium() -> str | None:
    """Return the path of a Chromium: $CHROMIUM, or the first on PATH."""
    candidates = (os.environ.get("CHROMIUM"), *NAMES)
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


class Profiles:
    """A Chromium and its separate profiles; what a test leaves behind in one is only what speeds up the next."""

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self._idle: list[BrowserContext] = []
        # Browsers cache what comes from one address, so every test serves from the same one.
        self.port = _own_port()

    @asynccontextmanager
    async def profile(self) -> AsyncGenerator[BrowserContext]:
        """Lend a profile without cookies or pages."""
        profile = self._idle.pop() if self._idle else await self._chromium.new_context()
        try:
            yield profile
        finally:
            for page in profile.pages:
                await page.close()
            await profile.clear_cookies()
            self._idle.append(profile)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Profiles]:
    """Start Chromium once; without one, tests are skipped on a desk and fail in CI."""
    path = find_chromium() or _give_up()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield Profiles(chromium)
        await chromium.close()


def _own_port() -> int:
    """Return a free port that no other process of tests chooses, and that no system gives to a passing connection."""
    return next(filter(_is_free, (LOWEST_PORT + number % PORTS for number in count(os.getpid()))))


def _is_free(port: int) -> bool:
    with suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


def _give_up() -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(MISSING)
    pytest.skip(MISSING)
