"""An answer ends where it leaves the subject, and until then it flows sentence by sentence."""

import asyncio
from collections.abc import AsyncGenerator, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.drift import LONGEST_HELD, Drifted, led_back, on_subject
from bot.guard import TopicGuard
from bot.persona import read_persona
from tests.kit import DATA, PERSONA
from training.evaluation.scorecard import read_all
from training.topic import read_topic_model

STEPS = "Open the app and tap Settings. Then choose your hub in the list! Is its light steady white now?\n"
POEM = "Oh poem of the pirates and their gold. And one more verse about the sea and rum."


def off(sentence: str) -> bool:
    """Find whatever speaks of poems off the subject."""
    return "poem" in sentence


class Flow:
    """Pieces that come one by one, and know whether anybody still wants more."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self.pieces = list(pieces)
        self.taken = 0
        self.closed = False

    async def __call__(self) -> AsyncGenerator[str]:
        """Yield them."""
        try:
            for piece in self.pieces:
                self.taken += 1
                yield piece
        finally:
            self.closed = True


async def shown(pieces: Iterable[str]) -> tuple[list[str], bool]:
    """Return what comes through, and whether it was cut."""
    through: list[str] = []
    try:
        async for piece in on_subject(Flow(pieces)(), off):
            through += [piece]
    except Drifted:
        return through, True
    return through, False


async def test_sentences_come_as_soon_as_they_are_whole() -> None:
    through, was_cut = await shown(STEPS[at : at + 3] for at in range(0, len(STEPS), 3))
    assert through == [
        "Open the app and tap Settings. ",
        "Then choose your hub in the list! ",
        "Is its light steady white now?\n",
    ]
    assert not was_cut


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_nothing_comes_through_from_the_first_sentence_that_drifts(size: int) -> None:
    text = STEPS + POEM
    assert await shown(text[at : at + size] for at in range(0, len(text), size)) == (
        ["Open the app and tap Settings. ", "Then choose your hub in the list! ", "Is its light steady white now?\n"],
        True,
    )


async def test_what_the_pieces_come_from_is_closed_at_once() -> None:
    flow = Flow([STEPS, "A poem about pirates and gold. ", "And more. ", "And more."])
    with pytest.raises(Drifted):
        _ = [piece async for piece in on_subject(flow(), off)]
    assert (flow.closed, flow.taken) == (True, 2)


async def test_an_answer_that_drifts_in_its_last_words_is_cut_there() -> None:
    assert await shown([STEPS, "And a poem about pirates at sea"]) == (
        ["Open the app and tap Settings. ", "Then choose your hub in the list! ", "Is its light steady white now?\n"],
        True,
    )


async def test_the_lines_of_a_list_are_sentences() -> None:
    lines = ["- Open the app on your phone\n", "- Tap Settings and choose the hub\n", "- Write a poem about pirates\n"]
    assert await shown(lines) == (lines[:2], True)


async def test_what_is_short_is_judged_with_what_comes_after_it() -> None:
    assert await shown(["Sure! ", "Here. ", "A poem about pirates and gold. ", "Yo."]) == ([], True)
    assert await shown(["1. Open the app, e.g. on a phone. ", "2. Done."]) == (
        ["1. Open the app, e.g. on a phone. ", "2. Done."],
        False,
    )


async def test_a_short_answer_is_said_whatever_it_is() -> None:
    assert await shown(["No poem."]) == (["No poem."], False)


async def test_a_sentence_without_end_flows_on_in_parts() -> None:
    flow = Flow(["word "] * 1000)
    sizes = [len(piece) async for piece in on_subject(flow(), off)]
    assert sum(sizes) == 5000
    assert max(sizes) <= LONGEST_HELD
    assert await shown(["x" * 1000]) == (["x" * 300, "x" * 300, "x" * 300, "x" * 100], False)


async def test_a_sentence_without_end_is_judged_in_parts() -> None:
    through, was_cut = await shown([*["word "] * 100, *["poem "] * 100])
    assert was_cut
    assert "poem" not in "".join(through)


async def test_the_first_sentence_is_out_before_the_second_was_said() -> None:
    go_on = asyncio.Event()

    async def pieces() -> AsyncGenerator[str]:
        yield "Open the app and tap Settings. Then"
        await go_on.wait()
        yield " choose your hub."

    flow = on_subject(pieces(), off)
    assert await anext(flow) == "Open the app and tap Settings. "
    go_on.set()
    assert [piece async for piece in flow] == ["Then choose your hub."]


@given(st.lists(st.text(alphabet='aä。 .!\n1*"”)', max_size=80), max_size=20))
def test_what_comes_through_is_what_was_said(pieces: list[str]) -> None:
    through, was_cut = asyncio.run(shown(pieces))
    assert ("".join(through), was_cut) == ("".join(pieces), False)


def test_an_answer_that_was_cut_leads_back_and_one_that_never_began_is_a_refusal() -> None:
    assert led_back(PERSONA, "Half of it.", ()) == f"\n\n{PERSONA.sentences.drifted}"
    assert led_back(read_persona(DATA), "", ()) == read_persona(DATA).refusals[0]
    assert led_back(read_persona(DATA), "", read_persona(DATA).refusals[:1]) == read_persona(DATA).refusals[1]


# By the discriminator of the company.


@pytest.fixture(scope="module")
def guard() -> TopicGuard:
    return TopicGuard(read_topic_model(DATA))


async def cut(guard: TopicGuard, answers: Iterable[str]) -> list[str]:
    """Return the answers that would not be said to their end."""

    async def one(answer: str) -> AsyncGenerator[str]:
        yield answer

    found: list[str] = []
    for answer in answers:
        try:
            _ = [piece async for piece in on_subject(one(answer), guard.drifts)]
        except Drifted:
            found.append(answer)
    return found


async def test_hardly_any_answer_that_the_company_wrote_would_be_cut(guard: TopicGuard) -> None:
    turns = [turn for scenario in read_all(DATA / "scenarios") for turn in scenario.turns]
    references = [turn.reference for turn in turns if not turn.expect.refuses]
    assert len(await cut(guard, references)) <= len(references) / 100


async def test_hardly_any_answer_that_declines_would_be_cut(guard: TopicGuard) -> None:
    turns = [turn for scenario in read_all(DATA / "scenarios") for turn in scenario.turns]
    declined = [turn.reference for turn in turns if turn.expect.refuses]
    # They name what they decline: 6 of 122 are led back by the stock sentence instead.
    assert len(await cut(guard, declined)) <= len(declined) / 12


async def test_no_refusal_and_no_sentence_of_the_persona_would_be_cut(guard: TopicGuard) -> None:
    persona = read_persona(DATA)
    said = [*persona.refusals, *(f"{unknown} {persona.handoff}" for unknown in persona.unknown), persona.greeting]
    assert await cut(guard, said) == []


async def test_an_answer_about_something_else_is_cut(guard: TopicGuard) -> None:
    answer = "The 1998 World Cup was won by France, who beat Brazil 3-0 in the final in Paris. Zidane scored twice."
    assert await cut(guard, [answer]) == [answer]
