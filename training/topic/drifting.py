"""Where an answer leaves the subject: what is learned from answers about the product, and from answers about others."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.topic.evidence import Evidence, Reading
from training.topic.features import figures
from training.topic.forest import Floats, Forest

# Characters below which a sentence says too little.
_SHORTEST = 25
# The share of sentences of good answers that may be cut.
_CUT = 0.003
_FOLDS = 3
_END = re.compile(r"(?<=[.!?:;])\s+|\s*\n\s*")


@dataclass(frozen=True, slots=True)
class Drift:
    """Judges the sentences of answers: higher is more about the product, and below the threshold it is not."""

    forest: Forest
    threshold: float

    def holds(self, reading: Reading) -> bool:
        """Whether a sentence is off the subject."""
        return float(self.forest.scores(np.array([figures(reading)]))[0]) < self.threshold


def sentences(answer: str) -> list[str]:
    """Return the sentences of an answer that are long enough to be judged."""
    return [sentence for sentence in _END.split(answer) if len(sentence) >= _SHORTEST]


def fitted_drift(evidence: Evidence, about: Sequence[str], answers: Sequence[str], strays: Sequence[str]) -> Drift:
    """Fit on texts about the product, on good answers to questions about it, and on answers about anything else.

    The threshold is set by the scores of good answers' sentences, by judges that did not learn from them. Each of the
    three needs a sentence at least.
    """
    pages, off = _rows(evidence, about), _rows(evidence, strays)
    folds = [_rows(evidence, of_fold) for of_fold in _folded(answers)]
    unseen = [
        _forest([pages, *folds[:fold], *folds[fold + 1 :]], off).scores(own)
        for fold, own in enumerate(folds)
        if len(own)
    ]
    return Drift(_forest([pages, *folds], off), cut_below(np.concatenate(unseen)))


def cut_below(scores: Floats) -> float:
    """Return the score below which a sentence is cut, by the scores of good answers' sentences."""
    return float(np.sort(scores)[int(_CUT * len(scores))])


def _folded(answers: Sequence[str]) -> list[list[str]]:
    folds: list[list[str]] = [[] for _ in range(_FOLDS)]
    for answer in answers:
        folds[zlib.crc32(answer.encode("utf-8", "surrogatepass")) % _FOLDS].append(answer)
    return folds


def _rows(evidence: Evidence, texts: Sequence[str]) -> Floats:
    rows = [figures(evidence.read(sentence)) for text in texts for sentence in sentences(text)]
    return np.array(rows) if rows else np.zeros((0, len(figures(evidence.read("")))))


def _forest(on: Sequence[Floats], off: Floats) -> Forest:
    about = np.concatenate(on)
    return Forest.fitted(np.concatenate([about, off]), [True] * len(about) + [False] * len(off))
