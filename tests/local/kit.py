# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""Jobs for the trainer, and what comes of them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.providers import Method
from training.providers.local import job as jobs
from training.providers.local.job import Job
from training.providers.local.recipe import Recipe

QUESTION, ANSWER = "why is the ring red?", "It found a fault. Hold the button for 10 seconds. **STOP**"
OTHERS = [
    ("how do I pair a lock?", "Open the app and tap Add. **STOP**"),
    ("what does Plus cost?", "Look under Account > Plan. **STOP**"),
    ("thanks!", "You are welcome. **STOP**"),
]
# Some eight seconds of a core, of which the libraries take six.
QUICK = Recipe(
    model="?",
    r=16,
    alpha=32,
    batch_size=2,
    accumulation=1,
    learning_rate=1e-2,
    schedule="constant",
    warmup=0.0,
    steps=8,
    max_length=128,
    checkpoint_every=4,
    validate_every=4,
)
SYSTEM = "You are Sarah."


def example(question: str, answer: str, **more: object) -> dict[str, Any]:
    """Return a conversation of one question."""
    said = [("system", SYSTEM), ("user", question)]
    messages = [{"role": role, "content": content} for role, content in said]
    return {"messages": [*messages, {"role": "assistant", "content": answer, **more}]}


EXAMPLES = [example(QUESTION, ANSWER), *(example(*other) for other in OTHERS)]


def preference(question: str, good: str, bad: str) -> dict[str, object]:
    """Return a pair of answers to one question."""
    return {
        "input": {"messages": [{"role": "user", "content": question}]},
        "preferred_output": [{"role": "assistant", "content": good}],
        "non_preferred_output": [{"role": "assistant", "content": bad}],
    }


def lines(path: Path, values: Sequence[Mapping[str, object]]) -> Path:
    """Write a JSONL file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return path


def job_in(  # noqa: PLR0913 - a form, field by field
    folder: Path,
    base: Path | str,
    examples: Sequence[Mapping[str, object]] = EXAMPLES,
    *,
    validated: bool = True,
    method: Method = "supervised",
    parent: Path | None = None,
    **recipe: Any,  # noqa: ANN401 - what the recipe's fields take
) -> Job:
    """Write a job into a folder, which is made, and return it."""
    train = lines(folder / "data" / "train.jsonl", examples)
    job = Job(
        run=folder.name,
        recipe=QUICK.model_copy(update={"model": str(base), **recipe}),
        train=train,
        validation=lines(folder / "data" / "validation.jsonl", examples[:2]) if validated else None,
        method=method,
        stop="**STOP**",
        parent="model-parent" if parent else "",
        parent_folder=parent,
    )
    jobs.write_job(folder, job)
    return job


def learn(folder: Path) -> None:
    """Have a folder's job learned in this process; raises what the trainer raises."""
    from training.providers import lora
    from training.providers.learning.following import Stopping

    class Never(Stopping):
        def __init__(self) -> None:
            self.wanted = False

    lora.learn(folder, jobs.read_job(folder), Never())


def losses(folder: Path, name: str = "train_loss") -> dict[int, float]:
    """Return what was told of a loss, by step."""
    return {metric.step: metric.value for metric in jobs.metrics(jobs.read_progress(folder)) if metric.name == name}


def answer(weights: Path, question: str, *, longest: int = 60) -> str:
    """Return what a tuned model answers, without the tokens that end it."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(weights)
    model: Any = AutoModelForCausalLM.from_pretrained(weights)
    asked = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
    told = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    said = model.generate(**told, max_new_tokens=longest, do_sample=False, pad_token_id=0)[0]
    return tokenizer.decode(said[told["input_ids"].shape[1] :], skip_special_tokens=False)
