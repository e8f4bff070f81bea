"""What happens to answers when the process stops: they are finished, or taken up by the next one."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.conversation import Answers, Conversation, Event, Question
from tests.kit import ScriptedModel, open_assistant
from tests.servers.slack import Slack, open_slack
from tests.servers.slack_kit import at_work, eventually
from tests.servers.slack_workspace import BOT_USER, TEAM, Message

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with open_slack() as served:
        yield served


def stuck() -> ScriptedModel:
    """Return a model that begins and never ends."""
    return ScriptedModel(["The beginning ", asyncio.Event()])


async def recorded(home: Path, conversation: Conversation, ts: str, text: str = "How?") -> int:
    """Record a question as a process does that is killed before it shows anything."""
    async with open_assistant(home, stuck()) as assistant:
        events = assistant.answer(Question(conversation, "U1", ts, text))
        await anext(events)
        (turn,) = [turn.turn for turn in await assistant.unfinished("slack") if turn.question.message_id == ts]
        await cast("AsyncGenerator[Event]", events).aclose()
        return turn


async def test_an_answer_that_was_being_streamed_is_completed_in_its_message_by_the_next_process(
    slack: Slack, tmp_path: Path
) -> None:
    async with open_assistant(tmp_path, stuck()) as assistant, at_work(slack, assistant, patience=0.0):
        asked = await slack.mention("U1", "C1", "How?")
        await slack.until(lambda: slack.replies("C1", asked))
        (begun,) = slack.replies("C1", asked)
        await eventually(lambda: _claimed(assistant, begun))
    assert begun.shown == "The beginning"
    async with open_assistant(tmp_path, ScriptedModel(["The answer."])) as assistant, at_work(slack, assistant):
        replies = await slack.settled("C1", asked)
        await eventually(lambda: _all_finished(assistant))
    assert [(reply.ts, reply.shown, len(reply.buttons)) for reply in replies] == [(begun.ts, "The answer.", 2)]


async def test_a_question_that_was_taken_and_never_answered_is_answered_once_by_the_next_process(
    slack: Slack, tmp_path: Path
) -> None:
    asked = await _unheard(slack, "C1", "<@U0BOT> How?")
    await recorded(tmp_path, Conversation("slack", TEAM, "C1", asked), asked)
    for _ in range(2):
        async with open_assistant(tmp_path, ScriptedModel(["The answer."])) as assistant, at_work(slack, assistant):
            await slack.settled("C1", asked)
            await slack.settled("C2", await slack.mention("U2", "C2", "Another?"))
    assert slack.screen("C1", asked) == ["The answer."]


async def test_a_question_in_a_thread_of_a_direct_message_is_answered_in_that_thread(
    slack: Slack, tmp_path: Path
) -> None:
    head = await _unheard(slack, "D_U1", "Hello")
    asked = await _unheard(slack, "D_U1", "How?", head)
    await recorded(tmp_path, Conversation("slack", TEAM, "D_U1"), asked)
    async with open_assistant(tmp_path, ScriptedModel(["The answer."])) as assistant, at_work(slack, assistant):
        await slack.settled("D_U1", head)
    assert slack.screen("D_U1", head) == ["How?", "The answer."]


async def test_a_message_of_which_no_turn_was_told_is_found_and_completed(slack: Slack, tmp_path: Path) -> None:
    asked = await _unheard(slack, "C1", "<@U0BOT> How?")
    finished = slack.workspace.add(Message("C1", slack.workspace.next_ts(), BOT_USER, asked, "Of another turn"))
    finished.metadata = {"event_type": "answer", "event_payload": {"turn": 99}}
    left = slack.workspace.add(Message("C1", slack.workspace.next_ts(), BOT_USER, asked, "The begi", stream="open"))
    await recorded(tmp_path, Conversation("slack", TEAM, "C1", asked), asked)
    async with open_assistant(tmp_path, ScriptedModel(["The answer."])) as assistant, at_work(slack, assistant):
        await slack.settled("C1", asked, 2)
    assert slack.screen("C1", asked) == ["Of another turn", "The answer."]
    assert left.shown == "The answer."


async def test_two_unfinished_turns_of_one_conversation_are_answered_in_order(slack: Slack, tmp_path: Path) -> None:
    first = await _unheard(slack, "D_U1", "One?")
    second = await _unheard(slack, "D_U1", "Two?")
    for asked, text in ((first, "One?"), (second, "Two?")):
        await recorded(tmp_path, Conversation("slack", TEAM, "D_U1"), asked, text)
    model = ScriptedModel("The first.", "The second.")
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
        await slack.settled("D_U1", first)
        await slack.settled("D_U1", second)
    assert model.asked == ["One?", "Two?"]
    assert slack.screen("D_U1", first) == ["The first."]
    assert slack.screen("D_U1", second) == ["The second."]


async def test_a_command_that_was_not_answered_is_answered_to_its_author_alone(slack: Slack, tmp_path: Path) -> None:
    await recorded(tmp_path, Conversation("slack", TEAM, "C1", "command U1"), "trigger.1")
    async with open_assistant(tmp_path, ScriptedModel(["The answer."])) as assistant, at_work(slack, assistant):
        await slack.until(lambda: slack.calls("chat.postEphemeral"))
    (message,) = slack.workspace.messages
    assert (message.only_for, message.shown) == ("U1", "The answer.")


async def test_a_turn_whose_channel_is_gone_is_one_line_in_the_log_and_the_next_turn_is_answered(
    slack: Slack, tmp_path: Path
) -> None:
    await recorded(tmp_path, Conversation("slack", TEAM, "CGONE", "1.1"), "1.1", "The secret?")
    asked = await _unheard(slack, "C1", "<@U0BOT> How?")
    await recorded(tmp_path, Conversation("slack", TEAM, "C1", asked), asked)
    with capture_logs() as lines:
        async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
            await slack.settled("C1", asked)
            await eventually(lambda: _all_finished(assistant))
            assert await assistant.history(Conversation("slack", TEAM, "CGONE", "1.1"), 9) == []
    (line,) = [line for line in lines if line["log_level"] in {"warning", "error"}]
    assert (line["event"], line["error"]) == ("slack.answer_not_shown", "channel_not_found")
    assert "secret" not in str(lines)


async def test_a_whole_answer_that_no_process_recorded_is_not_posted_a_second_time(
    slack: Slack, tmp_path: Path
) -> None:
    asked = await _unheard(slack, "C1", "<@U0BOT> How?")
    turn = await recorded(tmp_path, Conversation("slack", TEAM, "C1", asked), asked)
    shown = slack.workspace.add(Message("C1", slack.workspace.next_ts(), BOT_USER, asked, "The answer."))
    shown.metadata = {"event_type": "answer", "event_payload": {"turn": turn}}
    async with open_assistant(tmp_path, ScriptedModel()) as assistant:
        await assistant.replying(turn, shown.ts)
        async with at_work(slack, assistant):
            await eventually(lambda: _all_finished(assistant))
    assert [(reply.ts, reply.shown) for reply in slack.replies("C1", asked)] == [(shown.ts, "Yes.")]


async def test_an_answer_that_could_not_be_shown_while_slack_was_down_is_shown_by_the_next_process(
    slack: Slack, tmp_path: Path
) -> None:
    for method in ("chat.startStream", "chat.postMessage"):
        slack.refuse(method, "", status=503, times=9)
    with capture_logs() as lines:
        async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
            asked = await slack.mention("U1", "C1", "How?")
            await eventually(lambda: _said(lines, "slack.answer_not_shown"), limit=15)
            assert not await _all_finished(assistant)
    slack.workspace.refusals.clear()
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        await slack.settled("C1", asked)
    assert slack.screen("C1", asked) == ["Yes."]


async def test_an_event_that_comes_again_after_a_restart_is_answered_once(slack: Slack, tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        asked = await slack.mention("U1", "C1", "Hello?")
        await slack.settled("C1", asked)
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        await slack.redeliver(asked)
        await slack.settled("C2", await slack.mention("U2", "C2", "Another?"))
    assert slack.screen("C1", asked) == ["Yes."]


async def test_a_thread_is_followed_after_a_restart(slack: Slack, tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        asked = await slack.mention("U1", "C1", "Hello?")
        await slack.settled("C1", asked)
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        await slack.say("U1", "C1", "Still there?", thread_ts=asked)
        await slack.settled("C1", asked, 2)
    assert slack.screen("C1", asked)[-1] == "Yes."


async def test_an_answer_in_progress_is_finished_before_the_process_ends(slack: Slack, tmp_path: Path) -> None:
    gate = asyncio.Event()
    model = ScriptedModel(["The ", gate, "answer."])
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant) as running:
        asked = await slack.mention("U1", "C1", "How?")
        await slack.until(lambda: slack.replies("C1", asked))
        stopping = asyncio.create_task(running.stop())
        await slack.until(lambda: not slack.socket.connected)
        gate.set()
        await stopping
    assert slack.screen("C1", asked) == ["The answer."]


async def test_a_dropped_connection_is_made_again_and_what_came_meanwhile_is_answered(
    slack: Slack, tmp_path: Path
) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        await slack.socket.refresh()
        await slack.until(lambda: slack.socket.connections == 2)
        asked = await slack.mention("U1", "C1", "Hello?")
        assert await slack.settled("C1", asked)


async def _unheard(slack: Slack, channel: str, text: str, thread_ts: str = "") -> str:
    """Put a customer's message on the screen of which no event is delivered any more."""
    return slack.workspace.add(Message(channel, slack.workspace.next_ts(), "U1", thread_ts, text)).ts


async def _claimed(assistant: Answers, message: Message) -> bool:
    return [turn.reply_id for turn in await assistant.unfinished("slack")] == [message.ts]


async def _said(lines: list[EventDict], event: str) -> bool:
    return event in [line["event"] for line in lines]


async def _all_finished(assistant: Answers) -> bool:
    return not await assistant.unfinished("slack")
