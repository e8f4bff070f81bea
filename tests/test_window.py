"""Which history fits."""

from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import PastTurn
from bot.window import TOKENS_PER_TURN, fit

histories = st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=30).map(
    lambda said: [PastTurn(turn, question, answer) for turn, (question, answer) in enumerate(said)]
)
budgets = st.integers(min_value=-100, max_value=2000)


def size(turns: list[PastTurn]) -> int:
    return sum(len(turn.question) + len(turn.answer) + TOKENS_PER_TURN for turn in turns)


class WatchedCount:
    """Counts characters, and how often it was asked to."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, text: str) -> int:
        """Count one text."""
        self.asked += 1
        return len(text)


@given(histories, budgets)
def test_the_window_never_exceeds_its_budget(history: list[PastTurn], budget: int) -> None:
    assert size(fit(history, budget, len)) <= max(budget, 0)


@given(histories, budgets)
def test_the_window_keeps_the_newest_turns_whole_without_a_gap_oldest_first(
    history: list[PastTurn], budget: int
) -> None:
    kept = fit(history, budget, len)
    assert kept == history[len(history) - len(kept) :]


@given(histories, budgets)
def test_the_window_keeps_every_turn_that_still_fits(history: list[PastTurn], budget: int) -> None:
    kept = fit(history, budget, len)
    one_more = history[len(history) - len(kept) - 1 :]
    assert kept == history or size(one_more) > budget


@given(histories, budgets, budgets)
def test_a_larger_budget_never_keeps_less(history: list[PastTurn], one: int, other: int) -> None:
    smaller, larger = fit(history, min(one, other), len), fit(history, max(one, other), len)
    assert larger[len(larger) - len(smaller) :] == smaller


def test_nothing_is_counted_once_the_budget_is_spent() -> None:
    count = WatchedCount()
    history = [PastTurn(turn, "q" * 10, "a" * 10) for turn in range(1000)]
    assert len(fit(history, 100, count)) == 3
    assert count.asked <= 2 * 4


def test_nothing_is_counted_without_a_budget() -> None:
    count = WatchedCount()
    assert fit([PastTurn(1, "q", "a")], 0, count) == []
    assert count.asked == 0
