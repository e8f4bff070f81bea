"""From a file to a dataset, whoever asks for it: the command line, a chat or the web page."""

import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from training.assembly import asker_for
from training.checks import scenario_questions
from training.datasets import Dataset, Datasets, Intake
from training.entries import Entry
from training.formats import Format, Reader, Shaping
from training.inspection import Inspection, Measure, See, inspected
from training.pricing import ModelPrice, read_prices
from training.provenance import Provenance, Source
from training.registry import Registry, RegistryError
from training.settings import TrainingSettings
from training.split import SHARE
from training.tokens import Vocabulary


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for when they give a file; only what is told differs from the defaults."""

    file: Path
    """A file of examples, or a folder of Markdown pages; its name becomes the dataset's where none is given."""
    format: Format | None = None
    """Recognised where it is None."""
    name: str = ""
    system: str = ""
    stop: str = ""
    base: str = ""
    """The model by whose limits examples are measured; "" is the one that the settings name."""
    encoding: Vocabulary | None = None
    """How tokens are counted; None is the base model's way."""
    epochs: int | None = None
    """None: as many as a provider chooses for so many examples."""
    least_question: int = 0
    least_answer: int = 0
    seed: int | None = None
    """None: the content decides who goes where."""
    share: float = SHARE
    validation: Path | None = None
    supplied_by: str = ""
    """Whoever asks, where it is ""."""
    source: Source = "file"
    workspace: str = ""
    permission: str = ""

    @property
    def shaping(self) -> Shaping:
        """What is done to every example on its way in."""
        return Shaping(self.system, self.stop, self.least_question, self.least_answer)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was found in a file, and the dataset that was made of it."""

    inspection: Inspection
    dataset: Dataset | None
    """None where an error was found: then nothing was kept."""


def _unwatched(_: Entry, __: int) -> None:
    """See an example come by."""


@contextmanager
def looked_at(settings: TrainingSettings, request: Request, progress: See = _unwatched) -> Generator[Inspection]:
    """Check, count and price a file; `progress` is told of every example.

    What was found can be read within the block. Raises DataError when the file cannot be read.
    """
    reader, measure = reader_of(settings, request), _measure(settings, request)
    with inspected(reader, measure, progress) as inspection:
        yield inspection


@contextmanager
def taken_in(
    settings: TrainingSettings, registry: Registry, request: Request, by: str, progress: See = _unwatched
) -> Generator[Taken]:
    """Check a file and keep it as a dataset that the registry knows: whole, or not at all if there is an error.

    What was found can be read within the block. Raises DataError when the file cannot be read, and when the dataset
    cannot be kept under its name or on this disk.
    """
    reader, measure = reader_of(settings, request), _measure(settings, request)
    intake = _intake(request, reader, measure, registry, by)
    with (
        datasets_of(settings).adding(intake) as writer,
        inspected(reader, measure, progress, writer.take) as inspection,
    ):
        found = inspection.joined(writer.problems) if writer.refused else inspection
        kept = None if found.has_errors else writer.keep()
        if kept:
            record(registry, kept, by)
        yield Taken(found, kept)


def record(registry: Registry, dataset: Dataset, by: str) -> None:
    """Make a kept dataset known to the registry, if it is not: a crash may have come between."""
    sides = dataset.train, dataset.validation
    registry.record_dataset(dataset.id, dataset.name, dataset.examples, *sides, by, time.time())


def removed(settings: TrainingSettings, registry: Registry, dataset: Dataset, by: str) -> None:
    """Remove a dataset that no run has used, and its files; raises RegistryError where one has."""
    record(registry, dataset, by)
    registry.remove_dataset(dataset.id, by, time.time())
    datasets_of(settings).delete(dataset.id)
    with suppress(RegistryError):
        # Somebody who was just about to use it may have made it known again.
        registry.remove_dataset(dataset.id, by, time.time())


def datasets_of(settings: TrainingSettings) -> Datasets:
    """Return the store of datasets."""
    return Datasets(settings.sarah_home / "datasets")


def reader_of(settings: TrainingSettings, request: Request) -> Reader:
    """Return what reads the examples of a file; raises DataError when it is of no kind that is known."""
    return Reader(request.file, request.shaping, format=request.format, ask=asker_for(settings))


def base_price(settings: TrainingSettings, request: Request) -> ModelPrice:
    """Return the price and the limits of the model that a file is measured by."""
    return read_prices().named(request.base or settings.sarah_tuning_model)


def scenario_folder(settings: TrainingSettings) -> Path:
    """Return the folder of the held-out scenarios, whose questions must not be learned."""
    return settings.sarah_data / "scenarios"


def _measure(settings: TrainingSettings, request: Request) -> Measure:
    price = base_price(settings, request)
    return Measure(
        price=price,
        prices=read_prices(),
        vocabulary=request.encoding or price.vocabulary,
        epochs=request.epochs,
        scenario_questions=scenario_questions(scenario_folder(settings)),
        validation=request.validation,
    )


def _intake(request: Request, reader: Reader, measure: Measure, registry: Registry, by: str) -> Intake:
    return Intake(
        file=request.file,
        format=reader.format,
        declared=Provenance(
            request.supplied_by or by, request.source, workspace=request.workspace, permission=request.permission
        ),
        permissions=tuple(registry.permissions()),
        name=request.name,
        system=request.system,
        stop=request.stop,
        seed=request.seed,
        share=request.share,
        vocabulary=measure.vocabulary,
    )
