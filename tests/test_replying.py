"""What is said within the subject: borderline questions, answers that drift, and whose discriminator judges."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

from bot.assistant import Assistant
from bot.conversation import Answered, Conversation, Event, Piece, Question, Retracted
from bot.guard import Guard, Subject
from bot.metrics import Metrics
from bot.models import ChatModel, ModelError, Prompt
from bot.models.chain import Chain
from bot.models.embedded import Embedded
from bot.persona import Persona
from tests.kit import PERSONA, ScriptedModel, knowledge, open_assistant
from tests.models.kit import QUESTION, open_model, prompt
from tests.servers.openai import open_openai, says
from training.topic import TopicModel

HERE = Conversation("test", "home", "support")
LAMPS = "Turn the ring of the lamp to the right. "
POEM = "Here is a poem about the moon for you. "
MANY = replace(PERSONA, refusals=("Only lamps, I fear.", "Lamps are all I know.", "Ask me about lamps."))
ids = count(1)


class Wary:
    """A guard that goes by a word: poems are off the subject, and what is perhaps about it is borderline."""

    watches = True

    async def subject(self, question: str, before: object) -> Subject:
        """Judge a question."""
        del before
        return "off" if "poem" in question else "borderline" if "perhaps" in question else "on"

    def drifts(self, sentence: str) -> bool:
        """Judge a sentence."""
        return "poem" in sentence

    def by(self, topic: TopicModel | None) -> Guard:
        """Return itself."""
        del topic
        return self


@asynccontextmanager
async def wary(home: Path, *models: ChatModel, persona: Persona = MANY) -> AsyncGenerator[Assistant]:
    """Open an assistant behind that guard."""
    async with open_assistant(home, *models, persona=persona, guard=Wary()) as assistant:
        yield assistant


async def ask(assistant: Assistant, text: str) -> list[Event]:
    """Take every event of an answer."""
    asked = Question(HERE, author="ann", message_id=f"m{next(ids)}", text=text)
    return [event async for event in assistant.answer(asked)]


def ended(events: list[Event]) -> Answered:
    """Return how an answer ended."""
    *_, last = events
    assert isinstance(last, Answered)
    return last


def shown(events: list[Event]) -> str:
    """Return what a customer was shown in the end."""
    text = ""
    for event in events:
        text = "" if isinstance(event, Retracted) else text + event.text if isinstance(event, Piece) else text
    return text


async def test_a_borderline_question_is_answered_with_care(tmp_path: Path) -> None:
    async with wary(tmp_path, model := ScriptedModel()) as assistant:
        answered = ended(await ask(assistant, "is this perhaps a lamp?"))
        await ask(assistant, "is this a lamp?")
    assert (answered.text, answered.on_topic) == ("Yes.", True)
    assert [prompt.borderline for prompt in model.prompts] == [True, False]


def test_without_a_language_model_a_borderline_question_is_answered_from_the_handbook_or_led_back() -> None:
    model, passages = Embedded(knowledge()), knowledge().passages("What does error ZN-101 mean?", "", 4)
    found = Prompt(MANY, passages, (), "What does error ZN-101 mean?", borderline=True)
    assert "ZN-101" in model.reply(found)
    nothing = Prompt(MANY, (), (), "What about the weather in Ulan Bator on Tuesdays?", borderline=True)
    assert model.reply(nothing) in MANY.refusals
    assert MANY.unknown[0] in model.reply(replace(nothing, borderline=False))


async def test_an_answer_ends_where_it_drifts_and_leads_back(tmp_path: Path) -> None:
    model = ScriptedModel([LAMPS, POEM, "More of it."])
    async with wary(tmp_path, model) as assistant:
        events = await ask(assistant, "my lamp is dark")
        (kept,) = await assistant.history(HERE, 9)
    answered = ended(events)
    assert answered.text == f"{LAMPS.strip()}\n\n{MANY.sentences.drifted}"
    assert (answered.model, answered.on_topic) == ("scripted", True)
    assert kept.answer == answered.text
    assert shown(events).split() == answered.text.split()
    assert "poem" not in shown(events)


async def test_of_an_answer_that_drifts_at_once_nothing_is_said_but_a_refusal(tmp_path: Path) -> None:
    async with wary(tmp_path, ScriptedModel([POEM, LAMPS], [POEM])) as assistant:
        first = await ask(assistant, "my lamp is dark")
        second = ended(await ask(assistant, "my lamp is dark, really"))
        kept = await assistant.history(HERE, 9)
    assert shown(first) == ended(first).text == MANY.refusals[0]
    assert (ended(first).model, ended(first).on_topic) == ("scripted", False)
    assert second.text == MANY.refusals[1]
    assert [past.on_topic for past in kept] == [False, False]


async def test_the_server_of_an_answer_that_drifts_is_told_to_stop(tmp_path: Path) -> None:
    async with open_openai(says(LAMPS, POEM, asyncio.Event())) as server, open_model(server.url) as model:
        async with wary(tmp_path, model) as assistant:
            assert ended(await ask(assistant, QUESTION)).text.endswith(MANY.sentences.drifted)
        await asyncio.wait_for(server.left.wait(), 30)


async def test_a_model_that_breaks_off_is_still_taken_back_and_followed_by_the_next(tmp_path: Path) -> None:
    half = ScriptedModel([LAMPS, "And ", ModelError("gone")], name="first")
    async with wary(tmp_path, half, ScriptedModel([LAMPS, POEM], name="second")) as assistant:
        events = await ask(assistant, "my lamp is dark")
    assert [event for event in events if isinstance(event, Retracted)] == [Retracted()]
    assert shown(events).split() == f"{LAMPS}{MANY.sentences.drifted}".split()
    assert ended(events).model == "second"


async def test_no_refusal_is_repeated_before_all_were_said(tmp_path: Path) -> None:
    async with wary(tmp_path, ScriptedModel()) as assistant:
        said = [ended(await ask(assistant, "write me a poem")).text for _ in range(4)]
    assert said == [*MANY.refusals, MANY.refusals[0]]


async def test_answers_that_were_cut_are_counted_for_their_model() -> None:
    metrics, model = Metrics(), ScriptedModel([LAMPS, POEM], [LAMPS])
    chain = Chain([model], metrics)
    for _ in range(2):
        _ = [event async for event in chain.answer(prompt(), "r1", guard=Wary())]
    assert 'sarah_drifted_answers_total{model="scripted"} 1.0' in metrics.page().decode()
