"""What customers do in Slack, and what they see."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from bot.conversation import Conversation
from bot.platforms.slack import SlackTokens
from tests.kit import PERSONA, ScriptedModel, open_assistant
from tests.servers.slack import Slack, open_slack
from tests.servers.slack_kit import HTTP, SOCKET, at_work, eventually
from tests.servers.slack_workspace import TEAM, Json, within

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with open_slack() as served:
        yield served


@pytest.mark.parametrize("tokens", [SOCKET, HTTP], ids=["socket", "http"])
async def test_a_mention_is_answered_once_in_its_thread_though_it_arrives_as_two_events(
    slack: Slack, tmp_path: Path, tokens: SlackTokens
) -> None:
    model = ScriptedModel(["Hold the button ", "for ten seconds."])
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant, tokens=tokens):
        asked = await slack.mention("U1", "C1", "How do I reset the hub?")
        await slack.settled("C1", asked)
        later = await slack.mention("U1", "C1", "Thanks!")
        await slack.settled("C1", later)
    assert slack.screen("C1", asked) == ["Hold the button for ten seconds."]
    assert model.asked == ["How do I reset the hub?", "Thanks!"]


@pytest.mark.parametrize("tokens", [SOCKET, HTTP], ids=["socket", "http"])
async def test_a_customer_asks_twice_and_the_second_answer_knows_the_first(
    slack: Slack, tmp_path: Path, tokens: SlackTokens
) -> None:
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant, tokens=tokens):
        asked = await slack.mention("U1", "C1", "What does the hub cost?")
        await slack.settled("C1", asked)
        await slack.say("U1", "C1", "And the big one?", thread_ts=asked)
        await slack.settled("C1", asked, 2)
    assert slack.screen("C1", asked)[-1] == "Yes."
    assert [past.question for past in model.prompts[1].history] == ["What does the hub cost?"]


async def test_a_redelivered_event_is_answered_once(slack: Slack, tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
        asked = await slack.mention("U1", "C1", "Hello?")
        await slack.settled("C1", asked)
        await slack.redeliver(asked)
        other = await slack.mention("U1", "C2", "Another one?")
        await slack.settled("C2", other)
    assert slack.screen("C1", asked) == ["Yes."]
    assert len(model.prompts) == 2


async def test_an_event_whose_acknowledgement_is_lost_is_answered_once(slack: Slack, tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
        slack.socket.acknowledgements_to_lose = 1
        delivery = asyncio.create_task(slack.direct_message("U1", "Hello?"))
        await slack.until(lambda: slack.calls("chat.stopStream"))
        await slack.socket.drop()
        await delivery
        other = await slack.direct_message("U2", "Another one?")
        await slack.settled("D_U2", other)
    assert model.asked == ["Hello?", "Another one?"]


async def test_a_direct_message_is_one_conversation_inside_and_outside_threads(slack: Slack, tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
        first = await slack.direct_message("U1", "First")
        await slack.settled("D_U1", first)
        await slack.direct_message("U1", "Below the first", thread_ts=first)
        await slack.settled("D_U1", first, 2)
        third = await slack.direct_message("U1", "Third")
        await slack.settled("D_U1", third)
    assert [past.question for past in model.prompts[2].history] == ["First", "Below the first"]
    assert slack.screen("D_U1", third) == ["Yes."]


async def test_nobody_sees_what_another_customer_wrote_directly(slack: Slack, tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
        await slack.settled("D_U1", await slack.direct_message("U1", "My order is late"))
        await slack.settled("D_U2", await slack.direct_message("U2", "And mine?"))
    assert model.prompts[1].history == ()


async def test_a_thread_that_she_takes_part_in_is_followed_and_others_are_not(slack: Slack, tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
        chat = await slack.say("U1", "C1", "Lunch, anyone?")
        await slack.say("U2", "C1", "Yes", thread_ts=chat)
        asked = await slack.mention("U1", "C1", "Hub?")
        await slack.settled("C1", asked)
        await slack.say("U2", "C1", "<@U1> did that help you?", thread_ts=asked)
        await slack.say("U2", "C1", "And for me?", thread_ts=asked)
        await slack.settled("C1", asked, 2)
    assert model.asked == ["Hub?", "And for me?"]


async def test_several_conversations_are_answered_at_once(slack: Slack, tmp_path: Path) -> None:
    gate = asyncio.Event()
    model = ScriptedModel(["A slow ", gate, "answer"], ["Quick answer"])
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
        slow = await slack.direct_message("U1", "One")
        await slack.until(lambda: slack.replies("D_U1", slow))
        quick = await slack.direct_message("U2", "Two")
        assert [m.shown for m in await slack.settled("D_U2", quick)] == ["Quick answer"]
        gate.set()
        assert [m.shown for m in await slack.settled("D_U1", slow)] == ["A slow answer"]


async def test_machines_and_notices_are_ignored(slack: Slack, tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
        await slack.direct_message("U1", "I am a machine", bot_id="B9")
        await slack.say("U0BOT", "D_U1", "Myself", bot_id="B0BOT")
        await slack.direct_message("U1", "joined", subtype="channel_join")
        await slack.direct_message("U1", "posted", subtype="bot_message")
        await slack.settled("D_U1", await slack.direct_message("U1", "A question"))
    assert model.asked == ["A question"]


async def test_what_customers_type_reaches_the_model_as_they_meant_it(slack: Slack, tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
        text = "ask <@U2|ann> in <#C2|help> about <https://zennest.example|the site> &amp; 3 &lt; 4"
        await slack.settled("C1", await slack.mention("U1", "C1", text))
    assert model.prompts[0].question == "ask @ann in #help about the site (https://zennest.example) & 3 < 4"


async def test_a_file_without_words_gets_the_sentence_about_attachments(slack: Slack, tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        sent = await slack.direct_message("U1", "", subtype="file_share", files=[{"id": "F1"}])
        await slack.settled("D_U1", sent)
    assert slack.screen("D_U1", sent)[0].startswith(PERSONA.sentences.attachment)


async def test_an_edited_question_changes_the_history_and_a_preview_does_not(slack: Slack, tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
        asked = await slack.mention("U1", "C1", "What does the hup cost?")
        await slack.settled("C1", asked)
        await slack.unfurl("C1", asked)
        await slack.edit("C1", asked, "<@U0BOT> What does the hub cost?")
        await slack.say("U1", "C1", "And why?", thread_ts=asked)
        await slack.settled("C1", asked, 2)
    assert [past.question for past in model.prompts[1].history] == ["What does the hub cost?"]


async def test_her_own_rewriting_of_a_message_is_no_edit_by_a_customer(slack: Slack, tmp_path: Path) -> None:
    model = ScriptedModel()
    slack.refuse("chat.stopStream", "internal_error", times=2)
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
        slack.workspace.expire_after = 0
        asked = await slack.direct_message("U1", "One")
        await slack.until(lambda: slack.calls("chat.update"))
        await slack.settled("D_U1", await slack.direct_message("U1", "Two"))
    assert [past.question for past in model.prompts[1].history] == ["One"]
    assert slack.screen("D_U1", asked) == ["Yes."]


@pytest.mark.parametrize("whose", ["question", "answer", "question with replies"])
async def test_a_deleted_message_takes_its_turn_out_of_the_history(slack: Slack, tmp_path: Path, whose: str) -> None:
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
        head = await slack.mention("U1", "C1", "First")
        await slack.settled("C1", head)
        second = await slack.say("U1", "C1", "Second", thread_ts=head)
        replies = await slack.settled("C1", head, 2)
        target = {"question": second, "answer": replies[1].ts, "question with replies": head}[whose]
        left = ["Second"] if whose == "question with replies" else ["First"]
        conversation = Conversation("slack", TEAM, "C1", head)
        await slack.delete("C1", target)

        async def only_the_other_is_left() -> bool:
            return [past.question for past in await assistant.history(conversation, 9)] == left

        await eventually(only_the_other_is_left)
        await slack.say("U1", "C1", "Third", thread_ts=head)
        await slack.until(lambda: len(model.prompts) == 3)
    assert [past.question for past in model.prompts[2].history] == left


async def test_feedback_is_kept_and_thanked_for_privately(slack: Slack, tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        asked = await slack.mention("U1", "C1", "Hub?")
        (reply,) = await slack.settled("C1", asked)
        assert [value.split()[0] for value in reply.buttons] == ["up", "down"]
        response = await slack.click("U1", "C1", reply.ts, reply.buttons[1])
        await slack.until(lambda: slack.workspace.responses.get(response))
        assert await assistant.rate(int(reply.buttons[1].split()[1]), "U1", "up")
    (thanks,) = slack.workspace.responses[response]
    assert thanks["response_type"] == "ephemeral"
    assert thanks["text"] == "Thank you, that helps."
    assert len(slack.screen("C1", asked)) == 1


async def test_feedback_works_after_a_restart_and_says_so_when_the_answer_is_gone(slack: Slack, tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        asked = await slack.direct_message("U1", "Hub?")
        (reply,) = await slack.settled("D_U1", asked)
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        kept = await slack.click("U1", "D_U1", reply.ts, reply.buttons[0])
        await slack.until(lambda: slack.workspace.responses.get(kept))
        await assistant.reset(Conversation("slack", TEAM, "D_U1"))
        gone = await slack.click("U1", "D_U1", reply.ts, reply.buttons[0])
        await slack.until(lambda: slack.workspace.responses.get(gone))
    assert slack.workspace.responses[kept][0]["text"] == "Thank you, that helps."
    assert "not kept" in str(slack.workspace.responses[gone][0]["text"])


async def test_only_an_answer_that_can_be_rated_has_buttons(slack: Slack, tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        asked = await slack.direct_message("U1", "...")
        (reply,) = await slack.settled("D_U1", asked)
    assert reply.shown.startswith(PERSONA.sentences.empty)
    assert reply.buttons == []


async def test_while_she_thinks_there_is_a_status(slack: Slack, tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        asked = await slack.mention("U1", "C1", "Hub?")
        await slack.settled("C1", asked)
    (status,) = slack.workspace.statuses
    assert (status["channel_id"], status["thread_ts"], status["status"]) == ("C1", asked, "is thinking…")
    methods = [call.method for call in slack.workspace.calls]
    assert methods.index("assistant.threads.setStatus") < methods.index("chat.startStream")


async def test_an_answer_needs_no_status(slack: Slack, tmp_path: Path) -> None:
    slack.refuse("assistant.threads.setStatus", "missing_scope")
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        asked = await slack.mention("U1", "C1", "Hub?")
        assert [m.shown for m in await slack.settled("C1", asked)] == ["Yes."]


async def test_opening_the_messages_greets_once_and_offers_four_questions(slack: Slack, tmp_path: Path) -> None:
    helpful = replace(PERSONA, suggestions=("One?", "Two?", "Three?", "Four?", "Five?"))
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant, who=helpful):
        await slack.open_home("U1", "messages")
        await slack.until(lambda: slack.workspace.messages)
        await slack.open_home("U1", "messages")
        await slack.until(lambda: len(slack.calls("conversations.history")) == 2)
        await slack.settled("D_U1", await slack.direct_message("U1", "Hub?"))
    greeting = slack.workspace.messages[0]
    assert greeting.shown == f"{PERSONA.greeting}\n\n{PERSONA.disclosure}"
    assert len(slack.calls("chat.postMessage")) == 1
    offered = [prompt["message"] for prompt in cast("list[Json]", slack.workspace.prompts[0]["prompts"])]
    assert offered == ["One?", "Two?", "Three?", "Four?"]
    assert "thread_ts" not in slack.workspace.prompts[0]


async def test_the_home_says_who_she_is_and_that_she_is_automated(slack: Slack, tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        await slack.open_home("U1", "home")
        await slack.until(lambda: slack.workspace.homes)
    header, greeting, context, _ = cast("list[Json]", slack.workspace.homes["U1"]["blocks"])
    assert within(header, "text", "text") == PERSONA.name
    assert within(greeting, "text", "text") == PERSONA.greeting
    assert PERSONA.disclosure in str(context)
