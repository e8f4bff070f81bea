"""A message in figures: what its words say together, and what its parts say alone."""

from collections.abc import Iterator, Sequence

from training.topic.canonical import MARK
from training.topic.evidence import Reading

# Words between which one thing ends and another begins.
_JOINTS = frozenset("and also but plus btw then anyway oh while or so".replace("l", "i").split())
# What a question or a wish begins with.
_WISHES = frozenset(
    "tell give explain write recommend suggest name list find show describe help translate make please sing compare "
    "calculate solve define".replace("l", "i").split()
)
_ASKING = _WISHES | frozenset(
    "what who whom whose where when why how which is are do does did can could would should will may im whats whos "
    "hows".replace("l", "i").split()
)
_OPENING = 3
# Words of the windows that slide over a message, and by how many they go on.
_WINDOWS = (5, 9)
_STEP, _LONG_STEP, _LONG = 2, 4, 40
_SHORTEST = 2
# What says little either way is between these log-odds.
_SURE = 1.0
# A part below this is surely about something else.
_LOW = -2.0
Span = tuple[int, int]


def spans(words: Sequence[str]) -> list[Span]:
    """Return the parts of a message that are judged alone: sentences, clauses, and windows; at least the whole."""
    found = dict.fromkeys([*_between(words, joints=False), *_between(words, joints=True), *_sliding(words)])
    whole = [(start, end) for start, end in found if sum(word != MARK for word in words[start:end]) >= _SHORTEST]
    return whole or [(0, len(words))]


def _between(words: Sequence[str], *, joints: bool) -> Iterator[Span]:
    start = 0
    for at, word in enumerate([*words, MARK]):
        if word == MARK or (joints and word in _JOINTS):
            if at > start:
                yield start, at
            start = at + 1


def _sliding(words: Sequence[str]) -> Iterator[Span]:
    step = _STEP if len(words) < _LONG else _LONG_STEP
    for size in _WINDOWS:
        for start in range(0, max(len(words) - size, 0) + 1, step):
            yield start, min(start + size, len(words))


def asks(words: Sequence[str], span: Span) -> bool:
    """Whether a part begins as a question or a wish does."""
    return any(word in _ASKING for word in words[span[0] : span[0] + _OPENING])


def wishes(words: Sequence[str]) -> bool:
    """Whether a message begins by telling what to do."""
    return any(word in _WISHES for word in words[:_OPENING])


def figures(reading: Reading, span: Span | None = None) -> list[float]:
    """Return what the words of a part say together."""
    start, end = span or (0, len(reading.words))
    words = reading.words[start:end]
    linear = [value for word, value in zip(words, reading.linear[start:end], strict=True) if word != MARK] or [0.0]
    odds = [value for value in reading.odds[start:end] if value is not None] or [0.0]
    unknown = sum(reading.unknown[start:end])
    ordered, steps = sorted(odds), sorted(linear)
    clauses = [sum(reading.linear[start + a : start + b]) for a, b in _between(words, joints=False)] or [0.0]
    total, told, count, many = sum(linear), sum(odds), len(linear), len(odds)
    return [
        count,
        many,
        total,
        total / count**0.5,
        total / count,
        *_strongest(linear, -1),
        *_strongest(linear, 1),
        steps[0],
        sum(steps[:3]),
        sum(steps[-3:]),
        told,
        told / many,
        told / many**0.5,
        ordered[0],
        ordered[min(1, many - 1)],
        sum(ordered[:3]),
        ordered[-1],
        ordered[max(many - 2, 0)],
        sum(ordered[-3:]),
        *_strongest(odds, -1),
        *_strongest(odds, 1),
        unknown,
        unknown / many,
        min(clauses),
        max(clauses),
        len(clauses),
        sum(value < -_SURE for value in odds),
        sum(value > _SURE for value in odds),
        *_elsewhere(reading, start, end, many),
    ]


def _elsewhere(reading: Reading, start: int, end: int, many: int) -> tuple[float, ...]:
    """Return how many words belong to other subjects, and how many of these hardly any customer has used."""
    others = [at for at in range(start, end) if reading.elsewhere[at]]
    rare = sum((reading.odds[at] or 0.0) < _SURE for at in others)
    new = sum(reading.unknown[at] for at in others)
    return len(others), rare, new, len(others) / many, rare / many


def _strongest(values: Sequence[float], sign: int) -> tuple[float, int]:
    """Return the largest sum of neighbours, of values times a sign, and how many they are (Kadane)."""
    best = current = 0.0
    length = run = 0
    for value in values:
        current, run = current + sign * value, run + 1
        if current < 0:
            current, run = 0.0, 0
        if current > best:
            best, length = current, run
    return best, length


def of_parts(reading: Reading, parts: Sequence[Span], whole: float, scores: Sequence[float]) -> list[float]:
    """Return what the parts of a message say, each judged alone, beside the score of the whole."""
    order = sorted(range(len(parts)), key=scores.__getitem__)
    worst = parts[order[0]]
    asked = [score for part, score in zip(parts, scores, strict=True) if asks(reading.words, part)]
    return [
        whole,
        *(scores[order[min(at, len(order) - 1)]] for at in range(3)),
        scores[order[-1]],
        sum(scores) / len(scores),
        sum(score < 0 for score in scores) / len(scores),
        sum(score < _LOW for score in scores) / len(scores),
        worst[1] - worst[0],
        asks(reading.words, worst),
        min(asked, default=whole),
        max(asked, default=whole),
        len(parts),
    ]
