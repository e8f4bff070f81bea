# pyright: basic, reportMissingImports=false
# The checks do without the extra that this needs.
"""The trainer: tunes one model in a process of its own, `python -m training.providers.lora FOLDER`.

The folder says what is to be learned; progress, checkpoints and at last the weights and their manifest are left there.
It goes on from the last whole checkpoint. On several devices: `accelerate launch ... -m training.providers.lora FOLDER`.
"""

import argparse
import logging
import shutil
import sys
import time
from contextlib import nullcontext
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import torch
from accelerate import PartialState
from datasets import Dataset
from filelock import FileLock
from peft import LoraConfig, PeftModel, get_peft_model, prepare_model_for_kbit_training
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, PrinterCallback, Trainer, set_seed
from transformers.utils import cached_file, is_flash_attn_2_available
from transformers.utils.hub import extract_commit_hash
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from training.providers.learning.conversations import OURS, pairs, rows, template_for
from training.providers.learning.following import WHOLE, Follower, Stopping
from training.providers.learning.packing import keeps_apart, reads_rows_in_parts
from training.providers.learning.troubles import Refused, sentence
from training.providers.local import job as jobs
from training.providers.local.job import Job, Told
from training.providers.local.manifest import WEIGHTS, Manifest, hashed, see_no_pickle, write_manifest
from training.providers.local.process import write_process
from training.providers.local.recipe import Recipe

_LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "tokenizers", "safetensors")
_GIB = 1 << 30
# What checkpoints and weights take of the disk, as multiples of what is trained: weights, gradients' two moments, twice.
_COPIES = 8


def main() -> int:
    """Tune what the folder says; returns 0 when it is done or was stopped in order, and 1 when it cannot be done."""
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", type=Path)
    asked.add_argument("--tied", action="store_true", help="stop when standard input ends")
    options = asked.parse_args()
    stopping, state, folder = Stopping(tied=options.tied), PartialState(), options.folder
    job = jobs.read_job(folder)
    with FileLock(folder / jobs.LOCK) if state.is_main_process else nullcontext():
        if state.is_main_process:
            write_process(folder)
            jobs.drop_torn_line(folder)
        try:
            learn(folder, job, stopping, state)
        except Exception as error:  # whatever it is, the run has to be told
            logging.exception("the trainer failed")
            jobs.fail(folder, sentence(error, job.recipe, folder / jobs.LOG))
            return 1
    return 0


def learn(folder: Path, job: Job, stopping: Stopping, state: PartialState) -> None:
    """Tune from the last checkpoint to the end, and keep the weights; or stop in order, and keep a checkpoint."""
    began = time.monotonic()
    model, tokenizer, revision = load(job)
    follower = Follower(folder, stopping, tells=state.is_main_process)
    trainer = trainer_for(folder, job, model, tokenizer, follower, state)
    checkpoint = last_checkpoint(folder)
    if state.is_main_process:
        note(folder, f"{loaded(trainer, job)} It took {time.monotonic() - began:.0f} s to load." + gone_on(checkpoint))
    if not stopping.agreed():
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.state.global_step < trainer.state.max_steps or not trainer.state.max_steps:
        return
    keep(folder, job, trainer, tokenizer, revision)


def load(job: Job):
    """Return the model with what is trained in it, its tokenizer, and the base's revision; raises Refused."""
    recipe, base, revision = job.recipe, job.recipe.model, job.recipe.revision or None
    if Path(base).is_dir() and not list(Path(base).glob("*.safetensors")):
        raise Refused(f"{base} holds no safetensors, and nothing else is read: save the base as safetensors, or name another.")
    on_gpu = torch.cuda.is_available()
    arguments = {"revision": revision, "dtype": torch.bfloat16 if on_gpu and recipe.tune != "full" else torch.float32}
    if recipe.attention != "auto":
        arguments["attn_implementation"] = recipe.attention
    elif on_gpu and is_flash_attn_2_available():
        arguments["attn_implementation"] = "flash_attention_2"
    if recipe.tune == "qlora":
        arguments["quantization_config"] = four_bits()
    set_seed(recipe.seed)
    try:
        tokenizer = AutoTokenizer.from_pretrained(base, revision=revision)
        model = AutoModelForCausalLM.from_pretrained(base, use_safetensors=True, **arguments)
    # So the library says that there is no such model, or that its files are not what they should be.
    except (OSError, ValueError) as error:
        logging.exception("the base could not be read")
        raise Refused(
            f"The base {base!r} cannot be read: name a folder with safetensors, or a model that this machine has or can"
            " fetch from Hugging Face; trainer.log has the library's words."
        ) from error
    model.config.use_cache = False
    return adapted(model, job), tokenizer, revision_of(base, revision)


