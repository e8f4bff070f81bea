# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""How fast models are tuned on this machine: `python -m tests.benchmarks.local`, with the extra `local` installed.

Weights are random, for speed does not depend on them; the examples are the company's. On a GPU the models have their
real sizes, elsewhere they are tiny, and what is printed only shows that it works.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.kit import DATA
from tests.local import tiny
from training.providers import Order, Progress
from training.providers.local import Local
from training.providers.local import job as jobs
from training.providers.local.recipe import PRESETS

# What SFTTrainer does where nobody says otherwise (TRL 1.16), with the adapter of the preset.
DEFAULTS = {
    "batch_size": 8,
    "accumulation": 1,
    "learning_rate": "2e-5",
    "schedule": '"linear"',
    "warmup": "0.0",
    "optimizer": '"adamw_torch_fused"',
    "max_length": 1024,
    "max_grad_norm": "1.0",
    "packing": '"off"',
    "gradient_checkpointing": "true",
}
# Steps in which kernels are chosen and memory is found; they are not counted.
WARM = 5
STEPS = 40
LOOK = 0.05
# Multiplications and additions for each weight and token: forward, and back to what comes before; the gradient of a
# weight takes two more, and frozen weights have none.
FROZEN, TRAINED = 4, 6


@dataclass(frozen=True, slots=True)
class Measured:
    """One run, from its order to its manifest; FLOP/s are those that the model needs, whatever is worked out twice."""

    tokens_per_second: float
    flops: float
    memory_gb: float
    learning: float
    """Seconds from the loaded weights to the last step."""
    whole: float
    """Seconds from the order to the model that can be registered."""


def main() -> None:
    """Measure and print."""
    import torch

    on_gpu, out = torch.cuda.is_available(), Console(width=110)
    name = torch.cuda.get_device_name() if on_gpu else f"CPU, {torch.get_num_threads()} threads, tiny models"
    peak = reached(8192 if on_gpu else 1024)
    out.print(f"{name}, torch {torch.__version__}: a matrix product reaches {peak / 1e12:.1f} TFLOP/s\n")
    shown = Table("Tuned on this machine", "tokens/s", "TFLOP/s", "of the peak", "memory GB", "learning s", "whole s")
    with tempfile.TemporaryDirectory() as home:
        for title, measured in runs(Path(home), on_gpu=on_gpu):
            share = f"{100 * measured.flops / peak:.0f} %"
            figures = (measured.memory_gb, measured.learning, measured.whole)
            rates = (f"{measured.tokens_per_second:,.0f}", f"{measured.flops / 1e12:.2f}", share)
            shown.add_row(title, *rates, *(f"{figure:.1f}" for figure in figures))
    out.print(shown)


def reached(size: int) -> float:
    """Return the FLOP/s of a matrix product, in bf16 on a GPU and in fp32 elsewhere: the median of ten."""
    import torch

    on_gpu = torch.cuda.is_available()
    kind = {"device": "cuda", "dtype": torch.bfloat16} if on_gpu else {"device": "cpu", "dtype": torch.float32}
    left, right = torch.randn(2, size, size, **kind)
    times: list[float] = []
    for _ in range(13):
        began = time.perf_counter()
        torch.matmul(left, right)
        if on_gpu:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return 2 * size**3 / median(times[3:])


def runs(home: Path, *, on_gpu: bool) -> Sequence[tuple[str, Measured]]:
    """Measure each run after the other."""
    neo, modern = made(home, "gpt-neo", on_gpu=on_gpu), made(home, "llama", on_gpu=on_gpu)
    second = DATA / "examples" / "round2.jsonl"
    few = home / "round2-250.jsonl"
    few.write_text("".join(second.read_text("utf-8").splitlines(keepends=True)[:250]), "utf-8")
    steps = {"steps": STEPS if on_gpu else WARM + 3}
    return [
        ("GPT-Neo 1.3B, preset", run(home, "preset", "gpt-neo-1.3b", neo, second, steps)),
        ("GPT-Neo 1.3B, the trainer's defaults", run(home, "defaults", "gpt-neo-1.3b", neo, second, DEFAULTS | steps)),
        ("Qwen3 1.7B, preset modern", run(home, "modern", "modern", modern, second, steps)),
        ("Qwen3 1.7B, 250 examples of round 2", run(home, "few", "modern", modern, few, {} if on_gpu else steps)),
    ]


