"""A run as a server is asked for it: the files' names, the body of the request, and which job is whose."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from training.providers import Files, Hyperparameters, Order, ProviderError
from training.providers.openai.reading import Json, mapping, number, text, whole

FILE_LIMIT = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class WandbBlock:
    """Where at Weights & Biases the server reports to; an empty entity is the account's own."""

    project: str
    entity: str = ""
    tags: tuple[str, ...] = ()


def train_name(run: str) -> str:
    """Return how the training file of a run is called at the server."""
    return f"{run}-train.jsonl"


def validation_name(run: str) -> str:
    """Return how the validation file of a run is called at the server."""
    return f"{run}-validation.jsonl"


def size(path: Path) -> int:
    """Return a file's bytes; raises ProviderError where no server would take it."""
    try:
        found = path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from None
    if not found:
        raise ProviderError(f"{path} is empty: make the dataset again.")
    if found > FILE_LIMIT:
        limit = FILE_LIMIT // 2**20
        raise ProviderError(f"{path} has {found / 2**20:.1f} MB, and a server takes {limit} MB: leave examples out.")
    return found


def unreadable(path: Path, error: OSError) -> ProviderError:
    """Say that a file of the run cannot be read."""
    return ProviderError(f"{path} cannot be read ({error.strerror or type(error).__name__}): make the dataset again.")


def body(order: Order, files: Files, wandb: WandbBlock | None) -> dict[str, object]:
    """Return the body of the request for a job; what the order leaves open the server chooses."""
    chosen = order.hyperparameters
    learning = {
        "n_epochs": chosen.epochs,
        "batch_size": chosen.batch_size,
        "learning_rate_multiplier": chosen.learning_rate_multiplier,
    }
    block = {name: "auto" if value is None else value for name, value in learning.items()}
    asked: dict[str, object] = {
        "model": order.base,
        "training_file": files.train,
        "method": {"type": order.method, order.method: {"hyperparameters": block}},
        "metadata": {"run": order.run},
    }
    if files.validation:
        asked["validation_file"] = files.validation
    if order.suffix:
        asked["suffix"] = order.suffix
    if order.seed is not None:
        asked["seed"] = order.seed
    if wandb:
        asked["integrations"] = [{"type": "wandb", "wandb": _integration(wandb, order.run)}]
    return asked


def used(job: Json) -> Hyperparameters:
    """Return what a job learns with, as far as the server tells; "auto" is what it has not chosen yet."""
    method = mapping(job.get("method"))
    told = mapping(mapping(method.get(text(method.get("type")))).get("hyperparameters"))
    values = told or mapping(job.get("hyperparameters"))
    return Hyperparameters(
        epochs=whole(values.get("n_epochs")) or None,
        batch_size=whole(values.get("batch_size")) or None,
        learning_rate_multiplier=number(values.get("learning_rate_multiplier")),
    )


def _integration(wandb: WandbBlock, run: str) -> dict[str, object]:
    block: dict[str, object] = {"project": wandb.project, "name": run}
    if wandb.entity:
        block["entity"] = wandb.entity
    if wandb.tags:
        block["tags"] = list(wandb.tags)
    return block


def is_of(job: Json, run: str, files: AbstractSet[str], suffix: str) -> bool:
    """Whether a job is a run's: by its metadata, or where the server keeps none, by its training file.

    Servers that keep equal files once give two runs the same file, so a job that tells another suffix is another's.
    """
    if whose := text(mapping(job.get("metadata")).get("run")):
        return whose == run
    told = text(job.get("user_provided_suffix")) or text(job.get("suffix"))
    return text(job.get("training_file")) in files and (not told or not suffix or told == suffix)
