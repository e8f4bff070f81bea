# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""The trainer: tunes one model in a process of its own, `python -m training.providers.lora FOLDER`.

The folder says what is to be learned; progress, checkpoints and at last the weights and their manifest are left there.
It goes on from the last whole checkpoint. On several devices: `accelerate launch -m training.providers.lora FOLDER`.
"""

import argparse
import logging
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import torch
from accelerate import PartialState
from datasets.arrow_dataset import Dataset
from peft import LoraConfig, PeftModel, get_peft_model, prepare_model_for_kbit_training
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    set_seed,
)
from transformers.utils import is_flash_attn_2_available
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from training.providers.learning import conversations
from training.providers.learning.conversations import is_ours, pairs, template_for
from training.providers.learning.following import Follower, Stopping
from training.providers.learning.keeping import (
    device,
    keep,
    last_checkpoint,
    note,
    remove_halves,
    see_room,
    step_of,
)
from training.providers.learning.packing import keeps_apart, reads_rows_in_parts
from training.providers.learning.troubles import Refused, sentence
from training.providers.local import job as jobs
from training.providers.local.job import Job
from training.providers.local.manifest import WEIGHTS
from training.providers.local.process import at_work
from training.providers.local.recipe import Recipe

log = logging.getLogger("trainer")


def main() -> int:
    """Tune what the folder says; returns 0 when it is done or was stopped in order, and 1 when it cannot be done."""
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", type=Path)
    asked.add_argument("--tied", action="store_true", help="stop when standard input ends")
    options = asked.parse_args()
    stopping, folder = Stopping(tied=options.tied), options.folder
    state = PartialState(cpu=on_cpu())
    job = jobs.read_job(folder)
    with at_work(folder, state.process_index):
        if state.is_main_process:
            jobs.drop_torn_line(folder)
            remove_halves(folder)
        try:
            learn(folder, job, stopping)
        except Exception as error:  # whatever it is, the run has to be told
            log.exception("the trainer failed")
            # The disk may be full: there is to be room for a sentence.
            remove_halves(folder)
            jobs.fail(folder, sentence(error, job.recipe, folder / jobs.LOG))
            return 1
    return 0


def learn(folder: Path, job: Job, stopping: Stopping) -> None:
    """Tune from the last checkpoint to the end, and keep the weights; or stop in order, and keep a checkpoint."""
    began, checkpoint = time.monotonic(), last_checkpoint(folder)
    model, tokenizer = load(job)
    trainer = trainer_for(folder, job, model, tokenizer, Follower(folder, stopping))
    gone_on = f" It goes on from step {step_of(checkpoint)}." if checkpoint else ""
    note(folder, f"{loaded(trainer, job)} It took {time.monotonic() - began:.0f} s to load.{gone_on}")
    if stopping.agreed():
        return
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.state.global_step >= trainer.state.max_steps:
        keep(folder, job, trainer, tokenizer)


def load(job: Job) -> tuple[PreTrainedModel | PeftModel, PreTrainedTokenizerBase]:
    """Return the model with what is trained in it, and its tokenizer; raises Refused."""
    recipe, base = job.recipe, job.recipe.model
    if Path(base).is_dir() and not list(Path(base).glob("*.safetensors")):
        raise Refused(
            f"{base} holds no safetensors, and nothing else is read: save the base as safetensors, or name another."
        )
    set_seed(recipe.seed)
    try:
        tokenizer = AutoTokenizer.from_pretrained(base, revision=recipe.revision or None)
        model = AutoModelForCausalLM.from_pretrained(base, use_safetensors=True, **how(recipe))
    # So the library says that there is no such model, or that its files are not what they should be.
    except (OSError, ValueError) as error:
        log.exception("the base could not be read")
        raise Refused(
            f"The base {base!r} cannot be read: name a folder with safetensors, or a model that this machine has or can"
            " fetch from Hugging Face; trainer.log has the library's words."
        ) from error
    model.config.use_cache = False
    return adapted(model, job), tokenizer


def how(recipe: Recipe) -> dict[str, Any]:
    """Return how a base is held in memory, and how its attention is worked out; raises Refused."""
    on_gpu = torch.cuda.is_available()
    # What is trained whole is trained in full precision: steps are smaller than bf16 can tell.
    precise = not on_gpu or recipe.tune == "full"
    arguments = {
        "revision": recipe.revision or None,
        "dtype": torch.float32 if precise else torch.bfloat16,
        # At once where it will learn: flash attention works nowhere else, and it is tried before.
        "device_map": {"": PartialState().device},
    }
    if recipe.attention != "auto":
        arguments["attn_implementation"] = recipe.attention
    elif on_gpu and is_flash_attn_2_available():
        arguments["attn_implementation"] = "flash_attention_2"
    if recipe.tune == "qlora":
        arguments["quantization_config"] = four_bits()
    return arguments


def four_bits() -> BitsAndBytesConfig:
    """Return how a base is held in four bits a weight; raises Refused where that cannot be."""
    if not find_spec("bitsandbytes"):
        raise Refused("QLoRA needs bitsandbytes: install it with `pip install '.[qlora]'`, or tune with lora.")
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def adapted(model: PreTrainedModel, job: Job) -> PreTrainedModel | PeftModel:
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


def trainer_for(
    folder: Path, job: Job, model: PreTrainedModel | PeftModel, tokenizer: PreTrainedTokenizerBase, follower: Follower
) -> Trainer:
    """Return what learns the job's examples; raises Refused and DataError where there is nothing to learn."""
    recipe, template = job.recipe, template_for(tokenizer)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    if is_ours(template):
        note(folder, "The base has no chat format with known marks, so it learns one of ours.")
    length = min(recipe.max_length, getattr(model.config, "max_position_embeddings", recipe.max_length))
    arguments: dict[str, Any] = common(folder, job) | {"max_length": length}
    if job.method == "dpo":
        kind, settings = cast("type[Trainer]", DPOTrainer), DPOConfig(beta=recipe.beta, **arguments)
        learn_from, validate_with = preferences(job.train), preferences(job.validation)
    else:
        learn_from, validate_with = (
            tokens(folder, tokenizer, template, path, length) for path in (job.train, job.validation)
        )
        kind, settings = cast("type[Trainer]", SFTTrainer), SFTConfig(**arguments | packed(recipe, model))
    see_room(folder, model)
    # By name, for the second place is not the same in both.
    data: dict[str, Any] = {"train_dataset": learn_from, "eval_dataset": validate_with}
    trainer = kind(model, args=settings, processing_class=tokenizer, **data)
    trainer.add_callback(follower)
    trainer.remove_callback(PrinterCallback)
    return trainer


