"""A channel of the local Slack, with an admin and a customer in it."""

from collections.abc import AsyncGenerator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import chain
from pathlib import Path
from typing import cast

from bot.settings import Settings
from tests.browser import Profiles
from tests.platforms.slack_scene import ADMIN, CUSTOMER, SOON
from tests.servers.slack import Slack, open_slack
from tests.servers.slack_files import kept
from tests.servers.slack_kit import at_work
from tests.servers.slack_workspace import BOT_USER, TEAM, File, Json, Message, within
from tests.servers.tuning import TuningServer
from tests.stories.desks import PATIENCE, desk, settings
from tests.stories.processes import with_runs

CHANNEL = "C1"


class SlackCounter:
    """An admin and a customer in one channel; the customer mentions her anew with each question."""

    def __init__(self, slack: Slack, configured: Settings) -> None:
        self.slack = slack
        self.replies: list[Message] = []
        """What came of the newest act of the admin."""
        self._settings = configured
        self._process = AsyncExitStack()
        slack.workspace.people[ADMIN] = {"is_admin": True}

    async def open(self) -> None:
        """Begin a process."""
        opened = await self._process.enter_async_context(desk(self._settings, SOON))
        opened.start_work()
        serving = at_work(self.slack, opened.assistant, who=opened.persona, admin=opened.admin)
        await self._process.enter_async_context(serving)

    async def close(self) -> None:
        """End it in order."""
        await self._process.aclose()

    async def upload(self, name: str, content: bytes) -> str:
        """Fill the form of `/sarah data upload` in, and send it."""
        forms = len(self.slack.workspace.modals)
        await self.slack.command(ADMIN, CHANNEL, "data upload")
        form = await self.slack.modal(forms + 1)
        file = kept(self.slack.workspace, ADMIN, name, content)
        return await self._told(self.slack.submit(form, file=file.id))

    async def start(self, dataset: str, provider: str) -> str:
        """Type `/sarah train start` with its options."""
        return await self.give(f"train start {dataset} provider={provider}")

    async def press(self, label: str) -> str:
        """Press a button, and read what comes of it."""
        offered = ((one, name) for one in (*self.replies, *reversed(self.runs)) for name in one.commands)
        message, whole = next((one, name) for one, name in offered if name.startswith(label))
        runs = len(self.runs)
        said = await self._told(self.slack.press(ADMIN, message, whole))
        if "its progress is told here" in said:
            await self.slack.until(lambda: len(self.runs) > runs, PATIENCE)
        return said

    async def progress(self) -> str:
        """Read the newest message about a run."""
        return self.runs[-1].shown if self.runs else ""

    async def messages(self) -> int:
        """Count the messages about runs."""
        return len(self.runs)

    async def has_chart(self) -> bool:
        """Whether a picture stands in the newest one that Slack has."""
        return bool(charts := self.charts(self.runs[-1])) and all(_is_picture(chart) for chart in charts)

    async def give(self, text: str) -> str:
        """Type a command after `/sarah`."""
        return await self._told(self.slack.command(ADMIN, CHANNEL, text))

    async def ask(self, question: str) -> str:
        """Mention her, and read the thread below."""
        asked = await self.slack.mention(CUSTOMER, CHANNEL, question)
        await self.slack.settled(CHANNEL, asked)
        return self.slack.screen(CHANNEL, asked)[-1]

    async def restart(self) -> None:
        """End the process, and begin the next one with the same Slack."""
        await self.close()
        await self.open()

    async def until(self, words: str) -> str:
        """Wait until the message shows the words."""
        await self.slack.until(lambda: self.runs and words in self.runs[-1].shown, PATIENCE)
        return await self.progress()

    @property
    def runs(self) -> list[Message]:
        """The messages about runs, oldest first."""
        return [one for one in self.slack.workspace.messages if one.metadata and one.metadata["event_type"] == "run"]

    def charts(self, message: Message) -> list[File]:
        """Return the pictures in a message."""
        ids = [str(within(block, "slack_file", "id")) for block in message.blocks if block["type"] == "image"]
        return [self.slack.workspace.files[one] for one in ids]

    async def _told(self, acting: Awaitable[object]) -> str:
        """Act, wait until something is said, and return it."""
        before = set(self._said())
        await acting
        await self.slack.until(lambda: set(self._said()) - before, PATIENCE)
        self.replies = [message for name, message in self._said().items() if name not in before]
        return "\n".join(message.shown for message in self.replies)

    def _said(self) -> dict[str, Message]:
        """Return what was said to the admin alone, or to everybody in the channel and in no thread."""
        return {name: _shown(bodies) for name, bodies in self.slack.workspace.responses.items() if bodies} | {
            one.ts: one
            for one in self.slack.workspace.messages
            if (one.user, one.channel, one.thread_ts) == (BOT_USER, CHANNEL, "") and one not in self.runs
        }


def _shown(bodies: list[Json]) -> Message:
    """Return what Slack shows to whoever acted, as the message that it looks like."""
    blocks = chain.from_iterable(cast("list[Json]", body["blocks"]) for body in bodies)
    return Message(CHANNEL, "", BOT_USER, "", blocks=[*blocks], only_for=ADMIN)


def _is_picture(chart: File) -> bool:
    return bool(chart.content and chart.content.startswith(b"\x89PNG"))


@asynccontextmanager
async def in_slack(
    home: Path, data: Path, server: TuningServer, _: Profiles, **changes: str
) -> AsyncGenerator[SlackCounter]:
    """Open a workspace, and a process that answers there."""
    with settings(home, data, server, f"slack:{TEAM}", **changes) as configured:
        async with with_runs(home), open_slack() as slack:
            counter = SlackCounter(slack, configured)
            await counter.open()
            try:
                yield counter
            finally:
                await counter.close()
