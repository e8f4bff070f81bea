"""How servers are told what OpenAI's protocol has no field for: top-k and the repetition penalty."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, TypeVar

from bot.models import Sampling

# vLLM and others take them as fields, `transformers serve` as a whole configuration and no other field, the rest not.
Manner = Literal["fields", "configuration", "none"]
MANNERS: tuple[Manner, ...] = ("fields", "configuration", "none")
BEYOND = frozenset({"top_k", "repetition_penalty"})

T = TypeVar("T")


class Manners:
    """Finds out in which manner a server can be told, and keeps to it."""

    def __init__(self, refusals: tuple[type[Exception], ...]) -> None:
        """`refusals` is what is raised where a server does not take a field."""
        self._refusals = refusals
        self._known: Manner | None = None

    async def ask(self, sampling: Sampling, create: Callable[[Mapping[str, object]], Awaitable[T]]) -> T:
        """Ask, handing over the fields beyond the protocol, in the first manner that the server takes."""
        *others, last = self._left(sampling)
        for manner in others:
            try:
                answer = await create(beyond(sampling, manner))
            except self._refusals:
                # They rarely say what it was.
                continue
            self._learn(sampling, manner)
            return answer
        answer = await create(beyond(sampling, last))
        # Whatever else may have been wrong with the others, it was not in this one.
        self._learn(sampling, last)
        return answer

    def ignored(self) -> frozenset[str]:
        """Return the names of what the server cannot be told, as far as it was asked."""
        return BEYOND if self._known == "none" else frozenset()

    def _left(self, sampling: Sampling) -> Sequence[Manner]:
        """Return how the server may be told, the first to be tried first."""
        if not sampling.chosen:
            return MANNERS[-1:]
        if self._known:
            return MANNERS[MANNERS.index(self._known) :]
        # Where there is no field to be taken, a configuration may still be needed; who needs none makes nothing of it.
        return MANNERS if BEYOND & sampling.chosen.keys() else MANNERS[1:]

    def _learn(self, sampling: Sampling, manner: Manner) -> None:
        """Remember what was taken, where that says how the server takes everything."""
        if BEYOND & sampling.chosen.keys():
            self._known = manner


def beyond(sampling: Sampling, manner: Manner) -> Mapping[str, object]:
    """Return the fields by which a server is told what is chosen beyond the protocol."""
    chosen = {name: value for name, value in sampling.chosen.items() if name in BEYOND}
    match manner:
        case "fields":
            return chosen
        case "configuration":
            # Unless it says so, many a model says the likeliest word each time, whatever the temperature.
            return {"generation_config": json.dumps({"do_sample": True, **chosen})}
        case "none":
            return {}
