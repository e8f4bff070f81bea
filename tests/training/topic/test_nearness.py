"""How near a message is to single ones: what several words say together."""

import numpy as np
import pytest

from training.topic.canonical import words
from training.topic.nearness import Nearness

# Of enough messages that no term is usual.
ON = [f"does the lamp{number} follow the schedule{number} at night" for number in range(30)]
OFF = [f"does the train{number} follow the timetable{number} at night" for number in range(30)]


@pytest.fixture(scope="module")
def near() -> Nearness:
    # Each twice: a term of one message alone joins none.
    taught = [(words(text), verdict) for texts, verdict in ((ON, True), (OFF, False)) for text in texts * 2]
    return Nearness.fitted(taught)


def test_a_message_is_as_near_as_can_be_to_itself(near: Nearness) -> None:
    on, _, off, *_ = near.figures(words(ON[3]))
    assert on == pytest.approx(1.0)
    assert off == 0.0
    _, _, off, _, by, _ = near.figures(words(OFF[3]))
    assert off == pytest.approx(1.0)
    assert by == pytest.approx(-1.0)


def test_what_has_more_in_common_is_nearer(near: Nearness) -> None:
    much, little = (near.figures(words(text))[0] for text in ("lamp3 follows schedule3", "schedule3 and timetable9"))
    assert much > little > 0


def test_words_that_nobody_used_are_near_to_nothing(near: Nearness) -> None:
    assert near.figures(words("photosynthesis")) == [0.0] * 6
    assert near.figures([]) == [0.0] * 6


def test_the_mean_of_a_few_is_of_five_though_fewer_have_anything_in_common(near: Nearness) -> None:
    # The message stands there twice, and nothing else has its words.
    nearest, of_few, *_ = near.figures(words("lamp3 schedule3"))
    assert of_few == pytest.approx(2 * nearest / 5)


def test_it_is_kept_as_plain_arrays(near: Nearness) -> None:
    assert all(array.dtype != np.object_ for array in near.arrays.values())
    again = Nearness(near.arrays)
    assert again.figures(words(ON[7])) == near.figures(words(ON[7]))


def test_of_no_messages_nothing_is_near() -> None:
    assert Nearness.fitted([]).figures(words("is the hub on")) == [0.0] * 6
