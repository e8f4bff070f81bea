"""An assistant at work on the local Slack."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from bot.admin.admin import Admin
from bot.admin.catalogue import COMMANDS
from bot.conversation import Answers
from bot.models import ChatModel
from bot.persona import Persona
from bot.platforms.slack import SlackPlatform, SlackTokens
from tests.admin_kit import Scene, open_office
from tests.kit import OTHER_DATA, PERSONA
from tests.servers.loopback import serve
from tests.servers.slack import Slack
from tests.servers.slack_delivery import Post
from tests.servers.slack_workspace import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, TEAM

# Where people of the company are told.
SUPPORT = "C2"
SOCKET = SlackTokens(BOT_TOKEN, app_token=APP_TOKEN)
HTTP = SlackTokens(BOT_TOKEN, signing_secret=SIGNING_SECRET)


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


async def eventually(look: Callable[[], Awaitable[object]], limit: float = 30.0) -> None:
    """Look into the database until what is there is what is waited for."""
    async with asyncio.timeout(limit):
        while not await look():  # noqa: ASYNC110 - nobody tells when a row changes
            await asyncio.sleep(0)


def ticking() -> Callable[[], float]:
    """Return a clock on which a second passes with every look."""
    return itertools.count(0.0).__next__


def company(home: Path, *models: ChatModel, **changes: object) -> AbstractAsyncContextManager[Scene]:
    """Open an office whose home is this workspace, with a channel for people of the company."""
    told = {"sarah_home_workspaces": f"slack:{TEAM}", "sarah_support_channels": f"slack:{SUPPORT}"}
    return open_office(home, *models, data=OTHER_DATA, **told | changes)  # pyright: ignore[reportArgumentType]


@asynccontextmanager
async def _commands(assistant: Answers) -> AsyncGenerator[Admin]:
    """Lend the commands of an office that has nothing but this assistant."""
    with TemporaryDirectory() as home:
        async with company(Path(home)) as scene:
            yield Admin(replace(scene.office, assistant=assistant), COMMANDS)


@asynccontextmanager
async def at_work(  # noqa: PLR0913 - what a test may change
    slack: Slack,
    assistant: Answers,
    *,
    tokens: SlackTokens = SOCKET,
    clock: Callable[[], float] | None = None,
    patience: float = 5.0,
    who: Persona = PERSONA,
    admin: Admin | None = None,
) -> AsyncGenerator[Running]:
    """Run the platform until the block ends, with the commands of an office, or of an empty one."""
    async with AsyncExitStack() as stack:
        platform = SlackPlatform(
            assistant,
            who,
            tokens,
            admin or await stack.enter_async_context(_commands(assistant)),
            base_url=slack.base_url,
            clock=clock or ticking(),
            patience=patience,
            file_origins=frozenset({slack.address}),
        )
        url = await stack.enter_async_context(_served(platform))
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
    async with serve(application, patience=1) as url:
        yield f"{url}/slack/events"
