"""The desk of an admin's story in a chat: built as the product builds it, and built anew by the next process."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from bot.admin.following import Following
from bot.app import Desk, open_desk
from bot.settings import Settings
from tests.platforms.terminal_scene import variables as usual
from tests.servers.tuning import TuningServer
from tests.stories import processes

# Seconds that a run, which is worked on by a process of its own, may take to some point.
PATIENCE = 180.0


@contextmanager
def settings(home: Path, data: Path, server: TuningServer, home_workspace: str, **changes: str) -> Generator[Settings]:
    """Set the variables of the product, which its processes in the background read too, and return what they say."""
    said = {**usual(home), **processes.settings(data, server), "SARAH_HOME_WORKSPACES": home_workspace, **changes}
    with processes.around(said):
        yield Settings(_env_file=None)  # pyright: ignore[reportCallIssue] - of pydantic's own


@asynccontextmanager
async def desk(settings: Settings, every: float) -> AsyncGenerator[Desk]:
    """Open the desk, which looks at runs, and changes their messages, every so many seconds."""
    async with open_desk(settings, per_minute=0) as opened:
        office = opened.admin._office  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - no other way to it
        opened.admin.following = Following(office, every, every)
        yield opened
