"""Which history fits the model's context."""

from collections.abc import Sequence

from bot.conversation import PastTurn
from training.tokens import Count

# Role and separators, for each of a turn's two messages.
TOKENS_PER_TURN = 8


def fit(history: Sequence[PastTurn], budget: int, count: Count) -> list[PastTurn]:
    """Keep the newest turns that fit in `budget` tokens, whole and without a gap, oldest first."""
    kept: list[PastTurn] = []
    for turn in reversed(history):
        budget -= TOKENS_PER_TURN
        if budget >= 0:
            budget -= count(turn.question) + count(turn.answer)
        if budget < 0:
            break
        kept.append(turn)
    return kept[::-1]
