"""Promoting a model: what speaks against it is told, force needs a reason, and what was seen must still be so."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.engines.kit import local
from tests.training.gate_kit import keep, write_scenarios
from tests.training.registry_kit import registered
from training import promotion
from training.examples import DataError
from training.pricing import Prices, read_prices
from training.promotion import PromotionRefused
from training.registry import Model, Plan, Promotion, Registry, RegistryError, Tuned, open_registry

PRICES = """
read_on = 2020-01-01
last_hosted_job = 2020-01-02

[[models]]
provider = "openai"
model = "old-1"
usd_per_million = 1.0
retires = 2020-01-02
"""
LAST_MOMENT = datetime(2020, 1, 1, 23, 59, 59, tzinfo=UTC).timestamp()
ANA, BO = "slack:U1", "slack:U2"
WAY_OUT = "Promote another, or this one by force and with a reason."


@dataclass
class House:
    """A home with a registry, and the scenarios of its company, all of which the base passes."""

    home: Path
    registry: Registry
    scenarios: Path

    def served(self, base: str = "old-1", failing: tuple[int, ...] = ()) -> Model:
        """Register a model that a server answers for, and that passed the scenarios but for those."""
        model = self.unknown(base)
        keep(self.home, self.scenarios, model.id, failing)
        return model

    def unknown(self, base: str = "old-1") -> Model:
        """Register a model that was never evaluated."""
        self.registry.record_dataset("ds-1", "lamps", 10, 8, 2, ANA, 1.0)
        run = self.registry.start_run(Plan("ds-1", "openai", base, "http://127.0.0.1:9/v1"), ANA, 2.0)
        return self.registry.register(Tuned(run.id, served_as=f"ft:{base}"), "worker", 3.0)

    def promote(  # noqa: PLR0913 - as the function has them
        self,
        model: str,
        by: str = ANA,
        at: float = LAST_MOMENT,
        *,
        reason: str = "",
        forced: bool = False,
        over: str | None = None,
        prices: Prices | None = None,
    ) -> Promotion:
        """Promote a model."""
        return promotion.promote(
            self.registry,
            self.home,
            model,
            by,
            at,
            scenarios=self.scenarios,
            reason=reason,
            forced=forced,
            over=over,
            prices=prices,
        )

    def refused(self, model: str) -> PromotionRefused:
        """Try to promote a model, and return why that changed nothing."""
        before = self.champion, self.registry.promotions(), self.registry.audit_log()
        with pytest.raises(PromotionRefused) as refused:
            self.promote(model)
        assert (self.champion, self.registry.promotions(), self.registry.audit_log()) == before
        assert str(refused.value) == " ".join((*refused.value.objections, WAY_OUT))
        return refused.value

    @property
    def champion(self) -> str:
        """The id of the model that answers."""
        model = self.registry.champion()
        return model.id if model else ""


@pytest.fixture
def house(tmp_path: Path) -> Generator[House]:
    scenarios = write_scenarios(tmp_path / "scenarios")
    keep(tmp_path, scenarios, "base")
    with open_registry(tmp_path) as registry:
        yield House(tmp_path, registry, scenarios)


@pytest.fixture
def prices(tmp_path: Path) -> Prices:
    path = tmp_path / "prices.toml"
    path.write_text(PRICES, "utf-8")
    return read_prices(path)


def test_a_model_that_nothing_speaks_against_is_promoted(house: House, prices: Prices) -> None:
    model = house.served()
    made = house.promote(model.id[:10], reason="It is better.", prices=prices)
    assert house.registry.promotions() == [made]
    assert (made.model, made.by, made.at, made.reason, made.forced) == (
        model.id,
        ANA,
        LAST_MOMENT,
        "It is better.",
        False,
    )
    assert house.registry.audit_log()[0].detail == "It is better."


def test_what_speaks_against_a_model_is_told_with_the_way_out(house: House, prices: Prices) -> None:
    model = house.served()
    with pytest.raises(PromotionRefused) as refused:
        house.promote(model.id, at=LAST_MOMENT + 1, reason="I like it.", prices=prices)
    against = f"{model.id} was tuned from old-1, which was shut down on 2020-01-02 with all that was."
    assert refused.value.objections == (against,)
    assert str(refused.value) == f"{against} {WAY_OUT}"
    assert house.champion == ""


def test_our_own_prices_are_asked_where_no_others_are_given(house: House) -> None:
    model = house.served("gpt-4.1-mini-2025-04-14")
    with pytest.raises(PromotionRefused, match="was shut down on"):
        house.promote(model.id, at=datetime(2100, 1, 1, tzinfo=UTC).timestamp())
    house.promote(model.id)
    assert house.champion == model.id


# What its scorecard says.


def test_a_model_that_does_worse_is_refused_with_the_figures_and_the_scenarios(house: House) -> None:
    model = house.served(failing=(7, 8, 9))
    refused = house.refused(model.id)
    [worse] = refused.objections
    assert "97.5% and the champion 100.0% of 120 scenarios" in worse
    assert refused.rests_on == "That rests on lamp-7, lamp-8, lamp-9."


def test_a_model_that_fails_a_critical_scenario_is_refused(house: House) -> None:
    refused = house.refused(house.served(failing=(0,)).id)
    assert "It fails 1 of 1 critical scenarios, of which none may fail." in refused.objections
    assert refused.rests_on == "That rests on lamp-0."


def test_a_model_is_held_against_the_champion_and_not_against_the_base(house: House) -> None:
    weak, strong = house.served(failing=tuple(range(1, 20))), house.served()
    house.promote(weak.id, reason="For a test.", forced=True)
    middling = house.served(failing=(1, 2, 3))
    house.promote(middling.id)
    house.promote(strong.id)
    assert "may be" in house.refused(middling.id).objections[0]


def test_a_model_or_a_champion_that_was_never_evaluated_is_refused_with_the_command_that_does_it(house: House) -> None:
    model = house.unknown()
    [unknown] = house.refused(model.id).objections
    assert unknown == (
        f"{model.id} has not been evaluated on the scenarios of today: `sarah eval run {model.id}` does that."
    )
    (house.home / "evaluations" / "base.json").unlink()
    both = house.refused(model.id).objections
    assert both == (unknown.replace(model.id, "base"), unknown)


def test_scorecards_of_other_scenarios_than_those_of_today_are_not_trusted(house: House) -> None:
    model = house.served()
    write_scenarios(house.scenarios, about="fan")
    assert [one.split()[0] for one in house.refused(model.id).objections] == ["base", model.id]


def test_the_scorecard_of_another_model_is_not_trusted(house: House) -> None:
    good, bad = house.served(), house.served(failing=tuple(range(60)))
    folder = house.home / "evaluations"
    (folder / f"{bad.id}.json").write_bytes((folder / f"{good.id}.json").read_bytes())
    assert house.refused(bad.id).objections[0].startswith(f"{bad.id} has not been evaluated")


def test_scorecards_that_were_made_under_other_settings_are_not_held_against_each_other(house: House) -> None:
    model = house.unknown()
    keep(house.home, house.scenarios, model.id, setup="another handbook")
    [otherwise] = house.refused(model.id).objections
    assert "were not evaluated under the same settings and handbook" in otherwise


def test_a_company_without_scenarios_promotes_nothing_and_is_told_the_way_out(house: House) -> None:
    model = house.served()
    (house.scenarios / "scenarios.jsonl").unlink()
    [none] = house.refused(model.id).objections
    assert none.startswith(f"There are no scenarios in {house.scenarios}: write some")


@pytest.mark.parametrize("file", ["evaluations/base.json", "scenarios/scenarios.jsonl"])
def test_what_cannot_be_read_is_told_and_can_be_overridden(house: House, file: str) -> None:
    model = house.served()
    (house.home / file).write_text("{", "utf-8")
    [broken] = house.refused(model.id).objections
    assert file.partition("/")[2] in broken
    house.promote(model.id, reason="The disk was full.", forced=True)
    assert house.champion == model.id


def test_the_champion_is_not_promoted_again_whatever_its_scorecard(house: House) -> None:
    model = house.served(failing=(0, 1, 2))
    house.promote(model.id, reason="For a test.", forced=True)
    with pytest.raises(RegistryError, match="is the champion already"):
        house.promote(model.id)


def test_a_rollback_asks_no_scorecard(house: House) -> None:
    first, second = house.served(), house.served()
    house.promote(first.id)
    house.promote(second.id)
    keep(house.home, house.scenarios, first.id, failing=range(120))
    assert house.registry.rollback(ANA, LAST_MOMENT).model == first.id


# By force.


@pytest.mark.parametrize("reason", ["", " \n"])
def test_force_needs_a_reason(house: House, prices: Prices, reason: str) -> None:
    model = house.served()
    with pytest.raises(PromotionRefused) as refused:
        house.promote(model.id, at=LAST_MOMENT + 1, reason=reason, forced=True, prices=prices)
    assert str(refused.value) == "A promotion by force needs a reason, which is kept in the history: say why."
    assert refused.value.objections == ()
    assert house.champion == ""


def test_force_with_a_reason_promotes_in_spite_of_it_and_the_audit_log_tells_of_both(
    house: House, prices: Prices
) -> None:
    model = house.served(failing=(0,))
    made = house.promote(model.id, at=LAST_MOMENT + 1, reason="Until noon.", forced=True, prices=prices)
    assert (made.forced, made.reason, house.champion) == (True, "Until noon.", model.id)
    line = house.registry.audit_log()[0]
    assert (line.action, line.subject) == ("promote, forced", model.id)
    assert line.detail.startswith(f"Until noon. (in spite of: {model.id} was tuned from old-1, which was shut down")
    assert "It fails 1 of 1 critical scenarios" in line.detail
    assert line.detail.endswith("That rests on lamp-0.)")


def test_a_model_whose_files_are_not_there_is_not_promoted_even_by_force(house: House) -> None:
    model = registered(house.registry)
    with pytest.raises(DataError):
        house.promote(model.id, reason="I know.", forced=True)
    assert house.champion == ""


@pytest.mark.parametrize("forced", [False, True])
def test_a_promotion_over_another_champion_than_was_seen_changes_nothing(house: House, forced: bool) -> None:  # noqa: FBT001 - both ways
    first, second, third = house.served(), house.served(), house.served(failing=(0, 1, 2))
    house.promote(first.id, over="")
    house.promote(second.id, BO, over=first.id)
    before = house.registry.promotions(), house.registry.audit_log()
    with pytest.raises(RegistryError) as refused:
        house.promote(third.id, reason="It is better.", forced=forced, over=first.id)
    assert str(refused.value) == (
        f"{second.id} was promoted meanwhile by {BO}: look at it, and promote again if you still want to."
    )
    assert (house.registry.promotions(), house.registry.audit_log()) == before
    house.promote(third.id, reason="It is better.", forced=True, over=second.id)
    assert house.champion == third.id


def test_a_model_of_ones_own_whose_weights_are_not_what_was_learned_is_never_promoted(house: House) -> None:
    model = local(house.home)
    assert house.promote(model.id, forced=True, reason="to see").model == model.id
    weights = house.home / model.folder / "weights" / "adapter_model.safetensors"
    weights.write_bytes(b"others")
    with pytest.raises(DataError, match="its hash differs"):
        house.promote(model.id, forced=True, reason="to see")
