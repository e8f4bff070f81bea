"""Models of the registry, made and promoted as the command line does it, while a desk is open."""

import json
import time

from training.place import Where, place_of
from training.providers import Order
from training.providers.embedded import Embedded
from training.registry import Model, Plan, Registry, Tuned, open_registry


def served(where: Where, url: str, name: str = "ft:zen-1", stop: str = "", topic: str = "") -> Model:
    """Register a model that answers at a URL, with the folder of its discriminator."""
    with open_registry(where) as registry:
        run = _started(registry, "openai", url)
        return registry.register(Tuned(run, served_as=name, stop=stop, topic=topic), "tests", time.time())


def embedded(where: Where, question: str, answer: str, topic: str = "") -> Model:
    """Tune the embedded model on one example, and register it with the folder of its discriminator."""
    with open_registry(where) as registry:
        run = _started(registry, "embedded")
        home = place_of(where).home
        folder, train = home / "runs" / run, home / f"{run}.jsonl"
        messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        train.write_text(json.dumps({"messages": messages}) + "\n", "utf-8")
        order, provider = Order(run, "embedded", train, None, folder), Embedded(lambda _: folder)
        provider.create(order, provider.upload(order))
        return registry.register(Tuned(run, folder=str(folder), topic=topic), "tests", time.time())


def _started(registry: Registry, provider: str, url: str = "") -> str:
    registry.record_dataset("d1", "lamps", 1, 1, 0, "tests", time.time())
    return registry.start_run(Plan("d1", provider, "zen-1", url), "tests", time.time()).id


def promote(where: Where, model: Model) -> None:
    """Let a model answer customers."""
    with open_registry(where) as registry:
        registry.promote(model.id, "tests", time.time())


def roll_back(where: Where) -> None:
    """Let the model answer that answered before."""
    with open_registry(where) as registry:
        registry.rollback("tests", time.time())
