"""Models in a row: when one fails, the next answers."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass

import structlog

from bot.conversation import Piece, Retracted
from bot.drift import Drifted, shown
from bot.guard import OPEN, Guard
from bot.metrics import Metrics
from bot.models import ChatModel, ModelError, Prompt
from bot.models.champion import Champion
from bot.models.library import Library
from training.topic import TopicModel


@dataclass(frozen=True, slots=True)
class Spoken:
    """The end of an answer: which model gave it, and all of it up to where it drifted off the subject, if it did."""

    model: str
    text: str
    drifted: bool = False


class Chain:
    """The models that may answer, the preferred one first; before them the champion, where there is one.

    Where a turn wants a certain model of the registry, that one comes from the library and goes before them all.
    """

    def __init__(
        self,
        models: Sequence[ChatModel],
        metrics: Metrics,
        champion: Champion | None = None,
        *,
        library: Library | None = None,
    ) -> None:
        self._models = tuple(models)
        self._metrics = metrics
        self._champion = champion
        self._library = library

    async def answer(
        self, prompt: Prompt, reference: str, wanted: str = "", *, guard: Guard = OPEN
    ) -> AsyncGenerator[Piece | Retracted | Spoken]:
        """Stream the answer of the first model that gives a whole one; raises ModelError when none does."""
        async with self._line_up(reference, wanted) as models:
            for model in models:
                pieces: list[str] = []
                try:
                    # Closed at once, so that nobody pays for the rest of an answer that is no longer wanted.
                    async with aclosing(shown(model, prompt, guard)) as texts:
                        async for piece in texts:
                            pieces.append(piece)
                            yield Piece(piece)
                    if text := "".join(pieces).strip():
                        yield Spoken(model.name, text)
                        return
                    raise ModelError("it answered nothing")  # noqa: TRY301 - silence is handled as any failure
                except Drifted:
                    self._metrics.drifted.labels(model.name).inc()
                    yield Spoken(model.name, "".join(pieces).strip(), drifted=True)
                    return
                except ModelError as error:
                    self._failed(model.name, reference, error)
                if pieces:
                    yield Retracted()
            raise ModelError(f"none of {[model.name for model in models]} answered")

    async def topic(self, reference: str, wanted: str = "") -> TopicModel | None:
        """Return the discriminator that belongs to whoever is to answer; None where the company's judges."""
        if wanted in {model.name for model in self._models}:
            return None
        answering = self._champion.names if self._champion else ()
        try:
            if wanted and wanted not in answering and self._library:
                return await self._library.topic(wanted)
        except ModelError as error:
            # It is told again, and counted, when the turn's models line up.
            structlog.get_logger().debug("discriminator.not_there", reference=reference, why=str(error))
        return await self._champion.topic() if self._champion else None

    @asynccontextmanager
    async def _line_up(self, reference: str, wanted: str) -> AsyncGenerator[tuple[ChatModel, ...]]:
        """Lend the models of one turn."""
        async with AsyncExitStack() as lent:
            models = self._models
            if self._champion:
                models = (*await lent.enter_async_context(self._champion.turn()), *models)
            if wanted and wanted not in {model.name for model in models}:
                models = (*await self._from_library(lent, reference, wanted), *models)
            # The others stay in their order.
            yield tuple(sorted(models, key=lambda model: model.name != wanted))

    async def _from_library(self, lent: AsyncExitStack, reference: str, wanted: str) -> tuple[ChatModel, ...]:
        """Borrow a model of the registry; () where that fails."""
        if self._library is None:
            return ()
        try:
            return (await lent.enter_async_context(self._library.lend(wanted)),)
        except ModelError as error:
            self._failed(wanted, reference, error)
            return ()

    def _failed(self, model: str, reference: str, error: ModelError) -> None:
        self._metrics.model_failures.labels(model).inc()
        structlog.get_logger().warning("model.failed", reference=reference, model=model, why=str(error))
