"""A model behind a URL: what it is asked, and every way in which its answer can end."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.models import ModelError
from bot.models.openai_compatible import LONGEST_REASON
from bot.outgoing import Rules, checked
from tests.kit import PERSONA
from tests.models.kit import QUESTION, open_model, prompt, whole
from tests.servers.openai import (
    BROKEN_JSON,
    KEY,
    PING,
    USAGE,
    Break,
    Chunk,
    Raw,
    Reply,
    Request,
    open_openai,
    refuses,
    says,
    thinks,
)

# So long that a test would be seen to hang, and so short that nobody waits.
LONG, SHORT = 30, 0.1


async def asked(*replies: Reply, **changes: object) -> tuple[str, list[Request]]:
    """Return the answer to one question, and the requests that it took."""
    async with open_openai(*replies) as server, open_model(server.url, **changes) as model:
        return await whole(model.answer(prompt())), server.requests


async def why_not(pieces: AsyncIterator[str]) -> str:
    """Return why the rest of an answer does not come."""
    with pytest.raises(ModelError) as caught:
        await whole(pieces)
    return str(caught.value)


async def failure(*replies: Reply, **changes: object) -> str:
    """Return why one question was not answered."""
    async with open_openai(*replies) as server, open_model(server.url, **changes) as model:
        return await why_not(model.answer(prompt()))


# How the answer arrives.


async def test_a_piece_arrives_before_the_server_has_the_next() -> None:
    go_on = asyncio.Event()
    async with open_openai(says("It is ", go_on, "dimmed.")) as server, open_model(server.url) as model:
        pieces = model.answer(prompt())
        assert await anext(pieces) == "It is "
        go_on.set()
        assert await whole(pieces) == "dimmed."


async def test_what_is_no_text_is_no_part_of_the_answer() -> None:
    empty = Chunk({"choices": []})
    no_delta = Chunk({"choices": [{"index": 0, "delta": None, "finish_reason": None}]})
    steps = (empty, thinks("The ring, maybe?"), PING, "Turn ", no_delta, "the ring.", USAGE)
    assert (await asked(says(*steps)))[0] == "Turn the ring."


async def test_an_answer_that_reached_its_end_stands_when_the_connection_breaks_after_it() -> None:
    last = Chunk({"choices": [{"index": 0, "delta": {"content": "the ring."}, "finish_reason": "stop"}]})
    assert (await asked(says("Turn ", last, Break())))[0] == "Turn the ring."
    assert (await asked(says("Turn ", last, asyncio.Event()), timeout=SHORT))[0] == "Turn the ring."


async def test_a_server_that_sends_no_done_line_is_understood() -> None:
    assert (await asked(says("Yes.", done=False)))[0] == "Yes."


async def test_an_answer_that_is_too_long_says_that_there_would_be_more() -> None:
    answer, _ = await asked(says("Turn the", finish="length"))
    assert answer == f"Turn the … {PERSONA.sentences.cut}"


@pytest.mark.parametrize("cut", [["Yes.**STOP** No."], ["Yes.", "**ST", "OP** No."], ["Yes.", *"**STOP**", " No."]])
async def test_the_stop_token_ends_the_answer_where_the_server_ignores_it(cut: list[str]) -> None:
    async with open_openai(says(*cut, asyncio.Event())) as server, open_model(server.url, stop="**STOP**") as model:
        assert await whole(checked(model.answer(prompt()), Rules((), model.stop))) == "Yes."
        # Nobody pays for the rest.
        await asyncio.wait_for(server.left.wait(), LONG)


async def test_a_connection_serves_one_answer_after_the_other() -> None:
    async with open_openai() as server, open_model(server.url) as model:
        for _ in range(3):
            await whole(model.answer(prompt()))
        assert len({request.peer for request in server.requests}) == 1


# What a server is asked for.


async def test_the_request_carries_the_settings_and_the_key() -> None:
    _, (request,) = await asked(temperature=0.7, max_tokens=321, stop="**STOP**")
    assert {name: value for name, value in request.body.items() if name != "messages"} == {
        "model": "zen-1",
        "temperature": 0.7,
        "max_tokens": 321,
        "stop": "**STOP**",
        "stream": True,
    }
    assert request.headers["Authorization"] == f"Bearer {KEY}"


async def test_without_a_stop_token_none_is_sent() -> None:
    _, (request,) = await asked()
    assert "stop" not in request.body


async def test_a_server_of_ones_own_needs_no_key() -> None:
    answer, (request,) = await asked(key="")
    assert (answer, request.headers["Authorization"]) == ("Yes.", "Bearer none")


@pytest.mark.parametrize(
    ("param", "code", "instead"),
    [
        ("max_tokens", "unsupported_parameter", {"temperature", "stop", "max_completion_tokens"}),
        ("temperature", "unsupported_value", {"max_tokens", "stop"}),
        ("stop", "unsupported_parameter", {"max_tokens", "temperature"}),
    ],
)
async def test_a_setting_that_the_model_refuses_is_not_sent_again(param: str, code: str, instead: set[str]) -> None:
    async with open_openai(refuses(400, code, param=param)) as server, open_model(server.url, stop="#") as model:
        assert await whole(model.answer(prompt())) == "Yes."
        assert await whole(model.answer(prompt())) == "Yes."
        first, second, third = (request.body.keys() - {"model", "messages", "stream"} for request in server.requests)
        assert first == {"max_tokens", "temperature", "stop"}
        assert second == third == instead
        assert server.requests[1].body.get("max_completion_tokens", 100) == 100


async def test_a_model_that_refuses_every_setting_answers_without_them() -> None:
    refusals = [refuses(400, "unsupported_parameter", param=name) for name in ("stop", "temperature", "max_tokens")]
    answer, requests = await asked(*refusals, says("Yes."), stop="#")
    assert (answer, len(requests)) == ("Yes.", 4)
    assert requests[-1].body.keys() == {"model", "messages", "stream", "max_completion_tokens"}


async def test_two_questions_at_once_both_learn_what_the_model_refuses() -> None:
    refusal = replace(refuses(400, "unsupported_parameter", param="max_tokens"), together=asyncio.Barrier(2))
    async with open_openai(refusal, refusal) as server, open_model(server.url) as model:
        answers = await asyncio.gather(whole(model.answer(prompt())), whole(model.answer(prompt())))
        assert answers == ["Yes.", "Yes."]


async def test_a_setting_whose_value_is_wrong_is_not_left_out() -> None:
    why = await failure(refuses(400, "invalid_value", param="max_tokens"))
    assert why == "400 invalid_request_error invalid_value max_tokens"


async def test_a_refusal_that_repeats_itself_is_a_failure() -> None:
    refusal = refuses(400, "unsupported_parameter", param="max_tokens")
    assert "unsupported_parameter" in await failure(refusal, refusal)


# Every way to fail.


async def test_a_busy_server_is_asked_again_when_it_says() -> None:
    answer, requests = await asked(refuses(429, "rate_limit_exceeded", Retry_After="0.01"), says("Now."))
    assert (answer, [request.headers["x-stainless-retry-count"] for request in requests]) == ("Now.", ["0", "1"])


async def test_a_server_that_is_busy_for_longer_than_a_customer_waits_is_left() -> None:
    assert await failure(refuses(429, Retry_After="60"), timeout=SHORT) == f"no sign of life for {SHORT} s"


async def test_a_server_that_fails_again_has_failed() -> None:
    async with open_openai(refuses(500, "oops"), refuses(503, "oops")) as server, open_model(server.url) as model:
        assert await why_not(model.answer(prompt())) == "503 invalid_request_error oops"
        assert len(server.requests) == 2


async def test_a_refused_key_is_a_failure_that_nothing_repeats(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    refusal = refuses(401, f"invalid_{KEY}", message=f"Incorrect API key provided: {KEY}. You asked: {QUESTION}")
    async with open_openai(refusal) as server, open_model(server.url) as model:
        with pytest.raises(ModelError) as caught:
            await whole(model.answer(prompt()))
    assert str(caught.value) == "401 invalid_request_error invalid_***: correct SARAH_MODEL_KEY"
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(model)
    assert KEY not in told
    assert QUESTION not in told


@pytest.mark.parametrize("key", ["sk-two\nlines", "sk-schlüssel", "sk-with-a-blank "])
async def test_a_key_that_cannot_be_sent_is_a_failure_that_does_not_repeat_it(key: str) -> None:
    why = await failure(key=key, retries=0)
    assert "sk-" not in why
    assert why in {"LocalProtocolError", "UnicodeEncodeError"}


async def test_a_reason_is_one_line_of_bounded_length() -> None:
    why = await failure(refuses(400, "x\n" * 1000))
    assert "\n" not in why
    assert len(why) == LONGEST_REASON


async def test_a_server_that_is_not_there_is_a_failure() -> None:
    async with open_openai() as server:
        url = server.url
    async with open_model(url, retries=0) as model:
        assert await why_not(model.answer(prompt())) == "ConnectionRefusedError"


async def test_an_address_where_nobody_speaks_the_protocol_is_a_failure() -> None:
    async with open_openai() as server, open_model(f"{server.url}/elsewhere") as model:
        assert await why_not(model.answer(prompt())) == "404: correct SARAH_MODEL or SARAH_MODEL_URL"


@pytest.mark.parametrize("before", [(), (PING,), ("Turn ",), ("Turn ", PING)], ids=["mute", "ping", "piece", "both"])
async def test_a_model_that_stalls_is_left_after_its_timeout(before: tuple[str | Raw, ...]) -> None:
    async with (
        open_openai(says(*before, asyncio.Event())) as server,
        open_model(server.url, timeout=SHORT, deadline=LONG) as model,
    ):
        pieces = model.answer(prompt())
        if "Turn " in before:
            assert await anext(pieces) == "Turn "
        assert await why_not(pieces) == f"no sign of life for {SHORT} s"
        await asyncio.wait_for(server.left.wait(), LONG)


async def test_an_answer_is_given_up_at_its_deadline_even_when_nothing_comes() -> None:
    why = await failure(says("Turn ", asyncio.Event()), timeout=LONG, deadline=SHORT)
    assert why == f"no whole answer within {SHORT} s"


async def test_the_deadline_does_not_interrupt_whoever_reads() -> None:
    async with open_openai() as server, open_model(server.url, deadline=SHORT) as model:
        pieces = model.answer(prompt())
        assert await anext(pieces) == "Yes."
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 2 * SHORT)
        await pieces.aclose()


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (says("Turn ", Break()), "RemoteProtocolError"),
        (says("Turn ", BROKEN_JSON), "JSONDecodeError"),
        (says("Turn ", Raw(b'data: {"id": "\xff"}\n\n')), "UnicodeDecodeError"),
        (says("Turn ", Raw(b"data: 5\n\n")), "it streamed what is no part of an answer"),
        (says("Turn ", Chunk({"choices": {"first": 1}})), "it streamed what is no part of an answer"),
        (says("Turn ", Chunk({"choices": [{"delta": "the"}]})), "it streamed what is no part of an answer"),
        (says("Turn ", Chunk({"error": {"message": QUESTION, "type": "server_error"}})), "server_error"),
        (says("Turn ", Chunk({"error": QUESTION})), "APIError"),
        (says("Turn ", finish=""), "the stream ended before the answer did"),
        (says("Turn ", finish="", done=False), "the stream ended before the answer did"),
        (says("Turn ", finish="content_filter"), "its server's filter took the answer back"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_an_answer_that_breaks_off_half_way_is_a_failure(reply: Reply, why: str) -> None:
    async with open_openai(reply) as server, open_model(server.url) as model:
        pieces = model.answer(prompt())
        assert await anext(pieces) == "Turn "
        assert await why_not(pieces) == why


async def test_a_server_that_answers_a_page_instead_of_a_stream_is_a_failure() -> None:
    page = Raw(b"<!doctype html><title>Sign in</title>")
    assert await failure(says(page, finish="", done=False)) == "the stream ended before the answer did"


async def test_a_model_that_used_its_tokens_up_for_thinking_is_a_failure() -> None:
    assert "SARAH_MAX_TOKENS" in await failure(says(thinks("The ring?"), " \n", finish="length"))


async def test_an_answer_that_nobody_wants_any_more_is_not_read_on() -> None:
    async with open_openai(says("Turn ", asyncio.Event())) as server, open_model(server.url) as model:
        reading = asyncio.create_task(_first_then_more(model.answer(prompt()), begun := asyncio.Event()))
        await begun.wait()
        reading.cancel()
        await asyncio.wait_for(server.left.wait(), LONG)
        assert (await asyncio.gather(reading, return_exceptions=True))[0].__class__ is asyncio.CancelledError


async def _first_then_more(pieces: AsyncIterator[str], begun: asyncio.Event) -> None:
    async for _ in pieces:
        begun.set()
