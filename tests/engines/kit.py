"""Models of one's own for engines: registered by hand, with small files in place of weights."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from tests.servers.vllm import BASE
from training.providers.local.manifest import WEIGHTS, Manifest, hashed, write_manifest
from training.providers.local.recipe import Recipe
from training.registry import Model, Plan, Tuned, open_registry


def local(  # noqa: PLR0913 - a form, field by field
    home: Path,
    *,
    base: str = BASE,
    rank: int = 4,
    kind: Literal["adapter", "whole"] = "adapter",
    files: Mapping[str, bytes] | None = None,
    context_tokens: int = 0,
) -> Model:
    """Register a model that was tuned here; `files` are its weights, or a folder's that is given as such."""
    with open_registry(home) as registry:
        registry.record_dataset("d1", "lamps", 1, 1, 0, "tests", time.time())
        run = registry.start_run(Plan("d1", "local", base), "tests", time.time()).id
        recipe = Recipe(model=base, r=rank)
        known = {"run": run, "kind": kind, "base": base, "recipe": recipe, "context_tokens": context_tokens}
        _write(home / "models" / run, known, files or adapter(rank))
        return registry.register(Tuned(run, folder=f"models/{run}"), "tests", time.time())


def adapter(rank: int) -> dict[str, bytes]:
    """Return the files of an adapter that no program but our own server takes."""
    return {"adapter_config.json": json.dumps({"r": rank}).encode(), "adapter_model.safetensors": b"weights"}


def _write(folder: Path, known: Mapping[str, object], files: Mapping[str, bytes]) -> None:
    weights = folder / WEIGHTS
    weights.mkdir(parents=True)
    for name, content in files.items():
        (weights / name).write_bytes(content)
    learned = {"method": "supervised", "dataset": dict[str, str](), "trained_tokens": 1, "parent": "", "revision": ""}
    made = {"device": "cpu", "versions": dict[str, str](), "files": {name: hashed(weights / name) for name in files}}
    write_manifest(folder, Manifest.model_validate({**known, **learned, **made}))
