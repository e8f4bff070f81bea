"""Drafts: examples that people write one by one, kept until somebody freezes them into a dataset."""

import os
import re
import time
from collections.abc import Callable, Container, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from filelock import FileLock

from training.datasets import Dataset
from training.datasets.lines import kept_in
from training.drafted import Drafted, chat_line, cleaned, kept_lines, read_line
from training.examples import DataError
from training.files import sync_folder, written_whole
from training.intake import Request, Taken, datasets_of, taken_in
from training.registry import Registry
from training.settings import TrainingSettings

__all__ = ["Draft", "Drafted", "Drafts"]

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_END, _LOCK = ".jsonl", ".lock"


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as lists show it."""

    name: str
    examples: int
    changed_at: float
    """Seconds since 1970, UTC."""


class Drafts:
    """Drafts in a folder, each a file of one example a line; there is none without examples.

    Several processes may use it at the same time. Its methods raise DataError when they cannot do it, and then nothing
    has changed.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._clock = clock

    def list(self) -> tuple[Draft, ...]:
        """Return all drafts, the one that changed last first."""
        found: list[Draft] = []
        for path in sorted(self.folder.glob(f"*{_END}")):
            try:
                found.append(_draft(path))
            except FileNotFoundError:
                continue  # it went while we looked
        return tuple(sorted(found, key=lambda draft: -draft.changed_at))

    def get(self, name: str) -> Draft:
        """Return a draft by its name."""
        try:
            return _draft(self._path(name))
        except FileNotFoundError:
            raise self._unknown(name) from None

    def examples(self, name: str) -> Iterator[Drafted]:
        """Yield the examples of a draft, in order, as they are now: what is changed meanwhile is not seen."""
        for number, line in self._lines(name):
            yield self._example(name, number, line)

    def add(self, draft: str, example: Drafted) -> int:
        """Put an example into a draft, which need not exist, and return how many it has now.

        Raises DataError when something is missing or too long, and when the draft says the same already.
        """
        path = self._path(draft)
        new = replace(cleaned(example), at=example.at or self._clock())
        with self._alone(), self._replaced(path) as file:
            count = 0
            for count, line in self._lines(draft) if path.exists() else ():
                if self._example(draft, count, line).says_the_same(new):
                    raise DataError(f"Example {count} of {draft!r} says the same already: change it, or leave it out.")
                file.write(line)
            file.write(new.line)
        return count + 1

    def remove(self, name: str, number: int) -> Drafted:
        """Take an example out of a draft, by its number from 1, and return it; a draft goes with its last."""
        with self._alone():
            count = self.get(name).examples
            if not 1 <= number <= count:
                raise DataError(f"{name!r} has no example {number}: give a number from 1 to {count}.")
            line = next(line for at, line in self._lines(name) if at == number)
            gone = self._example(name, number, line)
            self._keep_others(name, {_digest(line)})
        return gone

    def delete(self, name: str) -> Draft:
        """Remove a draft, and return what it was."""
        with self._alone():
            draft = self.get(name)
            self._unlink(name)
        return draft

    @contextmanager
    def freeze(  # noqa: PLR0913 - a form, field by field
        self,
        settings: TrainingSettings,
        registry: Registry,
        draft: str,
        by: str,
        *,
        name: str = "",
        onto: str = "",
        stop: str = "",
        system: str = "",
    ) -> Generator[Taken]:
        """Make a dataset of a draft, with the examples of the dataset `onto` before it, and those that it took go.

        What was found can be read within the block; its lines count the examples of `onto` first. With an error in it
        the draft stays. A stop token and a system prompt are those of `onto` unless told; those that it has not are
        given to its examples, too.
        """
        base = _base(settings, onto, stop) if onto else None
        stop, system = stop or (base.stop if base else ""), system or (base.system if base else "")
        with TemporaryDirectory(prefix="draft-") as folder:
            file = Path(folder) / f"{self.get(draft).name}{_END}"
            frozen = self._written(file, draft, base, stop)
            request = Request(file, "chat", name, system, stop, supplied_by=by, source="written")
            if base:
                request = replace(request, seed=base.seed, share=base.share)
            with taken_in(settings, registry, request, by) as taken:
                if taken.dataset:
                    registry.audit(by, self._clock(), "freeze draft", draft, taken.dataset.id)
                    self._forget(draft, frozen)
                yield taken

    def _written(self, file: Path, draft: str, base: Dataset | None, stop: str) -> set[bytes]:
        """Write a dataset and a draft to a file, and return what tells the draft's examples from others."""
        frozen: set[bytes] = set()
        with kept_in(file.parent), file.open("xb") as out:
            if base:
                out.writelines(kept_lines(base))
            for number, line in self._lines(draft):
                frozen.add(_digest(line))
                out.write(chat_line(self._example(draft, number, line), draft, number, stop))
        return frozen

    def _forget(self, draft: str, frozen: set[bytes]) -> None:
        """Take out what was frozen; what came meanwhile stays."""
        with self._alone():
            if self._path(draft).exists():
                self._keep_others(draft, frozen)

    def _keep_others(self, name: str, gone: Container[bytes]) -> None:
        """Write a draft anew without some of its examples."""
        if all(_digest(line) in gone for _, line in self._lines(name)):
            self._unlink(name)
            return
        with self._replaced(self._path(name)) as file:
            file.writelines(line for _, line in self._lines(name) if _digest(line) not in gone)

    def _unlink(self, name: str) -> None:
        self._path(name).unlink()
        sync_folder(self.folder)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise DataError(f"A draft's name has 1 to 64 letters, digits, and . _ -, and {name[:100]!r} has not.")
        return self.folder / f"{name}{_END}"

    def _lines(self, name: str) -> Iterator[tuple[int, bytes]]:
        """Yield the lines of a draft, with their numbers."""
        try:
            with self._path(name).open("rb") as file:
                yield from enumerate(file, 1)
        except FileNotFoundError:
            raise self._unknown(name) from None

    def _example(self, name: str, number: int, line: bytes) -> Drafted:
        return read_line(f"{self._path(name)}, line {number}", line)

    def _unknown(self, name: str) -> DataError:
        known = [draft.name for draft in self.list()]
        if not known:
            return DataError(f"There is no draft {name!r}, nor any other: put an example into it.")
        near = get_close_matches(name, known, n=3, cutoff=0.4) or known[:3]
        return DataError(f"There is no draft {name!r}: did you mean {' or '.join(near)}?")

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Let only one process change drafts, and remove what one left that was killed."""
        with kept_in(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / _LOCK):
                for left in self.folder.glob(f".*{_END}.*"):
                    # A draft may be named like what is left of another.
                    if left.suffix != _END:
                        left.unlink()
                yield

    @contextmanager
    def _replaced(self, path: Path) -> Generator[IO[bytes]]:
        """Write a draft anew, as changed now."""
        with written_whole(path) as file:
            yield file
            # What is still to be written would change the time.
            file.flush()
            now = self._clock()
            os.utime(file.name, (now, now))


def _draft(path: Path) -> Draft:
    with path.open("rb") as file:
        return Draft(path.name.removesuffix(_END), sum(1 for _ in file), os.fstat(file.fileno()).st_mtime)


def _digest(line: bytes) -> bytes:
    return sha256(line).digest()


def _base(settings: TrainingSettings, onto: str, stop: str) -> Dataset:
    """Return the dataset that a draft is put onto, as it was kept; raises DataError when its answers end otherwise."""
    datasets = datasets_of(settings)
    base = datasets.get(onto)
    if stop and base.stop not in ("", stop):
        raise DataError(f"The answers of {base.name!r} end with {base.stop!r}: leave the stop token out, or give that.")
    datasets.verify(base)
    return base
