"""The kill test: whatever is killed whenever, each run ends once, with one job and one model."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from tests.servers.tuning_faults import Moment
from tests.training.killing import Ending, Lane, Story, lane

pytestmark = pytest.mark.slow

LANES = 3
# No story is killed more often: then it does not get anywhere.
MOST_KILLS = 60
SIDES: tuple[Moment, ...] = ("before", "after")

Told = Callable[[Lane], None]


def undisturbed(lane: Lane, provider: str = "openai") -> Ending:
    """Return what comes of a run that nobody kills, and see that it is what it should be."""
    story = lane.story(provider)
    assert not story.start()
    ending = story.ending()
    assert (ending.state, ending.models, ending.unfinished) == ("succeeded", 1, 0)
    assert len(set(ending.told)) == len(ending.told)
    return ending


def killed_at_random(story: Story, chance: random.Random, seconds: float) -> None:
    """Kill a story's worker again and again, until one gets to the end before."""
    for _ in range(MOST_KILLS):
        if not story.start(after=chance.uniform(0.2, 1.1) * seconds):
            return
    assert not story.start()