def common(folder: Path, job: Job) -> dict[str, Any]:
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
        "use_cpu": on_cpu(),
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
        # An adapter's every weight is used in every step.
        "ddp_find_unused_parameters": False,
        "report_to": "none",
        "disable_tqdm": True,
    }


def packed(recipe: Recipe, model: PreTrainedModel | PeftModel) -> dict[str, Any]:
    """Return how rows are filled: with several examples, where the model reads each as if it stood alone."""
    if recipe.packing == "off" or not keeps_apart(model):
        return {"packing": False}
    if reads_rows_in_parts(model):
        return {"packing": True}
    # A batch of packed rows is one long row. Where every pair in it is worked out, a row at once is the better batch;
    # a step stays what it was.
    return {
        "packing": True,
        "per_device_train_batch_size": 1,
        "per_device_eval_batch_size": 1,
        "gradient_accumulation_steps": recipe.accumulation * recipe.batch_size,
    }


def tokens(
    folder: Path, tokenizer: PreTrainedTokenizerBase, template: str, path: Path | None, length: int
) -> Dataset | None:
    """Return a file's conversations in tokens, cut at a length; raises Refused where nothing in them is learned."""
    if path is None:
        return None
    read = list(conversations.rows(tokenizer, template, path))
    kept = [row for row in (row.cut(length) for row in read) if row.teaches]
    if not kept:
        raise Refused(
            f"Nothing in {path.name} can be learned in {length} tokens: raise max_length, or shorten the examples."
        )
    if too_long := sum(len(row.input_ids) > length for row in read):
        told = f"{too_long} of {len(read)} examples in {path.name} are longer than {length} tokens and are cut there;"
        left_out = f" {len(read) - len(kept)} of them have nothing left to learn, and are left out."
        note(folder, told + left_out, "warning")
    return Dataset.from_list([{"input_ids": row.input_ids, "labels": row.labels} for row in kept])


def on_cpu() -> bool:
    """Tell whether this machine has nothing faster than its processor."""
    return not torch.accelerator.is_available()


def preferences(path: Path | None) -> Dataset | None:
    """Return a file's preferences as TRL takes them; raises DataError."""
    return Dataset.from_list(list(pairs(path))) if path else None


def loaded(trainer: Trainer, job: Job) -> str:
    """Return what is about to be learned, and on what."""
    rows: Any = trainer.train_dataset
    sizes = [(weight.numel(), weight.requires_grad) for weight in trainer.model.parameters()]
    trained, every = sum(size for size, learns in sizes if learns), sum(size for size, _ in sizes)
    filled = "packed" if getattr(trainer.args, "packing", False) else "not packed"
    return (
        f"{job.recipe.model} is loaded on {device()}: {trained:,} of {every:,} weights are trained,"
        f" on {len(rows):,} rows, {filled}."
    )


if __name__ == "__main__":
    sys.exit(main())
