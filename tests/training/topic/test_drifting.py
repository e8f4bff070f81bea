"""An answer is judged by its sentences, and good ones are hardly ever cut."""

import numpy as np
import pytest

from training.topic.canonical import words
from training.topic.drifting import Drift, cut_below, fitted_drift, sentences
from training.topic.evidence import Evidence

GOOD = tuple(
    f"{begin} the lamp in the {room}, then press the button until it blinks."
    for begin in ("Switch off", "Unplug", "Turn on", "Restart", "Rename", "Pair")
    for room in ("kitchen", "hall", "bedroom", "garage", "attic", "office")
)
STRAY = tuple(
    f"{who} sailed across the sea to {place} and sang of love and gold."
    for who in ("The pirate", "A captain", "Her sailor", "The mermaid", "A parrot", "One poet")
    for place in ("Spain", "Java", "Cuba", "Malta", "Goa", "Crete")
)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Learn from a few messages what belongs to lamps."""
    said = [(words(text), True) for text in GOOD[::2]] + [(words(text), False) for text in STRAY[::2]]
    return Evidence.fitted(said, [])


@pytest.fixture(scope="module")
def drift(evidence: Evidence) -> Drift:
    """Learn from a few answers."""
    return fitted_drift(evidence, GOOD[:3], GOOD, STRAY)


def test_an_answer_is_cut_into_sentences_that_say_enough() -> None:
    answer = "Sure! Unplug the lamp in the hall for a minute.\nDoes it blink: yes or no, and in which color? Ok."
    assert sentences(answer) == ["Unplug the lamp in the hall for a minute.", "yes or no, and in which color?"]
    assert sentences("Ok.") == []


def test_a_stray_sentence_is_told_from_a_good_one(drift: Drift, evidence: Evidence) -> None:
    assert drift.holds(evidence.read("The old pirate sang of a parrot and of gold in Crete."))
    assert not drift.holds(evidence.read("Press the button of the lamp in the hall until it blinks."))


def test_so_few_sentences_of_good_answers_are_below_the_threshold() -> None:
    scores = np.random.default_rng(1).permutation(np.arange(2000.0))
    assert (scores < cut_below(scores)).sum() == 6


def test_the_threshold_is_set_by_judges_that_did_not_learn_from_the_sentence(evidence: Evidence) -> None:
    # The same answers, once with one among them that nothing else is like: who learned from it would pass it.
    odd = "The pirate of the song sailed across the sea and sang of gold."
    plain, warned = (fitted_drift(evidence, GOOD[:3], answers, STRAY) for answers in (GOOD, (*GOOD, odd)))
    assert warned.threshold < plain.threshold
