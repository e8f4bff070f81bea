"""How well a discriminator tells messages apart that no training has read: figures, each with its interval."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

from training.evaluation.statistics import percentile, wilson
from training.topic import Topic, TopicModel, Verdict
from training.topic.disguises import DISGUISES
from training.topic.drifting import sentences

# The share of customers at whose refusal the rest is compared.
REFUSED = 0.01


@dataclass(frozen=True, slots=True)
class Goal:
    """What a share should be."""

    bound: Literal["at least", "at most"]
    share: float

    def met_by(self, share: float) -> bool:
        """Whether a share is what it should be."""
        return share >= self.share if self.bound == "at least" else share <= self.share


# The share of plain off-topic messages that should be caught.
_CAUGHT = Goal("at least", 0.97)


@dataclass(frozen=True, slots=True)
class Figure:
    """How many of some messages something holds for; `part` is the part of the report it stands in."""

    part: str
    what: str
    count: int
    of: int
    goal: Goal | None = None

    @property
    def share(self) -> float:
        """The share, 0 to 1."""
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval (Wilson 1927)."""
        return wilson(self.count, self.of)

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none, or nothing was measured."""
        return self.goal.met_by(self.share) if self.goal and self.of else None


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a discriminator."""

    messages: int
    figures: tuple[Figure, ...]
    areas: tuple[Figure, ...]
    """Customers refused, by product area, the worst first."""
    kinds: tuple[Figure, ...]
    """Off-topic messages let through, by kind, the worst first."""
    on_scores: tuple[float, ...]
    off_scores: tuple[float, ...]
    """The scores of plain messages, 0 to 1."""
    working: tuple[Figure, Figure]
    """Customers refused and off-topic messages caught at the model's own threshold."""
    p50: float
    p95: float
    """Milliseconds of one core that a message takes."""


@dataclass(frozen=True, slots=True)
class _Judged:
    topic: Topic
    verdict: Verdict
    milliseconds: float


def report_on(
    model: TopicModel,
    topics: Sequence[Topic],
    answers: Iterable[str],
    customers: Sequence[Topic] = (),
    clock: Callable[[], float] = time.process_time,
) -> Report:
    """Measure a discriminator on messages that it never saw, and on answers that should not be cut.

    `customers` are those by whose messages the threshold was set: nothing was learned of these either, and so they
    count where the threshold is another.
    """
    judged = [_judged(model, topic, clock) for topic in topics if topic.form != "answer"]
    on, off = (_of(judged, "plain", on_topic=verdict) for verdict in (True, False))
    scores = [model.verdict(topic.text).score for topic in customers if topic.form == "plain"]
    of_all = (*(one.verdict.score for one in on), *scores)
    refused, caught, *at_one_percent = _plain(on, off, of_all)
    took = [one.milliseconds for one in judged]
    figures = (
        *(refused, caught, *at_one_percent),
        *_hard(judged),
        *_long(judged),
        *_conversations(model, judged, on, off),
        *_disguised(model, [*on, *off]),
        *_drift(model, topics, answers),
    )
    return Report(
        len(topics),
        # What was not measured and should be is told; what nobody asks for is not.
        tuple(figure for figure in figures if figure.of or figure.goal),
        _by_kind("Customers refused, by product area", on, wrong=False),
        _by_kind("Off-topic messages let through, by kind", off, wrong=True),
        of_all,
        tuple(one.verdict.score for one in off),
        (refused, caught),
        percentile(took, 50) or 0.0,
        percentile(took, 95) or 0.0,
    )


def threshold_at(scores: Sequence[float], refused: float) -> float:
    """Return the score below which lie so many of the scores, or as many fewer as ties ask for."""
    return sorted(scores)[int(refused * len(scores))] if scores else 0.0


def _judged(model: TopicModel, topic: Topic, clock: Callable[[], float]) -> _Judged:
    began = clock()
    verdict = model.verdict(topic.text, topic.previous)
    return _Judged(topic, verdict, (clock() - began) * 1000)


def _of(judged: Iterable[_Judged], form: str, *, on_topic: bool) -> list[_Judged]:
    return [one for one in judged if (one.topic.form, one.topic.on_topic) == (form, on_topic)]


def _refused(part: str, what: str, judged: Sequence[_Judged], goal: Goal | None = None) -> Figure:
    """Count what is held to be off topic: an off-topic message is caught, a customer refused."""
    return Figure(part, what, sum(not one.verdict.on_topic for one in judged), len(judged), goal)


