"""What tests of fine-tuning write again and again: files of examples and orders for them."""

import json
from pathlib import Path

from tests.servers.tuning import BASE, KEY, TuningServer
from training.providers import Order, ProviderBusy
from training.providers.openai import OpenAIProvider, WandbBlock

RUN = "run-0a1b2c3d"


def write_examples(path: Path, count: int = 12) -> Path:
    """Write conversations of one question and one answer, not all of them in plain letters."""
    lines = [
        {
            "messages": [
                {"role": "user", "content": f"Où est ma lampe {n}? 🙂"},
                {"role": "assistant", "content": "Ici."},
            ]
        }
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def write_preferences(path: Path, count: int = 12) -> Path:
    """Write questions with a preferred answer and another one."""
    lines = [
        {
            "input": {"messages": [{"role": "user", "content": f"Where is my lamp {n}?"}]},
            "preferred_output": [{"role": "assistant", "content": "In the hall."}],
            "non_preferred_output": [{"role": "assistant", "content": "Who knows."}],
        }
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def order(folder: Path, **fields: object) -> Order:
    """Order a run with a training file and a validation file in a folder, and these fields."""
    usual: dict[str, object] = {
        "run": RUN,
        "base": BASE,
        "train": write_examples(folder / "train.jsonl"),
        "validation": write_examples(folder / "validation.jsonl", 3),
        "folder": folder / "made",
    }
    return Order(**{**usual, **fields})  # pyright: ignore[reportArgumentType] - the tests name fields of their types


def provider(
    server: TuningServer, *, retries: int = 0, timeout: float = 10.0, wandb: WandbBlock | None = None
) -> OpenAIProvider:
    """Return a provider that never waits, with a clock that stands still."""
    return OpenAIProvider(
        server.url,
        KEY,
        wandb=wandb,
        retries=retries,
        timeout=timeout,
        clock=lambda: 5.0,
        sleep=lambda _: None,
    )


def started(at: OpenAIProvider, wanted: Order) -> str:
    """Upload and create, however often that is busy, as a run does; return the job."""
    for _ in range(50):
        try:
            return at.create(wanted, at.upload(wanted))
        except ProviderBusy:
            continue
    raise AssertionError("it was busy 50 times")
