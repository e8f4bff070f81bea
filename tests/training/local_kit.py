"""What tests of tuning on one's own machine share where they need no torch: bases, models and presets made up."""

import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import pytest

from training.providers.local.manifest import WEIGHTS, Manifest, hashed, write_manifest
from training.providers.local.recipe import read_recipe
from training.registry import Model, Plan, Registry, Tuned

EXTRA = ("torch", "transformers", "trl", "peft", "accelerate")
TRAINER = Path(__file__).with_name("local_trainer.py")
ROOT = TRAINER.parents[2]
# What SARAH_LOCAL_LAUNCH is where the trainer without torch learns.
LAUNCH = shlex.join([shutil.which("env") or "env", f"PYTHONPATH={ROOT}", sys.executable, str(TRAINER)])

PRESET = """
model = "lumen/tiny"
r = 4
batch_size = 2
accumulation = 2
steps = 12
"""


def lend_extra(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Let what tunes look installed on a desk where it is not; nothing of it is imported."""
    for name in EXTRA:
        if find_spec(name) is None:
            (folder / name).mkdir(parents=True)
            (folder / name / "__init__.py").touch()
    if folder.exists():
        patch.setattr(sys, "path", [str(folder), *sys.path])


def take_extra(patch: pytest.MonkeyPatch) -> None:
    """Let what tunes look as if it were not installed."""
    patch.setitem(sys.modules, "trl", None)


def base_in(folder: Path, weights: str = "model.safetensors", config: str = "config.json") -> Path:
    """Make a folder that looks like a model's; "" leaves a file out."""
    folder.mkdir(parents=True)
    for name in filter(None, (weights, config)):
        (folder / name).write_text("{}", "utf-8")
    return folder


def preset_in(company: Path, name: str = "tiny", text: str = PRESET) -> Path:
    """Put a preset into a company's folder."""
    file = company / "presets" / f"{name}.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def adapter_files(weights: Path) -> None:
    """Write what looks like an adapter."""
    weights.mkdir(parents=True, exist_ok=True)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (weights / name).write_text("{}", "utf-8")


def local_model(
    home: Path, registry: Registry, dataset: str, base: str = "modern", kind: Literal["adapter", "whole"] = "adapter"
) -> Model:
    """Register a model as if it had been tuned on this machine, with files that hold nothing."""
    run = registry.start_run(Plan(dataset, "local", base), "kim", 1.0)
    folder = home / "models" / run.id
    adapter_files(folder / WEIGHTS)
    recipe = read_recipe(base)
    files = {file.name: hashed(file) for file in (folder / WEIGHTS).iterdir()}
    manifest = Manifest(
        run=run.id,
        kind=kind,
        base=recipe.model,
        revision="",
        parent="",
        method="supervised",
        recipe=recipe,
        dataset={},
        device="cpu",
        versions={},
        trained_tokens=100,
        files=files,
    )
    write_manifest(folder, manifest)
    return registry.register(Tuned(run.id, folder=f"models/{run.id}"), "worker", 2.0)
