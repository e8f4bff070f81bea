"""Models of the registry that answer where somebody wants them to: each made ready at its first use."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from bot.models import ChatModel, ModelError
from bot.models.registered import Build, Ready, RegistryFile, State, TopicOf, companys, made_ready, unsettled
from training.place import Where
from training.topic import TopicModel

MOST = 4


@dataclass(slots=True)
class _Place:
    """A model that is ready or being made so, and how many turns have it or wait for it."""

    ready: asyncio.Task[Ready]
    readers: int = 0


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a model cannot be made ready, as long as the registry stays as it is."""

    why: str
    state: State


class Library:
    """Lends models of a registry, and keeps the `most` that were asked for last ready.

    One that cannot be made ready is told in the log once, and tried again when the registry has changed.
    """

    def __init__(self, where: Where, build: Build, most: int = MOST, topic_of: TopicOf = companys) -> None:
        self._registry = RegistryFile(where)
        self._build = build
        self._topic_of = topic_of
        self._most = most
        # The one that was asked for last stands last.
        self._shelf: dict[str, _Place] = {}
        self._failed: dict[str, _Failure] = {}

    @asynccontextmanager
    async def lend(self, model_id: str) -> AsyncGenerator[ChatModel]:
        """Lend a model for one turn, which keeps it to its end; raises ModelError when it cannot be made ready."""
        async with self._lent(model_id) as ready:
            yield ready.model

    async def topic(self, model_id: str) -> TopicModel | None:
        """Return a model's own discriminator, None where the company's judges; raises ModelError as lending does."""
        async with self._lent(model_id) as ready:
            return ready.topic

    @asynccontextmanager
    async def _lent(self, model_id: str) -> AsyncGenerator[Ready]:
        place = self._place(model_id)
        place.readers += 1
        try:
            yield await asyncio.shield(place.ready)
        finally:
            place.readers -= 1
            await self._tidy()

    async def close(self) -> None:
        """Close every model; those that are being made ready are waited for no longer."""
        places = list(self._shelf.values())
        self._shelf.clear()
        for place in places:
            place.ready.cancel()
        await asyncio.gather(*(place.ready for place in places), return_exceptions=True)
        for place in places:
            await _close(place)
        self._registry.close()

    def _place(self, model_id: str) -> _Place:
        failure = self._failed.get(model_id)
        if failure and failure.state == self._registry.state():
            raise ModelError(failure.why)
        place = self._shelf.pop(model_id, None)
        if place is None:
            place = _Place(asyncio.create_task(self._make(model_id)))
            # Whoever waited for it may have gone when it fails.
            place.ready.add_done_callback(lambda ready: ready.cancelled() or ready.exception())
        self._shelf[model_id] = place
        return place

    async def _make(self, model_id: str) -> Ready:
        state = self._registry.state()
        # A second write within the grain would not show: what it says is to be read now.
        await asyncio.sleep(unsettled(state))
        try:
            model = await self._registry.read(lambda registry: registry.model(model_id))
            if model is None:
                raise ModelError(f"There is no registry that {model_id!r} could be in.")  # noqa: TRY301 - as any failure
            ready = await made_ready(self._build, model, self._topic_of)
        # Whatever is wrong with it, another model answers.
        except Exception as error:
            self._shelf.pop(model_id, None)
            self._tell(model_id, str(error))
            self._failed[model_id] = _Failure(str(error), state)
            raise ModelError(str(error)) from error
        self._failed.pop(model_id, None)
        return ready

    def _tell(self, model_id: str, why: str) -> None:
        """Log a failure, unless it is the one of before."""
        before = self._failed.get(model_id)
        if before is None or before.why != why:
            structlog.get_logger().error("library.not_ready", model=model_id, why=why)

    async def _tidy(self) -> None:
        """Close what was not asked for lately, beginning with the longest ago; nothing that somebody has."""
        while len(self._shelf) > self._most and (idle := self._idle()):
            await _close(self._shelf.pop(idle))

    def _idle(self) -> str:
        return next((name for name, place in self._shelf.items() if not place.readers and place.ready.done()), "")


async def _close(place: _Place) -> None:
    if not place.ready.cancelled() and not place.ready.exception():
        await place.ready.result().close()


@asynccontextmanager
async def open_library(
    where: Where, build: Build, most: int = MOST, topic_of: TopicOf = companys
) -> AsyncGenerator[Library]:
    """Open the library of a place's registry, and close its models at the end."""
    library = Library(where, build, most, topic_of)
    try:
        yield library
    finally:
        await library.close()
