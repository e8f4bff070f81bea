"""A customer asks for a person: people are told, she is silent, and answers again when she is handed back."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.admin.board import Notice, ShowError
from bot.admin.calls import Call, Caller
from bot.admin.replies import Reply
from bot.conversation import Conversation
from tests.admin.kit import WEB, answered, audited, open_small, until
from tests.admin_kit import ELSEWHERE, HERE, HOME, MEMBER, OWNER, SUPPORT, Scene, Wall
from tests.kit import PERSONA

OTHER = Caller("discord", HOME, "4", "Max")
IN_SUPPORT = Conversation("discord", HOME, SUPPORT)
LINK = "https://discord.com/channels/100/300"
SENTENCES = PERSONA.sentences


async def handed_over(scene: Scene, wall: Wall, where: Conversation = HERE) -> Reply:
    """Let a customer ask for a person."""
    scene.admin.serve("discord", wall.notice)
    return await scene.admin.do(Call(MEMBER, "human", where, link=LINK))


def pressed(notice: Notice, caller: Caller, where: Conversation) -> Call:
    """Return the press of the button on a notice."""
    [button] = notice.buttons
    return Call(caller, button.command, where, dict(button.given))


async def test_people_are_told_in_their_channel_with_the_way_there(tmp_path: Path) -> None:
    wall = Wall()
    async with open_small(tmp_path) as scene:
        reply = await handed_over(scene, wall)
        [(channel, notice)] = wall.notices
        assert channel == SUPPORT
        assert LINK in notice.text
        assert "#1" in notice.text
        assert [button.command for button in notice.buttons] == ["sarah hand-back"]
        assert reply == Reply(f"{SENTENCES.handed_over} {PERSONA.handoff}", public=True)
        [handoff] = await scene.store.handoffs.every_open()
        assert (handoff.asked_by, handoff.link, handoff.notice) == ("3", LINK, f"discord:{SUPPORT}:n1")


async def test_she_is_silent_for_everybody_there_and_nowhere_else(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        await handed_over(scene, Wall())
        assert await answered(scene, "Hello?") is None
        assert await answered(scene, "Hello?", "4") is None
        assert await answered(scene, "Hello?", "3", replace(HERE, channel="301"))
        assert (await scene.give("ask", MEMBER, question="Hello?")).text == SENTENCES.with_person


async def test_she_stays_silent_across_a_restart_until_she_is_handed_back(tmp_path: Path) -> None:
    wall = Wall()
    async with open_small(tmp_path) as scene:
        await handed_over(scene, wall)
    async with open_small(tmp_path) as scene:
        assert await answered(scene, "Hello?") is None
        await scene.admin.do(pressed(wall.notices[0][1], OTHER, IN_SUPPORT))
        assert await answered(scene, "Hello again?")


@pytest.mark.parametrize(
    ("caller", "where"),
    [
        (OTHER, IN_SUPPORT),
        (OWNER, Conversation("discord", HOME, "777")),
        (MEMBER, HERE),
    ],
    ids=["somebody in the support channel", "an admin anywhere", "the customer"],
)
async def test_she_is_handed_back_by(tmp_path: Path, caller: Caller, where: Conversation) -> None:
    wall = Wall()
    async with open_small(tmp_path) as scene:
        await handed_over(scene, wall)
        reply = await scene.admin.do(pressed(wall.notices[0][1], caller, where))
        assert reply.text == f"{SENTENCES.handed_back} (#1)"
        assert reply.public
        assert await answered(scene, "Hello?")
        ended = await scene.store.handoffs.get(1)
        assert ended
        assert ended.ended_by == caller.who
        assert ((caller.who, "hand back") in audited(scene)) == (where != HERE)


async def test_the_customer_hands_back_without_any_number(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        await handed_over(scene, Wall())
        assert (await scene.give("sarah hand-back", MEMBER)).text == f"{SENTENCES.handed_back} (#1)"


@pytest.mark.parametrize(
    ("caller", "where"),
    [
        (OTHER, Conversation("discord", HOME, "777")),
        (Caller("discord", ELSEWHERE, "8", "Stan", manages=True), Conversation("discord", ELSEWHERE, "400")),
        (Caller("discord", "", "4", "Max"), Conversation("discord", "", "500")),
        (Caller("slack", "T1", "4", "Max"), Conversation("slack", "T1", SUPPORT)),
        (replace(OWNER, is_bot=True), IN_SUPPORT),
    ],
    ids=["a member elsewhere", "another's admin", "a direct message", "a twin channel of Slack", "a bot"],
)
async def test_nobody_else_hands_her_back(tmp_path: Path, caller: Caller, where: Conversation) -> None:
    wall = Wall()
    async with open_small(tmp_path) as scene:
        await handed_over(scene, wall)
        reply = await scene.admin.do(pressed(wall.notices[0][1], caller, where))
        assert SENTENCES.handed_back not in reply.text
        assert not reply.public
        assert audited(scene)[0] == (caller.who, "refused")
        assert await answered(scene, "Hello?") is None


async def test_who_has_a_person_too_hands_back_only_the_own_conversation(tmp_path: Path) -> None:
    wall, away = Wall(), replace(HERE, channel="301")
    async with open_small(tmp_path) as scene:
        await handed_over(scene, wall)
        await handed_over(scene, wall, away)
        await scene.admin.do(pressed(wall.notices[0][1], OTHER, away))
        assert len(await scene.store.handoffs.every_open()) == 2


async def test_asking_twice_calls_nobody_twice(tmp_path: Path) -> None:
    wall = Wall()
    async with open_small(tmp_path) as scene:
        await handed_over(scene, wall)
        again = await handed_over(scene, wall)
        assert again == Reply(SENTENCES.with_person)
        assert len(wall.notices) == 1


async def test_handing_back_twice_says_that_it_was_done(tmp_path: Path) -> None:
    wall = Wall()
    async with open_small(tmp_path) as scene:
        await handed_over(scene, wall)
        back = pressed(wall.notices[0][1], OTHER, IN_SUPPORT)
        await scene.admin.do(back)
        assert (await scene.admin.do(back)).text == "Conversation #1 was handed back before."
        assert "nothing to hand back" in (await scene.give("sarah hand-back", MEMBER)).text
        assert "nothing to hand back" in (await scene.give("sarah hand-back", OWNER, handoff=99)).text


async def test_an_old_button_does_not_end_a_new_hand_off(tmp_path: Path) -> None:
    wall = Wall()
    async with open_small(tmp_path) as scene:
        await handed_over(scene, wall)
        old = pressed(wall.notices[0][1], OTHER, IN_SUPPORT)
        await scene.admin.do(old)
        await handed_over(scene, wall)
        await scene.admin.do(old)
        assert await answered(scene, "Hello?") is None


@pytest.mark.parametrize("serves", [True, False], ids=["no channel is named", "the platform is not served"])
async def test_where_nobody_can_be_told_the_customer_is_and_she_goes_on(tmp_path: Path, serves: bool) -> None:  # noqa: FBT001 - the two cases
    changes = {"sarah_support_channels": ""} if serves else {}
    async with open_small(tmp_path, **changes) as scene:
        if serves:
            scene.admin.serve("discord", Wall().notice)
        reply = await scene.give("human", MEMBER)
        assert reply == Reply(f"{SENTENCES.no_person} {PERSONA.handoff}")
        assert await answered(scene, "Hello?")


@pytest.mark.parametrize("lasting", [True, False])
async def test_where_the_post_fails_nobody_is_handed_over(tmp_path: Path, lasting: bool) -> None:  # noqa: FBT001 - the two cases
    async def post(_: str, __: Notice) -> str:
        raise ShowError("no such channel", lasting=lasting)

    async with open_small(tmp_path) as scene:
        scene.admin.serve("discord", post)
        reply = await scene.give("human", MEMBER)
        assert reply == Reply(f"{SENTENCES.no_person} {PERSONA.handoff}")
        assert await answered(scene, "Hello?")
        assert await scene.store.handoffs.every_open() == []


async def test_whatever_breaks_while_people_are_told_she_is_not_left_silent(tmp_path: Path) -> None:
    async def post(_: str, __: Notice) -> str:
        raise ValueError("a fault of ours")

    async with open_small(tmp_path) as scene:
        scene.admin.serve("discord", post)
        assert "the fault is ours" in (await scene.give("human", MEMBER)).text
        assert await answered(scene, "Hello?")


async def test_a_customer_whom_a_stop_kept_from_being_announced_is_at_the_next_start(tmp_path: Path) -> None:
    stopped, wall = asyncio.Event(), Wall()

    async def post(_: str, __: Notice) -> str:
        stopped.set()
        await asyncio.Event().wait()
        return "never"

    async with open_small(tmp_path) as scene:
        scene.admin.serve("discord", post)
        asking = asyncio.create_task(scene.admin.do(Call(MEMBER, "human", HERE, link=LINK)))
        await stopped.wait()
        asking.cancel()
        await asyncio.wait([asking])
    for starts in (False, True):
        async with open_small(tmp_path) as scene:
            stopped.clear()
            scene.admin.serve("discord", wall.notice if starts else post)
            await until(lambda starts=starts: wall.notices if starts else stopped.is_set())
    assert ["#1" in notice.text for _, notice in wall.notices] == [True]


async def test_a_customer_of_the_web_page_is_announced_where_people_are(tmp_path: Path) -> None:
    wall, visitor = Wall(), Caller("web", "", "w1", "somebody")
    async with open_small(tmp_path) as scene:
        scene.admin.serve("discord", wall.notice)
        reply = await scene.give("human", visitor, WEB)
        assert reply.public
        [(channel, notice)] = wall.notices
        assert channel == SUPPORT
        assert "on web" in notice.text
        ended = await answered(scene, "Hello?", "w1", WEB)
        assert ended
        assert ended.text.startswith(SENTENCES.with_person)


async def test_where_no_message_stands_people_are_told_again_at_every_start(tmp_path: Path) -> None:
    notices: list[Notice] = []

    async def post(_: str, notice: Notice) -> str:
        notices.append(notice)
        return ""

    async with open_small(tmp_path) as scene:
        scene.admin.serve("discord", post)
        await scene.admin.do(Call(MEMBER, "human", HERE, link=LINK))
    for starts in (2, 3):
        async with open_small(tmp_path) as scene:
            scene.admin.serve("discord", post)
            await until(lambda starts=starts: len(notices) == starts)
            assert await answered(scene, "Hello?") is None
    assert [(notice.text, notice.buttons) for notice in notices[1:]] == [(notices[0].text, notices[0].buttons)] * 2


async def test_where_a_message_stands_nobody_is_told_a_second_time(tmp_path: Path) -> None:
    wall, other = Wall(), Wall()
    async with open_small(tmp_path) as scene:
        await handed_over(scene, wall)
        # One that was told of nowhere: once it is announced, everything before it was looked at.
        await scene.store.handoffs.begin(replace(HERE, channel="301"), "3", 1.0, "")
    async with open_small(tmp_path) as scene:
        scene.admin.serve("discord", other.notice)
        await until(lambda: other.notices)
    assert ["#2" in notice.text for _, notice in other.notices] == [True]


async def test_a_notice_knows_for_how_long_somebody_waits(tmp_path: Path) -> None:
    wall = Wall()
    async with open_small(tmp_path) as scene:
        await handed_over(scene, wall)
        [(_, notice)] = wall.notices
        assert notice.is_open()
        await scene.admin.do(pressed(notice, OTHER, IN_SUPPORT))
        assert not notice.is_open()
        await handed_over(scene, wall)
        assert not notice.is_open()


async def test_an_admin_sees_who_waits_and_hands_back_from_there(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        await handed_over(scene, Wall())
        status = await scene.give("sarah status", OWNER, replace(HERE, channel="777"))
        assert "waiting for a person: 1" in status.text
        await scene.press(status, "Hand back #1")
        assert await answered(scene, "Hello?")
