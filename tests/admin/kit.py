"""What tests of commands do again and again: files of examples, datasets, tuned models, and customers who ask."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import replace
from itertools import count
from pathlib import Path

from bot.admin.admin import Admin
from bot.admin.calls import Caller
from bot.admin.catalogue import COMMANDS
from bot.admin.following import Following
from bot.admin.replies import Reply
from bot.conversation import Answered, Conversation, Question, Rating
from bot.models import ChatModel
from tests.admin_kit import HERE, OWNER, Scene, Wall, file, open_office
from tests.kit import OTHER_DATA

SLACK = Conversation("slack", "T1", "C1", "17.5")
WEB = Conversation("web", "", "w1")
# Seconds that following pauses, where it would be one or two.
QUICK = 0.02
# Seconds after which something has not happened and never will.
PATIENCE = 180.0

_messages = count(1)


def open_small(home: Path, *models: ChatModel, **changes: object) -> AbstractAsyncContextManager[Scene]:
    """Open an office of a company whose fourteen scenarios are answered in a moment."""
    return open_office(home, *models, data=OTHER_DATA, **changes)  # pyright: ignore[reportArgumentType] - by name, of their types


def open_lamps(home: Path, *models: ChatModel, **changes: object) -> AbstractAsyncContextManager[Scene]:
    """Open an office of a company that asks, in its scenarios, for what a model learns from the dataset `lamps`."""
    folder = home.parent / "company"
    if not folder.exists():
        shutil.copytree(OTHER_DATA, folder, ignore=shutil.ignore_patterns("scenarios"))
        (folder / "scenarios").mkdir()
        (folder / "scenarios" / "lamps.jsonl").write_text("\n".join(map(json.dumps, _scenarios())), "utf-8")
    return open_office(home, *models, data=folder, **changes)  # pyright: ignore[reportArgumentType] - by name, of their types


def _scenarios() -> Iterator[dict[str, object]]:
    expect = {"facts": [["every shop of ours"]], "refuses": False}
    # Number 1 is held out, which no model learns.
    for number in range(2, 10):
        turn = {
            "user": f"Which bulb does lamps number {number} take?",
            "reference": "Every shop of ours has it.",
            "expect": expect,
        }
        kind = "bulbs" if number % 2 else "safety"
        yield {"id": f"lamp-{number}", "category": kind, "critical": kind == "safety", "turns": [turn]}


async def forced(scene: Scene, model: str, caller: Caller = OWNER) -> Reply:
    """Promote a model whatever speaks against it."""
    return await scene.give("model promote", caller, model=model, force="yes", reason="For a test.")


def nobody() -> None:
    """Leave the runs to the test, where a worker would be started."""


@asynccontextmanager
async def idle(home: Path, *models: ChatModel, **changes: object) -> AsyncGenerator[Scene]:
    """Open an office in which nobody works on runs but the test."""
    async with open_small(home, *models, **changes) as opened:
        office = replace(opened.office, start_work=nobody)
        yield replace(opened, office=office, admin=Admin(office, COMMANDS))


async def until(what: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not what():  # noqa: ASYNC110 - a wall gives no sign of its own
            await asyncio.sleep(QUICK / 4)


def examples(amount: int = 12, about: str = "lamp") -> str:
    """Return a file of examples in which no check finds anything."""
    return "\n".join(json.dumps({"messages": _said(number, about)}) for number in range(amount))


def _said(number: int, about: str) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": f"Which bulb does {about} number {number} take, and where do I buy it?"},
        {"role": "assistant", "content": f"Take bulb {number} for {about} {number}: every shop of ours has it."},
    ]


async def uploaded(scene: Scene, name: str = "lamps", amount: int = 12) -> str:
    """Upload examples as a dataset of that name, and return its id."""
    reply = await scene.give("data upload", file=file(f"{name}.jsonl", examples(amount, name)))
    assert reply.text.startswith("Kept as"), reply.text
    return reply.buttons[0].given["dataset"]


async def started(scene: Scene, dataset: str, **given: object) -> str:
    """Start a run as the owner does, and return its id."""
    reply = await scene.press(await scene.give("train start", OWNER, HERE, dataset=dataset, **given), "Start")
    assert reply.run, reply.text
    return reply.run


async def followed(scene: Scene, run: str, wall: Wall | None = None) -> Wall:
    """Follow a run to its end without waiting long, and return where that was shown."""
    shown = wall or Wall()
    await Following(scene.office, QUICK, QUICK).follow(run, shown.board())
    return shown


async def tuned(scene: Scene, dataset: str) -> str:
    """Tune the embedded model on a dataset, and return the id of what was made."""
    run = await started(scene, dataset)
    await followed(scene, run)
    assert scene.registry.run(run).model, scene.registry.run(run).reason
    return scene.registry.run(run).model


async def answered(scene: Scene, text: str, author: str = "3", where: Conversation = HERE) -> Answered | None:
    """Let a customer ask, and return how that ended; None where she said nothing."""
    question = Question(where, author, f"message-{next(_messages)}", text)
    events = [event async for event in scene.assistant.answer(question)]
    return events[-1] if events and isinstance(events[-1], Answered) else None


async def marked(
    scene: Scene, text: str, where: Conversation = HERE, rating: Rating = "down", author: str = "3"
) -> int:
    """Let a customer ask, and mark the answer; return its turn."""
    ended = await answered(scene, text, author, where)
    assert ended
    assert await scene.assistant.rate(ended.turn, author, rating)
    return ended.turn


def audited(scene: Scene) -> list[tuple[str, str]]:
    """Return by whom what was done, the newest first."""
    return [(line.by, line.action) for line in scene.registry.audit_log(1000)]


def rows(home: Path) -> dict[str, list[str]]:
    """Return every row of every table that is kept in a home, by the file and the table."""
    found: dict[str, list[str]] = {}
    for name in ("registry.db", "sarah.db"):
        with closing(sqlite3.connect(home / name)) as database:
            tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                every = database.execute(f"SELECT * FROM {table}")  # noqa: S608 - the names are our own
                found[f"{name} {table}"] = [repr(row) for row in every]
    return found


def files(home: Path) -> dict[str, bytes]:
    """Return every other file of a home."""
    own = (path for path in home.rglob("*") if path.is_file() and not path.name.startswith(("registry.db", "sarah.db")))
    return {str(path.relative_to(home)): path.read_bytes() for path in own if not path.name.endswith(".lock")}