def four_bits() -> BitsAndBytesConfig:
    """Return how a base is held in four bits a weight; raises Refused where that cannot be."""
    if not find_spec("bitsandbytes"):
        raise Refused("QLoRA needs bitsandbytes: install it with `pip install bitsandbytes`, or set tune = \"lora\".")
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def adapted(model, job: Job):
    """Return the model with an adapter to be trained: a new one, or that of the model that it goes on from."""
    recipe = job.recipe
    if recipe.tune == "qlora":
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=recipe.gradient_checkpointing)
    if job.parent_folder and (job.parent_folder / WEIGHTS / "adapter_config.json").exists():
        return PeftModel.from_pretrained(model, job.parent_folder / WEIGHTS, is_trainable=True)
    if recipe.tune == "full":
        return model
    modules = recipe.target_modules
    adapter = LoraConfig(
        r=recipe.r,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=modules if isinstance(modules, str) else list(modules),
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, adapter)


def trainer_for(folder: Path, job: Job, model, tokenizer, follower: Follower, state: PartialState) -> Trainer:
    """Return what learns the job's examples; raises Refused and DataError where there is nothing to learn."""
    recipe = job.recipe
    template = template_for(tokenizer)
    if state.is_main_process and tokenizer.chat_template == OURS.read_text(encoding="utf-8"):
        note(folder, "The base has no chat format with known marks, so it learns Sarah's own.")
    length = min(recipe.max_length, getattr(model.config, "max_position_embeddings", recipe.max_length))
    arguments = common(folder, job) | {"max_length": length}
    if job.method == "dpo":
        parts = [Dataset.from_list(list(pairs(path))) if path else None for path in (job.train, job.validation)]
        settings = DPOConfig(beta=recipe.beta, **arguments)
        trainer = DPOTrainer
    else:
        parts = [tokens(folder, tokenizer, template, path, length, state) for path in (job.train, job.validation)]
        packing = recipe.packing == "auto" and keeps_apart(model)
        if packing and not reads_rows_in_parts(model):
            arguments |= one_row_at_once(recipe)
        settings = SFTConfig(packing=packing, **arguments)
        trainer = SFTTrainer
    see_room(folder, model)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    # By name, for the second place is not the same in both.
    made = trainer(model, args=settings, train_dataset=parts[0], eval_dataset=parts[1], processing_class=tokenizer)
    made.add_callback(follower)
    made.remove_callback(PrinterCallback)
    return made


def common(folder: Path, job: Job) -> dict[str, object]:
    """Return what all ways to learn have in common, as transformers calls it."""
    recipe = job.recipe
    return {
        "output_dir": str(folder / jobs.CHECKPOINTS),
        "per_device_train_batch_size": recipe.batch_size,
        "per_device_eval_batch_size": recipe.batch_size,
        "gradient_accumulation_steps": recipe.accumulation,
        "gradient_checkpointing": recipe.gradient_checkpointing,
        "optim": recipe.optimizer,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": recipe.schedule,
        "warmup_steps": recipe.warmup,
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.max_grad_norm,
        "max_steps": recipe.steps or -1,
        "num_train_epochs": recipe.epochs,
        "bf16": torch.cuda.is_available(),
        "seed": recipe.seed,
        "data_seed": recipe.seed,
        "logging_steps": recipe.log_every,
        "logging_nan_inf_filter": False,
        "eval_strategy": "steps" if job.validation else "no",
        "eval_steps": recipe.validate_every,
        "save_steps": recipe.checkpoint_every,
        # Two, so that one is whole while the next is being written.
        "save_total_limit": 2,
        "include_num_input_tokens_seen": "non_padding",
        "dataloader_pin_memory": torch.cuda.is_available(),
        "report_to": "none",
        "disable_tqdm": True,
    }


def one_row_at_once(recipe: Recipe) -> dict[str, object]:
    """Return what keeps the rows of a batch apart, which packing would make one long row of; a step stays what it was."""
    return {
        "per_device_train_batch_size": 1,
        "per_device_eval_batch_size": 1,
        "gradient_accumulation_steps": recipe.accumulation * recipe.batch_size,
    }


