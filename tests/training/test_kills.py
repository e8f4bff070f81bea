"""The kill test: whatever is killed whenever, each run ends once, with one job and one model."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from queue import SimpleQueue

import pytest

from tests.servers.tuning_faults import Moment
from tests.training.killing import Ending, Lane, Story, lanes

LANES = 3
# Of which some 45 are before each change of a run, most again at some moment, and 24 at its requests.
LEAST_KILLS = 220
# Changes of a run, in both databases; the last of these numbers is never reached.
MOST_CHANGES = 56
# Requests of a run to its server; the last of these numbers is never reached.
MOST_REQUESTS = 25
CHAINS = 6
# A story that is killed at random this often ends in peace: it might get nowhere on a busy machine.
LONGEST_CHAIN = 10


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What comes of a run that nobody kills, and how many seconds it takes."""

    ending: Ending
    seconds: float


# Kills a worker somehow, and tells whether the place was reached at which it was to be killed.
Tale = Callable[[Lane, Undisturbed], bool]


def undisturbed(lane: Lane, provider: str = "openai") -> Undisturbed:
    """Let a run through, and look at it."""
    lane.story(provider).start()  # the first one takes longer
    story, began = lane.story(provider), time.monotonic()
    assert not story.start()
    seconds, ending = time.monotonic() - began, story.ending()
    assert (ending.state, ending.models, ending.unfinished) == ("succeeded", 1, 0)
    return Undisturbed(ending, seconds)


def before_a_change(number: int, lane: Lane, usual: Undisturbed) -> bool:
    """Kill before a change of either database, and the next worker at some moment."""
    story = lane.story()
    reached = story.start(commit=number)
    if reached:
        story.start(after=seeded(number).uniform(0.2, 0.9) * usual.seconds)
    ends_well(story, usual)
    return reached


def at_a_request(number: int, lane: Lane, usual: Undisturbed) -> bool:
    """Kill when the server did what a request asks, before it answers; for number 0, before it does the first."""
    story = lane.story()
    lane.at[place(number)] = lane.kill
    reached = story.start()
    ends_well(story, usual)
    return reached


def at_random(seed: int, provider: str, lane: Lane, usual: Undisturbed) -> bool:
    """Kill one worker after the other, each at some moment."""
    chance, story = seeded(seed), lane.story(provider)
    for _ in range(LONGEST_CHAIN):
        if not story.start(after=chance.uniform(0.2, 1.0) * usual.seconds):
            break
    ends_well(story, usual)
    return True


def while_cancelled(number: int, lane: Lane, _: Undisturbed) -> bool:
    """Cancel and kill when the server did what a request asks; kill the next worker too, before one of its changes."""
    story = lane.story()

    def cancel_and_kill() -> None:
        story.cancel()
        lane.kill()

    lane.at[place(number)] = cancel_and_kill
    reached = story.start()
    if reached:
        story.start(commit=6 + number % 10)
    assert not story.start()
    ending = story.ending()
    if reached:
        assert ending.state == "cancelled", f"a run that was cancelled after request {number}: {ending}"
        assert set(ending.jobs) <= {"cancelled", "succeeded"}, "a job goes on that nobody wants any more"
        assert (len(ending.jobs) <= 1, ending.models, ending.unfinished) == (True, 0, 0)
        assert Counter(ending.told)["The run was cancelled."] == 1
    return reached


def place(number: int) -> tuple[int, Moment]:
    """Return the place after a request; before it, all is as it was after the one before."""
    return (number, "after") if number else (1, "before")


def seeded(seed: int) -> random.Random:
    """Return chance that is the same each time."""
    return random.Random(seed)  # noqa: S311 - nobody is to be kept from guessing it


def ends_well(story: Story, usual: Undisturbed) -> None:
    """See that a story ends as if nobody had been killed."""
    assert not story.start()
    assert story.ending() == usual.ending


def told_by(opened: Sequence[Lane], tales: Iterable[Tale], usual: Undisturbed) -> list[bool]:
    """Tell each tale in a lane that is free; return of each whether its place was reached."""
    free: SimpleQueue[Lane] = SimpleQueue()
    for lane in opened:
        free.put(lane)

    def tell(tale: Tale) -> bool:
        lane = free.get()
        try:
            return tale(lane, usual)
        finally:
            free.put(lane)

    with ThreadPoolExecutor(len(opened)) as pool:
        return list(pool.map(tell, tales))


@pytest.mark.slow(seconds=120)
def test_a_run_ends_once_whenever_its_process_is_killed(tmp_path: Path) -> None:
    with lanes(tmp_path, LANES) as opened:
        usual = undisturbed(opened[0])
        assert usual.ending.jobs == ("succeeded",)
        changes = told_by(opened, [partial(before_a_change, number) for number in range(1, MOST_CHANGES + 1)], usual)
        assert changes[0], "no worker was killed before its first change"
        assert not changes[-1], "there are changes before which no worker was killed"
        reached = told_by(opened, [partial(at_a_request, number) for number in range(MOST_REQUESTS + 1)], usual)
        assert reached[0], "no worker was killed at its first request"
        assert not reached[-1], "there are requests at which no worker was killed"
        for first in count(step=CHAINS):
            told_by(opened, [partial(at_random, seed, "openai") for seed in range(first, first + CHAINS)], usual)
            if sum(lane.kills for lane in opened) >= LEAST_KILLS:
                break


@pytest.mark.slow
def test_a_run_that_is_cancelled_ends_cancelled_whenever_its_process_is_killed(tmp_path: Path) -> None:
    with lanes(tmp_path, LANES) as opened:
        usual = undisturbed(opened[0])
        reached = told_by(opened, [partial(while_cancelled, number) for number in range(MOST_REQUESTS + 1)], usual)
        assert reached[0]
        assert not reached[-1]
        assert sum(lane.kills for lane in opened) > sum(reached)


@pytest.mark.slow
def test_an_embedded_run_ends_once_whenever_its_process_is_killed(tmp_path: Path) -> None:
    with lanes(tmp_path, 1) as opened:
        usual = undisturbed(opened[0], "embedded")
        told_by(opened, [partial(at_random, seed, "embedded") for seed in range(3)], usual)
        assert opened[0].kills >= len(opened)
