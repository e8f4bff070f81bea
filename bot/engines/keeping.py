"""One engine, kept in line with what is wanted."""

import time
from collections.abc import Callable, Sequence

import structlog

from bot.engines.errors import Refused
from bot.engines.transformers_serve import TransformersServe
from bot.engines.vllm import Vllm
from bot.engines.wishes import Sight, Wish, difference

Engine = Vllm | TransformersServe

# Seconds after which a load that was refused is tried again; the last one repeats.
PAUSES = (1.0, 10.0, 60.0, 600.0)
# Seconds that a model stays once nobody wants it: turns that began with it end with it.
LINGER = 60.0


class Keeping:
    """Loads what an engine lacks, and unloads what nobody wants once all that answers customers is there."""

    def __init__(
        self,
        engine: Engine,
        name: str,
        clock: Callable[[], float] = time.time,
        pauses: Sequence[float] = PAUSES,
        linger: float = LINGER,
    ) -> None:
        self._engine = engine
        self._name = name
        self._clock = clock
        self._pauses = pauses
        self._linger = linger
        self._refusals: dict[str, tuple[int, float, str]] = {}
        self._wanted_at: dict[str, float] = {}

    async def align(self, sight: Sight) -> frozenset[str]:
        """Bring the engine in line, and return what it has then; raises EngineDown."""
        now = self._clock()
        wishes = {wish.weights.model: wish for wish in sight.wishes}
        self._wanted_at |= dict.fromkeys(wishes, now)
        there = await self._engine.there(sight.wishes)
        changes = difference(tuple(wishes), there, sight.ours)
        for model in changes.load:
            if await self._load(wishes[model]):
                there |= {model}
        if all(model in there for model, wish in wishes.items() if wish.firm):
            for model in changes.unload:
                if now - self._wanted_at.get(model, 0.0) > self._linger and await self._unload(model):
                    there -= {model}
        return there

    async def _load(self, wish: Wish) -> bool:
        """Load a model, unless that was refused a moment ago; tell whether it is there."""
        model, began = wish.weights.model, self._clock()
        times, at, before = self._refusals.get(model, (0, 0.0, ""))
        if times and began - at < self._pauses[min(times, len(self._pauses)) - 1]:
            return False
        try:
            await self._engine.load(wish.weights)
        except Refused as refusal:
            self._refusals[model] = times + 1, began, str(refusal)
            if str(refusal) != before:
                structlog.get_logger().error("engine.not_loaded", engine=self._name, model=model, why=str(refusal))
            return False
        self._refusals.pop(model, None)
        return True

    async def _unload(self, model: str) -> bool:
        try:
            await self._engine.unload(model)
        except Refused as refusal:
            structlog.get_logger().warning("engine.not_unloaded", engine=self._name, model=model, why=str(refusal))
            return False
        return True
