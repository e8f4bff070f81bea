# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""What a trainer keeps in the run's folder: notes, checkpoints, the weights, and last their manifest."""

import shutil
import time
from importlib.metadata import version
from pathlib import Path

import torch
from accelerate import PartialState
from transformers import PreTrainedTokenizerBase, Trainer
from transformers.utils import cached_file
from transformers.utils.hub import extract_commit_hash

from training.providers import EventLevel
from training.providers.learning.following import WHOLE
from training.providers.learning.troubles import Refused
from training.providers.local import job as jobs
from training.providers.local.job import Job, Told
from training.providers.local.manifest import PARTIAL, WEIGHTS, Manifest, hashed, see_no_pickle, write_manifest

_LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "tokenizers", "safetensors")
_GIB = 1 << 30
# What two checkpoints and the weights take of the disk, for each weight that is trained: it, and its two moments.
_BYTES_A_WEIGHT = 4 * 8


def note(folder: Path, text: str, level: EventLevel = "info") -> None:
    """Tell whoever follows the run; only the first of several processes does."""
    if PartialState().is_main_process:
        jobs.tell(folder, Told(at=time.time(), level=level, text=text))


def see_room(folder: Path, model: torch.nn.Module) -> None:
    """Raise Refused where the disk has no room for checkpoints and weights."""
    needed = sum(weight.numel() for weight in model.parameters() if weight.requires_grad) * _BYTES_A_WEIGHT
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Refused(
            f"The run needs about {needed / _GIB:.1f} GiB for checkpoints and weights in {folder}, where"
            f" {free / _GIB:.1f} GiB are free: make room there, and start it again."
        )


def last_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end."""
    found = [path for path in (folder / jobs.CHECKPOINTS).glob("checkpoint-*") if (path / WHOLE).exists()]
    return max(found, key=step_of, default=None)


def step_of(checkpoint: Path) -> int:
    """Return the step after which a checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])


def remove_halves(folder: Path) -> None:
    """Remove checkpoints and weights that were not written to their end; the first of several processes does it."""
    torn = [path for path in (folder / jobs.CHECKPOINTS).glob("checkpoint-*") if not (path / WHOLE).exists()]
    for path in (*torn, folder / PARTIAL):
        if path.exists() and PartialState().is_main_process:
            shutil.rmtree(path)


def keep(folder: Path, job: Job, trainer: Trainer, tokenizer: PreTrainedTokenizerBase) -> None:
    """Keep the weights, and their manifest last, which says that the model is whole."""
    partial, weights = folder / PARTIAL, folder / WEIGHTS
    # Every process has a part in it where the weights are spread over devices.
    trainer.save_model(str(partial))
    if not trainer.accelerator.is_main_process:
        return
    # What is of no use to whoever serves it: how it was trained, as a pickle, and the adapter that DPO compared with.
    for name in ("training_args.bin", "README.md"):
        (partial / name).unlink(missing_ok=True)
    if (partial / "ref").exists():
        shutil.rmtree(partial / "ref")
    tokenizer.save_pretrained(partial)
    see_no_pickle(partial)
    if weights.exists():
        shutil.rmtree(weights)
    partial.rename(weights)
    write_manifest(folder, _manifest(job, trainer, weights))


def _manifest(job: Job, trainer: Trainer, weights: Path) -> Manifest:
    """Return what is known of the model."""
    parts = {"train": job.train, "validation": job.validation}
    return Manifest(
        run=job.run,
        kind="adapter" if (weights / "adapter_config.json").exists() else "whole",
        base=job.recipe.model,
        revision=_revision(job),
        parent=job.parent,
        method=job.method,
        recipe=job.recipe,
        dataset={name: hashed(path) for name, path in parts.items() if path},
        device=device(),
        versions={name: version(name) for name in _LIBRARIES},
        trained_tokens=trainer.state.num_input_tokens_seen,
        context_tokens=getattr(trainer.model.config, "max_position_embeddings", 0),
        files={str(file.relative_to(weights)): hashed(file) for file in sorted(weights.rglob("*")) if file.is_file()},
    )


def _revision(job: Job) -> str:
    """Return what the base was exactly: its commit at Hugging Face, or the hashes of its weights."""
    base = Path(job.recipe.model)
    if base.is_dir():
        return " ".join(f"sha256:{hashed(file)}" for file in sorted(base.glob("*.safetensors")))
    config = cached_file(job.recipe.model, "config.json", revision=job.recipe.revision or None)
    return extract_commit_hash(config, None) or ""


def device() -> str:
    """Return what this machine learns on."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else str(PartialState().device)
