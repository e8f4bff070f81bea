"""What admins say of a channel, and how she keeps to it; limits that they set, and messages about runs."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from bot.assistant import Assistant, Policy
from bot.conversation import Answered, Conversation, Event, Question, StartupError, Unfinished
from bot.models.briefing import opening
from bot.store import ChannelRules, Shown, Store, StoreError, open_store
from tests.kit import PERSONA, ScriptedModel, open_assistant
from tests.store_kit import HERE, change, look

DIRECT = Conversation("slack", "T1", "D1")
WEB = Conversation("web", "", "token")
ids = count(1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sarah.db"


@pytest.fixture
async def store(path: Path) -> AsyncGenerator[Store]:
    async with open_store(path) as opened:
        yield opened


async def ask(assistant: Assistant, conversation: Conversation = HERE, text: str = "does it dim?") -> list[Event]:
    question = Question(conversation, "U1", f"m{next(ids)}", text)
    return [event async for event in assistant.answer(question)]


async def said(assistant: Assistant, conversation: Conversation = HERE, text: str = "does it dim?") -> str:
    """Return an answer without its reference."""
    *_, last = await ask(assistant, conversation, text)
    assert isinstance(last, Answered)
    return last.text.partition(" (#")[0]


# What is kept.


async def test_a_channel_that_nobody_spoke_of_is_on_and_has_nothing_of_its_own(store: Store) -> None:
    assert store.channels.rules(HERE) == ChannelRules(is_on=True, instructions="", model="", follows_threads=True)


async def test_a_change_leaves_the_other_rules_as_they_were_and_survives_a_restart_with_who_made_it(path: Path) -> None:
    async with open_store(path) as store:
        await store.channels.change(HERE, "slack:U1", 1.0, instructions="Be brief.", model="model-1")
        changed = await store.channels.change(HERE, "slack:U2", 2.0, is_on=False)
        assert changed == store.channels.rules(HERE) == ChannelRules(False, "Be brief.", "model-1", True)  # noqa: FBT003 - in their order
    async with open_store(path) as store:
        assert store.channels.rules(HERE) == changed
    who = "SELECT platform, workspace, channel, changed_by, changed_at FROM channels"
    assert look(path, who) == [("slack", "T1", "C1", "slack:U2", 2.0)]


async def test_two_admins_who_change_different_rules_at_once_both_get_their_way(store: Store) -> None:
    await asyncio.gather(
        store.channels.change(HERE, "slack:U1", 1.0, model="model-1"),
        store.channels.change(HERE, "slack:U2", 1.0, follows_threads=False),
    )
    assert store.channels.rules(HERE) == ChannelRules(model="model-1", follows_threads=False)


async def test_the_rules_hold_in_every_thread_of_the_channel_and_in_no_other_channel(store: Store) -> None:
    await store.channels.change(HERE, "slack:U1", 1.0, is_on=False)
    assert not store.channels.rules(replace(HERE, thread="")).is_on
    others = [replace(HERE, **{part: "other"}) for part in ("platform", "workspace", "channel")]
    assert all(store.channels.rules(other).is_on for other in others)


async def test_a_change_that_cannot_be_kept_does_not_hold(store: Store, path: Path) -> None:
    change(path, "ALTER TABLE channels RENAME TO elsewhere")
    with pytest.raises(StoreError):
        await store.channels.change(HERE, "slack:U1", 1.0, is_on=False)
    assert store.channels.rules(HERE).is_on


async def test_a_change_whose_caller_gave_up_holds_as_it_is_kept(path: Path) -> None:
    async with open_store(path) as store:
        changing = asyncio.create_task(store.channels.change(HERE, "slack:U1", 1.0, is_on=False))
        await asyncio.sleep(0)
        changing.cancel()
        await store.knows(HERE)
        assert not store.channels.rules(HERE).is_on
    assert look(path, "SELECT is_on FROM channels") == [(0,)]


async def test_a_file_whose_channels_cannot_be_read_is_refused_with_the_way_out(path: Path) -> None:
    async with open_store(path):
        pass
    change(path, "ALTER TABLE channels RENAME TO elsewhere")
    with pytest.raises(StartupError, match=r"no such table: channels.*SARAH_HOME"):
        async with open_store(path):
            pass


# How she keeps to it.


async def test_in_a_channel_that_is_off_she_says_and_keeps_nothing_until_it_is_on_again(
    store: Store, path: Path
) -> None:
    async with open_assistant(path.parent, model := ScriptedModel(), store=store) as assistant:
        await store.channels.change(HERE, "slack:U1", 1.0, is_on=False)
        assert await ask(assistant) == []
        assert assistant.silence(HERE) == PERSONA.sentences.switched_off
        assert look(path, "SELECT * FROM turns") == model.asked == []
        assert await said(assistant, DIRECT) == "Yes."
        await store.channels.change(HERE, "slack:U1", 2.0, is_on=True)
        assert assistant.silence(HERE) == ""
        assert await said(assistant) == "Yes."


async def left(store: Store, conversation: Conversation) -> Unfinished:
    """Leave a turn unfinished, as a crash does."""
    await store.take(Question(conversation, "U1", f"m{next(ids)}", "does it dim?"), "r0", 1.0)
    (unfinished,) = await store.unfinished(conversation.platform)
    return unfinished


async def test_a_turn_of_before_the_crash_is_dropped_where_she_is_off_by_now(store: Store, path: Path) -> None:
    async with open_assistant(path.parent, model := ScriptedModel(), store=store) as assistant:
        unfinished = await left(store, HERE)
        await store.channels.change(HERE, "slack:U1", 1.0, is_on=False)
        assert [event async for event in assistant.resume(unfinished)] == []
        assert await store.unfinished("slack") == []
        assert await store.take(unfinished.question, "r1", 2.0) is None
    assert model.asked == []
    assert look(path, "SELECT state, question FROM turns") == [("deleted", "")]


async def test_on_the_web_a_turn_of_before_the_crash_is_told_why_she_is_silent(store: Store, path: Path) -> None:
    async with open_assistant(path.parent, model := ScriptedModel(), store=store) as assistant:
        unfinished = await left(store, WEB)
        await store.handoffs.begin(WEB, "U1", 1.0, "")
        *_, ended = [event async for event in assistant.resume(unfinished)]
    assert isinstance(ended, Answered)
    assert ended.text == f"{PERSONA.sentences.with_person} (#r0)"
    assert look(path, "SELECT state FROM turns") == [("declined",)]
    assert model.asked == []


async def test_a_message_that_waits_while_the_channel_is_switched_off_is_not_answered(store: Store, path: Path) -> None:
    go = asyncio.Event()
    model = ScriptedModel([go, "First."])
    async with open_assistant(path.parent, model, store=store) as assistant:
        first, second = asyncio.create_task(said(assistant)), asyncio.create_task(ask(assistant))
        while len(await store.unfinished("slack")) < 2 or not model.asked:  # noqa: ASYNC110 - nothing tells that it waits
            await asyncio.sleep(0)
        await store.channels.change(HERE, "slack:U1", 1.0, is_on=False)
        go.set()
        assert await first == "First."
        assert not any(isinstance(event, Answered) for event in await second)
    assert len(model.asked) == 1
    assert look(path, "SELECT state FROM turns") == [("answered",), ("deleted",)]


async def test_a_channels_instructions_follow_her_own_and_precede_the_rules(store: Store, path: Path) -> None:
    async with open_assistant(path.parent, model := ScriptedModel(), store=store) as assistant:
        await store.channels.change(HERE, "slack:U1", 1.0, instructions="Speak of bulbs only.")
        await ask(assistant)
        await ask(assistant, DIRECT)
    here, elsewhere = (opening(prompt.persona) for prompt in model.prompts)
    assert here == opening(PERSONA).replace("Help.", "Help.\n\nIn this channel:\nSpeak of bulbs only.")
    assert elsewhere == opening(PERSONA)


async def test_a_thread_goes_on_only_where_its_channel_lets_it(store: Store, path: Path) -> None:
    async with open_assistant(path.parent, ScriptedModel(), store=store) as assistant:
        for conversation in (HERE, DIRECT):
            await ask(assistant, conversation)
            assert await assistant.knows(conversation)
            await store.channels.change(conversation, "slack:U1", 1.0, follows_threads=False)
        assert not await assistant.knows(HERE)
        assert await assistant.knows(DIRECT)
        assert await said(assistant) == "Yes."


# Limits.


async def test_a_limit_that_an_admin_sets_counts_at_once_and_after_a_restart(path: Path) -> None:
    policy, long = Policy(longest_question=10), "does it dim? " * 2
    async with open_store(path) as store, open_assistant(path, ScriptedModel(), policy=policy, store=store) as one:
        assert await said(one, text=long) == PERSONA.sentences.too_long
        await store.limits.set("longest_question", 30, "slack:U1", 1.0)
        assert await said(one, text=long) == "Yes."
    async with open_store(path) as store, open_assistant(path, ScriptedModel(), policy=policy, store=store) as one:
        assert dict(store.limits.values) == {"longest_question": 30.0}
        assert await said(one, text=long) == "Yes."


async def test_an_admin_may_slow_customers_down_but_not_whoever_sits_at_the_terminal(store: Store, path: Path) -> None:
    at_the_desk = Conversation("terminal", "", "1")
    async with open_assistant(path, ScriptedModel(), policy=Policy(per_minute=0), store=store) as assistant:
        await store.limits.set("per_minute", 1, "slack:U1", 1.0)
        assert [await said(assistant) for _ in range(2)] == ["Yes.", PERSONA.sentences.too_fast]
        assert [await said(assistant, at_the_desk) for _ in range(2)] == ["Yes.", "Yes."]


async def test_how_many_messages_may_wait_is_as_an_admin_says(store: Store, path: Path) -> None:
    go = asyncio.Event()
    async with open_assistant(path, model := ScriptedModel([go, "First."]), store=store) as assistant:
        await store.limits.set("waiting", 0, "slack:U1", 1.0)
        first = asyncio.create_task(said(assistant))
        while not model.asked:  # noqa: ASYNC110 - the model tells nobody that it was asked
            await asyncio.sleep(0)
        assert await said(assistant) == PERSONA.sentences.busy
        go.set()
        assert await first == "First."


@pytest.mark.parametrize("value", [-1.0, 1e10, float("nan"), float("inf")])
async def test_what_is_no_limit_is_refused_with_the_way_out(store: Store, value: float) -> None:
    with pytest.raises(StoreError, match=r"per_minute cannot be .*: give a number from 0 to 1,000,000,000"):
        await store.limits.set("per_minute", value, "slack:U1", 1.0)
    assert dict(store.limits.values) == {}


# Messages about runs.


async def test_a_message_about_a_run_is_remembered_until_its_end_also_over_a_restart(path: Path) -> None:
    async with open_store(path) as store:
        await store.progress.begin("run-1", "slack", "T1", "C1")
        await store.progress.begin("run-2", "slack", "T1", "C1")
        await store.progress.begin("run-1", "discord", "G1", "7")
        await store.progress.stands("run-1", "slack", "C1", "17.5")
    async with open_store(path) as store:
        first, second = Shown("run-1", "slack", "T1", "C1", "17.5"), Shown("run-2", "slack", "T1", "C1", "")
        assert await store.progress.unfinished("slack") == [first, second]
        await store.progress.over("run-1", "slack", "C1")
        assert await store.progress.unfinished("slack") == [second]
        assert [shown.channel for shown in await store.progress.unfinished("discord")] == ["7"]


async def test_a_run_that_a_channel_asks_for_again_is_told_of_in_a_new_message(store: Store) -> None:
    await store.progress.begin("run-1", "slack", "T1", "C1")
    await store.progress.stands("run-1", "slack", "C1", "17.5")
    await store.progress.over("run-1", "slack", "C1")
    await store.progress.begin("run-1", "slack", "T1", "C1")
    assert await store.progress.unfinished("slack") == [Shown("run-1", "slack", "T1", "C1", "")]