def tokens(folder: Path, tokenizer, template: str, path: Path | None, length: int, state: PartialState) -> Dataset | None:
    """Return a file's conversations in tokens, cut at a length; raises Refused where nothing in them is learned."""
    if path is None:
        return None
    all_rows = list(rows(tokenizer, template, path))
    kept = [cut for cut in (row.cut(length) for row in all_rows) if cut.teaches]
    if not kept:
        raise Refused(f"Nothing in {path.name} can be learned in {length} tokens: raise max_length, or shorten the examples.")
    too_long = sum(len(row.input_ids) > length for row in all_rows)
    if too_long and state.is_main_process:
        left_out = len(all_rows) - len(kept)
        note(
            folder,
            f"{too_long} of {len(all_rows)} examples in {path.name} are longer than {length} tokens and are cut there;"
            f" {left_out} of them have nothing left to learn, and are left out.",
            "warning",
        )
    return Dataset.from_list([{"input_ids": row.input_ids, "labels": row.labels} for row in kept])


def see_room(folder: Path, model) -> None:
    """Raise Refused where the disk has no room for checkpoints and weights."""
    needed = sum(weight.numel() * 4 for weight in model.parameters() if weight.requires_grad) * _COPIES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Refused(
            f"The run needs about {needed / _GIB:.1f} GiB for checkpoints and weights in {folder}, where"
            f" {free / _GIB:.1f} GiB are free: make room there, and start it again."
        )


def last_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end, and remove those that were not."""
    found = sorted((folder / jobs.CHECKPOINTS).glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    whole = [path for path in found if (path / WHOLE).exists()]
    for path in set(found) - set(whole):
        shutil.rmtree(path, ignore_errors=True)
    return whole[-1] if whole else None


def keep(folder: Path, job: Job, trainer: Trainer, tokenizer, revision: str) -> None:
    """Keep the weights, and their manifest last, which says that the model is whole."""
    partial, weights = folder / f"{WEIGHTS}.partial", folder / WEIGHTS
    trainer.save_model(str(partial))
    if not trainer.accelerator.is_main_process:
        return
    # What is of no use to whoever serves it: how it was trained, as a pickle, and the adapter that DPO compared with.
    for name in ("training_args.bin", "README.md"):
        (partial / name).unlink(missing_ok=True)
    shutil.rmtree(partial / "ref", ignore_errors=True)
    tokenizer.save_pretrained(partial)
    see_no_pickle(partial)
    shutil.rmtree(weights, ignore_errors=True)
    partial.rename(weights)
    write_manifest(folder, manifest(job, trainer, weights, revision))


def manifest(job: Job, trainer: Trainer, weights: Path, revision: str) -> Manifest:
    """Return what is known of the model."""
    parts = {"train": job.train, "validation": job.validation}
    return Manifest(
        run=job.run,
        kind="adapter" if (weights / "adapter_config.json").exists() else "whole",
        base=job.recipe.model,
        revision=revision,
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


def revision_of(base: str, asked: str | None) -> str:
    """Return what a base was exactly: its commit at Hugging Face, or the hashes of its weights."""
    if Path(base).is_dir():
        return " ".join(f"sha256:{hashed(file)}" for file in sorted(Path(base).glob("*.safetensors")))
    return extract_commit_hash(cached_file(base, "config.json", revision=asked), None) or ""


def device() -> str:
    """Return what this machine learns on."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else PartialState().device.type


def loaded(trainer: Trainer, job: Job) -> str:
    """Return what is about to be learned, and on what."""
    weights = list(trainer.model.parameters())
    trained = sum(weight.numel() for weight in weights if weight.requires_grad)
    packed = "packed" if getattr(trainer.args, "packing", False) else "not packed"
    return (
        f"{job.recipe.model} is loaded on {device()}: {trained:,} of {sum(weight.numel() for weight in weights):,} weights"
        f" are trained, on {len(trainer.train_dataset):,} rows, {packed}."
    )


def gone_on(checkpoint: Path | None) -> str:
    """Return where it goes on from."""
    return f" It goes on from step {checkpoint.name.split('-')[1]}." if checkpoint else ""


def note(folder: Path, text: str, level: str = "info") -> None:
    """Tell whoever follows the run."""
    jobs.tell(folder, Told(at=time.time(), level=level, text=text))


if __name__ == "__main__":
    sys.exit(main())
