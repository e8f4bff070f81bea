"""Customers with real browsers, in front of a real server, a real assistant and a scripted model."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import aiosqlite
from playwright.async_api import BrowserContext, Error, Locator, Page, expect

from bot.assistant import Assistant
from bot.conversation import Conversation
from bot.persona import Persona
from bot.platforms.web import WebPlatform
from bot.platforms.web.door import COOKIE
from bot.platforms.web.page import LOOK_EVERY
from tests.admin_kit import Scene as Office
from tests.admin_kit import open_office
from tests.browser import Profiles
from tests.kit import PERSONA, ScriptedModel, Step

KEYS = {"Olga": "open sesame please", "Sam": "another passphrase"}


@asynccontextmanager
async def served(
    office: Office,
    port: int = 0,
    look_every: float = LOOK_EVERY,
    keys: Mapping[str, str] = MappingProxyType({}),
) -> AsyncGenerator[str]:
    """Serve the page while the block lasts, and say where."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    platform = WebPlatform(
        office.assistant, office.persona, "127.0.0.1", port, admin=office.admin, keys=keys, look_every=look_every
    )
    serving = asyncio.create_task(platform.run(address.set_result))
    await asyncio.wait((serving, address), return_when=asyncio.FIRST_COMPLETED)
    try:
        yield await address if address.done() else str(await serving)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


@dataclass
class Customer:
    """Somebody with a browser of her own; `requests` and `failures` are what her pages asked for and choked on."""

    context: BrowserContext
    page: Page
    url: str
    requests: list[str] = field(default_factory=list[str])
    failures: list[str] = field(default_factory=list[str])

    async def visit(self, url: str = "") -> None:
        """Open the page, or open it again."""
        self.url = url or self.url
        try:
            await self.page.goto(self.url)
        except Error as error:
            # A page that comes back by itself just then is in the way once.
            if "ERR_ABORTED" not in error.message:
                raise
            await self.page.goto(self.url)
        await self.ready()

    async def ready(self) -> None:
        """Wait until the page is usable."""
        await expect(self.box).to_be_visible()

    async def say(self, text: str) -> None:
        """Write a message and press Enter."""
        await self.box.fill(text)
        await self.box.press("Enter")

    async def sees(self, *answers: str) -> None:
        """Wait until exactly these answers are shown."""
        await expect(self.answers).to_have_text(list(answers))

    @property
    def box(self) -> Locator:
        """Where she writes."""
        return self.page.get_by_role("textbox", name="Your message to")

    @property
    def questions(self) -> Locator:
        """Her messages."""
        return self.page.get_by_test_id("user")

    @property
    def answers(self) -> Locator:
        """The answers to them."""
        return self.page.get_by_test_id("bot")

    async def tab(self) -> "Customer":
        """Open the page in another tab of the same browser."""
        other = replace(self, page=await self.context.new_page())
        await other.visit()
        return other

    def thumb(self, label: str, answer: int = 0) -> Locator:
        """Return the thumb of an answer, `Like` or `Dislike`."""
        return self.page.get_by_role("button", name=label, exact=True).nth(answer)

    async def token(self) -> str:
        """Return the cookie that names her conversation, or ""."""
        jar = {cookie.get("name"): cookie.get("value") for cookie in await self.context.cookies()}
        return jar.get(COOKIE) or ""

    async def conversation(self) -> Conversation:
        """Return her conversation."""
        return Conversation("web", "", await self.token())


@asynccontextmanager
async def customer(browser: Profiles, url: str = "") -> AsyncGenerator[Customer]:
    """Give somebody a browser without a past; at the end, nothing may have failed or left this machine."""
    async with browser.profile() as context:
        page = await context.new_page()
        page.set_default_timeout(30_000)
        await page.set_viewport_size({"width": 1200, "height": 800})
        someone = Customer(context, page, url)
        page.on("request", lambda request: someone.requests.append(request.url))
        page.on("pageerror", lambda error: someone.failures.append(str(error)))
        page.on("dialog", lambda dialog: someone.failures.append(dialog.message))
        yield someone
    assert [request for request in someone.requests if not request.startswith(("http://127.0.0.1:", "data:"))] == []
    assert someone.failures == []


@dataclass
class Scene:
    """Everything that a story needs at hand."""

    home: Path
    browser: Profiles
    office: Office
    assistant: Assistant
    model: ScriptedModel
    url: str
    alice: Customer
    stack: AsyncExitStack

    async def someone(self, scheme: Literal["light", "dark"] = "light", width: int = 1200) -> Customer:
        """Let another customer open the page."""
        other = await self.stack.enter_async_context(customer(self.browser, self.url))
        await other.page.emulate_media(color_scheme=scheme)
        await other.page.set_viewport_size({"width": width, "height": 800})
        await other.visit()
        return other

    async def history(self, of: Customer) -> list[tuple[str, str]]:
        """Return the questions and answers that are kept of a customer's conversation."""
        kept = await self.assistant.history(await of.conversation(), 10)
        return [(turn.question, turn.answer) for turn in kept]

    async def ratings(self) -> list[tuple[int, str, str]]:
        """Return the turns, authors and verdicts that the database file holds."""
        async with aiosqlite.connect(self.home / "sarah.db") as database:
            rows = await database.execute_fetchall("SELECT turn_id, author, rating FROM feedback")
        return [(int(turn), str(author), str(rating)) for turn, author, rating in rows]


@asynccontextmanager
async def open_scene(
    home: Path,
    browser: Profiles,
    *answers: Iterable[Step] | str,
    spare: Sequence[ScriptedModel] = (),
    persona: Persona = PERSONA,
    keys: Mapping[str, str] = MappingProxyType({}),
) -> AsyncGenerator[Scene]:
    """Serve the page, and let a customer open it."""
    model = ScriptedModel(*answers)
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(open_office(home, model, *spare, persona=persona))
        url = await stack.enter_async_context(served(office, browser.port, keys=keys))
        alice = await stack.enter_async_context(customer(browser, url))
        await alice.visit()
        yield Scene(home, browser, office, office.assistant, model, url, alice, stack)
