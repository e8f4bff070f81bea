"""Models in a row: when one fails, the next answers."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from bot.conversation import Piece, Retracted
from bot.metrics import Metrics
from bot.models import ChatModel, ModelError, Prompt
from bot.outgoing import Rules, checked


@dataclass(frozen=True, slots=True)
class Spoken:
    """The end of an answer: which model gave it, and all of it."""

    model: str
    text: str


class Chain:
    """The models that may answer, the preferred one first."""

    def __init__(self, models: Sequence[ChatModel], metrics: Metrics) -> None:
        self._models = tuple(models)
        self._metrics = metrics

    async def answer(self, prompt: Prompt, reference: str) -> AsyncGenerator[Piece | Retracted | Spoken]:
        """Stream the answer of the first model that gives a whole one; raises ModelError when none does."""
        for model in self._models:
            pieces: list[str] = []
            try:
                # Closed at once, so that nobody pays for the rest of an answer that is no longer wanted.
                async with aclosing(checked(model.answer(prompt), Rules(prompt.persona.links, model.stop))) as texts:
                    async for piece in texts:
                        pieces.append(piece)
                        yield Piece(piece)
                if text := "".join(pieces).strip():
                    yield Spoken(model.name, text)
                    return
                raise ModelError("it answered nothing")  # noqa: TRY301 - silence is handled as any failure
            except ModelError as error:
                self._metrics.model_failures.labels(model.name).inc()
                structlog.get_logger().warning("model.failed", reference=reference, model=model.name, why=str(error))
            if pieces:
                yield Retracted()
        raise ModelError(f"none of {[model.name for model in self._models]} answered")
