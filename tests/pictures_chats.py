"""Pictures of an admin's loop in both chats, drawn from what the simulated Discord and the local Slack hold."""

import base64
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import discord
from markdown_it import MarkdownIt
from playwright.async_api import Browser

from tests.browser import Profiles
from tests.pictures_admin import EXAMPLES, setting
from tests.servers.slack_workspace import Message
from tests.servers.tuning import TuningServer
from tests.stories.counter_discord import DiscordCounter, in_discord, text_of
from tests.stories.counter_slack import SlackCounter, in_slack
from tests.stories.offices import Counter

LOOKS = Path(__file__).with_name("pictures_chats.css")
NAME, FILE = EXAMPLES.stem, EXAMPLES.name
# Of the job that is tuned half-way: its steps in all, and how often it is moved on until it is half-way.
STEPS, HALF = 60, 17
WIDTH = 900

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("strikethrough")


@dataclass(frozen=True, slots=True)
class Said:
    """A message as a chat shows it; `buttons` are labels, each with whether it is plain, primary or danger."""

    text: str
    charts: list[bytes] = field(repr=False)
    files: list[str]
    """The names of other files that stand below it."""
    buttons: list[tuple[str, str]]
    is_private: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """What an admin did, and what was said to that."""

    title: str
    act: str
    said: Said


@dataclass(frozen=True, slots=True)
class Window:
    """An admin's place in a chat, and how its newest reply and its newest message about a run are read."""

    counter: Counter
    reply: Callable[[], Said]
    run: Callable[[], Said]


Opening = Callable[[Path, Path, TuningServer, Profiles], AbstractAsyncContextManager[Window]]


@asynccontextmanager
async def discord_window(home: Path, data: Path, server: TuningServer, browser: Profiles) -> AsyncGenerator[Window]:
    """Open a channel of the simulated Discord."""
    async with in_discord(home, data, server, browser, SARAH_GUARD="true") as counter:
        yield Window(
            counter,
            lambda: _in_discord(counter, counter.seen()[-1]),
            lambda: _in_discord(counter, counter.runs[-1]),
        )


@asynccontextmanager
async def slack_window(home: Path, data: Path, server: TuningServer, browser: Profiles) -> AsyncGenerator[Window]:
    """Open a channel of the local Slack."""
    async with in_slack(home, data, server, browser, SARAH_GUARD="true") as counter:
        yield Window(
            counter,
            lambda: _in_slack(counter, counter.replies[-1]),
            lambda: _in_slack(counter, counter.runs[-1]),
        )


def _in_discord(counter: DiscordCounter, message: discord.Message) -> Said:
    styles = {discord.ButtonStyle.primary: "primary", discord.ButtonStyle.danger: "danger"}
    items = [item for row in message.components if isinstance(row, discord.ActionRow) for item in row.children]
    buttons = [(str(item.label), styles.get(item.style, "plain")) for item in items if isinstance(item, discord.Button)]
    files = [one.filename for one in message.attachments if not one.filename.endswith(".png")]
    return Said(text_of(message), counter.charts(message), files, buttons, message.flags.ephemeral)


def _in_slack(counter: SlackCounter, message: Message) -> Said:
    buttons = [(label, str(button.get("style", "plain"))) for label, button in message.commands.items()]
    charts = [chart.content or b"" for chart in counter.charts(message)]
    return Said(message.shown, charts, [], buttons, bool(message.only_for))


async def loop(window: Window, server: TuningServer, acts: Sequence[str]) -> list[Scene]:
    """Upload a bad file and a good one, and have two models learn from it."""
    counter, good = window.counter, EXAMPLES.read_bytes()
    server.store.steps, server.store.steps_at_a_poll = STEPS, 0
    await counter.upload(FILE, damaged(good))
    bad = Scene("A file with problems: nothing of it is kept", acts[0], window.reply())
    await counter.upload(FILE, good)
    await counter.start(NAME, "openai")
    price = Scene("The price, asked once", acts[1], window.reply())
    await counter.press("Start it")
    await counter.until("watch (6 of 8)")
    [job] = server.jobs
    server.advance(job.id, HALF)
    await counter.until("training loss 0")
    half_way = Scene("Half-way, at a fine-tuning server of the tests", "", window.run())
    server.finish(job.id)
    await counter.until("It made")
    await counter.start(NAME, "embedded")
    await counter.press("Start it")
    await counter.until("It made")
    end = Scene("The end of a run of the embedded model", "", window.run())
    await counter.press("Promote")
    return [bad, price, half_way, end, Scene("Not promoted, and why", "", window.reply())]


def damaged(content: bytes) -> bytes:
    """Return a file with an answer missing, an address of somebody in it, and a question asked twice."""
    lines = content.decode().splitlines()[:80]
    missing, personal = json.loads(lines[6]), json.loads(lines[20])
    missing["messages"].pop()
    personal["messages"][1]["content"] += " My mail is anna.keller@gmail.com."
    lines[6], lines[20], lines[41] = json.dumps(missing), json.dumps(personal), lines[40]
    return "\n".join(lines).encode()


def page(chat: str, scenes: list[Scene]) -> str:
    """Return the scenes as a page that looks like a chat, in two columns."""
    columns = (scenes[:3], scenes[3:])
    drawn = "".join(f"<main>{''.join(map(_scene, column))}</main>" for column in columns)
    return f"<!doctype html><style>{LOOKS.read_text('utf-8')}</style><body class={chat}>{drawn}"


def _scene(scene: Scene) -> str:
    said = scene.said
    act = f"<p class=act><b>olga</b> used <code>{escape(scene.act)}</code></p>" if scene.act else ""
    charts = "".join(f"<img src='data:image/png;base64,{base64.b64encode(one).decode()}'>" for one in said.charts)
    buttons = "".join(f"<button class={style}>{escape(label)}</button>" for label, style in said.buttons)
    files = "".join(f"<p class=file>{escape(name)}</p>" for name in said.files)
    note = "<p class=note>Only you can see this</p>" if said.is_private else ""
    return (
        f"<h2>{escape(scene.title)}</h2>{act}<article><span class=face>S</span><div><b>Sarah</b> <small>APP</small>"
        f"<section>{_MARKDOWN.render(said.text)}</section>{charts}{files}<nav>{buttons}</nav>{note}</div></article>"
    )


# How each chat is opened, and what an admin gives there: the commands for a file and for a run.
CHATS: Mapping[str, tuple[Opening, Sequence[str]]] = {
    "discord": (discord_window, ("/data upload", f"/train start dataset:{NAME} provider:openai")),
    "slack": (slack_window, ("/sarah data upload", f"/sarah train start {NAME} provider=openai")),
}


async def draw(chromium: Browser, folder: Path) -> None:
    """Draw `discord-loop.png` and `slack-loop.png` into a folder."""
    for chat, (opening, acts) in CHATS.items():
        with setting() as there:
            async with opening(there.home, there.data, there.server, Profiles(chromium)) as window:
                scenes = await loop(window, there.server, acts)
        drawn = await chromium.new_page(viewport={"width": WIDTH, "height": 400})
        await drawn.set_content(page(chat, scenes))
        await drawn.screenshot(path=folder / f"{chat}-loop.png", full_page=True)
        await drawn.close()
