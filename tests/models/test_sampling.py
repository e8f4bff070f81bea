"""How a model is told to choose its words: what each kind of server is sent, to the byte, and what it does not take."""

import json

import pytest

from bot.models import AS_SET_UP, Sampling
from bot.models.embedded import Embedded
from tests.kit import knowledge
from tests.models.kit import open_model, prompt, whole
from tests.servers.openai import Request, open_openai, refuses, says
from tests.servers.openai_rules import Engine

EVERYTHING = Sampling(temperature=1.5, top_k=40, top_p=0.9, repetition_penalty=1.2, max_tokens=50)


def chosen(request: Request) -> dict[str, object]:
    """Return what a request says beside what every request does."""
    return {name: value for name, value in request.body.items() if name not in {"model", "messages", "stream"}}


async def sent(engine: Engine, *samplings: Sampling) -> tuple[list[dict[str, object]], list[set[str]]]:
    """Return what reached a model in one answer after the other, and what its server had never heard of."""
    async with open_openai(engine=engine) as server, open_model(server.url) as model:
        for sampling in samplings:
            assert await whole(model.answer(prompt(sampling=sampling))) == "Yes."
        return [chosen(request) for request in server.requests], server.strange


async def test_vllm_is_told_everything_in_one_request() -> None:
    requests, strange = await sent("vllm", EVERYTHING)
    assert requests == [
        {"temperature": 1.5, "top_p": 0.9, "max_tokens": 50, "top_k": 40, "repetition_penalty": 1.2},
    ]
    assert strange == []


async def test_transformers_serve_is_told_by_a_configuration_once_it_has_refused_the_fields() -> None:
    (first, second), strange = await sent("transformers", EVERYTHING, Sampling(temperature=0.7))
    configuration = json.loads(str(first.pop("generation_config")))
    assert configuration == {"do_sample": True, "top_k": 40, "repetition_penalty": 1.2}
    assert first == {"temperature": 1.5, "top_p": 0.9, "max_tokens": 50}
    assert json.loads(str(second.pop("generation_config"))) == {"do_sample": True}
    assert second == {"temperature": 0.7, "max_tokens": 100}
    # The second time it is known.
    assert strange == [{"top_k", "repetition_penalty"}]


async def test_a_temperature_alone_lets_a_model_at_transformers_serve_draw_its_words() -> None:
    (request,), _ = await sent("transformers", Sampling(temperature=0.7))
    assert json.loads(str(request["generation_config"])) == {"do_sample": True}


@pytest.mark.parametrize("engine", ["openai", "vllm"])
async def test_what_a_temperature_alone_showed_says_nothing_of_the_rest(engine: Engine) -> None:
    requests, _ = await sent(engine, Sampling(temperature=0.7), Sampling(top_k=40))
    assert requests[0]["temperature"] == 0.7
    assert ("top_k" in requests[1]) == (engine == "vllm")


async def test_a_server_that_knows_the_protocol_alone_is_asked_without_the_rest_from_then_on() -> None:
    requests, strange = await sent("openai", EVERYTHING, EVERYTHING)
    assert requests == [{"temperature": 1.5, "top_p": 0.9, "max_tokens": 50}] * 2
    assert strange == [{"top_k", "repetition_penalty"}, {"generation_config"}]


@pytest.mark.parametrize("engine", ["openai", "vllm", "transformers"])
async def test_customers_answers_say_nothing_of_it_whatever_was_tried_before(engine: Engine) -> None:
    requests, _ = await sent(engine, EVERYTHING, AS_SET_UP)
    assert requests[-1] == {"temperature": 0.3, "max_tokens": 100}


async def test_what_is_left_alone_is_left_to_the_server() -> None:
    requests, _ = await sent("vllm", Sampling(top_k=0), Sampling(temperature=0.0))
    assert requests == [{"temperature": 0.3, "max_tokens": 100, "top_k": 0}, {"temperature": 0.0, "max_tokens": 100}]


@pytest.mark.parametrize(
    ("engine", "ignored"), [("vllm", []), ("transformers", []), ("openai", ["top_k", "repetition_penalty"])]
)
async def test_a_model_names_what_had_no_effect(engine: Engine, ignored: list[str]) -> None:
    async with open_openai(engine=engine) as server, open_model(server.url) as model:
        assert model.ignored(EVERYTHING) == []
        await whole(model.answer(prompt(sampling=EVERYTHING)))
        assert model.ignored(EVERYTHING) == ignored
        assert model.ignored(Sampling(temperature=1)) == []


async def test_a_protocols_own_setting_that_is_refused_is_named_too() -> None:
    refusals = [refuses(400, "unsupported_parameter", param=name) for name in ("temperature", "top_p", "max_tokens")]
    async with open_openai(*refusals, engine="vllm") as server, open_model(server.url) as model:
        assert await whole(model.answer(prompt(sampling=EVERYTHING))) == "Yes."
        # The longest answer goes by its other name.
        assert model.ignored(EVERYTHING) == ["temperature", "top_p"]
        assert chosen(server.requests[-1]) == {"max_completion_tokens": 50, "top_k": 40, "repetition_penalty": 1.2}


async def test_a_request_that_is_wrong_in_every_manner_teaches_nothing() -> None:
    wrong = refuses(400, "context_length_exceeded")
    async with open_openai(wrong, wrong, wrong, engine="vllm") as server, open_model(server.url) as model:
        with pytest.raises(Exception, match="context_length_exceeded"):
            await whole(model.answer(prompt(sampling=Sampling(top_k=40))))
        assert await whole(model.answer(prompt(sampling=Sampling(top_k=40)))) == "Yes."
        assert chosen(server.requests[-1])["top_k"] == 40
        assert model.ignored(EVERYTHING) == []


async def test_a_longer_answer_leaves_less_room_for_what_was_said() -> None:
    said = ("My lamp is dark. " * 20, "Which lamp is it?")
    for longest, messages in ((100, 4), (900, 2)):
        async with open_openai(says("Yes.")) as server, open_model(server.url, context_tokens=1300) as model:
            await whole(model.answer(prompt(said, sampling=Sampling(max_tokens=longest))))
            assert len(server.requests[0].messages) == messages


def test_the_embedded_model_says_that_nothing_of_it_has_an_effect() -> None:
    assert list(Embedded(knowledge()).ignored(EVERYTHING)) == [
        "temperature",
        "top_k",
        "top_p",
        "repetition_penalty",
        "max_tokens",
    ]
    assert list(Embedded(knowledge()).ignored(AS_SET_UP)) == []
