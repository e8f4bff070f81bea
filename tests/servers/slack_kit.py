"""An assistant at work on the local Slack: a real one over a real database, with models that say their lines."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from bot.assistant import Assistant, Clock, Policy
from bot.conversation import Answers
from bot.guard import OpenGuard
from bot.metrics import Metrics
from bot.models import ChatModel, ModelError, Prompt
from bot.models.chain import Chain
from bot.persona import Persona, read_persona
from bot.platforms.slack import SlackPlatform, SlackTokens
from bot.store import open_store
from tests.servers.slack import Slack
from tests.servers.slack_delivery import Post
from tests.servers.slack_workspace import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from training.examples import Example, Message
from training.handbook import Passage
from training.knowledge import Knowledge

DATA = Path(__file__).parents[2] / "data"
SOCKET = SlackTokens(BOT_TOKEN, app_token=APP_TOKEN)
HTTP = SlackTokens(BOT_TOKEN, signing_secret=SIGNING_SECRET)

# A piece, a failure, or something to wait for.
Line = str | ModelError | asyncio.Event


class ScriptedModel:
    """Says its lines, one answer after the other; afterwards repeats the question."""

    stop = ""

    def __init__(self, *answers: Iterable[Line], name: str = "scripted") -> None:
        self.name = name
        self.prompts: list[Prompt] = []
        self._answers = iter(answers)

    async def answer(self, prompt: Prompt) -> AsyncIterator[str]:
        """Yield the pieces of the next answer."""
        self.prompts.append(prompt)
        for line in next(self._answers, [f"You asked: {prompt.question}"]):
            if isinstance(line, ModelError):
                raise line
            if isinstance(line, asyncio.Event):
                await line.wait()
            else:
                yield line


def persona() -> Persona:
    """Return who comes with the repository."""
    return read_persona(DATA)


def _knowledge() -> Knowledge:
    exchange = (Message("user", "How do I reset the hub?"), Message("assistant", "Hold the button."))
    asked = Example(exchange * 2)
    return Knowledge([Passage("hub", "Hub", "Reset", "Hold the button for ten seconds.")], [asked])


@asynccontextmanager
async def open_assistant(home: Path, models: Sequence[ChatModel]) -> AsyncGenerator[Assistant]:
    """Open an assistant over the database in `home`."""
    references = (f"ref{number}" for number in itertools.count(1))
    metrics = Metrics()
    async with open_store(home / "sarah.db") as store:
        yield Assistant(
            store=store,
            persona=persona(),
            knowledge=_knowledge(),
            guard=OpenGuard(),
            chain=Chain(models, metrics),
            policy=Policy(),
            metrics=metrics,
            clock=Clock(lambda: next(references)),
        )


@dataclass
class Running:
    """A platform that serves."""

    task: "asyncio.Task[None]"
    phrase: str
    url: str
    post: Post | None = None

    async def stop(self) -> None:
        """Stop it in order."""
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


async def eventually(look: Callable[[], Awaitable[object]], limit: float = 5.0) -> None:
    """Look into the database until what is there is what is waited for."""
    async with asyncio.timeout(limit):
        while not await look():  # noqa: ASYNC110 - nobody tells when a row changes
            await asyncio.sleep(0)


def ticking() -> Callable[[], float]:
    """Return a clock on which a second passes with every look."""
    return itertools.count(0.0).__next__


@asynccontextmanager
async def at_work(  # noqa: PLR0913 - what a test may change
    slack: Slack,
    assistant: Answers,
    *,
    tokens: SlackTokens = SOCKET,
    clock: Callable[[], float] | None = None,
    patience: float = 5.0,
    who: Persona | None = None,
) -> AsyncGenerator[Running]:
    """Run the platform until the block ends."""
    platform = SlackPlatform(
        assistant,
        who or persona(),
        tokens,
        base_url=slack.base_url,
        clock=clock or ticking(),
        patience=patience,
    )
    async with _served(platform) as url:
        post = slack.post_to(url) if not tokens.app_token else None
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.get_running_loop().create_task(platform.run(ready.set_result))
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED, timeout=5)
        if task.done():
            await task
        running = Running(task, await ready, url, post)
        try:
            yield running
        finally:
            await running.stop()


@asynccontextmanager
async def _served(platform: SlackPlatform) -> AsyncGenerator[str]:
    """Serve the platform's routes, as the app's HTTP server does."""
    application = web.Application()
    application.add_routes(platform.routes())
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/slack/events"
    finally:
        await runner.cleanup()
