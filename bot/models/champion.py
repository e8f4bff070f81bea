"""The registry's champion: kept ready to answer, and replaced between two turns when another is promoted."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import structlog

from bot.models import ChatModel
from bot.models.registered import NOTHING_SEEN, Build, Ready, RegistryFile, TopicOf, companys, made_ready, unsettled
from training.place import Where
from training.registry import Model, Registry
from training.topic import TopicModel

# Seconds that turns wait at most for a champion that is being made ready; then those answer who did before.
PATIENCE = 3.0


class _Seat:
    """A champion, or nobody; closed when it has given up the seat and its last turn has ended."""

    def __init__(self, ready: Ready | None = None) -> None:
        self.models = (ready.model,) if ready else ()
        self.topic = ready.topic if ready else None
        self._ready = ready
        # The one is the seat itself.
        self._holders = 1

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[tuple[ChatModel, ...]]:
        """Answer one turn."""
        self._holders += 1
        try:
            yield self.models
        finally:
            await self.leave()

    async def leave(self) -> None:
        """Be held by one turn less, or by the seat no more."""
        self._holders -= 1
        if not self._holders and self._ready:
            await self._ready.close()


class Champion:
    """Whoever the registry says is the champion; looks before each turn whether another was promoted.

    That look costs microseconds: the registry is opened only when it has changed, and in a thread. A champion
    that cannot be made ready is told in the log once, and whoever answered before goes on.
    """

    def __init__(self, where: Where, build: Build, patience: float, topic_of: TopicOf = companys) -> None:
        self._registry = RegistryFile(where)
        self._build = build
        self._topic_of = topic_of
        self._patience = patience
        self._seen = NOTHING_SEEN
        self._named: Model | None = None
        self._seat = _Seat()
        self._following: asyncio.Task[None] | None = None
        self._waited_for_until = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """The champion's name, if there is one that is ready."""
        return tuple(model.name for model in self._seat.models)

    async def topic(self) -> TopicModel | None:
        """Return the discriminator of the champion that a turn would have; None where the company's judges."""
        async with self.turn():
            return self._seat.topic

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[tuple[ChatModel, ...]]:
        """Lend the champion for one turn, which keeps it to its end; () where there is none."""
        if self._following or self._registry.state() != self._seen:
            await self._change()
        async with self._seat.turn() as models:
            yield models

    async def follow(self) -> None:
        """Do as the registry says, until it says nothing new."""
        while (state := self._registry.state()) != self._seen:
            # A second write within the grain would not show: what it says is to be read now.
            await asyncio.sleep(unsettled(state))
            await self._heed()
            self._seen = state

    async def close(self) -> None:
        """Give the seat up."""
        if self._following:
            self._following.cancel()
            await asyncio.wait([self._following])
        await self._seat.leave()
        self._registry.close()

    async def _change(self) -> None:
        """Wait for the new champion, but not for long."""
        loop = asyncio.get_running_loop()
        if self._following is None:
            self._following = loop.create_task(self.follow())
            self._following.add_done_callback(self._followed)
            self._waited_for_until = loop.time() + self._patience
        if (seconds := self._waited_for_until - loop.time()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await asyncio.shield(self._following)

    def _followed(self, _: asyncio.Task[None]) -> None:
        self._following = None

    async def _heed(self) -> None:
        """Seat whom the registry names, if it is another than before."""
        named: Model | None = None
        try:
            named = await self._registry.read(Registry.champion)
            if named != self._named:
                self._named = named
                await self._replace(named)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, customers are answered
            name = named.id if named else ""
            structlog.get_logger().error("champion.not_ready", model=name, why=str(error))

    async def _replace(self, named: Model | None) -> None:
        ready = await made_ready(self._build, named, self._topic_of) if named else None
        left, self._seat = self._seat, _Seat(ready)
        structlog.get_logger().info("champion", model=named.id if named else "")
        await left.leave()


@asynccontextmanager
async def open_champion(
    where: Where, build: Build, patience: float = PATIENCE, topic_of: TopicOf = companys
) -> AsyncGenerator[Champion]:
    """Make the champion of a place's registry ready, if there is one, and close it at the end."""
    champion = Champion(where, build, patience, topic_of)
    await champion.follow()
    try:
        yield champion
    finally:
        await champion.close()
