"""The names that fields complete: of datasets, drafts, runs, models, and of what can be tuned."""

import asyncio

from bot.admin.forms import Names
from bot.admin.office import Office
from bot.admin.rehearsal import BASE, UNTRAINED
from training import intake
from training.bases import presets_of
from training.datasets import Datasets
from training.drafts import Drafts
from training.providers.local.recipe import presets

_BASE = (BASE, "base (what the settings name, untuned)")


async def names(office: Office, kind: Names) -> list[tuple[str, str]]:
    """Return what can be named, the newest first, each with what people know it by."""
    match kind:
        case "datasets":
            return await asyncio.to_thread(_datasets, office)
        case "drafts":
            return await asyncio.to_thread(_drafts, office)
        case "runs":
            return await asyncio.to_thread(_runs, office)
        case "models":
            return await asyncio.to_thread(_models, office)
        case "bases":
            return await asyncio.to_thread(_bases, office)
        case _:
            return []


def datasets_of(office: Office) -> Datasets:
    """Return the store of datasets."""
    return intake.datasets_of(office.settings)


def drafts_of(office: Office) -> Drafts:
    """Return the drafts."""
    return Drafts(office.home / "drafts")


def _datasets(office: Office) -> list[tuple[str, str]]:
    kept = datasets_of(office).list()
    return [(one.name, f"{one.name} ({one.id}, {one.examples:,} examples)") for one in kept]


def _drafts(office: Office) -> list[tuple[str, str]]:
    return [(one.name, f"{one.name} ({one.examples:,} examples)") for one in drafts_of(office).list()]


def _runs(office: Office) -> list[tuple[str, str]]:
    return [(run.id, f"{run.id} ({run.state}, {run.plan.provider} {run.plan.base})") for run in office.registry.runs()]


def _models(office: Office) -> list[tuple[str, str]]:
    return [*_registered(office), _BASE, (UNTRAINED, "untrained (the handbook without examples)")]


def _bases(office: Office) -> list[tuple[str, str]]:
    """Return what a run can tune: a machine's own presets first, of which there are few."""
    known = presets(presets_of(office.settings))
    return [*((name, f"{name} (a preset of the provider local)") for name in known), *_registered(office), _BASE]


def _registered(office: Office) -> list[tuple[str, str]]:
    registry = office.registry
    champion = registry.champion()
    crowned = champion.id if champion else ""
    known = {dataset.id: dataset.name for dataset in registry.datasets()}
    listed: list[tuple[str, str]] = []
    for model in registry.models():
        note = ", the champion" if model.id == crowned else ""
        listed.append((model.id, f"{model.id} ({model.base} on {known.get(model.dataset, model.dataset)}{note})"))
    return listed
