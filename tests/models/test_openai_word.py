"""One token of a model behind a URL, with the probabilities of what it might have said."""

import asyncio
import math

import pytest

from bot.models import ModelError, Word
from tests.models.kit import open_model
from tests.servers.openai import KEY, Reply, Request, Token, open_openai, refuses

TOLD = [("system", "Sort."), ("user", "Is it?")]


async def word(*replies: Reply, **changes: object) -> tuple[Word, list[Request]]:
    """Return what a model says in a word, and the requests that it took."""
    async with open_openai(*replies) as server, open_model(server.url, **changes) as model:
        return await model.word(TOLD), server.requests


async def why_not(*replies: Reply, **changes: object) -> str:
    """Return why a model says nothing."""
    with pytest.raises(ModelError) as caught:
        await word(*replies, **changes)
    return str(caught.value)


async def test_the_likeliest_tokens_come_with_their_log_probabilities() -> None:
    said, (request,) = await word(Token("Yes", {"Yes": -0.1, "No": -2.5, " yes": -4.0}))
    assert said == Word("Yes", {"Yes": -0.1, "No": -2.5, " yes": -4.0})
    assert request.messages == TOLD
    assert {name: value for name, value in request.body.items() if name != "messages"} == {
        "model": "zen-1",
        "temperature": 0,
        "max_tokens": 1,
        "logprobs": True,
        "top_logprobs": 20,
    }
    assert request.headers["Authorization"] == f"Bearer {KEY}"


async def test_a_server_without_probabilities_still_says_its_word() -> None:
    assert (await word(Token("No")))[0] == Word("No", {})


@pytest.mark.parametrize("param", ["logprobs", "top_logprobs"])
async def test_a_model_that_refuses_probabilities_is_asked_without_them(param: str) -> None:
    async with open_openai(refuses(400, "unsupported_parameter", param=param), Token("No"), Token("No")) as server:
        async with open_model(server.url) as model:
            assert [await model.word(TOLD), await model.word(TOLD)] == [Word("No", {}), Word("No", {})]
        assert [request.body.get("logprobs") for request in server.requests] == [True, None, None]


async def test_a_model_that_counts_its_tokens_in_the_newer_way_is_asked_so() -> None:
    _, (_, request) = await word(refuses(400, "unsupported_parameter", param="max_tokens"), Token("No"))
    assert (request.body["max_completion_tokens"], request.body.get("max_tokens")) == (1, None)


async def test_probabilities_that_are_none_count_for_nothing() -> None:
    said, _ = await word(Token("No", {"No": math.nan, "Yes": math.inf, "Maybe": 0.5}))
    assert said == Word("No", {"Maybe": 0.0})


@pytest.mark.parametrize(
    "fields",
    [{"choices": []}, {"choices": None}, {"choices": [{"message": None}]}, {"choices": [5]}],
    ids=["none", "null", "mute", "number"],
)
async def test_an_answer_that_is_none_is_a_failure(fields: dict[str, object]) -> None:
    assert await why_not(Token("No", fields=fields)) == "it sent what is no answer"


async def test_a_refusal_and_a_late_answer_are_failures_that_repeat_nothing() -> None:
    assert await why_not(refuses(401, "no_key", message=KEY)) == (
        "401 invalid_request_error no_key: correct SARAH_MODEL_KEY"
    )
    late = await why_not(Token("No", after=asyncio.Event()), deadline=0.1)
    assert late == "no whole answer within 0.1 s"
