"""A conversation that a person takes over, and gives back."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.assistant import Assistant, Policy
from bot.conversation import Answered, Conversation, Event, Handoff, Question
from bot.persona import offers_person, read_persona
from bot.store import Store, StoreError, open_store
from tests.kit import DATA, PERSONA, ScriptedModel, broken, damage, open_assistant
from tests.store_kit import HERE, NUMBERS, change, look

ASKED = ("slack:U1", 5.0, "https://zen.slack.example/1")
PHONED = replace(PERSONA, handoff="Write to help@lumen.example or call +1 (800) 555-0142, from 9 to 5.")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sarah.db"


@pytest.fixture
async def store(path: Path) -> AsyncGenerator[Store]:
    async with open_store(path) as opened:
        yield opened


async def ask(assistant: Assistant, conversation: Conversation = HERE, text: str = "does it dim?") -> list[Event]:
    question = Question(conversation, "U1", f"m{next(NUMBERS)}", text)
    return [event async for event in assistant.answer(question)]


async def ended(assistant: Assistant, conversation: Conversation = HERE, text: str = "does it dim?") -> Answered:
    *_, last = await ask(assistant, conversation, text)
    assert isinstance(last, Answered)
    return last


async def test_a_hand_off_is_known_by_its_conversation_and_by_its_number(store: Store) -> None:
    assert store.handoffs.open_for(HERE) is None
    begun = await store.handoffs.begin(HERE, *ASKED)
    assert begun == Handoff(1, HERE, *ASKED)
    assert store.handoffs.open_for(HERE) == begun == await store.handoffs.get(1)
    assert store.handoffs.open_for(replace(HERE, thread="other")) is None
    assert await store.handoffs.get(2) is None


async def test_a_conversation_has_one_open_hand_off_however_many_ask_at_once(store: Store) -> None:
    begun = await asyncio.gather(*(store.handoffs.begin(HERE, f"U{number}", 1.0, "") for number in range(20)))
    assert sum(handoff is not None for handoff in begun) == 1
    assert len(await store.handoffs.every_open()) == 1


async def test_a_hand_off_ends_once_and_its_number_is_never_given_again(store: Store, path: Path) -> None:
    first = await store.handoffs.begin(HERE, *ASKED)
    assert first
    ends = await asyncio.gather(*(store.handoffs.end(first.id, "slack:U9", 8.0) for _ in range(5)))
    over = replace(first, ended_by="slack:U9", ended_at=8.0)
    assert [end for end in ends if end] == [over]
    assert store.handoffs.open_for(HERE) is None
    assert await store.handoffs.get(first.id) == over
    change(path, "DELETE FROM handoffs")
    second = await store.handoffs.begin(HERE, *ASKED)
    assert second
    assert second.id > first.id
    assert await store.handoffs.end(first.id, "slack:U9", 9.0) is None
    assert store.handoffs.open_for(HERE) == second


async def test_open_hand_offs_survive_a_restart_with_the_post_that_called_a_person(path: Path) -> None:
    other = replace(HERE, thread="other")
    async with open_store(path) as store:
        for conversation in (HERE, other):
            assert await store.handoffs.begin(conversation, *ASKED)
        await store.handoffs.noticed(2, "slack:C9:17.5")
        assert await store.handoffs.end(1, "slack:U9", 8.0)
    async with open_store(path) as store:
        assert store.handoffs.open_for(HERE) is None
        assert store.handoffs.open_for(other) == Handoff(2, other, *ASKED, notice="slack:C9:17.5")
        assert await store.handoffs.every_open() == [store.handoffs.open_for(other)]


async def test_a_late_word_about_the_post_of_a_hand_off_that_is_over_does_not_open_it(store: Store) -> None:
    assert await store.handoffs.begin(HERE, *ASKED)
    assert await store.handoffs.end(1, "slack:U9", 8.0)
    second = await store.handoffs.begin(HERE, *ASKED)
    await store.handoffs.noticed(1, "slack:C9:17.5")
    assert store.handoffs.open_for(HERE) == second


async def test_a_hand_off_that_cannot_be_kept_does_not_hold(store: Store, path: Path) -> None:
    change(path, "ALTER TABLE handoffs RENAME TO elsewhere")
    with pytest.raises(StoreError):
        await store.handoffs.begin(HERE, *ASKED)
    assert store.handoffs.open_for(HERE) is None


async def test_where_a_person_has_the_conversation_she_says_and_keeps_nothing_until_it_is_handed_back(
    store: Store, path: Path
) -> None:
    async with open_assistant(path, model := ScriptedModel(), store=store) as assistant:
        handoff = await store.handoffs.begin(HERE, *ASKED)
        assert handoff
        assert await ask(assistant) == []
        assert assistant.silence(HERE) == PERSONA.sentences.with_person
        assert look(path, "SELECT * FROM turns") == model.asked == []
        assert (await ended(assistant, replace(HERE, thread="other"))).text == "Yes."
        await store.handoffs.end(handoff.id, "slack:U9", 8.0)
        assert (await ended(assistant)).text == "Yes."


@pytest.mark.parametrize("platform", ["web", "terminal"])
async def test_where_no_person_can_join_the_customer_is_told_who_has_the_conversation(
    store: Store, path: Path, platform: str
) -> None:
    alone = Conversation(platform, "", "token")
    async with open_assistant(path, model := ScriptedModel(), store=store) as assistant:
        await store.handoffs.begin(alone, *ASKED)
        answered = await ended(assistant, alone)
    assert answered.text == f"{PERSONA.sentences.with_person} (#r1)"
    assert not answered.ratable
    assert look(path, "SELECT state FROM turns") == [("declined",)]
    assert model.asked == []


# When a person is offered.


@pytest.mark.parametrize(
    ("answer", "offered"),
    [
        ("I do not know. Write to help@lumen.example or call +1 (800) 555-0142, from 9 to 5.", True),
        ("Our people are at **Help@Lumen.example**.", True),
        ("Call +1 (800) 555\u20110142.", True),
        ("Hold it from 9 to 5 seconds.", False),
        ("Turn the ring.", False),
    ],
    ids=["whole", "address", "number", "figures", "nothing"],
)
async def test_a_person_is_offered_with_an_answer_that_says_how_to_reach_one(
    tmp_path: Path, answer: str, *, offered: bool
) -> None:
    models = ScriptedModel(answer, answer)
    async with open_assistant(tmp_path, models, persona=PHONED, policy=Policy(can_hand_over=True)) as with_people:
        assert (await ended(with_people)).offers_person == offered
    async with open_assistant(tmp_path, models, persona=PHONED) as without_people:
        assert not (await ended(without_people)).offers_person


def test_a_company_without_address_and_number_is_reached_by_its_own_words() -> None:
    assert offers_person(PERSONA, f"I do not know. {PERSONA.handoff}")
    assert not offers_person(PERSONA, "See lumen.example/help.")


def test_the_company_is_reached_by_its_address_and_by_its_number() -> None:
    persona = read_persona(DATA)
    assert all(offers_person(persona, f"Try {way}.") for way in ("support@zennest.example", "1-800-555-0142"))


async def test_a_person_is_offered_where_she_failed_but_not_where_she_was_right_to_decline(tmp_path: Path) -> None:
    policy = Policy(can_hand_over=True)
    async with open_assistant(tmp_path, ScriptedModel(broken()), policy=policy) as assistant:
        assert (await ended(assistant)).offers_person
        assert not (await ended(assistant, text="")).offers_person
        await damage(tmp_path)
        assert (await ended(assistant)).offers_person
