"""How low a score may be: so that few customers are refused wrongly."""

from dataclasses import dataclass

import numpy as np

from training.evaluation.statistics import wilson
from training.topic.forest import Floats

# Messages of more words tell some of a life, and are judged by their parts only; the threshold for these is another.
LONG = 24
# Of the customers that may be refused, the share that the judge of the parts may refuse among short messages.
_BY_PARTS = 0.5
# Of fewer messages the judge of the parts refuses none: what two thresholds refuse together is then mostly chance.
_FEW, _NEVER = 200, -1000.0
# The share of off-topic messages that may pass after a message about the product: who goes on in a conversation should
# hardly ever be refused. It is of judges that learned from two thirds of all, and tell less than those fitted on all.
_LOST = 0.09
# The share of customers beyond those that are refused whose messages count as borderline.
_BORDERLINE = 0.03


@dataclass(frozen=True, slots=True)
class Calibration:
    """Where refusing begins, in log-odds, and how surely only the wanted share of customers is refused."""

    whole: float
    parts: float
    parts_of_long: float
    turn: float
    """For a message after one about the product."""
    borderline: float
    """The margin below which a message could be taken either way."""
    refused: float
    """The share of customers' messages that may be refused."""
    low: float
    high: float
    """The 95 % Wilson interval of the share that is refused."""
    of: int
    """The messages of customers by which this was found."""

    def margin(self, whole: float, parts: float, count: int) -> float:
        """Return by how much a message of so many words is above the thresholds, in log-odds."""
        if count > LONG:
            return parts - self.parts_of_long
        return min(whole - self.whole, parts - self.parts)


def calibrated(scores: Floats, counts: Floats, strays: Floats, refused: float) -> Calibration:
    """Set the thresholds by the scores (messages x 2) and the words of customers' messages.

    Both judges' thresholds are set to refuse the wanted share together, and lowered until the interval of what they
    refuse is all below it, as far as so many messages can tell. For a message after one about the product the threshold
    is set by the scores of off-topic ones.
    """
    long = counts > LONG
    short = scores[~long] if (~long).any() else scores
    parts = _quantile(short[:, 1], refused * _BY_PARTS) if len(short) >= _FEW else _NEVER
    left = refused - float((short[:, 1] < parts).mean())
    kept = short[short[:, 1] >= parts]
    whole = _quantile(kept[:, 0], max(left, 0.0))
    margins = np.minimum(short[:, 0] - whole, short[:, 1] - parts)
    lower = float(np.sort(margins)[_surely(refused, len(margins))])
    margins -= lower
    of_long = _quantile(scores[long if long.any() else ~long, 1], refused)
    turn = _quantile(strays, 1 - _LOST) if len(strays) else 0.0
    border = max(_quantile(margins, refused + _BORDERLINE), 0.0)
    low, high = wilson(int((margins < 0).sum()), len(short))
    return Calibration(whole + lower, parts + lower, of_long, turn, border, refused, low, high, len(short))


def _surely(share: float, count: int) -> int:
    """Return of how many of so many the interval lies below a share; 0 where even that of none does not."""
    return max((number for number in range(int(share * count) + 1) if wilson(number, count)[1] <= share), default=0)


def _quantile(values: Floats, share: float) -> float:
    """Return the largest threshold below which no more than a share of the values lie."""
    ordered = np.sort(values)
    return float(ordered[min(int(share * len(ordered)), len(ordered) - 1)])
