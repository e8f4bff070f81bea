"""Proposals: a run that somebody wants starts once, when everybody has agreed who has to."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.training.registry_kit import DATASET, PLAN, actions
from training.place import Place
from training.providers import Hyperparameters
from training.registry import Plan, Proposal, Registry, RegistryError, open_registry

DAY = 24 * 3600.0
ANA, BO = "slack:U1", "slack:U2"
AT_ONCE = 20
WHOLE = Plan(
    DATASET,
    "openai",
    "gpt-4.1-mini",
    "http://127.0.0.1:9/v1",
    "dpo",
    Hyperparameters(3, 4, 0.5),
    "lumen",
    7,
    spending_limit_usd=12.5,
)


@pytest.fixture
def registry(place: Place) -> Generator[Registry]:
    with open_registry(place) as registry:
        registry.record_dataset(DATASET, "seed", 10, 8, 2, ANA, 1.0)
        yield registry


def proposed(registry: Registry, plan: Plan = PLAN, cost: float | None = 2.0, *, second: bool = False) -> Proposal:
    return registry.propose(plan, cost, ANA, 10.0, needs_second=second)


def refusal(refused: Callable[[], object]) -> str:
    with pytest.raises(RegistryError) as raised:
        refused()
    told = str(raised.value)
    assert "\n" not in told
    assert told.endswith(".")
    return told


def test_a_proposal_is_kept_with_all_of_its_plan_and_starts_nothing(registry: Registry) -> None:
    proposal = registry.propose(WHOLE, 12.0, ANA, 10.0, needs_second=True)
    assert proposal == Proposal(
        proposal.id, WHOLE, 12.0, needs_second=True, by=ANA, at=10.0, agreed_at=0.0, approved_by="", run=""
    )
    assert registry.proposal(proposal.id) == registry.proposal(proposal.id[:9]) == proposal
    assert proposal.id.startswith("prop-")
    assert registry.runs() == []


def test_a_proposal_outlives_the_process(registry: Registry, place: Place) -> None:
    proposal = proposed(registry, cost=None)
    with open_registry(place) as again:
        assert again.proposal(proposal.id) == proposal
        assert proposal.cost_usd is None


def test_the_proposer_agrees_and_the_run_starts(registry: Registry) -> None:
    agreed = registry.agree(proposed(registry, WHOLE).id, ANA, 20.0)
    [run] = registry.runs()
    assert (run.id, run.plan, run.by, run.created_at, run.state) == (agreed.run, WHOLE, ANA, 20.0, "queued")
    assert (agreed.agreed_at, agreed.approved_by) == (20.0, "")
    assert registry.proposal(agreed.id) == agreed


def test_any_admin_may_start_what_needs_no_second(registry: Registry) -> None:
    agreed = registry.agree(proposed(registry).id, BO, 20.0)
    [run] = registry.runs()
    assert (run.id, run.by, agreed.approved_by, agreed.agreed_at) == (agreed.run, BO, BO, 20.0)


def test_what_needs_a_second_starts_when_somebody_else_approves_it(registry: Registry) -> None:
    proposal = proposed(registry, second=True)
    agreed = registry.agree(proposal.id, ANA, 20.0)
    assert agreed == replace(proposal, agreed_at=20.0)
    assert registry.runs() == []
    approved = registry.agree(proposal.id, BO, 30.0)
    [run] = registry.runs()
    assert approved == replace(agreed, approved_by=BO, run=run.id)
    assert run.by == BO


@pytest.mark.parametrize(("cost", "why"), [(12.0, "it costs about $12.00"), (None, "nobody knows what it costs")])
def test_the_proposer_cannot_be_the_second(registry: Registry, cost: float | None, why: str) -> None:
    proposal = proposed(registry, cost=cost, second=True)
    agreed = registry.agree(proposal.id, ANA, 20.0)
    assert refusal(lambda: registry.agree(proposal.id, ANA, 30.0)) == (
        f"A second admin has to approve this run, because {why}: ask another to approve {proposal.id}."
    )
    assert (registry.runs(), registry.proposal(proposal.id)) == ([], agreed)


def test_an_approval_counts_only_after_the_proposer_agreed(registry: Registry) -> None:
    proposal = proposed(registry, second=True)
    assert refusal(lambda: registry.agree(proposal.id, BO, 20.0)).startswith(
        f"{ANA} has to agree to {proposal.id} first"
    )
    assert (registry.runs(), registry.proposal(proposal.id)) == ([], proposal)


@pytest.mark.parametrize("who", [ANA, BO])
def test_what_was_started_is_not_started_again_even_when_it_has_ended(registry: Registry, who: str) -> None:
    proposal = proposed(registry)
    run = registry.agree(proposal.id, BO, 20.0).run
    registry.update_run(run, state="failed")
    told = refusal(lambda: registry.agree(proposal.id, who, 30.0))
    assert told == f"{proposal.id} was started already by {BO}, as {run}: see how that one goes."
    assert len(registry.runs()) == 1


@pytest.mark.parametrize("second", [False, True])
def test_a_proposal_holds_for_a_day(registry: Registry, second: bool) -> None:  # noqa: FBT001 - a case
    proposal = proposed(registry, second=second)
    late = 10.0 + DAY + 1
    told = refusal(lambda: registry.agree(proposal.id, ANA, late))
    assert told == f"{proposal.id} is older than a day: start again, the price may have changed."
    registry.agree(proposal.id, ANA, late - 1)
    if second:
        assert refusal(lambda: registry.agree(proposal.id, BO, late)) == told
        registry.agree(proposal.id, BO, late - 1)
    assert len(registry.runs()) == 1


@pytest.mark.parametrize("second", [False, True])
def test_the_same_run_is_not_started_beside_one_that_goes_on(registry: Registry, second: bool) -> None:  # noqa: FBT001 - a case
    running = registry.start_run(WHOLE, BO, 5.0)
    # What it may cost at most does not make it another run.
    proposal = proposed(registry, replace(WHOLE, spending_limit_usd=99.0), second=second)
    assert refusal(lambda: registry.agree(proposal.id, ANA, 20.0)) == (
        f"The same run goes on already: {running.id}, started by {BO}; wait for its end, or cancel it."
    )
    assert registry.proposal(proposal.id) == proposal
    registry.update_run(running.id, state="cancelled")
    assert registry.agree(proposal.id, ANA, 30.0).agreed_at == 30.0


def test_an_approval_is_refused_too_while_the_same_run_goes_on(registry: Registry) -> None:
    proposal = proposed(registry, second=True)
    registry.agree(proposal.id, ANA, 20.0)
    registry.start_run(PLAN, BO, 25.0)
    assert "The same run goes on already" in refusal(lambda: registry.agree(proposal.id, BO, 30.0))
    assert len(registry.runs()) == 1


OTHERS = [
    replace(WHOLE, dataset="other"),
    replace(WHOLE, provider="embedded"),
    replace(WHOLE, base="gpt-4.1"),
    replace(WHOLE, base_url="http://127.0.0.1:8/v1"),
    replace(WHOLE, method="supervised"),
    replace(WHOLE, hyperparameters=Hyperparameters(3, 4, 0.6)),
    replace(WHOLE, suffix="zen"),
    replace(WHOLE, seed=8),
]


@pytest.mark.parametrize("other", OTHERS)
def test_a_run_that_differs_in_one_thing_may_go_on_beside_it(registry: Registry, other: Plan) -> None:
    registry.record_dataset("other", "other", 10, 8, 2, ANA, 1.0)
    registry.start_run(WHOLE, BO, 5.0)
    assert registry.agree(proposed(registry, other).id, ANA, 20.0).run


def test_a_dataset_that_is_only_proposed_may_go_and_agreeing_says_that_it_is_gone(registry: Registry) -> None:
    proposals = [proposed(registry), proposed(registry, second=True)]
    registry.remove_dataset(DATASET, ANA, 15.0)
    for proposal in proposals:
        assert f"There is no dataset with the id {DATASET!r}" in refusal(
            lambda proposal=proposal: registry.agree(proposal.id, ANA, 20.0)
        )
        assert registry.proposal(proposal.id) == proposal
    assert registry.runs() == []


def test_a_dataset_that_is_not_there_is_not_proposed(registry: Registry) -> None:
    assert "There is no dataset" in refusal(lambda: proposed(registry, replace(PLAN, dataset="nothing")))
    assert "propose run" not in actions(registry)


def test_an_unknown_proposal_is_answered_with_near_ids_or_what_to_do(registry: Registry) -> None:
    assert refusal(lambda: registry.proposal("x")) == "There is no proposal 'x': propose the run again."
    known = proposed(registry).id
    with pytest.raises(RegistryError, match=rf"There is no proposal '{known}0': did you mean {known}\?"):
        registry.agree(f"{known}0", ANA, 20.0)


def test_the_audit_log_tells_who_proposed_agreed_and_approved(registry: Registry) -> None:
    proposal = registry.propose(PLAN, 2.0, ANA, 10.0, needs_second=True)
    registry.agree(proposal.id, ANA, 20.0)
    run = registry.agree(proposal.id, BO, 30.0).run
    approved, started, agreed, asked = registry.audit_log(4)
    assert (asked.action, asked.by, asked.at, asked.subject) == ("propose run", ANA, 10.0, proposal.id)
    assert asked.detail == f"embedded tunes nearest-example with {DATASET}, for $2.00"
    assert (agreed.action, agreed.by, agreed.at, agreed.subject) == ("agree to run", ANA, 20.0, proposal.id)
    assert (started.action, started.by, started.at, started.subject) == ("start run", BO, 30.0, run)
    assert (approved.action, approved.by, approved.subject, approved.detail) == ("approve run", BO, proposal.id, run)


def test_a_refused_agreement_leaves_no_line_in_the_audit_log(registry: Registry) -> None:
    proposal = proposed(registry, second=True)
    before = actions(registry)
    for who, at in ((BO, 20.0), (ANA, 10.0 + 2 * DAY)):
        with pytest.raises(RegistryError):
            registry.agree(proposal.id, who, at)
    assert actions(registry) == before


def answers(registry: Registry, asked: list[tuple[str, str]]) -> list[str]:
    """Let as many agree at once as there are pairs of a proposal and a person; return what each was told."""

    def agree(pair: tuple[str, str]) -> str:
        try:
            return registry.agree(*pair, 20.0).run
        except RegistryError as refused:
            return str(refused)

    with ThreadPoolExecutor(len(asked)) as pool:
        return list(pool.map(agree, asked))


def test_twenty_who_agree_at_once_start_one_run(registry: Registry) -> None:
    proposal = proposed(registry)
    told = answers(registry, [(proposal.id, f"slack:U{number}") for number in range(AT_ONCE)])
    [run] = registry.runs()
    assert told.count(run.id) == 1
    assert sum(f"was started already by {run.by}, as {run.id}" in one for one in told) == AT_ONCE - 1
    assert actions(registry).count("start run") == 1


def test_twenty_who_approve_at_once_start_one_run(registry: Registry) -> None:
    proposal = proposed(registry, second=True)
    registry.agree(proposal.id, ANA, 15.0)
    told = answers(registry, [(proposal.id, f"discord:{number}") for number in range(AT_ONCE)])
    [run] = registry.runs()
    assert told.count(run.id) == 1
    assert registry.proposal(proposal.id).approved_by == run.by


def test_twenty_proposals_of_the_same_run_start_one(registry: Registry) -> None:
    told = answers(registry, [(proposed(registry).id, ANA) for _ in range(AT_ONCE)])
    [run] = registry.runs()
    assert sum(f"goes on already: {run.id}" in one for one in told) == AT_ONCE - 1
