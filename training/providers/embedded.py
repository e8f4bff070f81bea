"""The provider that needs nothing: the model that quotes the nearest example learns by keeping the examples."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from training.examples import DataError, Example, Message, read_examples, read_jsonl
from training.files import written_whole
from training.providers import Event, Files, Metric, Order, Progress, ProviderError
from training.words import Words

EXAMPLES = "examples.jsonl"
MANIFEST = "manifest.json"
# Bytes; a manifest has a few kilobytes, and a larger one was not written here.
_LARGEST_MANIFEST = 1 << 20


class _Manifest(BaseModel):
    """What is known of a model, written when it is whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1]
    examples: int
    exchanges: int
    validation: int
    sha256: str
    metrics: list[tuple[int, str, float]]


class Embedded:
    """Keeps a run's training examples, whole, in the run's folder; the job has the run's id.

    `folder_of` tells where a run's folder is, the same as its order says; `words` are the company's, with its synonyms.
    """

    name = "embedded"

    def __init__(self, folder_of: Callable[[str], Path], words: Words | None = None) -> None:
        self._folder_of = folder_of
        self._words = words or Words()

    def upload(self, order: Order) -> Files:
        """Return the files as they are: they need not go anywhere."""
        if order.method != "supervised":
            raise ProviderError(
                "The embedded model learns from questions and answers, not from preferences (dpo): "
                "start the run with the method supervised, or with another provider."
            )
        return Files(str(order.train), str(order.validation or ""))

    def find(self, run: str) -> str:
        """Return the run's job if its model is whole, or ""."""
        return run if (self._folder_of(run) / MANIFEST).exists() else ""

    def create(self, order: Order, files: Files) -> str:
        """Write the examples, and their manifest last; about half a second for 450 of them."""
        try:
            if not self.find(order.run):
                train, validation = (list(_learnt(name, order.stop)) for name in (files.train, files.validation))
                _keep(order.folder, train, validation, self._words)
        except DataError as error:
            raise ProviderError(f"The embedded model learns from plain questions and answers only: {error}") from error
        return order.run

    def progress(self, job: str) -> Progress:
        """Return that the job succeeded, and its learning curve."""
        folder = self._folder_of(job)
        try:
            manifest = _manifest(folder)
        except DataError as error:
            return Progress("failed", reason=str(error))
        # A model that is whole was finished when its manifest was.
        at = (folder / MANIFEST).stat().st_mtime
        told = Event(f"{job}:learnt", at, "info", f"The embedded model learnt {manifest.examples} examples.")
        return Progress("succeeded", events=(told,), metrics=tuple(Metric(*row) for row in manifest.metrics))

    def collect(self, job: str, folder: Path) -> tuple[Metric, ...]:
        """Return the learning curve; its file is the manifest, which is in the folder already."""
        del folder
        return self.progress(job).metrics

    def cancel(self, job: str) -> None:
        """Do nothing: a job has ended as soon as it can be found."""

    def pause(self, job: str) -> None:
        """Do nothing, for the same reason."""

    def resume(self, job: str) -> None:
        """Do nothing, for the same reason."""


def read_embedded(folder: Path) -> tuple[Example, ...]:
    """Read the examples of a tuned embedded model; raises DataError when it is not whole or was changed."""
    manifest, path = _manifest(folder), folder / EXAMPLES
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): promote another model.") from None
    if found != manifest.sha256:
        raise DataError(f"{path} is not what was learnt, its hash differs: promote another model or run it again.")
    return tuple(read_examples(path))


def _learnt(name: str, stop: str) -> Iterator[Example]:
    """Yield a file's conversations as the model uses them: without stop tokens, and without answers of weight 0."""
    if not name:
        return
    path = Path(name)
    weights = (_weights(value) for _, value in read_jsonl(path))
    for example, weighs in zip(read_examples(path), weights, strict=True):
        messages = (
            Message(message.role, message.content.removesuffix(stop).rstrip() if stop else message.content)
            if message.role == "assistant"
            else message
            for message, weight in zip(example.messages, weighs, strict=True)
            if weight or message.role != "assistant"
        )
        yield Example(tuple(messages))


def _weights(value: Mapping[str, object]) -> list[bool]:
    messages = cast("list[Mapping[str, object]]", value.get("messages"))
    return [message.get("weight", 1) != 0 for message in messages]


def _keep(folder: Path, train: list[Example], validation: list[Example], words: Words) -> None:
    """Write a model: its examples, and what there is to know of them."""
    # scikit-learn takes a second to import, and only a run that learns needs it.
    from training.providers.learning_curve import learning_curve  # noqa: PLC0415

    content = b"".join(_line(example) for example in train)
    metrics = learning_curve(train, validation, words)
    manifest = _Manifest(
        format=1,
        examples=len(train),
        exchanges=sum(1 for example in train for _ in example.exchanges()),
        validation=len(validation),
        sha256=hashlib.sha256(content).hexdigest(),
        metrics=[(metric.step, metric.name, metric.value) for metric in metrics],
    )
    with written_whole(folder / EXAMPLES) as file:
        file.write(content)
    # Written last: a manifest means the model is whole.
    with written_whole(folder / MANIFEST) as file:
        file.write(manifest.model_dump_json(indent=1).encode())


def _line(example: Example) -> bytes:
    messages = [{"role": message.role, "content": message.content} for message in example.messages]
    return json.dumps({"messages": messages}, ensure_ascii=False).encode() + b"\n"


def _manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            return _Manifest.model_validate_json(file.read(_LARGEST_MANIFEST))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): the model is not whole, run it again.") from None
    except ValidationError:
        raise DataError(f"{path} is not the manifest of an embedded model of this version: run it again.") from None
