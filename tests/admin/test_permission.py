"""Who may give commands, decided anew at every call and every press of a button."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.admin.calls import Caller
from bot.conversation import Conversation
from tests.admin.kit import audited, open_small, uploaded
from tests.admin_kit import ELSEWHERE, HERE, HOME, MEMBER, OWNER, SECOND

STRANGER = Caller("discord", ELSEWHERE, "8", "Stan", manages=True, moderates=True)
LISTED = {"sarah_admins": "discord:3, slack:U3"}


async def test_who_loses_the_right_loses_it_at_the_next_press(home: Path) -> None:
    async with open_small(home) as scene:
        asked = await scene.give("train start", dataset="lamps")
        refused = await scene.press(asked, "Start", replace(OWNER, manages=False))
        assert "Manage Server" in refused.text
        assert refused.run == ""
        assert scene.registry.unfinished() == []
        assert (await scene.press(asked, "Start")).run


async def test_who_gains_the_right_has_it_at_the_next_call(home: Path) -> None:
    async with open_small(home) as scene:
        assert "Manage Server" in (await scene.give("data list", MEMBER)).text
        assert "lamps" in (await scene.give("data list", replace(MEMBER, manages=True))).text


async def test_whom_the_settings_name_is_an_admin_without_any_right_of_the_platforms(home: Path) -> None:
    async with open_small(home, **LISTED) as scene:
        assert "lamps" in (await scene.give("data list", MEMBER)).text
        assert "Only people who may" in (await scene.give("data list", replace(MEMBER, user="4"))).text


async def test_an_id_that_is_named_on_one_platform_is_nobody_on_another(home: Path) -> None:
    async with open_small(home, **LISTED) as scene:
        twin = Caller("slack", "T1", "3", "Mia")
        assert "owners and admins" in (await scene.give("data list", twin, Conversation("slack", "T1", "C1"))).text


async def test_an_admin_of_another_workspace_is_told_how_it_becomes_a_home(home: Path) -> None:
    async with open_small(home) as scene:
        reply = await scene.give("model promote", STRANGER, model=scene.registry.models()[0].id)
        assert "SARAH_HOME_WORKSPACES" in reply.text
        assert f"discord:{ELSEWHERE}" in reply.text
        assert scene.registry.champion() is None


async def test_a_home_of_one_platform_is_none_of_another_that_has_the_same_id(home: Path) -> None:
    async with open_small(home) as scene:
        twin = Caller("slack", HOME, "U9", "Sue", manages=True)
        assert "SARAH_HOME_WORKSPACES" in (await scene.give("data list", twin, Conversation("slack", HOME, "C1"))).text


async def test_nobody_is_at_home_where_the_settings_name_no_home(home: Path) -> None:
    async with open_small(home, sarah_home_workspaces="") as scene:
        assert "SARAH_HOME_WORKSPACES" in (await scene.give("data list")).text


@pytest.mark.parametrize("platform", ["web", "terminal"])
async def test_whoever_sits_at_the_operators_own_machine_is_at_home(home: Path, platform: str) -> None:
    async with open_small(home) as scene:
        operator = Caller(platform, "", "operator", "Op", manages=True)
        assert "lamps" in (await scene.give("data list", operator, Conversation(platform, "", "w1"))).text
        visitor = replace(operator, manages=False)
        assert "sign in" in (await scene.give("data list", visitor, Conversation(platform, "", "w1"))).text


async def test_an_admin_of_another_workspace_sets_how_she_behaves_there_and_nothing_else(home: Path) -> None:
    async with open_small(home) as scene:
        there = Conversation("discord", ELSEWHERE, "400")
        assert "answers: no" in (await scene.give("sarah channel", STRANGER, there, on="no")).text
        assert not scene.store.channels.rules(there).is_on
        model = scene.registry.models()[0].id
        refused = await scene.give("sarah channel", STRANGER, there, on="yes", model=model)
        assert "SARAH_HOME_WORKSPACES" in refused.text
        assert not scene.store.channels.rules(there).is_on
        assert audited(scene)[0] == (STRANGER.who, "refused")


async def test_a_refusal_is_logged_with_where_it_was_and_why(home: Path) -> None:
    async with open_small(home) as scene:
        reply = await scene.give("data delete", MEMBER, dataset="lamps", sure="yes")
        line = scene.registry.audit_log(1)[0]
        assert (line.by, line.action, line.subject) == (MEMBER.who, "refused", "data delete")
        assert line.detail == f"in discord:{HOME}: {reply.text}"
        assert not reply.public


async def test_what_is_offered_is_what_would_be_done(home: Path) -> None:
    async with open_small(home) as scene:
        await uploaded(scene, "fans")
        for caller, may in ((OWNER, True), (SECOND, True), (MEMBER, False), (STRANGER, False)):
            call = scene.call("data show", caller)
            assert scene.admin.may(caller, "data show") is may
            assert bool(await scene.admin.form(call)) is may
            assert bool(await scene.admin.complete(call, "dataset", "fan")) is may
        assert not scene.admin.may(OWNER, "data burn")


async def test_models_are_named_at_home_alone_though_channels_are_set_in_every_workspace(home: Path) -> None:
    async with open_small(home) as scene:
        assert scene.admin.may(STRANGER, "sarah channel")
        assert await scene.admin.complete(scene.call("sarah channel", STRANGER), "model", "") == []
        assert await scene.admin.complete(scene.call("sarah channel", OWNER), "model", "") != []


async def test_a_form_that_was_filled_in_before_the_right_was_lost_has_no_effect(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        said = {"question": "Does it hum?", "answer": "It does."}
        assert await scene.admin.form(scene.call("data add-example", OWNER, HERE))
        await scene.give("data add-example", replace(OWNER, manages=False), HERE, **said)
        assert not (tmp_path / "drafts").exists()
