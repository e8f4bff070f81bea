"""How an answer appears in Slack: streamed, repaired, whole."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.models import ModelError
from tests.kit import PERSONA, ScriptedModel, Step, damage, open_assistant
from tests.servers.slack import Slack, open_slack
from tests.servers.slack_kit import at_work, eventually
from tests.servers.slack_workspace import Message

pytestmark = pytest.mark.asyncio

WORDS = ["Hold ", "the button ", "for ten ", "seconds."]
WHOLE = "Hold the button for ten seconds."


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with open_slack() as served:
        yield served


async def answered(slack: Slack, home: Path, *models: ScriptedModel, parts: int = 1) -> list[Message]:
    """Return her messages after one question in a channel."""
    async with open_assistant(home, *models) as assistant, at_work(slack, assistant):
        asked = await slack.mention("U1", "C1", "How?")
        return await slack.settled("C1", asked, parts)


async def test_an_answer_is_streamed_as_it_comes(slack: Slack, tmp_path: Path) -> None:
    (reply,) = await answered(slack, tmp_path, ScriptedModel(WORDS))
    sent = [
        call.arguments.get("markdown_text")
        for call in slack.workspace.calls
        if call.method in {"chat.startStream", "chat.appendStream", "chat.stopStream"}
    ]
    assert sent == ["Hold", " the button", " for ten", " seconds.", None]
    assert (reply.shown, reply.stream) == (WHOLE, "stopped")
    assert slack.calls("chat.startStream")[0].arguments["recipient_user_id"] == "U1"


async def test_a_direct_message_is_answered_as_a_stream_in_the_thread_of_the_message(
    slack: Slack, tmp_path: Path
) -> None:
    async with open_assistant(tmp_path, ScriptedModel(WORDS)) as assistant, at_work(slack, assistant):
        asked = await slack.direct_message("U1", "How?")
        (reply,) = await slack.settled("D_U1", asked)
    assert (reply.thread_ts, reply.shown) == (asked, WHOLE)


async def test_streams_grow_no_faster_than_slack_allows(slack: Slack, tmp_path: Path) -> None:
    async with (
        open_assistant(tmp_path, ScriptedModel([f"word{number} " for number in range(200)])) as assistant,
        at_work(slack, assistant, clock=lambda: 7.0),
    ):
        asked = await slack.mention("U1", "C1", "How?")
        (reply,) = await slack.settled("C1", asked)
    assert len(slack.calls("chat.appendStream")) == 1
    assert reply.shown.endswith("word198 word199")


async def test_a_stream_that_expires_is_repaired_with_the_whole_text_and_the_buttons(
    slack: Slack, tmp_path: Path
) -> None:
    slack.workspace.expire_after = 1
    (reply,) = await answered(slack, tmp_path, ScriptedModel(WORDS))
    assert reply.shown == WHOLE
    assert len(reply.buttons) == 2
    assert len(slack.calls("chat.update")) == 1


async def test_a_stream_that_expires_at_the_very_end_is_repaired(slack: Slack, tmp_path: Path) -> None:
    slack.workspace.expire_after = 3
    (reply,) = await answered(slack, tmp_path, ScriptedModel(WORDS))
    assert [call.error for call in slack.calls("chat.stopStream")] == ["message_not_in_streaming_state"] * 2
    assert (reply.shown, len(reply.buttons)) == (WHOLE, 2)


async def test_where_streams_are_refused_the_whole_answer_is_posted(slack: Slack, tmp_path: Path) -> None:
    slack.refuse("chat.startStream", "channel_type_not_supported", times=9)
    (reply,) = await answered(slack, tmp_path, ScriptedModel(WORDS))
    (post,) = slack.calls("chat.postMessage")
    assert (reply.shown, len(reply.buttons)) == (WHOLE, 2)
    assert (post.arguments["unfurl_links"], post.arguments["unfurl_media"]) == (False, False)
    assert len(slack.calls("chat.startStream")) == 1


async def test_an_answer_that_its_model_breaks_off_is_replaced_by_the_next_models(slack: Slack, tmp_path: Path) -> None:
    broken: list[Step] = ["The answer is ", "perhaps ", ModelError("it broke off")]
    (reply,) = await answered(slack, tmp_path, ScriptedModel(broken), ScriptedModel(WORDS, name="next"))
    assert reply.shown == WHOLE
    assert len(reply.buttons) == 2


async def test_the_first_words_belong_to_the_turn_as_soon_as_they_are_shown(slack: Slack, tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with (
        open_assistant(tmp_path, ScriptedModel(["Hold ", gate, "on."])) as assistant,
        at_work(slack, assistant),
    ):
        asked = await slack.mention("U1", "C1", "How?")
        await slack.until(lambda: slack.replies("C1", asked))
        (reply,) = slack.replies("C1", asked)

        async def claimed() -> bool:
            return [turn.reply_id for turn in await assistant.unfinished("slack")] == [reply.ts]

        await eventually(claimed)
        assert reply.shown == "Hold"
        gate.set()
        await slack.settled("C1", asked)
    assert reply.shown == "Hold on."


@pytest.mark.parametrize("length", [9_999, 12_001, 25_000])
async def test_nothing_of_a_long_answer_is_cut(slack: Slack, tmp_path: Path, length: int) -> None:
    text = "".join(f"This is sentence {number}. " for number in range(2000))[:length].strip()
    pieces = [text[at : at + 700] for at in range(0, len(text), 700)]
    parts = length // 10_000 + 1
    replies = await answered(slack, tmp_path, ScriptedModel(pieces), parts=parts)
    assert "".join(reply.shown for reply in replies) == text
    assert [len(reply.buttons) for reply in replies] == [0] * (parts - 1) + [2]


async def test_a_long_answer_is_whole_where_streams_are_refused(slack: Slack, tmp_path: Path) -> None:
    slack.refuse("chat.startStream", "channel_type_not_supported")
    text = "😀 word " * 3000
    replies = await answered(slack, tmp_path, ScriptedModel([text]), parts=3)
    assert "".join(reply.shown for reply in replies) == text.strip()


async def test_slack_asking_to_slow_down_loses_nothing(slack: Slack, tmp_path: Path) -> None:
    slack.refuse("chat.appendStream", "ratelimited", status=429, times=1, retry_after=0)
    (reply,) = await answered(slack, tmp_path, ScriptedModel(WORDS))
    assert reply.shown == WHOLE
    assert not slack.calls("chat.update")


async def test_slack_being_in_trouble_for_a_moment_loses_nothing(slack: Slack, tmp_path: Path) -> None:
    slack.refuse("chat.stopStream", "", status=503, times=2)
    (reply,) = await answered(slack, tmp_path, ScriptedModel(WORDS))
    assert reply.shown == WHOLE


async def test_an_answer_that_cannot_be_shown_is_one_line_in_the_log_and_stays_stored(
    slack: Slack, tmp_path: Path
) -> None:
    for method in ("chat.startStream", "chat.postMessage"):
        slack.refuse(method, "channel_not_found", times=9)
    model = ScriptedModel(["The secret answer."])
    with capture_logs() as lines:
        async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
            asked = await slack.mention("U1", "C1", "The secret question?")
            await slack.until(lambda: slack.calls("chat.postMessage"))
        # Stopped in order, so that what was shown is recorded.
        async with open_assistant(tmp_path) as assistant:
            assert await assistant.unfinished("slack") == []
    assert slack.screen("C1", asked) == []
    (line,) = [line for line in lines if line["log_level"] == "warning"]
    assert (line["event"], line["turn"], line["error"]) == ("slack.answer_not_shown", 1, "channel_not_found")
    assert "secret" not in str(lines)


async def test_without_a_database_a_customer_gets_an_apology_and_the_log_its_id(slack: Slack, tmp_path: Path) -> None:
    with capture_logs() as lines:
        async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
            await damage(tmp_path)
            asked = await slack.mention("U1", "C1", "The secret question?")
            await slack.settled("C1", asked)
    assert slack.screen("C1", asked) == [f"{PERSONA.sentences.failed} {PERSONA.handoff} (#r1)"]
    assert [line["reference"] for line in lines if line["log_level"] == "error"] == ["r1"]
    assert "secret" not in str(lines)


async def test_what_a_model_writes_pings_nobody(slack: Slack, tmp_path: Path) -> None:
    pings = ["<!chan", "nel> <@U", "2> <", "!here> <#C2> <!subteam^S1> <", "@U1|x>"]
    slack.refuse("chat.startStream", "no", times=1)
    replies = await answered(slack, tmp_path, ScriptedModel(pings))
    sent = [str(call.arguments) for call in slack.workspace.calls if call.method.startswith("chat.")]
    assert replies
    assert not [mark for mark in ("<@", "<!", "<#") for text in sent if mark in text]
