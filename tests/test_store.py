"""What is kept of conversations, over a real file."""

import asyncio
from pathlib import Path

import pytest

from bot.conversation import Conversation, PastTurn, Question, Unfinished
from bot.store import Outcome, open_store
from tests.store_kit import HERE, SECRET, answered, ask, holds, look


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sarah.db"


async def test_the_history_is_what_was_answered_oldest_first(path: Path) -> None:
    async with open_store(path) as store:
        first = await answered(store, ask("How long is it?"), "2 m.")
        second = await answered(store, ask("And wide?"), "1 m.")
        assert await store.history(HERE, 40) == [
            PastTurn(first, "How long is it?", "2 m."),
            PastTurn(second, "And wide?", "1 m."),
        ]


async def test_a_limit_keeps_the_newest_turns(path: Path) -> None:
    async with open_store(path) as store:
        turns = [await answered(store, ask()) for _ in range(5)]
        assert [past.turn for past in await store.history(HERE, 2)] == turns[-2:]


async def test_a_turn_sees_what_came_before_it_and_nothing_after(path: Path) -> None:
    async with open_store(path) as store:
        first = await answered(store, ask())
        second = await store.take(ask(), "r2", 1.0)
        assert second
        await answered(store, ask())
        assert [past.turn for past in await store.before(second, 40)] == [first]


@pytest.mark.parametrize("state", ["declined", "failed"])
async def test_what_was_not_answered_is_not_in_the_history(path: Path, state: str) -> None:
    async with open_store(path) as store:
        turn = await store.take(ask(), "r1", 1.0)
        assert turn
        await store.finish(turn, Outcome("declined" if state == "declined" else "failed", "Sorry.", "rules"), 1)
        assert await store.history(HERE, 40) == []
        assert await store.unfinished("slack") == []


async def test_a_refusal_is_remembered_as_off_topic(path: Path) -> None:
    async with open_store(path) as store:
        turn = await store.take(ask(), "r1", 1.0)
        assert turn
        await store.finish(turn, Outcome("answered", "Not that.", "guard", on_topic=False), 1)
        assert (await store.history(HERE, 1))[0].on_topic is False


@pytest.mark.parametrize(
    "other",
    [
        Conversation("discord", "T1", "C1", "171.5"),
        Conversation("slack", "T2", "C1", "171.5"),
        Conversation("slack", "T1", "C2", "171.5"),
        Conversation("slack", "T1", "C1", ""),
    ],
)
async def test_conversations_that_differ_in_any_part_know_nothing_of_each_other(
    path: Path, other: Conversation
) -> None:
    async with open_store(path) as store:
        turn = await answered(store, ask(message_id="m"))
        assert not await store.knows(other)
        assert await answered(store, ask(conversation=other, message_id="m"))
        await store.delete(other, "m")
        await store.reset(other)
        assert [past.turn for past in await store.history(HERE, 40)] == [turn]


async def test_a_conversation_is_known_from_its_first_question(path: Path) -> None:
    async with open_store(path) as store:
        assert not await store.knows(HERE)
        await store.take(ask(), "r1", 1.0)
        assert await store.knows(HERE)


async def test_a_redelivered_question_is_taken_once_also_after_a_restart(path: Path) -> None:
    question = ask()
    async with open_store(path) as store:
        assert await store.take(question, "r1", 1.0)
        assert await store.take(question, "r2", 2.0) is None
    async with open_store(path) as store:
        assert await store.take(question, "r3", 3.0) is None


async def test_of_the_same_question_many_times_at_once_one_is_taken(path: Path) -> None:
    question = ask()
    async with open_store(path) as store:
        taken = await asyncio.gather(*(store.take(question, "r", 1.0) for _ in range(20)))
    assert sum(turn is not None for turn in taken) == 1


async def test_an_unfinished_turn_comes_back_as_it_was_asked(path: Path) -> None:
    question = Question(HERE, "U7", "m-unfinished", "Where is my hub?", attachments=2)
    async with open_store(path) as store:
        turn = await store.take(question, "r9", 1.0)
        assert turn
        await store.replying(turn, "99.1")
        await store.take(ask(conversation=Conversation("web", "", "x")), "r1", 1.0)
    async with open_store(path) as store:
        assert await store.unfinished("slack") == [Unfinished(turn, question, "99.1", "r9")]


