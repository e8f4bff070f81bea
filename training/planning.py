"""What comes before a run, wherever it is asked for: everything must be there, and its price is known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median

from training.assembly import estimated, provider_for
from training.bases import known_base, recipe_of
from training.datasets import Dataset, Datasets
from training.entries import Entry
from training.examples import DataError, read_jsonl
from training.intake import datasets_of, record
from training.pricing import Estimate, at_home
from training.providers import Hyperparameters, Method
from training.registry import Plan, Registry, Run
from training.settings import OPENAI, TrainingSettings, web_address
from training.spending import objection

# The embedded model is tuned in about a second, whatever it learns.
EMBEDDED_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Considered:
    """A run that could be started, with what it would take."""

    plan: Plan
    """With the dataset's id, and the base as its server calls it."""
    dataset: Dataset
    estimate: Estimate
    seconds: float | None
    """How long it will probably take; None where nobody knows."""
    objection: str
    """Why it costs too much to be started, or ""."""


class OtherKind(DataError):  # noqa: N818 - a state of the dataset, not a fault
    """The method cannot learn from what the dataset holds; `fact` says so, and `way_out` is the method that can."""

    def __init__(self, fact: str, way_out: Method) -> None:
        chosen = "method dpo and provider openai or local" if way_out == "dpo" else f"method {way_out}"
        super().__init__(f"{fact}: choose {chosen}, or name another dataset.")
        self.fact = fact
        self.way_out: Method = way_out


def plan_from(  # noqa: PLR0913 - a form, field by field
    settings: TrainingSettings,
    *,
    dataset: str,
    provider: str,
    base: str = "",
    base_url: str = "",
    method: Method = "supervised",
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    suffix: str = "",
    seed: int | None = None,
    limit: float | None = None,
) -> Plan:
    """Return what was asked for as a plan, with what the settings say in the fields that were left out.

    The limit is in USD, and the learning rate a multiplier. Raises DataError where the embedded provider is to tune
    another model, and SettingsError where `base_url` is no address.
    """
    if provider == "embedded" and base not in {"", "embedded"} and not base.startswith("model-"):
        raise DataError(
            f"The embedded provider tunes itself, and not {base!r}: leave the base out, or choose openai or local."
        )
    usual = {"openai": settings.sarah_tuning_model, "local": settings.sarah_local_base}
    return Plan(
        dataset=dataset,
        provider=provider,
        base=base.strip() or usual.get(provider, provider),
        base_url=web_address("base_url", base_url.strip() or settings.sarah_tuning_url) if provider == "openai" else "",
        method=method,
        hyperparameters=Hyperparameters(epochs, batch_size, learning_rate),
        suffix=suffix,
        seed=seed,
        spending_limit_usd=settings.sarah_spending_limit if limit is None else limit,
    )


def considered(settings: TrainingSettings, registry: Registry, plan: Plan, by: str) -> Considered:
    """Return a plan whose dataset, base and provider are there, with what it would take; nothing is started.

    Raises DataError, RegistryError, ProviderError and SettingsError.
    """
    datasets = datasets_of(settings)
    dataset = datasets.get(plan.dataset)
    _refuse_other_kind(plan, dataset)
    record(registry, dataset, by)
    plan = replace(plan, dataset=dataset.id, base=known_base(settings, registry, plan))
    # Refused now rather than in the background, where there is nobody to put a key in.
    provider_for(settings)(plan)
    estimate = _estimated(settings, registry, plan, dataset)
    seconds = _seconds(registry, datasets, plan, estimate.total_tokens)
    against = _retired(plan, estimate) or objection(plan, estimate.cost_usd)
    return Considered(plan, dataset, estimate, seconds, against)


def _retired(plan: Plan, estimate: Estimate) -> str:
    """Return that what is tuned would answer nobody, or ""."""
    if plan.base_url.rstrip("/") != OPENAI or not estimate.retires or estimate.retires > datetime.now(UTC).date():
        return ""
    return f"{plan.base} was shut down on {estimate.retires} with all that was tuned from it: choose another base."


def _refuse_other_kind(plan: Plan, dataset: Dataset) -> None:
    """Refuse to learn from conversations as if they were preferences, or the other way; a dataset has one kind."""
    first = next((value for _, value in read_jsonl(dataset.train_file)), None)
    if first is None:
        # The run itself says that there is nothing to learn from.
        return
    preferences = Entry(1, first).is_preference
    if preferences and plan.method != "dpo":
        raise OtherKind(
            f"The dataset {dataset.name!r} holds preferences, and the method {plan.method} learns from conversations",
            "dpo",
        )
    if not preferences and plan.method == "dpo":
        raise OtherKind(
            f"The dataset {dataset.name!r} holds conversations, and the method dpo learns from preferences",
            "supervised",
        )


def _estimated(settings: TrainingSettings, registry: Registry, plan: Plan, dataset: Dataset) -> Estimate:
    """Return what a run takes: of one on this machine the recipe says how long it learns."""
    if plan.provider != "local":
        return estimated(plan, dataset)
    recipe = recipe_of(settings, registry, plan)
    if recipe.steps is None or not dataset.train:
        return at_home(plan.base, dataset.tokens, recipe.epochs)
    epochs = recipe.steps * recipe.batch_size * recipe.accumulation / dataset.train
    return at_home(plan.base, dataset.tokens, epochs, recipe.steps)


def _seconds(registry: Registry, datasets: Datasets, plan: Plan, tokens: int) -> float | None:
    """Return how long so many tokens take, by how long they took before."""
    alike = (
        run
        for run in registry.runs()
        if run.state == "succeeded" and (run.plan.provider, run.plan.base) == (plan.provider, plan.base)
    )
    if paces := list(_paces(alike, {dataset.id: dataset for dataset in datasets.list()})):
        return median(paces) * tokens
    return EMBEDDED_SECONDS if plan.provider == "embedded" else None


def _paces(runs: Iterator[Run], datasets: Mapping[str, Dataset]) -> Iterator[float]:
    """Yield the seconds that each run took for a token, as far as they are known."""
    for run in runs:
        tokens = run.trained_tokens
        if not tokens and (dataset := datasets.get(run.plan.dataset)):
            tokens = estimated(run.plan, dataset).total_tokens
        if tokens and run.started_at and run.ended_at >= run.started_at:
            yield (run.ended_at - run.started_at) / tokens
