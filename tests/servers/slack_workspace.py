"""What a workspace on the local Slack server holds: channels, messages, streams, calls."""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

import yaml

TEAM = "T0TEST"
BOT_USER = "U0BOT"
BOT = "B0BOT"
APP = "A0APP"
BOT_TOKEN = "xoxb-local-bot-token"
APP_TOKEN = "xapp-local-app-token"
SIGNING_SECRET = "local-signing-secret"

Json = Mapping[str, object]
Answer = dict[str, object]
# A method: the scope that it needs, or "", and what it does.
Method = tuple[str, Callable[[Json], Answer]]
MANIFEST = Path(__file__).parents[2] / "slack-manifest.yaml"


class RefusedError(Exception):
    """The request is refused with one of Slack's error codes."""


@dataclass
class Message:
    """A message as Slack keeps it."""

    channel: str
    ts: str
    user: str
    thread_ts: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list[Json])
    metadata: Json | None = None
    stream: Literal["", "open", "expired", "stopped"] = ""
    appends: int = 0
    only_for: str = ""
    files: int = 0

    @property
    def root(self) -> str:
        """The ts of the thread that this message is in or begins."""
        return self.thread_ts or self.ts

    @property
    def shown(self) -> str:
        """What a person reads: the markdown blocks where there are any, else the text."""
        written = "".join(str(block["text"]) for block in self.blocks if block["type"] == "markdown")
        return written or self.text

    @property
    def commands(self) -> dict[str, Json]:
        """The buttons with commands under this message, by what stands on them."""
        return commands_in(self.blocks)

    @property
    def buttons(self) -> list[str]:
        """The values of the feedback buttons under this message, the good one first."""
        elements = [
            cast("Json", element)
            for block in self.blocks
            if block["type"] == "context_actions"
            for element in cast("list[object]", block["elements"])
        ]
        sides = ("positive_button", "negative_button")
        return [str(cast("Json", element[side])["value"]) for element in elements for side in sides]


@dataclass
class File:
    """A file as Slack keeps it; without channels only whoever sent it sees it."""

    id: str
    name: str
    length: int
    user: str
    content: bytes | None = None
    is_complete: bool = False
    channels: list[str] = field(default_factory=list[str])
    mimetype: str = "application/octet-stream"


@dataclass(frozen=True)
class Modal:
    """A form that is open on somebody's screen."""

    id: str
    user: str
    view: Json


@dataclass(frozen=True)
class Call:
    """One request to the Web API, with the error it was answered with, or ""."""

    method: str
    arguments: Json
    error: str = ""


@dataclass
class Refusal:
    """How the next calls of a method are refused."""

    error: str
    status: int
    times: int
    retry_after: int


def commands_in(blocks: Iterable[Json]) -> dict[str, Json]:
    """Return the buttons in a message's rows of buttons, by what stands on them."""
    rows = [cast("list[Json]", block["elements"]) for block in blocks if block["type"] == "actions"]
    return {str(cast("Json", button["text"])["text"]): button for row in rows for button in row}


def manifest() -> Json:
    """Read the manifest that customers paste into Slack."""
    return cast("Json", yaml.safe_load(MANIFEST.read_text("utf-8")))


def within(values: object, *path: str) -> object:
    """Follow keys into nested mappings."""
    for key in path:
        values = cast("Json", values)[key]
    return values


class Workspace:
    """The state of one workspace in which the app is installed as its manifest says."""

    def __init__(self) -> None:
        described = manifest()
        self.scopes = frozenset(cast("list[str]", within(described, "oauth_config", "scopes", "bot")))
        self.events = frozenset(cast("list[str]", within(described, "settings", "event_subscriptions", "bot_events")))
        self.channels = {"C1", "C2", "D_U1", "D_U2"}
        self.messages: list[Message] = []
        self.calls: list[Call] = []
        self.statuses: list[Json] = []
        self.prompts: list[Json] = []
        self.homes: dict[str, Json] = {}
        self.responses: dict[str, list[Json]] = {}
        # How often a response_url works.
        self.responses_left = 5
        self.refusals: dict[str, Refusal] = {}
        self.expire_after: int | None = None
        self.people: dict[str, Json] = {}
        self.files: dict[str, File] = {}
        # What a download gives: the file, a login page, or another address.
        self.downloads: Literal["file", "html", "redirect"] = "file"
        # Where files are said to be, in place of this server, and the tokens with which they were asked for.
        self.file_address = ""
        self.downloaded_with: list[str] = []
        self.modals: list[Modal] = []
        # Who may open a form with a trigger; none may once three seconds have passed.
        self.triggers: dict[str, str] = {}
        self.is_slow = False
        self._numbers = itertools.count(1)
        self._changed = asyncio.Event()

    def next_ts(self) -> str:
        """Return a new timestamp, later than every one before."""
        return f"{1_700_000_000 + next(self._numbers)}.000100"

    def person(self, user: str) -> Json:
        """Return somebody as users.info tells of them: a plain member, but for what a test says."""
        member: dict[str, object] = {"id": user, "name": f"name-{user}", "team_id": TEAM, "deleted": False}
        flags = ("is_admin", "is_owner", "is_primary_owner", "is_restricted", "is_ultra_restricted")
        return {**member, **dict.fromkeys(flags, False), "is_bot": user == BOT_USER, **self.people.get(user, {})}

    def trigger(self, user: str, wanted: str = "") -> str:
        """Return what opens a form for somebody."""
        trigger = wanted or self.unique("trigger.")
        self.triggers[trigger] = user
        return trigger

    def unique(self, prefix: str) -> str:
        """Return an id that was not used before."""
        return f"{prefix}{next(self._numbers):06d}"

    def changed(self) -> None:
        """Wake whoever waits for a condition."""
        self._changed.set()

    async def until(self, condition: Callable[[], object], timeout: float = 30.0) -> None:  # noqa: ASYNC109 - a test's own limit
        """Wait until a condition holds; raises TimeoutError with what there was instead."""
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"still not so; calls: {[(call.method, call.error) for call in self.calls]}") from None

    def channel(self, name: str) -> str:
        """Return the channel if the app can see it."""
        if name not in self.channels:
            raise RefusedError("channel_not_found")
        return name

    def find(self, channel: str, ts: str) -> Message:
        """Return a message that everybody can see."""
        for message in self.messages:
            if message.channel == channel and message.ts == ts and not message.only_for:
                return message
        raise RefusedError("message_not_found")

    def add(self, message: Message) -> Message:
        """Put a message on the screen."""
        if message.thread_ts and not any(
            other.channel == message.channel and other.ts == message.thread_ts for other in self.messages
        ):
            raise RefusedError("thread_not_found")
        self.messages.append(message)
        self.changed()
        return message

    def thread(self, channel: str, root: str) -> list[Message]:
        """Return the messages of a thread that everybody can see, in order."""
        found: Iterable[Message] = (m for m in self.messages if m.channel == channel and m.root == root)
        return [message for message in found if not message.only_for]
