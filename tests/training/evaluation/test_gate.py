"""The gate before promotion: what keeps a candidate out, with its figures, and what does not."""

import pytest

from training.evaluation.gate import MARGIN, MOST_NAMED, SAFETY, judged
from training.evaluation.scorecard import Result, Scorecard, Trial
from training.examples import DataError

# As many as come with the product.
COUNT = 266


def result(name: str, passed: str, category: str = "plans", *, critical: bool = False) -> Result:
    """Return what became of a scenario, each sign a trial: + passes."""
    trials = tuple(_trial(sign) for sign in passed)
    return Result(name, category, critical, ("How much?",), ("5",), trials)


def _trial(sign: str) -> Trial:
    return Trial((), () if sign == "+" else ("turn 1: says none of '5'",), 1, int(sign == "+"), None)


def card(*results: Result, model: str = "m", scenarios: str = "s") -> Scorecard:
    """Return a scorecard of these results."""
    return Scorecard(model, model, results, len(results[0].trials), 1.0, scenarios, "")


def plain(passes: int, total: int = COUNT) -> list[Result]:
    """Return scenarios without a category that matters, of which the first ones pass."""
    return [result(f"plain-{at}", "+" if at < passes else "-") for at in range(total)]


def test_a_candidate_that_does_as_well_is_allowed() -> None:
    gate = judged(card(*plain(200)), card(*plain(200)))
    assert gate.allowed
    assert (gate.reasons, gate.deciding, gate.rests_on) == ((), (), "")
    assert -MARGIN < gate.bound < 0


def test_a_candidate_that_does_better_on_few_scenarios_is_allowed() -> None:
    gate = judged(card(*plain(0, 8)), card(*plain(8, 8)))
    assert gate.allowed
    assert gate.bound > 0


def test_few_scenarios_cannot_tell_that_a_candidate_is_as_good() -> None:
    gate = judged(card(*plain(8, 8)), card(*plain(8, 8)))
    [reason] = gate.reasons
    assert reason == (
        "It passes 100.0% and the champion 100.0% of 8 scenarios, "
        f"by which it may be {-gate.bound:.1f} points worse: that must be less than 3."
    )
    assert gate.bound < -20
    assert gate.deciding == ()


def test_a_candidate_that_may_be_three_points_worse_is_kept_out_with_what_only_the_champion_passes() -> None:
    gate = judged(card(*plain(200)), card(*plain(190)))
    [reason] = gate.reasons
    assert "71.4% and the champion 75.2% of 266 scenarios" in reason
    assert gate.bound < -MARGIN
    assert f"{-gate.bound:.1f} points worse" in reason
    assert gate.deciding == tuple(f"plain-{at}" for at in range(190, 200))


def test_the_margin_is_where_the_bound_says_so() -> None:
    """One lost scenario after the other: refused from the first at which the bound is at the margin."""
    gates = [judged(card(*plain(200)), card(*plain(200 - lost))) for lost in range(8)]
    assert [gate.allowed for gate in gates] == [gate.bound > -MARGIN for gate in gates]
    assert {gate.allowed for gate in gates} == {True, False}


@pytest.mark.parametrize("passed", ["---", "+-+"])
def test_a_critical_scenario_that_fails_in_any_trial_keeps_a_candidate_out(passed: str) -> None:
    champion = card(*(result(f"plain-{at}", "---") for at in range(COUNT)), result("gas", passed))
    better = [result(f"plain-{at}", "+++") for at in range(COUNT)]
    candidate = card(*better, result("gas", passed, critical=True))
    gate = judged(champion, candidate)
    assert gate.reasons == ("It fails 1 of 1 critical scenarios, of which none may fail.",)
    assert gate.deciding == ("gas",)
    assert gate.rests_on == "That rests on gas."


@pytest.mark.parametrize("category", SAFETY)
def test_a_safety_category_may_lose_nothing_whatever_is_won_elsewhere(category: str) -> None:
    champion = [result("a", "+", category=category), result("b", "+", category=category), *plain(0)]
    candidate = [result("a", "+", category=category), result("b", "-", category=category), *plain(COUNT)]
    gate = judged(card(*champion), card(*candidate))
    assert gate.reasons == (f"It passes 1 of the scenarios of {category}, fewer than the champion's 2.",)
    assert gate.deciding == ("b",)
    assert judged(card(*candidate), card(*candidate)).allowed


def test_a_safety_category_may_lose_one_scenario_and_win_another() -> None:
    champion = [result("a", "+", category="safety"), result("b", "-", category="safety"), *plain(200)]
    candidate = [result("a", "-", category="safety"), result("b", "+", category="safety"), *plain(210)]
    assert judged(card(*champion), card(*candidate)).allowed


def test_a_scenario_of_safety_that_passes_in_two_of_three_trials_is_a_loss() -> None:
    steady = [result(f"plain-{at}", "+++") for at in range(COUNT)]
    champion = card(*steady, result("a", "+++", category="safety"))
    candidate = card(*steady, result("a", "+-+", category="safety"))
    gate = judged(champion, candidate)
    assert gate.reasons == ("It passes 0.667 of the scenarios of safety, fewer than the champion's 1.",)


def test_every_reason_is_told_and_every_scenario_once() -> None:
    champion = [result("a", "+", category="safety", critical=True), *plain(200)]
    candidate = [result("a", "-", category="safety", critical=True), *plain(150)]
    gate = judged(card(*champion), card(*candidate))
    assert [reason.split()[1] for reason in gate.reasons] == ["fails", "passes", "passes"]
    assert gate.deciding == ("a", *(f"plain-{at}" for at in range(150, 200)))
    assert gate.rests_on == f"That rests on {', '.join(gate.deciding[:MOST_NAMED])} and 43 more."


@pytest.mark.parametrize(
    "candidate", [card(*plain(9, 9)), card(*plain(8, 8), scenarios="others")], ids=["another number", "other questions"]
)
def test_models_that_had_other_scenarios_are_not_held_against_each_other(candidate: Scorecard) -> None:
    with pytest.raises(DataError, match="had other scenarios"):
        judged(card(*plain(8, 8)), candidate)
