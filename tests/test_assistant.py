"""One customer turn: what is asked of the assistant, what is said, and what is kept."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import aiosqlite
import pytest
from structlog.testing import capture_logs

from bot.assistant import Assistant, Policy
from bot.conversation import Answered, Conversation, Event, Piece, Question, Retracted, Started
from bot.guard import TopicGuard
from bot.models import ModelError
from bot.models.embedded import Embedded
from tests.kit import DATA, PERSONA, ScriptedModel, broken, damage, knowledge, open_assistant
from training.topic import read_topic_model

HERE = Conversation("test", "home", "support")
ids = count(1)


def question(text: str, **changes: object) -> Question:
    """Return a question of its own message."""
    asked = Question(HERE, author="ann", message_id=f"m{next(ids)}", text=text)
    return replace(asked, **changes)  # pyright: ignore[reportArgumentType]


async def ask(assistant: Assistant, asked: Question | str) -> list[Event]:
    """Take every event of an answer."""
    told = question(asked) if isinstance(asked, str) else asked
    return [event async for event in assistant.answer(told)]


def said(events: Iterable[Event]) -> Answered:
    """Return how an answer ended."""
    *_, last = events
    assert isinstance(last, Answered)
    return last


async def rows(home: Path, sql: str) -> list[tuple[object, ...]]:
    """Look into the database file."""
    async with aiosqlite.connect(home / "sarah.db") as database:
        return [tuple(row) for row in await database.execute_fetchall(sql)]


async def test_an_answer_is_started_streamed_and_ended_with_its_whole_text(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel(["Turn ", "it off."])) as assistant:
        started, *pieces, answered = await ask(assistant, "my lamp hums")
    assert isinstance(started, Started)
    assert "".join(piece.text for piece in pieces if isinstance(piece, Piece)) == "Turn it off."
    assert isinstance(answered, Answered)
    assert (answered.text, answered.model, answered.turn) == ("Turn it off.", "scripted", started.turn)
    assert answered.on_topic
    assert answered.ratable


async def test_the_next_question_is_asked_together_with_what_was_said_before(tmp_path: Path) -> None:
    model = ScriptedModel("One switch.")
    async with open_assistant(tmp_path, model) as assistant:
        await ask(assistant, "how do I wire a lamp?")
        await ask(assistant, "and for two floors?")
    assert [(past.question, past.answer) for past in model.prompts[1].history] == [
        ("how do I wire a lamp?", "One switch.")
    ]


async def test_conversations_never_see_each_others_history(tmp_path: Path) -> None:
    model = ScriptedModel()
    elsewhere = [replace(HERE, **{part: "other"}) for part in ("platform", "workspace", "channel", "thread")]
    async with open_assistant(tmp_path, model) as assistant:
        await ask(assistant, "my secret is 1234")
        for conversation in elsewhere:
            await ask(assistant, question("what is my secret?", conversation=conversation))
    assert [prompt.history for prompt in model.prompts] == [(), (), (), (), ()]


async def test_history_survives_a_restart(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel("Blue.")) as assistant:
        await ask(assistant, "which lamp is best?")
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant:
        await ask(assistant, "why?")
    assert [past.answer for past in model.prompts[0].history] == ["Blue."]


async def test_a_message_delivered_twice_is_answered_once_also_across_a_restart(tmp_path: Path) -> None:
    once = question("does it dim?")
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant:
        assert said(await ask(assistant, once)).text == "Yes."
        assert await ask(assistant, once) == []
    async with open_assistant(tmp_path, model) as assistant:
        assert await ask(assistant, once) == []
    assert model.asked == ["does it dim?"]


async def test_a_message_delivered_twice_at_the_same_moment_is_answered_once(tmp_path: Path) -> None:
    once = question("does it dim?")
    async with open_assistant(tmp_path, model := ScriptedModel()) as assistant:
        answers = await asyncio.gather(*(ask(assistant, once) for _ in range(5)))
    assert sorted(map(len, answers)) == [0, 0, 0, 0, 3]
    assert model.asked == ["does it dim?"]


async def test_a_turn_that_was_shown_but_not_recorded_is_answered_again_into_the_same_message(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant:
        events = assistant.answer(question("does it dim?"))
        async for event in events:
            if isinstance(event, Started):
                await assistant.replying(event.turn, "reply-1")
            if isinstance(event, Answered):
                break
    async with open_assistant(tmp_path, ScriptedModel()) as assistant:
        (left,) = await assistant.unfinished("test")
        assert (left.question.text, left.reply_id, left.reference) == ("does it dim?", "reply-1", "r1")
        assert said([event async for event in assistant.resume(left)]).text == "Yes."
        assert await assistant.unfinished("test") == []
        assert [past.answer for past in await assistant.history(HERE, 9)] == ["Yes."]


async def test_resuming_many_turns_of_one_customer_is_never_too_fast(tmp_path: Path) -> None:
    policy = Policy(per_minute=1)
    async with open_assistant(tmp_path, policy=Policy(per_minute=0)) as assistant:
        for text in ("one?", "two?", "three?"):
            await anext(assistant.answer(question(text)))
    async with open_assistant(tmp_path, ScriptedModel(), policy=policy) as assistant:
        left = await assistant.unfinished("test")
        texts = [said([event async for event in assistant.resume(turn)]).text for turn in left]
    assert texts == ["Yes.", "Yes.", "Yes."]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (question(""), PERSONA.sentences.empty),
        (question("  \n\t "), PERSONA.sentences.empty),
        (question("🔥🔥🔥"), PERSONA.sentences.empty),
        (question("...?!"), PERSONA.sentences.empty),
        (question("\u200b\u202e\u2066\ufeff"), PERSONA.sentences.empty),
        (question("", attachments=1), PERSONA.sentences.attachment),
        (question("x" * 100_000), PERSONA.sentences.too_long),
    ],
    ids=["empty", "spaces", "emoji", "dots", "invisible", "attachment", "100,000 characters"],
)
async def test_what_cannot_be_answered_gets_one_kind_sentence_and_one_log_line_with_the_same_id(
    tmp_path: Path, asked: Question, sentence: str
) -> None:
    async with open_assistant(tmp_path, model := ScriptedModel()) as assistant:
        with capture_logs() as logs:
            events = await ask(assistant, asked)
        assert await assistant.history(HERE, 9) == []
    answered = said(events)
    assert answered.text == f"{sentence} (#r1)"
    assert [(line["outcome"], line["reference"]) for line in logs] == [("declined", "r1")]
    assert not answered.ratable
    assert model.asked == []


async def test_invisible_and_right_to_left_characters_do_not_reach_the_model(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, model := ScriptedModel()) as assistant:
        await ask(assistant, "my\u202e la\u200bmp\u2066 hums\ufeff")
    assert model.asked == ["my lamp hums"]


async def test_a_text_with_an_attachment_is_answered_by_its_text(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant:
        assert said(await ask(assistant, question("is this the lamp?", attachments=1))).text == "Yes."


async def test_when_a_model_breaks_off_its_words_are_taken_back_and_the_next_one_answers(tmp_path: Path) -> None:
    half = ScriptedModel(["It is ", ModelError("gone")], name="first")
    async with open_assistant(tmp_path, half, ScriptedModel(name="second")) as assistant:
        events = await ask(assistant, "does it dim?")
    assert [type(event) for event in events] == [Started, Piece, Retracted, Piece, Answered]
    assert (said(events).text, said(events).model) == ("Yes.", "second")


async def test_when_no_model_answers_a_customer_gets_a_sentence_and_an_operator_the_same_id(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel(broken("it is down"))) as assistant:
        with capture_logs() as logs:
            answered = said(await ask(assistant, "does it dim?"))
        assert await assistant.unfinished("test") == []
    assert answered.text == f"{PERSONA.sentences.failed} {PERSONA.handoff} (#r1)"
    assert {line["reference"] for line in logs} == {"r1"}
    assert [line["why"] for line in logs if line["event"] == "model.failed"] == ["it is down"]


async def test_a_fault_of_our_own_costs_a_sentence_and_is_logged_with_its_id(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel([ZeroDivisionError("ours")])) as assistant:
        with capture_logs() as logs:
            answered = said(await ask(assistant, "does it dim?"))
    assert answered.text == f"{PERSONA.sentences.failed} {PERSONA.handoff} (#r1)"
    assert [(line["event"], line["reference"]) for line in logs if line["log_level"] == "error"] == [
        ("turn.broken", "r1")
    ]


async def test_without_a_database_a_message_gets_one_apology_however_often_it_comes(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant:
        await damage(tmp_path)
        once = question("does it dim?")
        with capture_logs() as logs:
            answered = said(await ask(assistant, once))
            assert await ask(assistant, once) == []
    assert answered.text == f"{PERSONA.sentences.failed} {PERSONA.handoff} (#r1)"
    assert [line["reference"] for line in logs if line["event"] == "turn.not_taken"] == ["r1"]
    assert "does it dim" not in str(logs)


async def test_a_database_that_fails_in_mid_answer_does_not_keep_it_from_the_customer(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant:
        events = assistant.answer(question("does it dim?"))
        texts: list[str] = []
        with capture_logs() as logs:
            async for event in events:
                if isinstance(event, Answered):
                    texts.append(event.text)
                    await damage(tmp_path)
    assert texts == ["Yes."]
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["turn.not_recorded"]


async def test_an_answer_that_could_not_be_shown_stays_unfinished_and_keeps_no_other_from_being_given(
    tmp_path: Path,
) -> None:
    async with open_assistant(tmp_path, ScriptedModel("First.", "Second.", "Again.")) as assistant:
        async for event in assistant.answer(question("does it dim?")):
            if isinstance(event, Answered):
                assistant.postpone(event.turn)
        assert said(await ask(assistant, "does it hum?")).text == "Second."
        (left,) = await assistant.unfinished(HERE.platform)
        assert left.question.text == "does it dim?"
        assert [past.answer for past in await assistant.history(HERE, 9)] == ["Second."]
        assert said([event async for event in assistant.resume(left)]).text == "Again."
        assert await assistant.unfinished(HERE.platform) == []


async def test_an_edited_message_changes_the_history(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, model := ScriptedModel()) as assistant:
        await ask(assistant, asked := question("my lamp is gren"))
        await assistant.edit(HERE, asked.message_id, "my lamp is green\u200b")
        await ask(assistant, "is that bad?")
    assert [past.question for past in model.prompts[1].history] == ["my lamp is green"]


@pytest.mark.parametrize("which", ["question", "reply"])
async def test_a_deleted_message_leaves_the_history_and_stays_answered(tmp_path: Path, which: str) -> None:
    async with open_assistant(tmp_path, model := ScriptedModel()) as assistant:
        asked = question("my number is 0170")
        turn = said(await ask(assistant, asked)).turn
        await assistant.replying(turn, "reply-1")
        await assistant.delete(HERE, asked.message_id if which == "question" else "reply-1")
        await ask(assistant, "what is my number?")
        assert await ask(assistant, asked) == []
    assert model.prompts[1].history == ()
    assert "0170" not in str(await rows(tmp_path, "SELECT * FROM turns"))


async def test_a_conversation_that_was_reset_is_forgotten(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, model := ScriptedModel()) as assistant:
        await ask(assistant, "my number is 0170")
        await assistant.reset(HERE)
        await ask(assistant, "what is my number?")
    assert model.prompts[1].history == ()


async def test_a_verdict_is_kept_with_its_turn_and_changed_by_a_later_one(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant:
        turn = said(await ask(assistant, "does it dim?")).turn
        assert await assistant.rate(turn, "ann", "up")
        assert await assistant.rate(turn, "ann", "down")
        assert await assistant.rate(turn, "bob", "up")
        assert not await assistant.rate(turn + 1, "ann", "up")
    kept = await rows(tmp_path, "SELECT turn_id, author, rating FROM feedback ORDER BY author")
    assert kept == [(turn, "ann", "down"), (turn, "bob", "up")]


async def test_a_customer_who_asks_too_fast_is_asked_to_wait(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel(), policy=Policy(per_minute=2)) as assistant:
        texts = [said(await ask(assistant, f"question {n}?")).text for n in range(3)]
        other = said(await ask(assistant, question("mine?", author="bob"))).text
    assert texts == ["Yes.", "Yes.", f"{PERSONA.sentences.too_fast} (#r3)"]
    assert other == "Yes."


@asynccontextmanager
async def _thinking(assistant: Assistant, model: ScriptedModel, asked: list[str]) -> AsyncGenerator[list[Answered]]:
    """Ask all at once, while the model thinks about the first."""
    ended: list[Answered] = []

    async def one(text: str) -> None:
        ended.append(said(await ask(assistant, text)))

    tasks = [asyncio.create_task(one(text)) for text in asked]
    async with asyncio.timeout(5):
        while not model.asked:  # noqa: ASYNC110 - the model tells nobody that it was asked
            await asyncio.sleep(0)
        yield ended
        await asyncio.gather(*tasks)


async def test_messages_of_one_conversation_are_answered_one_at_a_time_in_their_order(tmp_path: Path) -> None:
    go = asyncio.Event()
    model = ScriptedModel([go, "First."], ["Second."])
    async with open_assistant(tmp_path, model) as assistant, _thinking(assistant, model, ["one?", "two?"]) as ended:
        assert ended == []
        go.set()
    assert [answered.text for answered in ended] == ["First.", "Second."]
    assert [past.answer for past in model.prompts[1].history] == ["First."]


async def test_a_message_too_many_is_told_so_at_once_and_the_others_are_answered(tmp_path: Path) -> None:
    go = asyncio.Event()
    model = ScriptedModel([go, "First."])
    policy = Policy(waiting=1)
    async with (
        open_assistant(tmp_path, model, policy=policy) as assistant,
        _thinking(assistant, model, ["one?", "two?", "three?"]) as ended,
    ):
        while not ended:  # noqa: ASYNC110 - until the one too many was told
            await asyncio.sleep(0)
        assert [answered.text.partition(" (#")[0] for answered in ended] == [PERSONA.sentences.busy]
        go.set()
    assert [answered.text for answered in ended[1:]] == ["First.", "Yes."]


async def test_another_conversation_does_not_wait(tmp_path: Path) -> None:
    go = asyncio.Event()
    model = ScriptedModel([go, "First."])
    async with open_assistant(tmp_path, model) as assistant, _thinking(assistant, model, ["one?"]) as ended:
        elsewhere = question("two?", conversation=replace(HERE, thread="t"))
        assert said(await ask(assistant, elsewhere)).text == "Yes."
        assert ended == []
        go.set()


async def test_what_is_not_about_the_product_is_refused_without_asking_a_model(tmp_path: Path) -> None:
    guard = TopicGuard(read_topic_model(DATA))
    async with open_assistant(tmp_path, model := ScriptedModel(), guard=guard) as assistant:
        refused = said(await ask(assistant, "Write me a poem about pirates"))
        again = said(await ask(assistant, "Who won the world cup in 1998?"))
        answered = said(await ask(assistant, "How do I reset my hub?"))
    assert (refused.text, refused.model, refused.on_topic) == (PERSONA.refusals[0], "guard", False)
    assert not again.on_topic
    assert (answered.text, answered.on_topic) == ("Yes.", True)
    assert model.asked == ["How do I reset my hub?"]


async def test_the_passages_that_speak_of_the_question_are_given_to_the_model(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, model := ScriptedModel()) as assistant:
        await ask(assistant, "What does error ZN-101 mean?")
    assert any("ZN-101" in found.passage.heading for found in model.prompts[0].passages)


async def test_a_follow_up_brings_the_passages_of_what_it_follows(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, model := ScriptedModel()) as assistant:
        await ask(assistant, "How much is the Zen Plus plan?")
        await ask(assistant, "and for a year?")
    assert any("plan" in found.passage.heading.lower() for found in model.prompts[1].passages)


async def test_what_a_model_writes_pings_nobody_and_links_nowhere_else(tmp_path: Path) -> None:
    text = "Ask <@123>, @everyone or <!channel>, see https://evil.example and https://lumen.example/help."
    async with open_assistant(tmp_path, ScriptedModel(text)) as assistant:
        answered = said(await ask(assistant, "does it dim?"))
    assert "<" not in answered.text
    assert "@everyone" not in answered.text
    assert "evil.example" not in answered.text
    assert "https://lumen.example/help" in answered.text


async def test_the_embedded_model_answers_from_the_handbook_of_the_company(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, Embedded(knowledge())) as assistant:
        answered = said(await ask(assistant, "What does error ZN-101 mean?"))
    assert "ZN-101" in answered.text
    assert answered.model == "embedded"
