"""What every model that may answer keeps to, whoever it is."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from bot.models import ChatModel
from bot.models.embedded import Embedded
from tests.kit import knowledge
from tests.models.kit import open_model, prompt, whole
from tests.servers.openai import open_openai, says


@pytest.fixture(params=["embedded", "served"])
async def model(request: pytest.FixtureRequest) -> AsyncGenerator[ChatModel]:
    """Every kind of model, one after the other."""
    if request.param == "embedded":
        yield Embedded(knowledge())
        return
    answers = [says("Turn ", "the ", "ring.") for _ in range(4)]
    async with open_openai(*answers) as server, open_model(server.url) as served:
        yield served


async def test_a_model_has_a_name_for_the_log(model: ChatModel) -> None:
    assert model.name


async def test_a_model_answers_in_pieces_of_text(model: ChatModel) -> None:
    pieces = [piece async for piece in model.answer(prompt())]
    assert len(pieces) > 1
    assert all(pieces)


async def test_a_model_answers_several_customers_at_once_and_each_in_full(model: ChatModel) -> None:
    alone = await whole(model.answer(prompt()))
    together = await asyncio.gather(*(whole(model.answer(prompt())) for _ in range(3)))
    assert together == [alone] * 3


async def test_a_model_answers_again_after_an_answer_that_was_not_wanted(model: ChatModel) -> None:
    pieces = model.answer(prompt())
    first = await anext(pieces)
    assert isinstance(pieces, AsyncGenerator)
    await pieces.aclose()
    assert (await whole(model.answer(prompt()))).startswith(first)


async def test_a_model_goes_on_from_what_was_said(model: ChatModel) -> None:
    assert await whole(model.answer(prompt(("my lamp is dark", "Which lamp is it?"), question="the blue one")))
