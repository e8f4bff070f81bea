"""A real, headless Chromium for the tests of the web page: one for the whole session."""

import os
import shutil
from collections.abc import AsyncIterator
from typing import NoReturn

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

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


def find_chromium() -> str | None:
    """Return the path of a Chromium: $CHROMIUM, or the first on PATH."""
    candidates = (os.environ.get("CHROMIUM"), *NAMES)
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Start Chromium once; without one, tests are skipped on a desk and fail in CI."""
    path = find_chromium() or _give_up()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        await chromium.close()


def _give_up() -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(MISSING)
    pytest.skip(MISSING)
