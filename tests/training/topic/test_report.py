"""A report counts what it says, and shows it."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from training.evaluation.statistics import wilson
from training.topic import Topic, TopicModel, Verdict
from training.topic.pages import as_json, as_markdown, write_report
from training.topic.picture import curve
from training.topic.report import Figure, Goal, Report, report_on, threshold_at


class Scripted(TopicModel):
    """Finds on topic what says hub, and what follows a message that does; tricks of writing are beyond it."""

    def __init__(self) -> None:
        """Learn nothing."""

    def verdict(self, text: str, after: str = "") -> Verdict:
        """Look for the word."""
        on_topic = "hub" in text or "hub" in after
        return Verdict(on_topic, 0.9 if on_topic else 0.1, borderline=text.endswith("?"))

    def drifts(self, text: str) -> bool:
        """Look for another word."""
        return "poem" in text


def topic(text: str, form: str = "plain", previous: str = "", kind: str = "") -> Topic:
    """Return a message that is on topic unless it is of poems."""
    return Topic(text, "poem" not in text, kind, form, previous, held_out=True)  # type: ignore[arg-type]


TOPICS = (
    topic("hub on", kind="hubs"),
    topic("hub off", kind="hubs"),
    topic("hub again", kind="plugs"),
    topic("it is dark", kind="plugs"),
    topic("a poem about the sea and its fish", kind="verse"),
    topic("another poem of the same length", kind="verse"),
    topic("a poem about a hub", kind="songs"),
    topic("poem $x$ | hub", kind="a|b"),
    topic("hub with a code", "hard"),
    topic("hub and a poem", "mixed"),
    topic("poem, please", "mixed"),
    topic("hub, and my life", "long"),
    topic("and why", "follow-up", previous="is the hub red"),
    topic("good poem?", "borderline"),
    topic("good hub?", "borderline"),
    topic("Here is a poem for you, dear friend. It is about the sea and its fish.", "answer"),
    topic("It is about the sea and its fish. Here is a poem for you, dear friend.", "answer"),
    topic("Fish like poems.", "answer"),
)
ANSWERS = ("Restart the hub, and wait a minute.", "Restart the hub. Here is a poem about it for you.", "A poem.")


CUSTOMERS = (topic("the hub again"), topic("no light"), topic("hub, and a long life", "long"))


def measured() -> Report:
    """Return a report; each judgement takes two milliseconds."""
    return report_on(Scripted(), TOPICS, ANSWERS, CUSTOMERS, itertools.count(0, 0.002).__next__)


def counted(report: Report, part: str) -> dict[str, tuple[int, int]]:
    """Return the counts of one part of a report."""
    figures = (*report.figures, *report.areas, *report.kinds)
    return {figure.what: (figure.count, figure.of) for figure in figures if figure.part.startswith(part)}


@pytest.mark.parametrize(
    ("part", "counts"),
    [
        ("Plain messages, at the model", {"customers refused": (1, 4), "off-topic messages caught": (2, 4)}),
        # At 1 % of six nobody may be refused, and what scores as little as they do passes.
        ("Plain messages, at the threshold", {"customers refused": (0, 6), "off-topic messages caught": (0, 4)}),
        ("Hard messages", {"customers refused": (0, 1)}),
        (
            "Borderline messages",
            {"customers refused": (0, 1), "off-topic messages caught": (1, 1), "told to be borderline": (2, 2)},
        ),
        ("Messages of more", {"mixed messages caught": (1, 2), "long honest messages refused": (0, 1)}),
        (
            "In a conversation",
            {
                "follow-ups refused": (0, 1),
                # The second is judged after "hub off", the first after "hub on": both pass there.
                "off-topic messages caught": (0, 4),
                "off-topic messages caught only when alone": (2, 4),
            },
        ),
        (
            "Answers",
            {
                "good answers cut": (1, 3),
                "off-topic answers cut": (2, 3),
                "off-topic answers cut at the first sentence": (1, 3),
            },
        ),
        ("Customers refused, by", {"plugs": (1, 2), "hubs": (0, 2)}),
        ("Off-topic messages let", {"a|b": (1, 1), "songs": (1, 1), "verse": (0, 2)}),
    ],
)
def test_what_a_part_counts(part: str, counts: dict[str, tuple[int, int]]) -> None:
    assert counted(measured(), part) == counts


def test_verdicts_that_a_disguise_changes_are_counted_for_each() -> None:
    changed = counted(measured(), "Verdicts")
    # It looks for small letters; five of eight plain messages say hub.
    assert changed["upper case"] == (5, 8)
    assert changed["double spaces"] == (0, 8)
    assert len(changed) == 8


def test_the_worst_kinds_come_first() -> None:
    shares = [figure.share for figure in measured().kinds]
    assert shares == sorted(shares, reverse=True)


def test_the_time_of_a_message_is_that_of_its_verdict() -> None:
    assert measured().p50 == pytest.approx(2.0)
    assert measured().p95 == pytest.approx(2.0)


def test_at_one_percent_as_many_customers_are_below_the_border() -> None:
    scores = [number / 1000 for number in range(600)]
    border = threshold_at(scores[::-1], 0.01)
    assert sum(score < border for score in scores) == 6


def test_no_more_customers_than_that_are_below_the_border_where_many_score_the_same() -> None:
    assert sum(score < threshold_at([0.2] * 300, 0.01) for score in [0.2] * 300) == 0


def test_the_curve_of_perfect_scores_holds_everything_below_it_and_that_of_chance_half() -> None:
    assert curve([0.8, 0.9], [0.1, 0.2])[2] == 1.0
    assert curve([0.1, 0.2], [0.8, 0.9])[2] == 0.0
    assert curve([0.4, 0.5, 0.6], [0.4, 0.5, 0.6])[2] == pytest.approx(0.5)


def test_a_curve_goes_from_nothing_to_everything_and_never_back() -> None:
    chance = np.random.default_rng(7)
    refused, caught, _ = curve(chance.random(50).tolist(), (chance.random(60) - 0.3).tolist())
    assert (refused[0], caught[0], refused[-1], caught[-1]) == (0, 0, 1, 1)
    assert refused == sorted(refused)
    assert caught == sorted(caught)


@pytest.mark.parametrize(
    ("bound", "count", "met"),
    [("at least", 97, True), ("at least", 96, False), ("at most", 97, True), ("at most", 98, False)],
)
def test_a_goal_is_met_from_its_bound_on(bound: str, count: int, met: bool) -> None:  # noqa: FBT001 - a column of the table
    goal = Goal(bound, 0.97)  # type: ignore[arg-type]
    assert Figure("part", "what", count, 100, goal).met is met


def test_what_was_not_measured_meets_and_misses_no_goal() -> None:
    assert Figure("part", "what", 0, 0, Goal("at most", 0.1)).met is None


def test_the_document_tells_every_figure_with_its_interval_and_nothing_in_it_acts() -> None:
    page = as_markdown(measured())
    low, high = wilson(1, 4)
    assert f"| customers refused | 25.0% | {low:.1%} to {high:.1%} | 1 of 4 | at most 1% | missed |" in page
    assert "a\\|b" in page
    assert "2.0 ms of one core a message" in page


def test_programs_read_every_figure() -> None:
    told = json.loads(as_json(measured()))
    assert told["messages"] == len(TOPICS)
    assert told["milliseconds"]["p95"] == pytest.approx(2.0)
    first = told["figures"][0]
    assert (first["share"], first["met"], first["goal"]) == (0.25, False, {"bound": "at most", "share": 0.01})
    assert (first["low"], first["high"]) == wilson(1, 4)


def test_the_picture_has_the_curve_and_both_kinds_of_errors_in_their_colours(tmp_path: Path) -> None:
    write_report(measured(), tmp_path)
    picture = np.asarray(imread(tmp_path / "report.png"))[..., :3]
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):
        alike = np.abs(picture - np.array(colour) / 255).max(axis=-1) < 0.02
        height, width = alike.shape
        # Above, the curve and its working point; below, bars.
        assert alike[: height // 2].sum() > 100
        assert alike[height // 2 :].sum() > 0.005 * height * width / 2


def test_the_same_figures_make_the_same_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_report(measured(), tmp_path / name)
    for file in ("report.md", "report.json", "report.png"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_where_nothing_was_measured_there_is_a_report_all_the_same(tmp_path: Path) -> None:
    write_report(report_on(Scripted(), (), ()), tmp_path)
    assert "not measured" in (tmp_path / "report.md").read_text("utf-8")
