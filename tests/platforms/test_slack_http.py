"""Slack's requests over HTTP: only what Slack signed, recently, gets in."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.platforms.slack import SlackPlatform, SlackTokens
from tests.kit import PERSONA, ScriptedModel, open_assistant
from tests.servers.slack import Slack, open_slack
from tests.servers.slack_delivery import Post
from tests.servers.slack_kit import HTTP, Running, at_work, company
from tests.servers.slack_workspace import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET

pytestmark = pytest.mark.asyncio

JSON = "application/json"
EVENT = json.dumps({"type": "event_callback", "team_id": "T0TEST", "event": {"type": "app_home_opened"}}).encode()


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with open_slack() as served:
        yield served


@pytest.fixture
async def running(slack: Slack, tmp_path: Path) -> AsyncIterator[Running]:
    async with AsyncExitStack() as stack:
        assistant = await stack.enter_async_context(open_assistant(tmp_path, ScriptedModel()))
        yield await stack.enter_async_context(at_work(slack, assistant, tokens=HTTP))


@pytest.fixture
def post(running: Running) -> Post:
    assert running.post
    return running.post


async def test_a_signed_request_gets_in(post: Post) -> None:
    assert await post.send(EVENT, JSON) == (200, "")


async def test_slacks_question_whether_the_address_is_ours_is_answered(post: Post) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
    status, answer = await post.send(body, JSON)
    assert (status, json.loads(answer)) == (200, {"challenge": "abc"})


@pytest.mark.parametrize(
    "changed",
    [
        {"x-slack-signature": "v0=" + "0" * 64},
        {"x-slack-signature": ""},
        {"x-slack-signature": "v0=\u00fc"},
        {"x-slack-request-timestamp": "yesterday"},
        {"x-slack-request-timestamp": ""},
        {"x-slack-request-timestamp": "1" * 5000},
        {"x-slack-request-timestamp": "-1"},
        {"x-slack-request-timestamp": "nan"},
    ],
)
async def test_what_is_not_signed_is_refused_without_a_word(post: Post, changed: dict[str, str]) -> None:
    assert await post.send(EVENT, JSON, changed=changed) == (401, "")


async def test_a_body_that_was_changed_is_refused(post: Post) -> None:
    headers = post.headers(EVENT, str(int(time.time())))
    status, _ = await post.send(EVENT.replace(b"T0TEST", b"T9EVIL"), JSON, changed=headers)
    assert status == 401


async def test_a_request_of_ten_minutes_ago_is_refused(post: Post) -> None:
    headers = post.headers(EVENT, str(int(time.time()) - 600))
    assert await post.send(EVENT, JSON, changed=headers) == (401, "")


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"text"', b"payload={", b"null"])
async def test_a_signed_body_that_makes_no_sense_is_refused_without_a_word(post: Post, body: bytes) -> None:
    assert await post.send(body, JSON) == (400, "")


async def test_a_body_that_is_no_text_is_refused(post: Post) -> None:
    status, answer = await post.send(b"\xff\xfe", JSON, changed={"x-slack-signature": "v0=" + "0" * 64})
    assert (status, answer) == (401, "")


async def test_a_body_that_is_too_large_is_refused(post: Post) -> None:
    status, answer = await post.send(b"x" * 600_000, JSON)
    assert (status, answer) == (413, "")


async def test_an_event_of_an_unknown_kind_harms_nothing(post: Post, slack: Slack) -> None:
    body = json.dumps({"type": "event_callback", "team_id": "T0TEST", "event": {"type": "team_join"}}).encode()
    status, answer = await post.send(body, JSON)
    assert "Traceback" not in answer
    assert status < 500
    asked = await slack.direct_message("U1", "Hello?")
    assert await slack.settled("D_U1", asked)


async def test_the_door_is_closed_when_nobody_is_behind_it(post: Post, running: Running) -> None:
    await running.stop()
    assert await post.send(EVENT, JSON) == (503, "")


async def test_there_is_no_door_without_a_secret(tmp_path: Path) -> None:
    async with company(tmp_path) as scene:
        for tokens, doors in ((SlackTokens(BOT_TOKEN, APP_TOKEN), 0), (SlackTokens(BOT_TOKEN, "", SIGNING_SECRET), 1)):
            assert len(SlackPlatform(scene.assistant, PERSONA, tokens, scene.admin).routes()) == doors
