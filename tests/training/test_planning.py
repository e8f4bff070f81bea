"""What is known of a run before it starts: what it needs is there, and what it takes is told."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.servers.tuning_kit import write_preferences
from tests.training.cli_kit import Sarah, lines
from tests.training.local_kit import lend_extra, local_model, preset_in
from tests.training.workflow_kit import conversations, keep
from training.assembly import price_of
from training.datasets import Dataset, Datasets
from training.examples import DataError
from training.planning import OtherKind, considered, plan_from
from training.providers import Hyperparameters, Method, ProviderError
from training.registry import Plan, Registry, RegistryError, Run, RunState, Tuned, open_registry
from training.settings import OPENAI, SettingsError, TrainingSettings, read_training_settings

HERE = "http://127.0.0.1:9/v1"
MINI = "gpt-4.1-mini-2025-04-14"
ANA = "slack:U1"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainingSettings:
    Sarah(tmp_path, monkeypatch)
    return read_training_settings()


@pytest.fixture
def dataset(settings: TrainingSettings) -> Dataset:
    settings.sarah_home.mkdir(exist_ok=True)
    return keep(settings.sarah_home, conversations())


@pytest.fixture
def registry(settings: TrainingSettings) -> Generator[Registry]:
    with open_registry(settings.sarah_home) as registry:
        yield registry


@pytest.fixture
def extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lend_extra(tmp_path / "extra", monkeypatch)


def at_server(settings: TrainingSettings, base: str = "", base_url: str = HERE, method: Method = "supervised") -> Plan:
    """Return a plan for a server on this machine, which needs no key."""
    return plan_from(settings, dataset="lamps", provider="openai", base=base, base_url=base_url, method=method)


def local(settings: TrainingSettings, **asked: Any) -> Plan:  # noqa: ANN401 - whatever a test asks for
    """Return a plan for this machine."""
    return plan_from(settings, dataset="lamps", provider="local", **asked)


def ended(  # noqa: PLR0913 - a run, field by field
    registry: Registry,
    plan: Plan,
    took: float,
    *,
    tokens: int = 100,
    state: RunState = "succeeded",
    start: float = 10.0,
) -> Run:
    """Add a run that took so many seconds."""
    run = registry.start_run(plan, ANA, 1.0)
    return registry.update_run(run.id, state=state, started_at=start, ended_at=start + took, trained_tokens=tokens)


# What was asked for.


def test_what_is_left_out_of_a_plan_is_as_the_settings_say(settings: TrainingSettings) -> None:
    assert plan_from(settings, dataset="lamps", provider="embedded") == Plan(
        "lamps", "embedded", "embedded", spending_limit_usd=25.0
    )
    assert plan_from(settings, dataset="lamps", provider="openai") == Plan(
        "lamps", "openai", MINI, OPENAI, spending_limit_usd=25.0
    )


def test_a_plan_holds_all_that_was_asked_for(settings: TrainingSettings) -> None:
    asked = plan_from(
        settings,
        dataset="lamps",
        provider="openai",
        base="gpt-4.1",
        base_url=f" {HERE} ",
        method="dpo",
        epochs=3,
        batch_size=4,
        learning_rate=0.5,
        suffix="lumen",
        seed=7,
        limit=0.0,
    )
    learning = Hyperparameters(epochs=3, batch_size=4, learning_rate_multiplier=0.5)
    assert asked == Plan("lamps", "openai", "gpt-4.1", HERE, "dpo", learning, "lumen", 7, spending_limit_usd=0.0)


def test_an_address_that_is_none_is_refused_by_the_name_of_its_field(settings: TrainingSettings) -> None:
    with pytest.raises(SettingsError, match=r"^base_url must be an address"):
        at_server(settings, base_url="lumen")
    assert plan_from(settings, dataset="lamps", provider="embedded", base_url="lumen").base_url == ""
    assert at_server(settings, base_url=" ").base_url == OPENAI


# What is there, and what it costs.


def test_a_plan_is_priced_and_its_dataset_is_known_by_its_id_and_recorded(
    settings: TrainingSettings, registry: Registry, dataset: Dataset
) -> None:
    run = considered(settings, registry, at_server(settings), ANA)
    assert (run.dataset, run.plan.dataset, run.plan.base) == (dataset, dataset.id, MINI)
    # Twenty examples of ten tokens, less those that are to validate with, as often as the provider chooses.
    assert run.estimate.total_tokens == dataset.train * 10 * run.estimate.epochs
    assert run.estimate.cost_usd is not None
    assert 0 < run.estimate.cost_usd < 25
    assert run.objection == ""
    [row] = registry.datasets()
    assert (row.id, row.name, row.train, row.validation, row.by) == (
        dataset.id,
        "lamps",
        dataset.train,
        dataset.validation,
        ANA,
    )
    assert registry.runs() == []


@pytest.mark.usefixtures("dataset")
def test_more_than_the_limit_is_objected_to_and_not_raised(settings: TrainingSettings, registry: Registry) -> None:
    plan = plan_from(settings, dataset="lamps", provider="openai", base_url=HERE, limit=0.0)
    told = considered(settings, registry, plan, ANA).objection
    assert "more than its spending limit of $0.00: raise SARAH_SPENDING_LIMIT or the run's own limit" in told


@pytest.mark.usefixtures("dataset")
def test_a_price_that_is_not_known_is_none_and_fits_where_there_is_a_limit(
    settings: TrainingSettings, registry: Registry
) -> None:
    run = considered(settings, registry, at_server(settings, base="llama"), ANA)
    assert (run.estimate.cost_usd, run.objection) == (None, "")


@pytest.mark.usefixtures("dataset")
def test_a_base_of_ours_is_known_to_its_server_by_another_name(settings: TrainingSettings, registry: Registry) -> None:
    first = considered(settings, registry, at_server(settings), ANA).plan
    model = registry.register(Tuned(registry.start_run(first, ANA, 1.0).id, served_as="ft:lumen"), "worker", 2.0)
    assert considered(settings, registry, at_server(settings, base=model.id), ANA).plan.base == "ft:lumen"
    elsewhere = at_server(settings, base=model.id, base_url="http://127.0.0.1:8/v1")
    with pytest.raises(ProviderError, match=f"{model.id} is not at the server .* name another base or base_url"):
        considered(settings, registry, elsewhere, ANA)


@pytest.mark.usefixtures("dataset")
@pytest.mark.parametrize(
    ("changed", "error", "sentence"),
    [
        ({"dataset": "lamp"}, DataError, "There is no dataset 'lamp': did you mean lamps"),
        ({"base": "model-0a1b2c3d"}, RegistryError, "There is no model 'model-0a1b2c3d'"),
        ({"provider": "nobody"}, ProviderError, "There is no provider 'nobody' here"),
        ({"base_url": OPENAI}, ProviderError, "There is no key for OpenAI"),
    ],
)
def test_what_is_not_there_is_told_before_anything_starts(
    settings: TrainingSettings, registry: Registry, changed: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        considered(settings, registry, replace(at_server(settings), **changed), ANA)
    assert registry.runs() == []


PREFERENCES_INSTEAD = (
    "The dataset 'lamps' holds preferences, and the method supervised learns from conversations:"
    " choose method dpo and provider openai or local, or name another dataset."
)
CONVERSATIONS_INSTEAD = (
    "The dataset 'lamps' holds conversations, and the method dpo learns from preferences:"
    " choose method supervised, or name another dataset."
)


@pytest.mark.parametrize(("method", "sentence"), [("supervised", PREFERENCES_INSTEAD), ("dpo", CONVERSATIONS_INSTEAD)])
def test_a_dataset_of_the_other_kind_is_refused_with_the_method_that_fits(
    settings: TrainingSettings, registry: Registry, tmp_path: Path, method: Method, sentence: str
) -> None:
    preferences = lines(write_preferences(tmp_path / "preferences.jsonl"))
    kept = keep(settings.sarah_home, preferences if method == "supervised" else conversations())
    with pytest.raises(OtherKind) as refused:
        considered(settings, registry, at_server(settings, method=method), ANA)
    assert str(refused.value) == sentence
    assert registry.datasets() == []
    fitting = at_server(settings, method=refused.value.way_out)
    assert considered(settings, registry, fitting, ANA).plan.dataset == kept.id


# How long it takes.


def seconds(settings: TrainingSettings, registry: Registry, plan: Plan) -> float | None:
    return considered(settings, registry, plan, ANA).seconds


@pytest.mark.usefixtures("dataset")
def test_the_embedded_model_takes_a_second_and_of_a_server_nothing_is_known(
    settings: TrainingSettings, registry: Registry
) -> None:
    assert seconds(settings, registry, plan_from(settings, dataset="lamps", provider="embedded")) == 1.0
    assert seconds(settings, registry, at_server(settings)) is None


@pytest.mark.usefixtures("dataset")
def test_a_run_takes_as_long_for_a_token_as_the_middle_one_of_its_kind(
    settings: TrainingSettings, registry: Registry
) -> None:
    run = considered(settings, registry, at_server(settings), ANA)
    for took in (10.0, 90.0, 20.0):
        ended(registry, run.plan, took)
    # None of these is of its kind, or came to its end.
    ended(registry, considered(settings, registry, at_server(settings, base="llama"), ANA).plan, 1000.0)
    ended(registry, Plan(run.plan.dataset, "embedded", MINI), 1000.0)
    ended(registry, run.plan, 1000.0, state="failed")
    ended(registry, run.plan, 1000.0, state="cancelled")
    registry.start_run(run.plan, ANA, 1.0)
    assert seconds(settings, registry, run.plan) == pytest.approx(0.2 * run.estimate.total_tokens)


@pytest.mark.usefixtures("dataset")
def test_a_run_that_did_not_tell_its_tokens_is_counted_by_its_estimate(
    settings: TrainingSettings, registry: Registry
) -> None:
    plan = considered(settings, registry, plan_from(settings, dataset="lamps", provider="embedded"), ANA).plan
    ended(registry, plan, 4.0, tokens=0)
    assert seconds(settings, registry, plan) == pytest.approx(4.0)


def test_a_run_of_which_too_little_is_known_tells_nothing(
    settings: TrainingSettings, registry: Registry, dataset: Dataset
) -> None:
    gone = considered(settings, registry, at_server(settings), ANA).plan
    ended(registry, gone, 50.0, tokens=0)
    ended(registry, gone, 50.0, start=0.0)
    Datasets(settings.sarah_home / "datasets").delete(dataset.id)
    keep(settings.sarah_home, conversations(30))
    assert seconds(settings, registry, at_server(settings)) is None


# On a machine of one's own.


def test_what_is_tuned_here_is_what_the_settings_say_unless_somebody_says_otherwise(
    settings: TrainingSettings,
) -> None:
    assert local(settings) == Plan("lamps", "local", "modern", spending_limit_usd=25.0)
    assert local(settings.model_copy(update={"sarah_local_base": "gpt-neo-1.3b"})).base == "gpt-neo-1.3b"
    assert local(settings, base="modern=Qwen/Qwen3-4B", base_url=HERE).base_url == ""


@pytest.mark.usefixtures("dataset", "extra")
def test_what_is_tuned_here_costs_nothing_and_needs_no_limit(settings: TrainingSettings, registry: Registry) -> None:
    run = considered(settings, registry, local(settings, limit=0.0), ANA)
    assert (run.estimate.cost_usd, run.objection, run.seconds) == (0.0, "", None)
    # The model's own vocabulary is known to its trainer alone.
    assert run.estimate.vocabulary is None
    assert price_of(run.plan, run.dataset) == 0.0


@pytest.mark.usefixtures("extra")
def test_it_learns_for_as_long_as_its_preset_says(
    settings: TrainingSettings, registry: Registry, dataset: Dataset, tmp_path: Path
) -> None:
    preset_in(tmp_path / "company")
    here = settings.model_copy(update={"sarah_data": tmp_path / "company"})
    by_epochs = considered(here, registry, local(here), ANA).estimate
    assert (by_epochs.epochs, by_epochs.steps, by_epochs.total_tokens) == (3, None, dataset.train * 10 * 3)
    # Twelve steps of four examples, of which there are sixteen.
    assert dataset.train == 16
    by_steps = considered(here, registry, local(here, base="tiny"), ANA).estimate
    assert (by_steps.epochs, by_steps.steps, by_steps.total_tokens) == (3, 12, 12 * 4 * 10)
    asked = considered(here, registry, local(here, base="tiny", epochs=5), ANA).estimate
    assert (asked.epochs, asked.steps, asked.total_tokens) == (5, None, dataset.train * 10 * 5)


@pytest.mark.usefixtures("dataset", "extra")
def test_it_takes_as_long_as_runs_of_the_same_base_took_before(settings: TrainingSettings, registry: Registry) -> None:
    run = considered(settings, registry, local(settings), ANA)
    ended(registry, considered(settings, registry, local(settings, base="gpt-neo-1.3b"), ANA).plan, 1000.0)
    assert seconds(settings, registry, run.plan) is None
    ended(registry, run.plan, 20.0)
    assert seconds(settings, registry, run.plan) == pytest.approx(0.2 * run.estimate.total_tokens)


@pytest.mark.usefixtures("extra")
def test_preferences_are_learned_here_too(settings: TrainingSettings, registry: Registry, tmp_path: Path) -> None:
    kept = keep(settings.sarah_home, lines(write_preferences(tmp_path / "preferences.jsonl")))
    assert considered(settings, registry, local(settings, method="dpo"), ANA).dataset == kept


@pytest.mark.usefixtures("dataset", "extra")
def test_a_model_that_was_tuned_here_goes_on_by_its_own_recipe(settings: TrainingSettings, registry: Registry) -> None:
    first = considered(settings, registry, local(settings, base="gpt-neo-1.3b"), ANA).plan
    ours = local_model(settings.sarah_home, registry, first.dataset, "gpt-neo-1.3b")
    run = considered(settings, registry, local(settings, base=ours.id[:10]), ANA)
    assert (run.plan.base, run.estimate.steps) == (ours.id, 500)


# What is tuned where.


def test_the_embedded_provider_tunes_nothing_but_itself(settings: TrainingSettings) -> None:
    with pytest.raises(DataError, match=f"tunes itself, and not '{MINI}': leave the base out"):
        plan_from(settings, dataset="lamps", provider="embedded", base=MINI)


@pytest.mark.parametrize(("url", "is_refused"), [(OPENAI, True), (HERE, False)])
def test_what_is_tuned_from_a_base_that_was_shut_down_would_answer_nobody(
    settings: TrainingSettings,
    registry: Registry,
    dataset: Dataset,
    url: str,
    is_refused: bool,  # noqa: FBT001 - a case
) -> None:
    with_key = settings.model_copy(update={"openai_api_key": SecretStr("sk-made-up"), "sarah_tuning_url": url})
    plan = plan_from(with_key, dataset=dataset.id, provider="openai", base="gpt-4.1-nano-2025-04-14", base_url=url)
    told = considered(with_key, registry, plan, ANA).objection
    assert ("was shut down on 2026-10-23" in told) is is_refused
