"""The four places where a customer can be, each as somebody to ask."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import simcord
from playwright.async_api import expect

from bot.assistant import Assistant
from bot.guard import TopicGuard
from bot.models.embedded import Embedded
from bot.persona import read_persona
from bot.platforms.discord import create_client
from tests.admin_kit import open_office
from tests.browser import Profiles
from tests.kit import knowledge, open_assistant, topic_model
from tests.platforms.terminal_scene import open_terminal
from tests.platforms.web_scene import customer, served
from tests.servers.slack import open_slack
from tests.servers.slack_kit import at_work

# Longer than the simulated Discord waits for anything: only the last edit of an answer is made.
NEVER = 600.0


class Place(Protocol):
    """Where a customer asks and reads."""

    async def ask(self, text: str) -> str:
        """Send a message and return the answer, as it is shown."""
        ...


Opening = Callable[[Path, Path, Profiles], AbstractAsyncContextManager[Place]]


@asynccontextmanager
async def in_discord(home: Path, data: Path, _: Profiles) -> AsyncGenerator[Place]:
    """Mention her in a channel."""
    persona = read_persona(data)
    guard = TopicGuard(topic_model(data))
    async with open_office(home, Embedded(knowledge(data)), persona=persona, data=data, guard=guard) as office:
        client = create_client(office.assistant, persona, office.admin, home, edit_every=NEVER)
        async with simcord.run(client, settle_timeout=60.0) as env:
            guild = env.create_guild("Customers")
            channel = guild.create_text_channel("support")
            ann = guild.add_member(env.create_user("ann"))
            await env.settle()
            me = env.backend.bot_user.id

            class Channel:
                async def ask(self, text: str) -> str:
                    await ann.send(channel, f"<@{me}> {text}")
                    await env.settle()
                    return [message.content for message in channel.history() if message.author.id == me][-1]

            yield Channel()


@asynccontextmanager
async def in_slack(home: Path, data: Path, _: Profiles) -> AsyncGenerator[Place]:
    """Mention her once, and go on in the thread."""
    async with (
        _assistant(home, data) as assistant,
        open_slack() as slack,
        at_work(slack, assistant, who=read_persona(data)),
    ):

        class Thread:
            def __init__(self) -> None:
                self._root = ""
                self._asked = 0

            async def ask(self, text: str) -> str:
                self._asked += 1
                if self._root:
                    await slack.say("U1", "C1", text, thread_ts=self._root)
                else:
                    self._root = await slack.mention("U1", "C1", text)
                await slack.settled("C1", self._root, self._asked)
                return slack.screen("C1", self._root)[-1]

        yield Thread()


@asynccontextmanager
async def on_the_page(home: Path, data: Path, browser: Profiles) -> AsyncGenerator[Place]:
    """Write on the web page."""
    persona, guard = read_persona(data), TopicGuard(topic_model(data))
    async with (
        open_office(home, Embedded(knowledge(data)), persona=persona, data=data, guard=guard) as office,
        served(office, browser.port) as url,
        customer(browser, url) as someone,
    ):
        await someone.visit()

        class Page:
            def __init__(self) -> None:
                self._asked = 0

            async def ask(self, text: str) -> str:
                await someone.say(text)
                await expect(someone.thumb("Like", self._asked)).to_be_visible()
                self._asked += 1
                return await someone.answers.last.inner_text()

        yield Page()


@asynccontextmanager
async def in_a_terminal(home: Path, data: Path, _: Profiles) -> AsyncGenerator[Place]:
    """Type into `sarah chat`, in a pseudo-terminal and a process of its own."""
    async with open_terminal(home, SARAH_DATA=str(data)) as terminal:
        await terminal.until_prompted()
        yield terminal
        terminal.press("/quit\n")
        assert await terminal.end() == 0


def _assistant(home: Path, data: Path) -> AbstractAsyncContextManager[Assistant]:
    """Open the assistant of a company, as a newcomer meets her."""
    guard = TopicGuard(topic_model(data))
    return open_assistant(home, Embedded(knowledge(data)), persona=read_persona(data), data=data, guard=guard)


PLACES: dict[str, Opening] = {
    "discord": in_discord,
    "slack": in_slack,
    "web": on_the_page,
    "terminal": in_a_terminal,
}
