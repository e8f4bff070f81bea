"""What a run tunes: its base as the provider knows it, found before anything starts."""

import re
from difflib import get_close_matches
from pathlib import Path

from training.examples import DataError
from training.providers import ProviderError
from training.providers.local.extra import see_installed
from training.providers.local.manifest import read_manifest
from training.providers.local.recipe import Recipe, presets, read_recipe
from training.registry import Plan, Registry
from training.settings import TrainingSettings

# How the ids of our own models begin.
OURS = "model-"
# What Hugging Face calls a model: with its owner's name, or without one.
_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
# How alike two names are, 0 to 1, when one may be that of a preset misspelt.
_ALIKE = 0.7


def known_base(settings: TrainingSettings, registry: Registry, plan: Plan) -> str:
    """Return a plan's base as its provider knows it: one of ours is known to a server by another name.

    Raises DataError, RegistryError and ProviderError.
    """
    if plan.provider == "local":
        return _local_base(settings, registry, plan.base)
    if not plan.base.startswith(OURS):
        return plan.base
    ours = registry.model(plan.base)
    if not ours.served_as or ours.base_url != plan.base_url:
        raise ProviderError(f"{ours.id} is not at the server that is to tune it: name another base or base_url.")
    return ours.served_as


def _local_base(settings: TrainingSettings, registry: Registry, base: str) -> str:
    """Return a base that can be tuned on this machine; a folder is named from the root, a model of ours by its id."""
    _see_installed(settings)
    if base.startswith(OURS):
        ours = registry.model(base)
        if ours.provider != "local":
            raise ProviderError(
                f"{ours.id} was tuned by {ours.provider}, and has no weights here: name a preset, a model's folder,"
                " or a model that was tuned on this machine."
            )
        return ours.id
    folder = presets_of(settings)
    model = read_recipe(base, folder).model
    _see_model(model, folder)
    place = Path(model).expanduser()
    if not place.is_dir() or (base != model and not base.endswith(f"={model}")):
        return base
    # Whoever goes on with the run may do so in another folder.
    return f"{base.removesuffix(model)}{place.resolve()}"


def _see_installed(settings: TrainingSettings) -> None:
    """Refuse where nothing can be tuned, unless machines of their own take up the runs; raises ProviderError."""
    if not settings.sarah_database_url:
        see_installed()


def _see_model(model: str, presets_folder: Path) -> None:
    """Refuse what is no model: a folder that is not there, or that holds no weights that can be trusted."""
    folder = Path(model).expanduser()
    if not folder.is_dir():
        _see_name(model, presets_folder)
    elif not (folder / "config.json").exists():
        raise DataError(f"{folder} is no whole model, for it has no config.json: name a model's folder.")
    elif not any(folder.glob("*.safetensors")):
        pickled = any(file for pattern in _PICKLES for file in folder.glob(pattern))
        what = "has its weights as a pickle, which may run anything when it is read" if pickled else "has no weights"
        raise DataError(f"{folder} {what}: save them there as safetensors, or name another model.")


def _see_name(model: str, presets_folder: Path) -> None:
    """Refuse what can be no model's name at Hugging Face, or is a preset's misspelt."""
    near = "" if "/" in model else " or ".join(get_close_matches(model, presets(presets_folder), cutoff=_ALIKE))
    if near:
        raise DataError(f"There is no preset {model!r}: did you mean {near}?")
    if Path(model).exists() or not _NAME.fullmatch(model):
        raise DataError(
            f"There is no model in {model!r}: name a preset, a folder with a model in it, or a model at Hugging Face,"
            " such as Qwen/Qwen3-1.7B."
        )


def presets_of(settings: TrainingSettings) -> Path:
    """Return the folder of the company's own presets, which need not be there."""
    return settings.sarah_data / "presets"


def recipe_of(settings: TrainingSettings, registry: Registry, plan: Plan) -> Recipe:
    """Return how a local run learns, with what was asked for; raises DataError and RegistryError."""
    if plan.base.startswith(OURS):
        recipe = read_manifest(settings.sarah_home / registry.model(plan.base).folder).recipe
    else:
        recipe = read_recipe(plan.base, presets_of(settings))
    return recipe.asked(plan.hyperparameters, plan.seed)
