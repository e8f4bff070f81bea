"""What is kept within bounds, and what outlives a crash: wishes for a person, refusals, and comparisons."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bot.admin.office import WISHES
from bot.admin.rehearsal import SAMPLED
from bot.conversation import Conversation
from tests.admin.kit import audited, open_small, until
from tests.admin_kit import HERE, MEMBER, OWNER, SUPPORT, Scene, Wall
from tests.kit import OTHER_DATA, ScriptedModel
from training.evaluation.scorecard import read_all
from training.knowledge import Found, Knowledge


async def wishes(scene: Scene, amount: int, user: str = "3") -> list[str]:
    """Let somebody wish for a person in ever another channel."""
    return [
        (await scene.give("human", replace(MEMBER, user=user), replace(HERE, channel=f"{user}{at}"))).text
        for at in range(amount)
    ]


async def test_nobody_calls_more_people_in_a_minute_than_could_come(tmp_path: Path) -> None:
    wall, now = Wall(), [100.0]
    async with open_small(tmp_path, clock=lambda: now[0]) as scene:
        scene.admin.serve("discord", wall.notice)
        said = await wishes(scene, WISHES + 2)
        assert [scene.persona.sentences.too_fast in text for text in said] == [False] * WISHES + [True] * 2
        assert len(wall.notices) == WISHES
        # Somebody else is not held up by that, and a minute later nobody is.
        await wishes(scene, 1, user="4")
        now[0] += 61
        await wishes(scene, 1, user="3x")
    assert len(wall.notices) == WISHES + 2


async def test_a_customer_for_whom_a_crash_kept_anybody_from_being_told_is_announced_at_the_next_start(
    tmp_path: Path,
) -> None:
    async with open_small(tmp_path) as scene:
        assert await scene.store.handoffs.begin(HERE, "3", scene.office.clock(), "https://there")
    wall = Wall()
    async with open_small(tmp_path) as scene:
        scene.admin.serve("discord", wall.notice)
        await until(lambda: (opened := scene.store.handoffs.open_for(HERE)) and opened.notice)
        opened = scene.store.handoffs.open_for(HERE)
        assert opened
    [(channel, notice)] = wall.notices
    assert channel == SUPPORT
    assert "https://there" in notice.text
    assert opened.notice == f"discord:{SUPPORT}:n1"


async def test_conversations_that_people_have_are_named_by_platform(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        web = Conversation("web", "", "w1")
        for where in (HERE, web):
            await scene.store.handoffs.begin(where, "3", 1.0, "")
        assert await scene.admin.open_handoffs("web") == [web]


async def test_every_refusal_is_in_the_audit_log_and_none_stands_in_the_way_of_what_was_changed(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        await scene.give("sarah limits", per_minute=7)
        for _ in range(105):
            refused = await scene.give("data list", MEMBER)
            assert "Only people who may Manage Server" in refused.text
        assert audited(scene).count((MEMBER.who, "refused")) == 105
        assert "change limits" not in (await scene.give("sarah audit", most=100)).text
        told = (await scene.give("sarah audit", refusals="no")).text
        assert "change limits" in told
        assert "refused" not in told


async def test_four_who_compare_at_once_ask_the_model_once(tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_small(tmp_path, model) as scene:
        await asyncio.gather(*(scene.office.rehearsal.compared(["base"]) for _ in range(4)))
        once = len(model.prompts)
        await scene.office.rehearsal.compared(["base"])
    assert once == len(model.prompts)
    # A model that samples goes through each scenario three times.
    assert once == SAMPLED * sum(len(scenario.turns) for scenario in read_all(OTHER_DATA / "scenarios"))


async def test_customers_are_answered_while_models_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[threading.Thread] = set()
    look_up = Knowledge.passages

    def noted(self: Knowledge, question: str, before: str, limit: int) -> tuple[Found, ...]:
        threads.add(threading.current_thread())
        return look_up(self, question, before, limit)

    monkeypatch.setattr(Knowledge, "passages", noted)
    async with open_small(tmp_path) as scene:
        await scene.office.rehearsal.compared(["base"])
    assert threads
    assert threading.current_thread() not in threads


async def test_what_is_said_of_a_trouble_does_not_repeat_all_that_was_typed(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        reply = await scene.give("data show", OWNER, dataset="x" * 40_000)
    assert len(reply.text) <= 1500
