"""A customer who wants a person, in Slack."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kit import PERSONA, ScriptedModel, broken
from tests.platforms.slack_scene import ADMIN, CUSTOMER, office, shown
from tests.servers.slack import Slack, open_slack
from tests.servers.slack_kit import SUPPORT

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