def made(home: Path, kind: tiny.Kind, *, on_gpu: bool) -> Path:
    """Make a base with random weights."""
    folder = tiny.make(home / kind, kind)
    if on_gpu:
        import torch
        from transformers import AutoModelForCausalLM, GPTNeoConfig, Qwen3Config

        # GPT-Neo's own defaults are those of its 1.3B.
        large = GPTNeoConfig() if kind == "gpt-neo" else Qwen3Config(**qwen3())
        with torch.device("cuda"):
            model = AutoModelForCausalLM.from_config(large, dtype=torch.bfloat16)
        model.save_pretrained(folder)
    return folder


def qwen3() -> dict[str, Any]:
    """Return the sizes of Qwen3 1.7B, as its config.json has them."""
    return {
        "vocab_size": 151936,
        "hidden_size": 2048,
        "intermediate_size": 6144,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 40960,
        "tie_word_embeddings": True,
    }


def run(  # noqa: PLR0913, PLR0917 - as a table has it
    home: Path, name: str, preset: str, base: Path, examples: Path, changes: dict[str, Any]
) -> Measured:
    """Tune a base as a preset says, but for some changes."""
    lines = (PRESETS / f"{preset}.toml").read_text("utf-8").splitlines()
    kept = [line for line in lines if line.partition(" ")[0] not in {"model", *changes}]
    told = [f'model = "{base}"', *(f"{key} = {value}" for key, value in changes.items())]
    (home / "presets").mkdir(exist_ok=True)
    (home / "presets" / f"{name}.toml").write_text("\n".join([*kept, *told]), "utf-8")
    provider = Local(lambda run: home / run, home / "presets", lambda model: home / model)
    order, began = Order(name, name, examples, None, home / name, stop="**STOP**"), time.time()
    provider.create(order, provider.upload(order))
    while (progress := provider.progress(name)).state == "running":
        time.sleep(LOOK)
    if progress.state != "succeeded":
        sys.exit(f"{name}: {progress.reason}")
    return measured(home / name, base, progress, began)


def measured(folder: Path, base: Path, progress: Progress, began: float) -> Measured:
    """Return what a run that has ended measured."""
    whole = time.time() - began
    told = jobs.read_progress(folder)
    loaded = next(one.at for one in told if "is loaded on" in one.text)
    steps = [one for one in told if "tokens_per_second" in one.metrics]
    # Of a run of fewer steps, what there is.
    first, last = steps[min(WARM, len(steps) - 2)], steps[-1]
    pace = (last.trained_tokens - first.trained_tokens) / (last.at - first.at)
    frozen, trained = weights(base, progress)
    flops = pace * (FROZEN * frozen + TRAINED * trained)
    memory = max(one.metrics["memory_gb"] for one in steps)
    return Measured(pace, flops, memory, last.at - loaded, whole)


def weights(base: Path, progress: Progress) -> tuple[int, int]:
    """Return how many weights a token meets: frozen ones, and those that are trained."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    (told,) = [event.text for event in progress.events if "weights are trained" in event.text]
    trained = int(told.split(": ")[1].split(" of ")[0].replace(",", ""))
    config = AutoConfig.from_pretrained(base)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    every = sum(weight.numel() for weight in model.parameters())
    # Words are looked up, which costs nothing, unless the same table serves as the last layer.
    looked_up = 0 if config.tie_word_embeddings else model.get_input_embeddings().weight.numel()
    return every - looked_up, trained


if __name__ == "__main__":
    main()
