"""Models in a row: who answers when one fails, what the customer sees of it, and what the operator."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import pytest
from structlog.testing import capture_logs

from bot.conversation import Piece, Retracted
from bot.metrics import Metrics
from bot.models import ChatModel, ModelError
from bot.models.chain import Chain, Spoken
from bot.models.embedded import Embedded
from tests.kit import ScriptedModel, broken, knowledge
from tests.models.kit import QUESTION, open_model, prompt
from tests.servers.openai import KEY, Break, Refusal, Reply, open_openai, refuses, says, thinks

Told = Piece | Retracted | Spoken


async def told(models: Sequence[ChatModel], metrics: Metrics | None = None) -> list[Told]:
    """Return everything that a row of models brings forth."""
    return [event async for event in Chain(models, metrics or Metrics()).answer(prompt(), "r7")]


async def told_by(reply: Reply, *others: ChatModel, **changes: object) -> list[Told]:
    """Return what comes forth when a server replies like this, and others stand behind it."""
    async with open_openai(reply) as server, open_model(server.url, **changes) as model:
        return await told([model, *others])


def backup() -> ScriptedModel:
    return ScriptedModel("I help out.", name="backup")


IN_ITS_PLACE = [Piece("I help "), Piece("out."), Spoken("backup", "I help out.")]


async def test_the_first_model_answers_and_the_second_is_not_asked() -> None:
    second = backup()
    *pieces, spoken = await told_by(says("Turn ", "the ring."), second)
    assert pieces == [Piece("Turn "), Piece("the "), Piece("ring.")]
    assert spoken == Spoken("zen-1", "Turn the ring.")
    assert second.asked == []


@pytest.mark.parametrize(
    "reply",
    [
        refuses(401, "invalid_api_key"),
        refuses(404, "model_not_found"),
        refuses(500),
        says(),
        says(" \n"),
        says(thinks("Hm.")),
        says(Break()),
        says(finish="length"),
        Refusal(502, {}, {}),
    ],
    ids=["key", "model", "down", "nothing", "blank", "thoughts", "cut", "tokens", "gateway"],
)
async def test_where_the_first_model_says_nothing_the_next_answers_as_if_it_were_the_first(reply: Reply) -> None:
    assert [event for event in await told_by(reply, backup(), retries=0) if event != Piece(" \n")][-3:] == IN_ITS_PLACE


@pytest.mark.parametrize(
    "reply",
    [says("Turn ", Break()), says("Turn ", finish=""), says("Turn ", finish="content_filter")],
    ids=["cut", "unfinished", "filtered"],
)
async def test_what_a_model_that_broke_off_had_said_is_taken_back(reply: Reply) -> None:
    assert await told_by(reply, backup()) == [Piece("Turn "), Retracted(), *IN_ITS_PLACE]


async def test_a_stalled_model_is_left_after_its_timeout_and_the_next_one_answers() -> None:
    reply = says("Turn ", asyncio.Event())
    assert await told_by(reply, backup(), timeout=0.1) == [Piece("Turn "), Retracted(), *IN_ITS_PLACE]


async def test_the_embedded_model_answers_when_all_others_fail() -> None:
    models = [ScriptedModel(broken(), name="one"), ScriptedModel(["Tu", ModelError("gone")], name="two")]
    *_, spoken = await told([*models, Embedded(knowledge())])
    assert isinstance(spoken, Spoken)
    assert (spoken.model, bool(spoken.text)) == ("embedded", True)


async def test_where_no_model_answers_all_are_named() -> None:
    with pytest.raises(ModelError, match="'one', 'two'"):
        await told([ScriptedModel(broken(), name="one"), ScriptedModel([], name="two")])


async def test_every_failure_is_counted_for_its_model() -> None:
    metrics = Metrics()
    one = ScriptedModel(broken(), broken(), name="one")
    for _ in range(2):
        await told([one, ScriptedModel([], name="two"), backup()], metrics)
    page = metrics.page().decode()
    assert 'sarah_model_failures_total{model="one"} 2.0' in page
    assert 'sarah_model_failures_total{model="two"} 2.0' in page
    assert 'model="backup"' not in page


async def test_a_failure_is_one_line_of_the_log_with_the_reference_and_nothing_of_the_customer() -> None:
    repeats = refuses(400, message=f"{KEY} may not ask: {QUESTION}")
    with capture_logs() as logs:
        await told_by(repeats, backup())
    assert logs == [
        {
            "event": "model.failed",
            "log_level": "warning",
            "reference": "r7",
            "model": "zen-1",
            "why": "400 invalid_request_error",
        }
    ]


async def test_an_answer_without_trouble_leaves_no_line_in_the_log() -> None:
    with capture_logs() as logs:
        await told([backup()])
    assert logs == []


async def test_a_model_is_asked_no_longer_once_nobody_listens() -> None:
    async with open_openai(says("Turn ", asyncio.Event())) as server, open_model(server.url) as model:
        async with aclosing(Chain([model], Metrics()).answer(prompt(), "r7")) as events:
            assert await anext(events) == Piece("Turn ")
        await asyncio.wait_for(server.left.wait(), 30)


async def test_each_model_has_its_own_stop_token() -> None:
    first = ScriptedModel(["One#", ModelError("gone")], name="one", stop="##")
    second = ScriptedModel("Two#not this", name="two", stop="#")
    assert (await told([first, second]))[-1] == Spoken("two", "Two")
