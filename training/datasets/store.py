"""The folder in which datasets are kept."""

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from difflib import get_close_matches
from itertools import count
from pathlib import Path
from typing import Any, cast, get_args

from filelock import FileLock, Timeout

from training.datasets.lines import kept_in
from training.datasets.manifest import Dataset, read_manifest, verify, write_manifest
from training.datasets.writing import DatasetWriter, Intake, Keep
from training.entries import Entry
from training.examples import DataError, Example, Message, Role, read_jsonl
from training.files import sync_folder
from training.provenance import Provenance
from training.quoting import cited
from training.split import Side

_KEPT, _MADE, _GONE, _LOCK = "ds-", ".add-", ".gone-", "lock"
# Less of an id could be a number or a word that somebody mistyped.
_BEGINNING = re.compile(rf"{_KEPT}[0-9a-f]{{4,}}")


class Datasets:
    """Datasets in a folder, each in a folder of its own that is named by its id.

    Whatever is visible there is whole. Several processes may use it at the same time.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._clock = clock

    def list(self) -> tuple[Dataset, ...]:
        """Return all datasets, the newest first; what is damaged is left out."""
        found: list[Dataset] = []
        for folder in sorted(self.folder.glob(f"{_KEPT}*")):
            try:
                found.append(read_manifest(folder))
            except DataError:
                continue  # whoever asks for it by its id is told
        return tuple(sorted(found, key=lambda dataset: -dataset.created_at))

    def get(self, wanted: str) -> Dataset:
        """Return a dataset by its id, its name or the beginning of its id; raises DataError naming the nearest.

        A beginning is "ds-" and at least four digits.
        """
        datasets = self.list()
        if dataset := self._exactly(wanted, datasets):
            return dataset
        begun = _begun(wanted, datasets)
        if len(begun) == 1:
            return begun[0]
        if begun:
            ids = ", ".join(dataset.id for dataset in begun)
            raise DataError(f"{wanted!r} is the beginning of several datasets ({ids}): write more of the id.")
        raise DataError(_unknown(wanted, datasets))

    def get_exactly(self, wanted: str) -> Dataset:
        """Return a dataset by its whole id or its name; raises DataError for a beginning too."""
        datasets = self.list()
        if dataset := self._exactly(wanted, datasets):
            return dataset
        if _begun(wanted, datasets):
            raise DataError(f"{wanted!r} is only the beginning of an id: give the dataset's whole id or its name.")
        raise DataError(_unknown(wanted, datasets))

    def _exactly(self, wanted: str, datasets: Sequence[Dataset]) -> Dataset | None:
        if any(folder.name == wanted for folder in self.folder.glob(f"{_KEPT}*")):
            return read_manifest(self.folder / wanted)
        return next((dataset for dataset in datasets if dataset.name == wanted), None)

    @contextmanager
    def adding(self, intake: Intake) -> Generator[DatasetWriter]:
        """Open a dataset that can take examples; unless it is kept, nothing of it is left at the end.

        Raises DataError when the name is none, when a table of origins is unreadable and when the disk is full.
        """
        with kept_in(self.folder):
            made, lock = self._begin()
        try:
            with DatasetWriter(intake, made, self._keeper(lock, named=bool(intake.name)), self._clock) as writer:
                yield writer
        finally:
            lock.release()
            shutil.rmtree(made, ignore_errors=True)

    def verify(self, dataset: Dataset) -> None:
        """Read a dataset's files again; raises DataError naming the one that was changed."""
        verify(dataset)

    def examples(self, dataset: Dataset, side: Side) -> Iterator[Example]:
        """Yield one side's examples, in order, with what is said in them; calls of functions are left out."""
        return (_example(value) for _, value in read_jsonl(dataset.file_of(side)))

    def origins(self, dataset: Dataset) -> Iterator[Provenance]:
        """Yield where each example comes from, the training part first."""
        names = [field.name for field in fields(Provenance)]
        lines = cast("Iterator[tuple[str, dict[str, Any]]]", read_jsonl(dataset.origins_file))
        return (Provenance(**{name: told[name] for name in names}) for _, told in lines)

    def delete(self, wanted: str) -> Dataset:
        """Remove a dataset by its whole id or its name, and return what it was; raises DataError when there is none."""
        dataset = self.get_exactly(wanted)
        with kept_in(self.folder), self._alone():
            self._remove(dataset.folder)
        return dataset

    def _alone(self) -> FileLock:
        """Return what only one process can hold."""
        return FileLock(self.folder / f".{_LOCK}")

    def _begin(self) -> tuple[Path, FileLock]:
        """Make a folder for a new dataset, with the lock that says that somebody works in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            self._sweep()
            made = Path(tempfile.mkdtemp(prefix=_MADE, dir=self.folder))
            return made, _owned(made)

    def _sweep(self) -> None:
        """Remove what a process left that was killed."""
        for left in (*self.folder.glob(f"{_MADE}*"), *self.folder.glob(f"{_GONE}*")):
            try:
                lock = _owned(left)
            except (Timeout, OSError):
                continue  # its owner lives
            lock.release()
            shutil.rmtree(left, ignore_errors=True)

    def _keeper(self, lock: FileLock, *, named: bool) -> Keep:
        """Return what takes a finished folder into the store."""

        def keep(made: Dataset) -> Dataset:
            with self._alone():
                if there := self._same(made):
                    if named and there.name != made.name:
                        raise DataError(f"{made.file} is kept already as {there.id} ({there.name}): use that name.")
                    return there
                kept = replace(made, name=self._free_name(made, named=named))
                write_manifest(kept)
                # Nobody sweeps now, and the folder moves without it.
                lock.release()
                (made.folder / _LOCK).unlink()
                sync_folder(made.folder)
                made.folder.rename(self.folder / made.id)
                sync_folder(self.folder)
                return replace(kept, folder=self.folder / made.id)

        return keep

    def _same(self, made: Dataset) -> Dataset | None:
        """Return the dataset with the same content, if it is still what it was; what is left of it goes otherwise."""
        folder = self.folder / made.id
        if not folder.exists():
            return None
        try:
            there = read_manifest(folder)
            verify(there)
        except DataError:
            self._remove(folder)
            return None
        return there

    def _free_name(self, made: Dataset, *, named: bool) -> str:
        """Return the dataset's name, or one like it if it took the file's; raises DataError when it is taken."""
        taken = {dataset.name: dataset.id for dataset in self.list()}
        if named and made.name in taken:
            raise DataError(
                f"There is a dataset named {made.name!r} already ({taken[made.name]}): name it differently."
            )
        others = (f"{made.name[:58]}-{number}" for number in count(2))
        return made.name if made.name not in taken else next(name for name in others if name not in taken)

    def _remove(self, folder: Path) -> None:
        """Take a dataset out of sight at once, and then away."""
        gone = Path(tempfile.mkdtemp(prefix=_GONE, dir=self.folder))
        folder.rename(gone / folder.name)
        sync_folder(self.folder)
        shutil.rmtree(gone, ignore_errors=True)


def _owned(folder: Path) -> FileLock:
    """Return the lock of a folder, held; raises Timeout when another has it."""
    # The thread that ends the work need not be the one that began it.
    lock = FileLock(folder / _LOCK, timeout=0, thread_local=False)
    lock.acquire()
    return lock


def _example(value: Mapping[str, object]) -> Example:
    said = ((message.get("role"), message.get("content")) for message in Entry(0, value).messages)
    spoken = ((role, text) for role, text in said if role in get_args(Role) and isinstance(text, str))
    return Example(tuple(Message(cast("Role", role), text) for role, text in spoken))


def _begun(wanted: str, datasets: Sequence[Dataset]) -> Sequence[Dataset]:
    """Return the datasets whose ids begin so, none when that is too little to tell."""
    return [dataset for dataset in datasets if _BEGINNING.fullmatch(wanted) and dataset.id.startswith(wanted)]


def _unknown(wanted: str, datasets: Sequence[Dataset]) -> str:
    if not datasets:
        return f"There is no dataset {cited(wanted)}, nor any other: add one with `sarah data add FILE`."
    known = [name for dataset in datasets for name in (dataset.name, dataset.id)]
    near = get_close_matches(wanted, known, n=3, cutoff=0.4) or known[:3]
    return f"There is no dataset {cited(wanted)}: did you mean {' or '.join(near)}?"
