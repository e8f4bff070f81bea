"""Models of the registry: how one is made ready to answer, and how a change of the registry shows."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import structlog

from bot.models import ChatModel
from training.place import Place, Where, place_of
from training.registry import Model, Registry, open_registry
from training.registry.database import FILE, is_there
from training.topic import TopicModel

if TYPE_CHECKING:
    from training.registry.announcements import Announcements

# Makes a model of the registry ready, in a thread; what must be closed after it goes onto the stack.
Build = Callable[[Model, AsyncExitStack], ChatModel]

# Returns a model's own discriminator, in a thread; None where the company's judges.
TopicOf = Callable[[Model], TopicModel | None]

# Of the database and of what is not in it yet: which file it is, when it was written, and how long it is; or what
# PostgreSQL told.
State = tuple[tuple[int, int, int] | None, ...]
NOTHING_SEEN: State = (None, None)
# Seconds within which a file may be written twice and show the same time.
GRAIN = 0.02

T = TypeVar("T")


class Ready:
    """A model that can answer, until it is closed."""

    def __init__(self, model: ChatModel, opened: AsyncExitStack, topic: TopicModel | None = None) -> None:
        self.model = model
        self.topic = topic
        self._opened = opened

    async def close(self) -> None:
        """Take apart what was opened for it."""
        try:
            await self._opened.aclose()
        except Exception as error:  # noqa: BLE001 - the answers that it gave stand, whatever becomes of its connections
            structlog.get_logger().warning("model.not_closed", model=self.model.name, why=str(error))


def companys(model: Model) -> None:
    """Let the company's discriminator judge for a model."""
    del model


async def made_ready(build: Build, model: Model, topic_of: TopicOf = companys) -> Ready:
    """Make a model ready, in a thread; raises what the building raises, and leaves nothing open then."""
    async with AsyncExitStack() as opened:
        made = await asyncio.to_thread(build, model, opened)
        topic = await asyncio.to_thread(topic_of, model)
        return Ready(made, opened.pop_all(), topic)


class RegistryFile:
    """The registry of a home folder or of the database beside it, opened only when somebody asks what it says."""

    def __init__(self, where: Where) -> None:
        self._place = place_of(where)
        file = self._place.home / FILE
        self._files = (str(file), f"{file}-wal")
        self._announcements = _announcements(self._place)
        self._opened = ExitStack()
        self._opening = threading.Lock()
        self._registry: Registry | None = None

    def state(self) -> State:
        """Return what changes with everything that is written; costs microseconds."""
        if self._announcements:
            return (self._announcements.state(),)
        return tuple(map(_stamp, self._files))

    def close(self) -> None:
        """Look no more."""
        if self._announcements:
            self._announcements.close()
        with self._opening:
            self._opened.close()
            self._registry = None

    async def read(self, look: Callable[[Registry], T]) -> T | None:
        """Look into the registry, in a thread; None where there is no registry. Raises RegistryError."""
        return await asyncio.to_thread(self._look, look)

    def _look(self, look: Callable[[Registry], T]) -> T | None:
        # Opening would make one.
        if not is_there(self._place):
            return None
        if self._announcements is None:
            with open_registry(self._place) as registry:
                return look(registry)
        # Before looking: nothing that is written after that goes unheard.
        self._announcements.listen()
        with self._opening:
            # A connection takes longer to come about than a file is opened.
            if self._registry is None:
                self._registry = self._opened.enter_context(open_registry(self._place))
        return look(self._registry)


def _announcements(place: Place) -> "Announcements | None":
    if not place.database:
        return None
    # Its driver takes a moment to import.
    from training.registry.announcements import Announcements  # noqa: PLC0415

    return Announcements(place.database)


def _stamp(file: str) -> tuple[int, int, int] | None:
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def unsettled(state: State) -> float:
    """Return the seconds until a write would show in the files' times."""
    written = max((stamp[1] for stamp in state if stamp), default=0) / 1e9
    return min(max(0.0, written + GRAIN - time.time()), GRAIN)