async def test_a_turn_ends_once(path: Path) -> None:
    async with open_store(path) as store:
        turn = await answered(store, ask(), "Yes.")
        await store.finish(turn, Outcome("failed", "Sorry.", "rules"), 1)
        assert [past.answer for past in await store.history(HERE, 1)] == ["Yes."]


async def test_an_edit_is_what_later_turns_read(path: Path) -> None:
    async with open_store(path) as store:
        await answered(store, ask("Does it dmi?", message_id="m"))
        later = await store.take(ask(), "r", 1.0)
        assert later
        await store.edit(HERE, "m", "Does it dim?")
        assert [past.question for past in await store.before(later, 40)] == ["Does it dim?"]


async def test_a_question_that_is_edited_while_it_waits_is_answered_as_edited(path: Path) -> None:
    async with open_store(path) as store:
        await store.take(ask("Does it dmi?", message_id="m"), "r", 1.0)
        await store.edit(HERE, "m", "Does it dim?")
        assert [turn.question.text for turn in await store.unfinished("slack")] == ["Does it dim?"]


@pytest.mark.parametrize("deleted", ["question", "reply"])
async def test_a_deleted_message_takes_its_turn_out_but_not_its_neighbours(path: Path, deleted: str) -> None:
    async with open_store(path) as store:
        stays = await answered(store, ask())
        goes = await answered(store, ask(message_id="question"))
        await store.replying(goes, "reply")
        await store.delete(HERE, deleted)
        assert [past.turn for past in await store.history(HERE, 40)] == [stays]


async def test_a_deleted_question_is_not_answered_when_it_comes_again(path: Path) -> None:
    question = ask()
    async with open_store(path) as store:
        await answered(store, question)
        await store.delete(HERE, question.message_id)
        assert await store.take(question, "r2", 2.0) is None


async def test_an_answer_to_a_question_that_was_deleted_meanwhile_is_not_kept(path: Path) -> None:
    async with open_store(path) as store:
        turn = await store.take(ask(message_id="m"), "r1", 1.0)
        assert turn
        await store.delete(HERE, "m")
        await store.finish(turn, Outcome("answered", SECRET, "champion"), 1)
        await store.edit(HERE, "m", SECRET)
        assert await store.history(HERE, 40) == []
    assert not holds(path, SECRET)


async def test_of_what_was_deleted_no_word_and_no_author_is_left_in_the_file(path: Path) -> None:
    async with open_store(path) as store:
        turn = await answered(store, ask(SECRET, message_id="m"), f"So {SECRET}?")
        await store.rate(turn, "U1", "up", 1.0)
        await store.delete(HERE, "m")
    assert not holds(path, SECRET)
    assert look(path, "SELECT question, answer, author, state FROM turns") == [("", "", "", "deleted")]
    assert look(path, "SELECT * FROM feedback") == []


async def test_a_reset_forgets_every_turn_of_the_conversation(path: Path) -> None:
    questions = [ask(SECRET) for _ in range(3)]
    async with open_store(path) as store:
        for question in questions:
            await answered(store, question)
        await store.reset(HERE)
        assert await store.history(HERE, 40) == []
        assert [await store.take(question, "r", 1.0) for question in questions] == [None] * 3
    assert not holds(path, SECRET)


async def test_a_message_without_an_id_deletes_no_turn_that_has_no_reply_yet(path: Path) -> None:
    async with open_store(path) as store:
        turn = await answered(store, ask())
        await store.delete(HERE, "")
        assert [past.turn for past in await store.history(HERE, 40)] == [turn]


async def test_the_newest_verdict_of_an_author_counts(path: Path) -> None:
    async with open_store(path) as store:
        turn = await answered(store, ask())
        assert await store.rate(turn, "U1", "up", 1.0)
        assert await store.rate(turn, "U2", "up", 1.0)
        assert await store.rate(turn, "U1", "down", 2.0)
    assert look(path, "SELECT author, rating, rated_at FROM feedback ORDER BY author") == [
        ("U1", "down", 2.0),
        ("U2", "up", 1.0),
    ]


async def test_a_turn_that_is_gone_or_was_never_there_cannot_be_rated(path: Path) -> None:
    async with open_store(path) as store:
        turn = await answered(store, ask(message_id="m"))
        await store.delete(HERE, "m")
        assert not await store.rate(turn, "U1", "up", 1.0)
        assert not await store.rate(4711, "U1", "up", 1.0)
