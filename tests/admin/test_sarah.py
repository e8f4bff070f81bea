"""`sarah`: how she is, how she behaves in a channel, how much customers may ask, and who changed what."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.admin.admin import Admin
from bot.admin.calls import Caller
from bot.admin.catalogue import COMMANDS
from bot.conversation import Conversation
from tests.admin.kit import SLACK, WEB, answered, audited, idle, open_small, started
from tests.admin.test_model import models
from tests.admin_kit import HERE, HOME, MEMBER, OWNER, SECOND
from tests.kit import PERSONA, ScriptedModel
from tests.store_kit import look

THREAD = replace(HERE, thread="77")


async def test_status_tells_who_answers_what_goes_on_and_what_was_spent(home: Path) -> None:
    async with idle(home) as opened:
        states = {"discord": "up", "slack": "down"}
        office = replace(opened.office, platforms=states, answering=lambda: "model-7")
        scene = replace(opened, office=office, admin=Admin(office, COMMANDS))
        run = await started(scene, "lamps")
        scene.registry.update_run(run, state="running", step="watch", job="j1", cost_usd=2.5)
        text = (await scene.give("sarah status")).text
        assert "discord up, slack down" in text
        assert "answers: model-7" in text
        assert f"{run} running at watch" in text
        assert "about $2.50" in text
        assert "one run may cost $25.00; above $10.00 a second admin approves" in text
        assert "2 datasets, 2 models" in text
        assert "Python 3." in text
        assert "canary: none" in text


async def test_status_tells_of_a_canary_that_runs(home: Path) -> None:
    async with open_small(home) as scene:
        model = models(scene)[0]
        await scene.give("canary start", model=model, share=25)
        assert f"canary: {model} has 25 % of the conversations" in (await scene.give("sarah status")).text


async def test_a_month_old_run_is_not_in_what_was_spent(home: Path) -> None:
    now = [1_000_000.0]
    async with idle(home, clock=lambda: now[0]) as scene:
        run = await started(scene, "lamps")
        scene.registry.update_run(run, at=now[0], state="running", cost_usd=2.5)
        assert "about $0.00" in (await scene.give("sarah status")).text
        scene.registry.update_run(run, job="j1")
        assert "about $2.50" in (await scene.give("sarah status")).text
        now[0] += 31 * 24 * 3600
        assert "about $0.00" in (await scene.give("sarah status")).text


async def test_a_channel_is_switched_off_and_on(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        reply = await scene.give("sarah channel", on="no")
        assert reply.text.startswith("From now on in this channel:\n- answers: no")
        assert await answered(scene, "Hello?") is None
        assert await answered(scene, "Hello?", "3", THREAD) is None
        assert await answered(scene, "Hello?", "3", replace(HERE, channel="301"))
        await scene.give("sarah channel", on="yes")
        assert await answered(scene, "Hello?")
        assert audited(scene)[:2] == [(OWNER.who, "change channel")] * 2


async def test_asking_how_a_channel_is_changes_nothing(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        reply = await scene.give("sarah channel")
        assert reply.text == (
            "In this channel:\n- answers: yes\n- goes on in threads: yes\n- model: the champion\n"
            "- told besides: nothing"
        )
        assert audited(scene) == []
        assert look(tmp_path / "sarah.db", "SELECT * FROM channels") == []


async def test_what_she_is_told_besides_reaches_the_model_and_is_taken_back_with_a_dash(tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_small(tmp_path, model) as scene:
        await scene.give("sarah channel", instructions="Speak of lamps only.")
        await answered(scene, "Hello?")
        assert "Speak of lamps only." in model.prompts[0].persona.instructions
        await scene.give("sarah channel", instructions="-")
        await answered(scene, "Hello?")
        assert model.prompts[1].persona.instructions == PERSONA.instructions


async def test_more_than_she_reads_is_refused(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        reply = await scene.give("sarah channel", on="no", instructions="x" * 2001)
        assert "2,001 characters, and 2,000 are read" in reply.text
        assert scene.store.channels.rules(HERE).is_on


async def test_threads_are_followed_only_where_a_channel_wants_it(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        await answered(scene, "Hello?", "3", THREAD)
        assert await scene.assistant.knows(THREAD)
        await scene.give("sarah channel", follow_threads="no")
        assert not await scene.assistant.knows(THREAD)


async def test_what_was_said_of_a_channel_and_of_limits_holds_after_a_restart(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        await scene.give("sarah channel", on="no")
        await scene.give("sarah limits", per_minute=1)
    async with open_small(tmp_path) as scene:
        assert await answered(scene, "Hello?") is None
        assert "`per-minute`: 1 " in (await scene.give("sarah limits")).text


async def test_there_are_no_channels_on_the_web_page(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        reply = await scene.give("sarah channel", Caller("web", "", "w1", "Op", manages=True), WEB, on="no")
        assert "There are no channels here" in reply.text
        assert await answered(scene, "Hello?", "w1", WEB)


async def test_limits_hold_at_once(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        reply = await scene.give("sarah limits", SECOND, per_minute=1, longest_question=100)
        assert "`per-minute`: 1 messages" in reply.text
        assert "`longest-question`: 100 " in reply.text
        assert audited(scene)[0] == (SECOND.who, "change limits")
        long = await answered(scene, "x" * 101, "4")
        assert long
        assert long.text.startswith(PERSONA.sentences.too_long)
        await answered(scene, "Hello?", "5")
        fast = await answered(scene, "Hello again?", "5")
        assert fast
        assert fast.text.startswith(PERSONA.sentences.too_fast)


@pytest.mark.parametrize("given", [{"per_minute": -1}, {"longest_question": 5}, {"waiting": 101}, {"waiting": 10**20}])
async def test_limits_out_of_bounds_change_nothing(tmp_path: Path, given: dict[str, object]) -> None:
    async with open_small(tmp_path) as scene:
        [name] = given
        assert f"`{name.replace('_', '-')}` must be" in (await scene.give("sarah limits", OWNER, HERE, **given)).text
        assert dict(scene.store.limits.values) == {}


async def test_the_log_tells_who_did_what_and_who_was_refused_the_newest_first(home: Path) -> None:
    async with open_small(home) as scene:
        await scene.give("sarah limits", SECOND, per_minute=7)
        await scene.give("data list", MEMBER)
        lines = (await scene.give("sarah audit", most=2)).text.splitlines()
        assert len(lines) == 2
        assert f"{MEMBER.who}: **refused** data list" in lines[0]
        assert f"{SECOND.who}: **change limits** customers" in lines[1]
        assert "7" in lines[1]


async def test_the_log_shows_nothing_that_formats_or_pings(home: Path) -> None:
    async with open_small(home) as scene:
        scene.registry.audit("discord:1", 1.0, "promote", "m", "**@everyone** <@1> [a](https://evil.example)\nnew line")
        text = (await scene.give("sarah audit", most=1)).text
        assert "\n" not in text
        assert "[a]" not in text
        assert "**@" not in text
        assert "<@1>" not in text


async def test_a_long_reason_is_cut_after_a_word(home: Path) -> None:
    async with open_small(home) as scene:
        scene.registry.audit("discord:1", 1.0, "promote", "m", "customers asked for it " * 20)
        text = (await scene.give("sarah audit", most=1)).text
        assert text.endswith("customers asked for it customers asked\u2026)")


async def test_nobody_has_changed_anything_yet(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        assert (await scene.give("sarah audit")).text == "Nobody has changed anything yet."


async def test_a_slack_channel_has_rules_of_its_own(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        admin = Caller("slack", "T1", "U1", "Sue", manages=True)
        await scene.give("sarah channel", admin, SLACK, on="no")
        assert await answered(scene, "Hello?", "U3", SLACK) is None
        assert await answered(scene, "Hello?", "U3", Conversation("slack", "T1", "C2"))
        assert await answered(scene, "Hello?", "3", Conversation("discord", HOME, "C1"))
