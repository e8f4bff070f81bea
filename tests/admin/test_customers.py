"""What customers ask for beside an answer: what is kept of them, erasing it, and starting over."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.admin.calls import Caller
from bot.admin.replies import Reply
from bot.conversation import Conversation
from tests.admin.kit import SLACK, answered, audited, marked, open_small
from tests.admin_kit import ELSEWHERE, HERE, MEMBER, OWNER, Scene
from tests.kit import PERSONA, ScriptedModel

OTHER = replace(MEMBER, user="4")
AWAY = Conversation("discord", ELSEWHERE, "400")
IN_SLACK = Caller("slack", "T1", "3", "Mia")


def content(home: Path) -> bytes:
    """Return every byte of what is kept of conversations."""
    return b"".join(path.read_bytes() for path in home.glob("sarah.db*"))


async def test_a_question_is_answered_in_private_as_in_the_channel(tmp_path: Path) -> None:
    model = ScriptedModel("Press the button.")
    async with open_small(tmp_path, model) as scene:
        reply = await scene.give("ask", MEMBER, question="How do I start it?")
        assert reply == Reply("Press the button.")
        assert model.asked == ["How do I start it?"]


async def test_a_question_that_arrives_twice_is_answered_once(tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_small(tmp_path, model) as scene:
        call = scene.call("ask", MEMBER, question="How do I start it?")
        assert (await scene.admin.do(call)).text == "Yes."
        assert "asked before" in (await scene.admin.do(call)).text
        assert len(model.asked) == 1


async def test_privacy_tells_what_is_kept_with_the_buttons_to_see_and_erase_it(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        reply = await scene.give("privacy", MEMBER)
        assert reply.text == PERSONA.privacy
        assert [button.command for button in reply.buttons] == ["export-me", "forget-me"]


async def exported(scene: Scene, caller: Caller, where: Conversation) -> list[dict[str, object]]:
    """Return what somebody gets who asks for everything that is kept of them."""
    reply = await scene.give("export-me", caller, where)
    [attached] = reply.attachments
    assert attached.name == "my-conversations.json"
    assert not reply.public
    return json.loads(attached.content)


async def test_everything_of_ones_own_is_exported_and_nothing_of_anybody_elses(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        await marked(scene, "Mine.")
        await answered(scene, "Somebody else's.", "4")
        [kept] = await exported(scene, MEMBER, HERE)
        assert (kept["question"], kept["answer"], kept["rating"]) == ("Mine.", "Yes.", "down")


async def test_a_person_of_discord_is_the_same_in_every_server_and_one_of_slack_in_one_workspace(
    tmp_path: Path,
) -> None:
    elsewhere = replace(SLACK, workspace="T2")
    async with open_small(tmp_path) as scene:
        for where in (HERE, AWAY, SLACK, elsewhere):
            await answered(scene, f"In {where.workspace}.", "3", where)
        assert [kept["question"] for kept in await exported(scene, MEMBER, HERE)] == ["In 100.", "In 200."]
        assert [kept["question"] for kept in await exported(scene, IN_SLACK, SLACK)] == ["In T1."]
        await scene.give("forget-me", MEMBER, sure="yes")
        await scene.give("forget-me", IN_SLACK, SLACK, sure="yes")
        left = [await scene.assistant.history(where, 10) for where in (HERE, AWAY, SLACK, elsewhere)]
        assert [len(turns) for turns in left] == [0, 0, 0, 1]


async def test_where_nothing_is_kept_that_is_said(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        assert (await scene.give("export-me", MEMBER)) == Reply("Nothing is kept of you here.")


async def test_who_is_forgotten_is_asked_first_and_then_gone_from_the_file(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        await answered(scene, "My name is Xanthippe.")
        await answered(scene, "I am Yorick.", "4")
        asked = await scene.give("forget-me", MEMBER)
        assert "gone for good" in asked.text
        assert await scene.assistant.history(HERE, 10)
        done = await scene.press(asked, "Erase", MEMBER)
        assert done.text.startswith("Done: 1 message of yours")
        assert [turn.question for turn in await scene.assistant.history(HERE, 10)] == ["I am Yorick."]
    kept = content(tmp_path)
    assert b"Xanthippe" not in kept
    assert b"Yorick" in kept


async def test_a_button_of_somebody_elses_forgets_whoever_presses_it(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        await answered(scene, "Mine.")
        asked = await scene.give("forget-me", MEMBER)
        await scene.press(asked, "Erase", OTHER)
        assert [turn.question for turn in await scene.assistant.history(HERE, 10)] == ["Mine."]


async def test_what_customers_do_for_themselves_is_in_no_log(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        for command in ("ask", "privacy", "human", "export-me"):
            await scene.give(command, MEMBER, HERE, **({"question": "Hello?"} if command == "ask" else {}))
        await scene.give("forget-me", MEMBER, sure="yes")
        assert audited(scene) == []


@pytest.mark.parametrize(
    ("caller", "where", "may"),
    [
        (MEMBER, HERE, False),
        (replace(MEMBER, moderates=True), HERE, True),
        (OWNER, HERE, True),
        (replace(MEMBER, workspace=""), Conversation("discord", "", "D3"), True),
        (Caller("slack", "T1", "U3", "Mia"), SLACK, True),
    ],
    ids=["a member of a server", "who moderates it", "its owner", "in a direct message", "in a thread of Slack's"],
)
async def test_a_conversation_is_forgotten_by_whose_it_is(
    tmp_path: Path,
    caller: Caller,
    where: Conversation,
    may: bool,  # noqa: FBT001 - the two cases
) -> None:
    async with open_small(tmp_path) as scene:
        await answered(scene, "Hello?", caller.user, where)
        reply = await scene.give("reset", caller, where)
        assert (await scene.assistant.history(where, 10) == []) is may
        assert ("forgotten" in reply.text) is may
        assert audited(scene) == ([] if may else [(caller.who, "refused")])
