"""What is known of a model that was tuned here; written last, so that it stands for a whole model."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from training.examples import DataError
from training.files import written_whole
from training.providers.local.recipe import Recipe

MANIFEST = "manifest.json"
WEIGHTS = "weights"
# Weights that are being written.
PARTIAL = f"{WEIGHTS}.partial"
# Bytes; a manifest has a few kilobytes, and a larger one was not written here.
_LARGEST = 1 << 20
# What Python would unpickle, and with it run whatever its author liked.
_PICKLES = {".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"}


class Manifest(BaseModel):
    """A whole model, and where it came from; hashes are SHA-256, in hexadecimal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    run: str
    kind: Literal["adapter", "whole"]
    """An adapter is served together with its base; whole weights by themselves."""
    base: str
    """A folder, or a name at Hugging Face."""
    revision: str
    """The base's commit at Hugging Face, or the hash of its weights."""
    parent: str
    """The id of the model that it went on from, or ""."""
    method: Literal["supervised", "dpo"]
    recipe: Recipe
    """With what was chosen for this machine."""
    dataset: Mapping[str, str]
    """The hash of each part that was learned from or validated with."""
    device: str
    versions: Mapping[str, str]
    trained_tokens: int
    context_tokens: int = 0
    """What it can read at once; 0 where its makers do not say."""
    files: Mapping[str, str]
    """The hash of each file of the weights, by its name in their folder."""


def hashed(file: Path) -> str:
    """Return a file's hash; raises OSError."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a run's manifest, whole or not at all; raises OSError."""
    with written_whole(folder / MANIFEST) as file:
        file.write(manifest.model_dump_json(indent=1).encode())


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a run's folder; raises DataError when it is not there or not what was written."""
    path = folder / MANIFEST
    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{path} is too large for a manifest: promote another model or run it again.")
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): promote another model or run it again.") from None
    except ValidationError:
        raise DataError(f"{path} is not what was written: promote another model or run it again.") from None


def see_whole(folder: Path) -> Manifest:
    """Return the manifest of a run whose weights are what was learned; raises DataError with what is wrong."""
    manifest, weights = read_manifest(folder), folder / WEIGHTS
    see_no_pickle(weights)
    for name, expected in manifest.files.items():
        try:
            found = hashed(weights / name)
        except OSError as error:
            raise DataError(f"{weights / name} cannot be read ({error.strerror}): promote another model.") from None
        if found != expected:
            raise DataError(f"{weights / name} is not what was learned, its hash differs: promote another model.")
    return manifest


def see_no_pickle(folder: Path) -> None:
    """Raise DataError where a folder holds a file that would be unpickled."""
    if found := next(_pickles(folder), None):
        raise DataError(f"{found} is a pickle, which may run anything once it is read: only safetensors are taken.")


def _pickles(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*")) if file.suffix.lower() in _PICKLES)
