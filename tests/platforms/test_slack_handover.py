"""A customer who wants a person, in Slack."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from bot.conversation import Conversation, Event, Question
from tests.admin_kit import Scene
from tests.kit import PERSONA, ScriptedModel, broken
from tests.platforms.slack_scene import ADMIN, CUSTOMER, give, office, shown, told
from tests.servers.slack import Slack, open_slack
from tests.servers.slack_kit import SUPPORT, at_work, company, eventually
from tests.servers.slack_workspace import TEAM, Json

pytestmark = pytest.mark.asyncio

BUTTON = "Talk to a person"
UNKNOWN = f"I do not know. {PERSONA.handoff}"


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with open_slack() as served:
        yield served


async def test_a_customer_gets_a_person_in_the_thread_where_she_stays_silent_until_handed_back(
    slack: Slack, tmp_path: Path
) -> None:
    model = ScriptedModel(UNKNOWN)
    async with office(slack, tmp_path, model):
        asked = await slack.mention(CUSTOMER, "C1", "Can I pay in shells?")
        (answer,) = await slack.settled("C1", asked)
        assert (len(answer.buttons), list(answer.commands)) == (2, [BUTTON])
        await slack.press(CUSTOMER, answer, BUTTON)
        await slack.until(lambda: len(slack.replies("C1", asked)) == 2)
        await slack.say(CUSTOMER, "C1", "Are you there?", thread_ts=asked)
        (notice,) = [one for one in slack.workspace.messages if one.channel == SUPPORT]
        await slack.press("U7", notice, next(iter(notice.commands)))
        await slack.until(lambda: len([one for one in slack.workspace.messages if one.channel == SUPPORT]) == 2)
        await slack.say(CUSTOMER, "C1", "And now?", thread_ts=asked)
        await slack.until(lambda: len(slack.replies("C1", asked)) == 3)
    assert PERSONA.sentences.handed_over in slack.screen("C1", asked)[1]
    assert model.asked == ["Can I pay in shells?", "And now?"]
    link = f"https://zennest.slack.test/archives/C1/p{answer.ts.replace('.', '')}"
    assert link in notice.shown


async def test_without_a_link_people_are_told_all_the_same(slack: Slack, tmp_path: Path) -> None:
    slack.refuse("chat.getPermalink", "message_not_found")
    async with office(slack, tmp_path, ScriptedModel(UNKNOWN)):
        asked = await slack.mention(CUSTOMER, "C1", "Can I pay in shells?")
        (answer,) = await slack.settled("C1", asked)
        await slack.press(CUSTOMER, answer, BUTTON)
        await slack.until(lambda: [one for one in slack.workspace.messages if one.channel == SUPPORT])
    (notice,) = [one for one in slack.workspace.messages if one.channel == SUPPORT]
    assert [call.error for call in slack.calls("chat.getPermalink")] == ["message_not_found"]
    assert notice.shown == "A customer on slack asks for a person (conversation #1)."


async def test_in_a_direct_message_people_are_told_whose_it_is(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, ScriptedModel(UNKNOWN)):
        (answer,) = await slack.settled("D_U2", await slack.direct_message(CUSTOMER, "Can I pay in shells?"))
        await slack.press(CUSTOMER, answer, BUTTON)
        await slack.until(lambda: [one for one in slack.workspace.messages if one.channel == SUPPORT])
        (notice,) = [one for one in slack.workspace.messages if one.channel == SUPPORT]
        response, _ = await slack.command(CUSTOMER, "D_U2", "And now?")
        assert await shown(slack, response) == PERSONA.sentences.with_person
    assert f"https://zennest.slack.test/team/{CUSTOMER}" in notice.shown


async def test_an_answer_to_the_command_offers_a_person_too(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, ScriptedModel(UNKNOWN)):
        response, _ = await slack.command(CUSTOMER, "C1", "Can I pay in shells?")
        await shown(slack, response)
        pressed = await slack.press_response(CUSTOMER, "C1", response, BUTTON)
        assert PERSONA.sentences.handed_over in await shown(slack, pressed)
        again, _ = await slack.command(CUSTOMER, "C1", "And now?")
        assert await shown(slack, again) == PERSONA.sentences.with_person


async def test_a_failed_answer_that_cannot_be_rated_offers_a_person(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, ScriptedModel(broken())):
        (answer,) = await slack.settled("C1", await slack.mention(CUSTOMER, "C1", "Hub?"))
    assert (answer.buttons, list(answer.commands)) == ([], [BUTTON])


async def test_an_answer_that_helps_offers_no_person(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, ScriptedModel("Turn it.")):
        (answer,) = await slack.settled("C1", await slack.mention(CUSTOMER, "C1", "Hub?"))
    assert (len(answer.buttons), answer.commands) == (2, {})


async def test_whoever_is_neither_in_it_nor_an_admin_hands_nothing_back(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, ScriptedModel(UNKNOWN)) as scene:
        (answer,) = await slack.settled("D_U2", await slack.direct_message(CUSTOMER, "Can I pay in shells?"))
        await slack.press(CUSTOMER, answer, BUTTON)
        await slack.until(lambda: [one for one in slack.workspace.messages if one.channel == SUPPORT])
        (handoff,) = await scene.store.handoffs.every_open()
        for user, channel, is_open in (("U7", "C1", 1), (ADMIN, "C1", 0)):
            response, _ = await slack.command(user, channel, f"sarah hand-back handoff={handoff.id}")
            await slack.until(
                lambda used=response: (
                    slack.workspace.responses.get(used)
                    or [one for one in slack.workspace.messages if one.channel == "C1"]
                )
            )
            assert len(await scene.store.handoffs.every_open()) == is_open


async def _waiting(scene: Scene, model: ScriptedModel) -> bool:
    """Whether one question is being answered and another waits."""
    return len(model.asked) == 1 and len(await scene.assistant.unfinished("slack")) == 2


async def _none_left(scene: Scene) -> bool:
    return not await scene.assistant.unfinished("slack")


async def test_a_message_that_waits_while_a_person_takes_over_is_not_answered_and_its_status_taken_away(
    slack: Slack, tmp_path: Path
) -> None:
    gate = asyncio.Event()
    model = ScriptedModel([gate, "Turn it."])
    async with office(slack, tmp_path, model) as scene:
        first = await slack.direct_message(CUSTOMER, "Hub?")
        await slack.until(lambda: len(slack.workspace.statuses) == 1)
        second = await slack.direct_message(CUSTOMER, "Are you there?")
        await slack.until(lambda: len(slack.workspace.statuses) == 2)
        await eventually(lambda: _waiting(scene, model))
        await slack.command(CUSTOMER, "D_U2", "human")
        await slack.until(lambda: [one for one in slack.workspace.messages if one.channel == SUPPORT])
        gate.set()
        await slack.until(lambda: len(slack.workspace.statuses) == 3)
        await eventually(lambda: _none_left(scene))
    assert slack.screen("D_U2", first) == ["Turn it."]
    assert slack.screen("D_U2", second) == []
    thinking = "is thinking…"
    statuses = [(status["thread_ts"], status["status"]) for status in slack.workspace.statuses]
    assert statuses == [(first, thinking), (second, thinking), (second, "")]
    assert "loading_messages" not in slack.workspace.statuses[-1]


async def test_a_command_that_waits_while_a_person_takes_over_is_answered_with_why_to_its_author_alone(
    slack: Slack, tmp_path: Path
) -> None:
    gate = asyncio.Event()
    model = ScriptedModel([gate, "Turn it."])
    async with office(slack, tmp_path, model) as scene:
        first, _ = await slack.command(CUSTOMER, "C1", "Hub?")
        second, _ = await slack.command(CUSTOMER, "C1", "Are you there?")
        await eventually(lambda: _waiting(scene, model))
        assert PERSONA.sentences.handed_over in await give(slack, "human", CUSTOMER)
        gate.set()
        assert await shown(slack, first) == "Turn it."
        assert await shown(slack, second) == PERSONA.sentences.with_person
    (response,) = slack.workspace.responses[second]
    assert response["response_type"] == "ephemeral"
    assert [block["type"] for block in cast("list[Json]", response["blocks"])] == ["markdown"]
    assert [message.channel for message in slack.workspace.messages] == [SUPPORT]


async def test_a_command_of_an_earlier_process_that_waits_meanwhile_is_answered_with_why_too(
    slack: Slack, tmp_path: Path
) -> None:
    gate = asyncio.Event()
    own = Conversation("slack", TEAM, "C1", f"command {CUSTOMER}")
    model = ScriptedModel([gate, "Turn it."])
    async with company(tmp_path, model) as scene:
        left = scene.assistant.answer(Question(own, CUSTOMER, "trigger.1", "Hub?"))
        await anext(left)
        await cast("AsyncGenerator[Event]", left).aclose()
        answering = asyncio.create_task(_answered(scene, Question(own, CUSTOMER, "trigger.2", "And now?")))
        await eventually(lambda: _waiting(scene, model))
        async with at_work(slack, scene.assistant, admin=scene.admin):
            assert PERSONA.sentences.handed_over in await give(slack, "human", CUSTOMER)
            gate.set()
            await answering
            assert await told(slack, CUSTOMER, "C1") == PERSONA.sentences.with_person


async def _answered(scene: Scene, question: Question) -> None:
    async for _ in scene.assistant.answer(question):
        pass
