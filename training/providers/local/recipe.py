"""How a model is tuned on one's own machine: a preset, which is a plain file that anybody can copy and change."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from training.examples import DataError
from training.providers import Hyperparameters
from training.validation import validated

PRESETS = Path(__file__).parent / "presets"
# What is tuned where somebody names a model and no preset.
USUAL = "modern"
# Between the name of a preset and the model that it is to tune instead of its own.
_BETWEEN = "="

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Recipe(BaseModel):
    """What is tuned, and how; lengths are tokens. The names are those of TRL and PEFT, where these have one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    model: Annotated[str, Field(min_length=1)]
    """A folder, or a name at Hugging Face."""
    revision: str = ""
    """The commit or branch at Hugging Face; "" for its newest."""
    tune: Literal["lora", "qlora", "full"] = "lora"
    r: Count = 16
    alpha: Count = 32
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    target_modules: Annotated[tuple[str, ...], Field(strict=False)] | str = "all-linear"
    batch_size: Count = 4
    """Examples of one device at once."""
    accumulation: Count = 4
    """Batches whose gradients are added up before a step."""
    optimizer: str = "adamw_torch_fused"
    learning_rate: Positive = 2e-4
    schedule: str = "cosine"
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.03
    """The share of steps in which the learning rate rises."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    max_grad_norm: Positive = 1.0
    steps: Count | None = None
    """How many steps it learns; None: as many as `epochs` takes."""
    epochs: Positive = 3.0
    max_length: Annotated[int, Field(ge=8)] = 1024
    packing: Literal["auto", "off"] = "auto"
    """auto: several examples in one row where the attention keeps them apart; never where it would mix them."""
    attention: Literal["auto", "eager", "sdpa", "flash_attention_2", "flash_attention_3"] = "auto"
    gradient_checkpointing: bool = False
    """Less memory for a third more work."""
    beta: Positive = 0.1
    """How far preferences may lead away from the base (DPO)."""
    checkpoint_every: Count = 50
    """Steps between two checkpoints: what a crash loses at most."""
    log_every: Count = 1
    validate_every: Count = 25
    seed: int = 42

    def asked(self, wanted: Hyperparameters, seed: int | None) -> "Recipe":
        """Return the recipe with what somebody asked for in place of the preset's own.

        A batch size is that of a whole step on one device; the learning rate multiplier is one of the preset's rate.
        """
        changes: dict[str, object] = {}
        if wanted.epochs is not None:
            changes |= {"epochs": float(wanted.epochs), "steps": None}
        if wanted.batch_size is not None:
            at_once = max(size for size in range(1, self.batch_size + 1) if wanted.batch_size % size == 0)
            changes |= {"batch_size": at_once, "accumulation": wanted.batch_size // at_once}
        if wanted.learning_rate_multiplier is not None:
            changes["learning_rate"] = self.learning_rate * wanted.learning_rate_multiplier
        if seed is not None:
            changes["seed"] = seed
        return self.model_copy(update=changes)


def presets(*folders: Path) -> Mapping[str, Path]:
    """Return the files of all presets by their names: ours, and those of folders, which come before ours."""
    return {file.stem: file for folder in (PRESETS, *folders) for file in sorted(folder.glob("*.toml"))}


def read_recipe(base: str, *folders: Path) -> Recipe:
    """Return the recipe that a base asks for: PRESET, PRESET=MODEL, or MODEL, which is tuned as `modern` says.

    Raises DataError where there is no such preset, or its file is not what it should be.
    """
    known = presets(*folders)
    name, between, model = base.partition(_BETWEEN)
    if name in known:
        recipe = _read(known[name])
        return recipe.model_copy(update={"model": model, "revision": ""}) if model else recipe
    if between:
        raise DataError(f"There is no preset {name!r}: take one of {', '.join(sorted(known))}, or copy one of them.")
    return _read(known[USUAL]).model_copy(update={"model": base, "revision": ""})


def _read(file: Path) -> Recipe:
    try:
        value = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"The preset {file} cannot be read ({error}): mend it, or name another.") from None
    return validated(Recipe, str(file), value)