def _plain(on: Sequence[_Judged], off: Sequence[_Judged], of_all: Sequence[float]) -> Iterator[Figure]:
    part = "Plain messages, at the model's own threshold"
    yield _refused(part, "customers refused", on, Goal("at most", REFUSED))
    yield _refused(part, "off-topic messages caught", off, _CAUGHT)
    scores = [one.verdict.score for one in off]
    of_measured = [one.verdict.score for one in on]
    yield from _at(f"at the threshold that refuses {REFUSED:.0%} of the measured customers", of_measured, scores)
    if len(of_all) > len(of_measured):
        where = f"at the threshold that refuses {REFUSED:.0%} of all customers that nothing was learned of"
        yield from _at(where, of_all, scores)


def _at(where: str, customers: Sequence[float], off: Sequence[float]) -> Iterator[Figure]:
    part, border = f"Plain messages, {where}", threshold_at(customers, REFUSED)
    yield Figure(part, "customers refused", sum(score < border for score in customers), len(customers))
    yield Figure(part, "off-topic messages caught", sum(score < border for score in off), len(off), _CAUGHT)


def _hard(judged: Sequence[_Judged]) -> Iterator[Figure]:
    for form, part in (("hard", "Hard messages"), ("borderline", "Borderline messages")):
        on, off = (_of(judged, form, on_topic=verdict) for verdict in (True, False))
        yield _refused(part, "customers refused", on)
        yield _refused(part, "off-topic messages caught", off)
        if form == "borderline":
            yield Figure(part, "told to be borderline", sum(one.verdict.borderline for one in on + off), len(on + off))


def _long(judged: Sequence[_Judged]) -> Iterator[Figure]:
    part = "Messages of more than one thing"
    mixed, honest = _of(judged, "mixed", on_topic=False), _of(judged, "long", on_topic=True)
    yield _refused(part, "mixed messages caught", mixed, Goal("at least", 0.9))
    yield _refused(part, "long honest messages refused", honest, Goal("at most", 0.02))


def _conversations(
    model: TopicModel, judged: Sequence[_Judged], on: Sequence[_Judged], off: Sequence[_Judged]
) -> Iterator[Figure]:
    """Judge follow-ups after their turn, and off-topic messages as if they came after turns about the product."""
    part = "In a conversation about the product"
    yield _refused(part, "follow-ups refused", _of(judged, "follow-up", on_topic=True), Goal("at most", 0.01))
    yield _refused(part, "later turns refused, which say more by themselves", _of(judged, "turn", on_topic=True))
    if not on:
        return
    after = [
        model.verdict(one.topic.text, before.topic.text).on_topic for one, before in zip(off, cycle(on), strict=False)
    ]
    lost = sum(through and not one.verdict.on_topic for through, one in zip(after, off, strict=True))
    yield Figure(part, "off-topic messages caught", len(off) - sum(after), len(off))
    yield Figure(part, "off-topic messages caught only when alone", lost, len(off), Goal("at most", 0.03))


def _disguised(model: TopicModel, judged: Sequence[_Judged]) -> Iterator[Figure]:
    for name, disguise in DISGUISES.items():
        changed = sum(model.verdict(disguise(one.topic.text)).on_topic != one.verdict.on_topic for one in judged)
        yield Figure("Verdicts that a disguise changes", name, changed, len(judged))


def _drift(model: TopicModel, topics: Iterable[Topic], answers: Iterable[str]) -> Iterator[Figure]:
    part = "Answers, sentence by sentence"
    cut = [any(map(model.drifts, sentences(answer))) for answer in answers]
    yield Figure(part, "good answers cut", sum(cut), len(cut))
    strays = [list(map(model.drifts, sentences(topic.text))) for topic in topics if topic.form == "answer"]
    yield Figure(part, "off-topic answers cut", sum(map(any, strays)), len(strays))
    yield Figure(
        part, "off-topic answers cut at the first sentence", sum(map(any, (said[:1] for said in strays))), len(strays)
    )


def _by_kind(part: str, judged: Iterable[_Judged], *, wrong: bool) -> tuple[Figure, ...]:
    """Count the wrong verdicts of each kind, the worst first."""
    kinds: defaultdict[str, list[bool]] = defaultdict(list)
    for one in judged:
        kinds[one.topic.kind].append(one.verdict.on_topic is wrong)
    figures = [Figure(part, kind or "none", sum(errors), len(errors)) for kind, errors in kinds.items()]
    return tuple(sorted(figures, key=lambda figure: (-figure.share, figure.what)))
