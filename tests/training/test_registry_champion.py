"""Who answers customers: promoted, rolled back, and all of it remembered."""

from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.training.registry_kit import behind, registered
from training.place import Place
from training.registry import Model, Registry, RegistryError, open_registry


@pytest.fixture
def registry(place: Place) -> Generator[Registry]:
    with open_registry(place) as registry:
        yield registry


@pytest.fixture
def four(registry: Registry) -> list[Model]:
    return [registered(registry) for _ in range(4)]


def champion(registry: Registry) -> str:
    model = registry.champion()
    return model.id if model else ""


def test_rolling_back_goes_through_the_chain_to_nobody_and_then_is_refused(
    registry: Registry, four: list[Model]
) -> None:
    a, b, c, d = (model.id for model in four)
    assert registry.champion() is None
    for model in (a, b, c):
        registry.promote(model, "ana", 5.0)
        assert champion(registry) == model
    assert registry.rollback("ana", 6.0).model == b == champion(registry)
    registry.promote(d, "ana", 7.0)
    for model in (b, a, ""):
        assert registry.rollback("ana", 8.0).model == model == champion(registry)
    with pytest.raises(RegistryError, match="No model has been promoted"):
        registry.rollback("ana", 9.0)
    assert len(registry.promotions()) == 8


def test_the_history_tells_who_when_why_and_whether_it_was_forced(registry: Registry, four: list[Model]) -> None:
    promoted = registry.promote(four[0].id.removeprefix("model-")[:6], "ana", 5.0, "it is better", forced=True)
    back = registry.rollback("bo", 6.0, "it is not")
    assert registry.promotions() == [promoted, back]
    assert (promoted.model, promoted.at, promoted.by) == (four[0].id, 5.0, "ana")
    assert (promoted.action, promoted.reason, promoted.forced) == ("promote", "it is better", True)
    assert (back.model, back.by, back.action, back.reason, back.forced) == ("", "bo", "rollback", "it is not", False)
    newest, before = registry.audit_log(2)
    assert (newest.action, newest.by, newest.at, newest.subject) == ("rollback", "bo", 6.0, four[0].id)
    assert newest.detail == "to the models that the bot is set up with: it is not"
    assert (before.action, before.subject, before.detail) == ("promote, forced", four[0].id, "it is better")


def test_the_champion_is_not_promoted_again(registry: Registry, four: list[Model]) -> None:
    registry.promote(four[0].id, "ana", 5.0)
    with pytest.raises(RegistryError, match=f"{four[0].id} is the champion already"):
        registry.promote(four[0].id, "ana", 6.0)
    assert len(registry.promotions()) == 1


def test_a_model_that_is_not_there_is_not_promoted(registry: Registry, four: list[Model]) -> None:
    with pytest.raises(RegistryError, match=f"did you mean {four[0].id}"):
        registry.promote(f"{four[0].id}0", "ana", 5.0)
    assert registry.champion() is None


@given(steps=st.lists(st.sampled_from([0, 1, 2, 3, None]), max_size=20))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_promotions_and_rollbacks_do_what_a_stack_would(
    registry: Registry, four: list[Model], place: Place, steps: list[int | None]
) -> None:
    behind(place, "DELETE FROM promotions")
    stack: list[str] = []
    for step in steps:
        model = "" if step is None else four[step].id
        refused = not stack if step is None else stack[-1:] == [model]
        if refused:
            with pytest.raises(RegistryError):
                registry.promote(model, "ana", 5.0) if model else registry.rollback("ana", 5.0)
        elif model:
            stack.append(registry.promote(model, "ana", 5.0).model)
        else:
            stack.pop()
            registry.rollback("ana", 5.0)
        assert champion(registry) == (stack[-1] if stack else "")
