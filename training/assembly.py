"""What training is made of, put together from the settings: the one place that knows every provider."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from training.bases import presets_of
from training.datasets import Dataset
from training.place import Place
from training.pricing import Estimate, read_prices
from training.providers import Provider, ProviderError
from training.registry import Plan, Registry, open_registry
from training.runs.code import code_version
from training.runs.discriminators import refitted
from training.runs.wandb_metrics import WandbProject
from training.runs.workbench import SHARED, Pace, Workbench, folder_of
from training.settings import OPENAI, TrainingSettings

if TYPE_CHECKING:
    from training.topic import TopicModel

PROVIDERS = ("embedded", "openai", "local")


def provider_for(settings: TrainingSettings) -> Callable[[Plan], Provider]:
    """Return what finds the provider of a plan; it raises ProviderError where there is none, or no key for it."""
    return partial(_provider, settings)


def _provider(settings: TrainingSettings, plan: Plan) -> Provider:
    match plan.provider:
        case "embedded":
            return _embedded(settings)
        case "openai":
            return _openai(settings, plan.base_url)
        case "local":
            return _local(settings)
        case _:
            known = ", ".join(PROVIDERS)
            raise ProviderError(f"There is no provider {plan.provider!r} here: start the run with one of {known}.")


# Each provider is imported when it is asked for: what it needs takes up to half a second.


def _embedded(settings: TrainingSettings) -> Provider:
    from training.providers.embedded import Embedded  # noqa: PLC0415
    from training.words import read_words  # noqa: PLC0415

    return Embedded(partial(folder_of, settings.sarah_home), read_words(settings.sarah_data / "synonyms.txt"))


def _openai(settings: TrainingSettings, url: str) -> Provider:
    from training.providers.openai import OpenAIProvider, WandbBlock  # noqa: PLC0415

    key = settings.tuning_key_for(url)
    if url.rstrip("/") == OPENAI and not key:
        raise ProviderError("There is no key for OpenAI: put SARAH_TUNING_KEY into .env, or name another server.")
    reports = settings.sarah_wandb_project and settings.sarah_wandb_at_provider
    block = WandbBlock(settings.sarah_wandb_project, settings.sarah_wandb_entity) if reports else None
    return OpenAIProvider(url, key, wandb=block)


def _local(settings: TrainingSettings) -> Provider:
    from training.providers.local import Local  # noqa: PLC0415

    folder, launch = presets_of(settings), settings.sarah_local_launch
    return Local(partial(folder_of, settings.sarah_home), folder, partial(_folder_of_model, settings.place()), launch)


def _folder_of_model(place: Place, model: str) -> Path:
    """Return where a model of ours lies; raises RegistryError."""
    with open_registry(place) as registry:
        return place.home / registry.model(model).folder


def asker_for(settings: TrainingSettings) -> Callable[[str], str] | None:
    """Return what asks the model that the settings name, or None where they name none."""
    if not settings.sarah_model:
        return None
    from training.providers.openai import asker  # noqa: PLC0415

    url = settings.sarah_model_url
    return asker(url, settings.key_for(url), settings.sarah_model)


def wandb_project(settings: TrainingSettings) -> WandbProject | None:
    """Return where metrics go besides the registry, or None."""
    project = settings.sarah_wandb_project
    return WandbProject(project, settings.sarah_wandb_entity) if project else None


def bench_of(settings: TrainingSettings, registry: Registry, anew: Callable[[], None] | None = None) -> Workbench:
    """Return what runs are worked on with; `anew` begins the process anew where it was cut off from the database."""
    return Workbench(
        settings.sarah_home,
        registry,
        provider_for(settings),
        price_of,
        SHARED if settings.sarah_database_url else Pace(),
        wandb=wandb_project(settings),
        refit=partial(refit, settings),
        database=settings.sarah_database_url,
        anew=anew,
    )


def refit(settings: TrainingSettings, dataset: Dataset) -> str:
    """Return where the discriminator of a dataset is within the home, "" where the company has no topics.

    It is fitted unless that was done before; raises DataError and OSError.
    """
    home, data, refused = settings.sarah_home, settings.sarah_data, settings.sarah_guard_refused
    if not (data / "topics").exists():
        return ""
    return refitted(home, data, dataset, f"{code_version()}, refused {refused}", partial(_fitted, refused))


def _fitted(refused: float, data: Path, questions: Sequence[str]) -> "TopicModel":
    # scikit-learn takes two seconds and 150 MB, which only a run at its end has to spare.
    from training.topic import fitted  # noqa: PLC0415

    return fitted(data, questions, refused)


def estimated(plan: Plan, dataset: Dataset) -> Estimate:
    """Return what a run costs at most: no example is counted as cut at the model's limit."""
    return read_prices().estimate(
        plan.provider, plan.base, billed=dataset.tokens, examples=dataset.train, epochs=plan.hyperparameters.epochs
    )


def price_of(plan: Plan, dataset: Dataset) -> float | None:
    """Return what a run costs at most in USD, or None where nobody knows."""
    return estimated(plan, dataset).cost_usd
