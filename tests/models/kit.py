"""A model behind the local server, and what it is asked."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache

from bot.conversation import PastTurn
from bot.models import AS_SET_UP, Prompt, Sampling
from bot.models.openai_compatible import Endpoint, OpenAICompatible
from tests.kit import PERSONA
from tests.servers.openai import KEY, MODEL
from training.handbook import Passage
from training.knowledge import Found
from training.tokens import Count, counter

PASSAGE = Found(Passage("lamps", "Lamps", "Brightness", "Turn the ring to the right."), 0.9)
OTHER_PASSAGE = Found(Passage("lamps", "Lamps", "Colour", "Press the ring twice."), 0.5)
QUESTION = "Why is it so dark in the kitchen?"


def prompt(*history: tuple[str, str], question: str = QUESTION, sampling: Sampling = AS_SET_UP) -> Prompt:
    """Return what is asked after these turns."""
    turns = tuple(PastTurn(number, *said) for number, said in enumerate(history))
    return Prompt(PERSONA, (PASSAGE, OTHER_PASSAGE), turns, question, sampling=sampling)


@cache
def tokens() -> Count:
    """Return the real counter, read once."""
    return counter("o200k_base")


@asynccontextmanager
async def open_model(url: str, counted: Count | None = None, /, **changes: object) -> AsyncGenerator[OpenAICompatible]:
    """Open a model at this URL; `changes` are fields of its endpoint."""
    endpoint = Endpoint(
        name=MODEL,
        setting="SARAH_MODEL",
        url=url,
        model=MODEL,
        key=KEY,
        temperature=0.3,
        max_tokens=100,
        stop="",
        context_tokens=8192,
        timeout=5,
        deadline=10,
        retries=1,
    )
    changed = replace(endpoint, **changes)  # pyright: ignore[reportArgumentType]
    model = OpenAICompatible(changed, counted or tokens())
    try:
        yield model
    finally:
        await model.close()


async def whole(pieces: AsyncIterator[str]) -> str:
    """Take an answer to its end."""
    return "".join([piece async for piece in pieces])
