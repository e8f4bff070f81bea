"""Promoting a model: what speaks against it is told, force needs a reason, and what was seen must still be so."""

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.training.registry_kit import registered
from training.examples import DataError
from training.pricing import Prices, read_prices
from training.promotion import PromotionRefused, promote
from training.registry import Model, Plan, Registry, RegistryError, Tuned, open_registry

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


@pytest.fixture
def registry(tmp_path: Path) -> Generator[Registry]:
    with open_registry(tmp_path) as registry:
        yield registry


@pytest.fixture
def prices(tmp_path: Path) -> Prices:
    path = tmp_path / "prices.toml"
    path.write_text(PRICES, "utf-8")
    return read_prices(path)


def served(registry: Registry, base: str = "old-1") -> Model:
    """Register a model that a server answers for."""
    registry.record_dataset("ds-1", "lamps", 10, 8, 2, ANA, 1.0)
    run = registry.start_run(Plan("ds-1", "openai", base, "http://127.0.0.1:9/v1"), ANA, 2.0)
    return registry.register(Tuned(run.id, served_as=f"ft:{base}"), "worker", 3.0)


def champion(registry: Registry) -> str:
    model = registry.champion()
    return model.id if model else ""


def test_a_model_that_nothing_speaks_against_is_promoted(registry: Registry, tmp_path: Path, prices: Prices) -> None:
    model = served(registry)
    made = promote(registry, tmp_path, model.id[:10], ANA, LAST_MOMENT, reason="It is better.", prices=prices)
    assert registry.promotions() == [made]
    assert (made.model, made.by, made.at, made.reason, made.forced) == (
        model.id,
        ANA,
        LAST_MOMENT,
        "It is better.",
        False,
    )


def test_what_speaks_against_a_model_is_told_with_the_way_out(
    registry: Registry, tmp_path: Path, prices: Prices
) -> None:
    model = served(registry)
    with pytest.raises(PromotionRefused) as refused:
        promote(registry, tmp_path, model.id, ANA, LAST_MOMENT + 1, reason="I like it.", prices=prices)
    against = f"{model.id} was tuned from old-1, which was shut down on 2020-01-02 with all that was."
    assert refused.value.objections == (against,)
    assert str(refused.value) == f"{against} Promote another, or this one by force and with a reason."
    assert champion(registry) == ""


def test_our_own_prices_are_asked_where_no_others_are_given(registry: Registry, tmp_path: Path) -> None:
    model = served(registry, "gpt-4.1-mini-2025-04-14")
    with pytest.raises(PromotionRefused, match="was shut down on"):
        promote(registry, tmp_path, model.id, ANA, datetime(2100, 1, 1, tzinfo=UTC).timestamp())
    promote(registry, tmp_path, model.id, ANA, LAST_MOMENT)
    assert champion(registry) == model.id


@pytest.mark.parametrize("reason", ["", " \n"])
def test_force_needs_a_reason(registry: Registry, tmp_path: Path, prices: Prices, reason: str) -> None:
    model = served(registry)
    with pytest.raises(PromotionRefused) as refused:
        promote(registry, tmp_path, model.id, ANA, LAST_MOMENT + 1, reason=reason, forced=True, prices=prices)
    assert str(refused.value) == "A promotion by force needs a reason, which is kept in the history: say why."
    assert refused.value.objections == ()
    assert champion(registry) == ""


def test_force_with_a_reason_promotes_in_spite_of_it(registry: Registry, tmp_path: Path, prices: Prices) -> None:
    model = served(registry)
    made = promote(registry, tmp_path, model.id, ANA, LAST_MOMENT + 1, reason="Until noon.", forced=True, prices=prices)
    assert (made.forced, made.reason, champion(registry)) == (True, "Until noon.", model.id)


def test_a_model_whose_files_are_not_there_is_not_promoted_even_by_force(registry: Registry, tmp_path: Path) -> None:
    model = registered(registry)
    with pytest.raises(DataError):
        promote(registry, tmp_path, model.id, ANA, 5.0, reason="I know.", forced=True)
    assert champion(registry) == ""


def test_a_promotion_over_another_champion_than_was_seen_changes_nothing(registry: Registry, tmp_path: Path) -> None:
    first, second, third = (served(registry) for _ in range(3))
    promote(registry, tmp_path, first.id, ANA, 4.0, over="")
    promote(registry, tmp_path, second.id, BO, 5.0, over=first.id)
    before = registry.promotions(), registry.audit_log()
    with pytest.raises(RegistryError) as refused:
        promote(registry, tmp_path, third.id, ANA, 6.0, reason="It is better.", forced=True, over=first.id)
    assert str(refused.value) == (
        f"{second.id} was promoted meanwhile by {BO}: look at it, and promote again if you still want to."
    )
    assert (registry.promotions(), registry.audit_log()) == before
    promote(registry, tmp_path, third.id, ANA, 7.0, over=second.id)
    assert champion(registry) == third.id
