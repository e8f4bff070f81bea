"""Models in a row: when one fails, the next answers."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import structlog

from bot.conversation import Piece, Retracted
from bot.metrics import Metrics
from bot.models import ChatModel, ModelError, Prompt
from bot.models.champion import Champion
from bot.outgoing import Rules, checked


@dataclass(frozen=True, slots=True)
class Spoken:
    """The end of an answer: which model gave it, and all of it."""

    model: str
    text: str


class Chain:
    """The models that may answer, the preferred one first; before them the champion, where there is one."""

    def __init__(self, models: Sequence[ChatModel], metrics: Metrics, champion: Champion | None = None) -> None:
        self._models = tuple(models)
        self._metrics = metrics
        self._champion = champion

    async def answer(self, prompt: Prompt, reference: str) -> AsyncGenerator[Piece | Retracted | Spoken]:
        """Stream the answer of the first model that gives a whole one; raises ModelError when none does."""
        async with self._line_up() as models:
            for model in models:
                pieces: list[str] = []
                try:
                    rules = Rules(prompt.persona.links, model.stop)
                    # Closed at once, so that nobody pays for the rest of an answer that is no longer wanted.
                    async with aclosing(checked(model.answer(prompt), rules)) as texts:
                        async for piece in texts:
                            pieces.append(piece)
                            yield Piece(piece)
                    if text := "".join(pieces).strip():
                        yield Spoken(model.name, text)
                        return
                    raise ModelError("it answered nothing")  # noqa: TRY301 - silence is handled as any failure
                except ModelError as error:
                    self._failed(model, reference, error)
                if pieces:
                    yield Retracted()
            raise ModelError(f"none of {[model.name for model in models]} answered")

    @asynccontextmanager
    async def _line_up(self) -> AsyncGenerator[tuple[ChatModel, ...]]:
        """Lend the models of one turn."""
        if self._champion is None:
            yield self._models
            return
        async with self._champion.turn() as champion:
            yield (*champion, *self._models)

    def _failed(self, model: ChatModel, reference: str, error: ModelError) -> None:
        self._metrics.model_failures.labels(model.name).inc()
        structlog.get_logger().warning("model.failed", reference=reference, model=model.name, why=str(error))
