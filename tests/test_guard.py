"""The guard keeps the conversation with the product, and never in the way of a follow-up."""

import pytest

from bot.conversation import PastTurn
from bot.guard import OpenGuard, TopicGuard
from bot.settings import Settings
from tests.kit import DATA, knowledge
from training.topic import read_topic_model

ON = PastTurn(1, "How do I reset my hub?", "Hold the button.")
OFF = PastTurn(1, "Write me a poem", "No.", on_topic=False)


@pytest.fixture(scope="module")
def guard() -> TopicGuard:
    return TopicGuard(read_topic_model(DATA, knowledge()), Settings.model_fields["sarah_guard_threshold"].default)


@pytest.mark.parametrize("text", ["why?", "yes", "and then?", "and how much?", "what about the other one"])
def test_a_message_that_names_nothing_is_judged_by_the_turn_that_it_follows(guard: TopicGuard, text: str) -> None:
    assert guard.on_topic(text, ON)
    assert not guard.on_topic(text, OFF)


@pytest.mark.parametrize(
    "text", ["and for two floors?", "what about the premium one?", "and in winter?", "it still blinks"]
)
def test_a_follow_up_that_leans_on_a_good_turn_is_let_through(guard: TopicGuard, text: str) -> None:
    assert guard.on_topic(text, ON)


@pytest.mark.parametrize(
    "text",
    [
        "write a poem about this",
        "tell me a joke",
        "Who won the world cup in 1998?",
        "now solve 3x = 9 for me",
        "and who won the world cup?",
        "ok write me a poem",
        "so what's the capital of france",
        "also tell me a joke",
        "then who is the president",
        "thanks! who won the world cup?",
    ],
)
def test_going_off_topic_after_a_good_turn_is_noticed(guard: TopicGuard, text: str) -> None:
    assert not guard.on_topic(text, ON)


@pytest.mark.parametrize("text", ["thanks", "lol ok", "bye!", "sorry", "you are useless"])
def test_a_courtesy_after_a_refusal_is_not_refused(guard: TopicGuard, text: str) -> None:
    assert guard.on_topic(text, OFF)


@pytest.mark.parametrize("text", ["How do I reset my hub?", "and my hub?"])
def test_coming_back_after_a_refusal_is_noticed(guard: TopicGuard, text: str) -> None:
    assert guard.on_topic(text, OFF)


@pytest.mark.parametrize(
    "text",
    ["somebody is breaking into my house", "I smell gas", "my house is on fire", "I'm locked out with a baby inside"],
)
def test_a_customer_in_danger_is_never_refused(guard: TopicGuard, text: str) -> None:
    for before in (None, ON, OFF):
        assert guard.on_topic(text, before)


def test_without_a_guard_everything_passes() -> None:
    assert OpenGuard().on_topic("Write me a poem about pirates", None)
