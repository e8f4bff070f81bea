"""Two admins at once: whoever decides over a champion that answers no more is told what happened meanwhile."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.training.registry_kit import registered
from training.place import Place
from training.registry import Model, Registry, RegistryError, open_registry

AT_ONCE = 20


@pytest.fixture
def registry(place: Place) -> Generator[Registry]:
    with open_registry(place) as registry:
        yield registry


@pytest.fixture
def three(registry: Registry) -> list[Model]:
    return [registered(registry) for _ in range(3)]


def models(registry: Registry) -> list[str]:
    return [change.model for change in registry.promotions()]


def test_a_promotion_over_the_champion_that_was_seen_goes_through(registry: Registry, three: list[Model]) -> None:
    a, b, _ = (model.id for model in three)
    registry.promote(a, "ana", 5.0, over="")
    registry.promote(b, "ana", 6.0, over=a)
    registry.rollback("ana", 7.0, over=b)
    registry.rollback("ana", 8.0, over=a)
    registry.promote(b, "ana", 9.0, over="")
    assert models(registry) == [a, b, a, "", b]


def test_whoever_does_not_say_what_they_saw_decides_over_whichever(registry: Registry, three: list[Model]) -> None:
    a, b, _ = (model.id for model in three)
    for model in (a, b):
        registry.promote(model, "ana", 5.0)
    registry.rollback("bo", 6.0)
    assert models(registry) == [a, b, a]


@pytest.mark.parametrize("seen", [0, None])
def test_a_promotion_over_what_answers_no_more_tells_who_promoted_what(
    registry: Registry, three: list[Model], seen: int | None
) -> None:
    a, b, c = (model.id for model in three)
    registry.promote(a, "ana", 5.0)
    registry.promote(b, "bo", 6.0)
    with pytest.raises(RegistryError) as refused:
        registry.promote(c, "ana", 7.0, over="" if seen is None else three[seen].id)
    assert str(refused.value) == (
        f"{b} was promoted meanwhile by bo: look at it, and promote again if you still want to."
    )
    assert models(registry) == [a, b]


def test_that_another_promoted_the_same_model_meanwhile_is_told_too(registry: Registry, three: list[Model]) -> None:
    registry.promote(three[0].id, "bo", 5.0)
    with pytest.raises(RegistryError, match=f"{three[0].id} was promoted meanwhile by bo"):
        registry.promote(three[0].id, "ana", 6.0, over="")


def test_a_rollback_over_what_answers_no_more_changes_nothing(registry: Registry, three: list[Model]) -> None:
    a, b, _ = (model.id for model in three)
    registry.promote(a, "ana", 5.0)
    registry.promote(b, "bo", 6.0)
    with pytest.raises(RegistryError) as refused:
        registry.rollback("ana", 7.0, over=a)
    assert str(refused.value) == (
        f"{b} was promoted meanwhile by bo: look at it, and roll back again if you still want to."
    )
    assert models(registry) == [a, b]


def test_a_rollback_meanwhile_is_told_with_where_it_led(registry: Registry, three: list[Model]) -> None:
    a, b, c = (model.id for model in three)
    for model in (a, b):
        registry.promote(model, "ana", 5.0)
    registry.rollback("bo", 6.0)
    with pytest.raises(RegistryError, match=f"bo rolled back meanwhile to {a}: look at it, and promote again"):
        registry.promote(c, "ana", 7.0, over=b)
    registry.rollback("bo", 8.0)
    with pytest.raises(RegistryError, match="bo rolled back meanwhile to the models that the bot is set up with"):
        registry.rollback("ana", 9.0, over=a)
    assert models(registry) == [a, b, a, ""]


@pytest.mark.parametrize("over", ["model-0", "nobody"])
def test_a_champion_that_never_was_is_told(registry: Registry, three: list[Model], over: str) -> None:
    for refused in (
        lambda: registry.promote(three[0].id, "ana", 5.0, over=over),
        lambda: registry.rollback("ana", 5.0, over=over),
    ):
        with pytest.raises(RegistryError, match=f"No model has been promoted, '{over}' neither"):
            refused()
    assert models(registry) == []


def test_of_twenty_who_promote_at_once_over_the_same_champion_one_does(registry: Registry, three: list[Model]) -> None:
    registry.promote(three[0].id, "ana", 5.0)

    def promote(number: int) -> str:
        try:
            return registry.promote(three[1 + number % 2].id, f"slack:U{number}", 6.0, over=three[0].id).by
        except RegistryError as refused:
            return str(refused)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(promote, range(AT_ONCE)))
    [_, made] = registry.promotions()
    assert told.count(made.by) == 1
    assert sum(f"{made.model} was promoted meanwhile by {made.by}" in one for one in told) == AT_ONCE - 1
