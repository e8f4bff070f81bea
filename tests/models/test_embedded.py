"""The model that is always there: what it quotes, and when it says that it does not know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import PastTurn
from bot.courtesy import is_courtesy
from bot.models import Prompt
from bot.models.embedded import LONGEST_QUOTE, Embedded, picked, quote
from bot.persona import Persona, read_persona
from tests.kit import DATA, OTHER_DATA, PERSONA, knowledge
from training.examples import Example, Message
from training.handbook import Passage
from training.knowledge import Found, Knowledge
from training.words import Words

RING = Passage("hub", "Hub", "The ring blinks", "Amber means that there is no internet. Red means a fault.")
PRICES = Passage("plans", "Plans", "What the plans cost", "A month costs $7. A year costs $69. Taxes are added.")
FILLER = [Passage(f"p{n}", f"Page {n}", f"Heading {n}", f"Something about subject{n}.") for n in range(20)]


def replied(known: Knowledge, question: str, *history: PastTurn, persona: Persona = PERSONA) -> str:
    """Return what the model says to a question after a history."""
    before = history[-1].question if history else ""
    return Embedded(known).reply(Prompt(persona, known.passages(question, before, 4), history, question))


def test_the_passage_that_answers_is_quoted_under_its_heading() -> None:
    assert replied(Knowledge([RING, PRICES, *FILLER], []), "why is my hub ring amber") == (
        "**Hub: The ring blinks**\n\nAmber means that there is no internet. Red means a fault."
    )


def test_the_answer_of_a_like_example_comes_before_the_handbook() -> None:
    example = Example((Message("user", "Why is my ring amber?"), Message("assistant", "No internet, I am afraid.")))
    assert replied(Knowledge([RING, *FILLER], [example]), "why is my ring amber") == "No internet, I am afraid."


def test_a_follow_up_is_answered_from_what_it_follows() -> None:
    known = Knowledge([RING, PRICES, *FILLER], [])
    assert "$69" in replied(known, "and for a year?", PastTurn(1, "What does a plan cost?", "Ask me."))


def test_what_was_said_a_moment_ago_is_not_said_again_whole() -> None:
    known = Knowledge([RING, PRICES, *FILLER], [])
    first = replied(known, "What do the plans cost?")
    assert replied(known, "and for a year?", PastTurn(1, "What do the plans cost?", first)) == "A year costs $69."


def test_when_what_was_said_did_not_help_a_person_is_offered() -> None:
    known = Knowledge([RING, PRICES, *FILLER], [])
    first = replied(known, "What do the plans cost?")
    again = replied(known, "what if that is wrong?", PastTurn(1, "What do the plans cost?", first))
    assert again == f"{PERSONA.unknown[0]} {PERSONA.handoff}"


def test_what_was_said_two_turns_ago_is_not_said_again_either() -> None:
    known = Knowledge([RING, PRICES, *FILLER], [])
    first = replied(known, "What do the plans cost?")
    history = (PastTurn(1, "What do the plans cost?", first), PastTurn(2, "hm", "Tell me more."))
    assert replied(known, "What do the plans cost?", *history) != first


def test_what_the_handbook_does_not_hold_is_not_known_and_a_person_is_offered() -> None:
    assert replied(Knowledge([RING, *FILLER], []), "does it come with a purple elephant") == (
        f"{PERSONA.unknown[0]} {PERSONA.handoff}"
    )


def test_not_knowing_is_said_in_other_words_the_next_time() -> None:
    persona = read_persona(DATA)
    known = Knowledge([RING, *FILLER], [])
    first = replied(known, "purple elephants", persona=persona)
    second = replied(known, "green zebras", PastTurn(1, "purple elephants", first), persona=persona)
    assert first != second
    assert second.endswith(persona.handoff)


@pytest.mark.parametrize("greeting", ["hi", "Hello!", "hey there", "Good morning", "hi, anyone there?"])
def test_a_greeting_is_greeted(greeting: str) -> None:
    assert replied(knowledge(), greeting) == PERSONA.greeting


@pytest.mark.parametrize("thanks", ["thanks", "Thank you so much!", "ok", "perfect, that worked", "bye"])
def test_thanks_are_welcome(thanks: str) -> None:
    assert replied(knowledge(), thanks) == PERSONA.sentences.welcome


@pytest.mark.parametrize(
    "wish",
    [
        "agent",
        "I want to talk to a human",
        "let me speak to your manager",
        "how do I contact support?",
        "call me please",
    ],
)
def test_who_wants_a_person_is_told_where(wish: str) -> None:
    assert replied(knowledge(), wish) == PERSONA.handoff


@pytest.mark.parametrize("question", ["who are you?", "are you a bot?", "what can you do"])
def test_who_asks_who_answers_is_told_that_it_is_a_program(question: str) -> None:
    assert PERSONA.disclosure in replied(knowledge(), question)


@pytest.mark.parametrize(
    "anger", ["you are useless", "This is ridiculous!!!", "your support sucks", "wtf", "I hate this bot"]
)
def test_who_is_angry_gets_an_apology_and_a_person(anger: str) -> None:
    assert replied(knowledge(), anger) == f"{PERSONA.sentences.sorry} {PERSONA.handoff}"


@pytest.mark.parametrize(
    "calm", ["my hub sucks power all night", "is this a useless sensor?", "that damn hub blinks red"]
)
def test_a_question_in_strong_words_is_a_question(calm: str) -> None:
    assert not is_courtesy(calm)


@pytest.mark.parametrize("nothing", ["sorry", "hmm", "never mind", "oops!"])
def test_who_says_nothing_is_asked_back(nothing: str) -> None:
    assert replied(knowledge(), nothing) == PERSONA.sentences.vague


def test_a_message_that_tells_nothing_is_asked_back() -> None:
    assert replied(knowledge(), "what is that?") == PERSONA.sentences.vague


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("the smoke alarm is going off right now!!", "leave the building"),
        ("i smell gas in the kitchen", "leave at once"),
        ("im locked out, the lock has no power", "9-volt"),
    ],
)
def test_who_is_in_danger_gets_what_the_handbook_says_of_it(question: str, fact: str) -> None:
    assert fact in replied(knowledge(), question)


def test_another_company_answers_from_its_own_handbook() -> None:
    answer = replied(knowledge(OTHER_DATA), "How do I descale my Brook?", persona=read_persona(OTHER_DATA))
    assert "8 seconds" in answer


async def test_the_answer_comes_in_pieces_that_make_it_whole() -> None:
    known = Knowledge([RING, *FILLER], [])
    prompt = Prompt(PERSONA, known.passages("amber ring", "", 1), (), "amber ring")
    pieces = [piece async for piece in Embedded(known).answer(prompt)]
    assert len(pieces) > 5
    assert "".join(pieces) == Embedded(known).reply(prompt)


@given(st.lists(st.text("abc .\n", min_size=1), min_size=1, max_size=40))
def test_a_quote_is_short_however_long_the_passage(sentences: list[str]) -> None:
    passage = Passage("p", "Title", "Heading", ". ".join(sentences).strip() or "x")
    longest = max(len(sentence) for sentence in passage.text.split("\n"))
    shown = quote(Found(passage, 1.0), "abc", Words())
    assert shown.startswith("**Title: Heading**\n\n")
    assert len(shown) <= len("**Title: Heading**\n\n") + max(LONGEST_QUOTE, longest) + 1


def test_of_a_long_passage_the_sentences_that_speak_of_the_question_are_quoted() -> None:
    text = " ".join([*(f"Sentence {n} is about nothing much at all." for n in range(40)), "The amber ring is broken."])
    assert "amber ring" in quote(Found(Passage("p", "T", "H", text), 1.0), "amber ring", Words())


def test_the_sentence_is_picked_that_shares_the_words() -> None:
    assert picked("A month costs $7. A year costs $69.", "and a year?", Words()) == "A year costs $69."
    assert not picked("A month costs $7. A year costs $69.", "and why?", Words())
    assert picked("It lasts 2 years. The ZenLock lasts 3.", "and the lock?", Words([["lock", "zenlock"]])) == (
        "The ZenLock lasts 3."
    )
