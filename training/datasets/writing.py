"""A dataset in the making: out of sight until it is whole."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self, cast

from training.checks import Problem
from training.datasets.lines import Sheet, json_line, kept_in, provider_line
from training.datasets.manifest import CONTENTS, ORIGINS, TRAIN, VALIDATION, Dataset, id_of
from training.entries import Entry
from training.examples import DataError
from training.provenance import Attribution, Provenance
from training.split import SHARE, Side, asked, split_by
from training.tokens import Vocabulary

if TYPE_CHECKING:
    from training.registry.records import Permission

# What is only kept until the sides are decided: examples, what is known of each, and what forbids to keep them.
_EXAMPLES, _KNOWN, _PROBLEMS = "examples", "known", "problems"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Intake:
    """What a dataset is made from, and how."""

    file: Path
    format: str
    declared: Provenance
    """The origin of every example that says nothing else; its place is not used."""
    permissions: "tuple[Permission, ...]" = ()
    name: str = ""
    """Letters, digits and . _ - ; "" takes the file's name."""
    system: str = ""
    stop: str = ""
    seed: int | None = None
    share: float = SHARE
    vocabulary: Vocabulary = "o200k_base"
    """By which the tokens are counted that come with each example."""


# Takes a dataset that is whole but for its manifest into the store, and returns the one that is there then.
Keep = Callable[[Dataset], Dataset]


@dataclass(slots=True)
class _Tally:
    """Tokens of the two sides."""

    train: int = 0
    longest: int = 0
    validation: int = 0

    def add(self, side: Side, tokens: int) -> None:
        if side == "train":
            self.train += tokens
            self.longest = max(self.longest, tokens)
        else:
            self.validation += tokens


class DatasetWriter:
    """Takes examples one by one, says which may not be learned from, and is kept as a whole or not at all."""

    def __init__(self, intake: Intake, folder: Path, keep: Keep, clock: Callable[[], float]) -> None:
        if intake.name and not _NAME.fullmatch(intake.name):
            raise DataError(f"A dataset's name has 1 to 64 letters, digits, and . _ -, and {intake.name!r} has not.")
        self._intake, self._folder, self._keep = intake, folder, keep
        self._now = clock()
        self._split = split_by(intake.share, intake.seed)
        self._attribution = Attribution(intake.file, intake.declared, intake.permissions, self._now)
        self._files = ExitStack()
        self._spool: dict[str, IO[bytes]] = {}
        self._refused = 0
        self._taken = 0
        # The first line that has not the chat format; it is for the checks to say so.
        self._shapeless = 0

    def __enter__(self) -> Self:
        with kept_in(self._folder):
            for name in (_EXAMPLES, _KNOWN, _PROBLEMS):
                self._spool[name] = self._files.enter_context((self._folder / name).open("x+b"))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._files.close()
        except OSError:
            # Nothing of it is wanted, and what was wanted is kept: a full disk has no more to say here.
            self._spool.clear()

    def take(self, entry: Entry, tokens: int) -> None:
        """Put an example with the dataset, with its tokens; raises DataError when the disk is full."""
        origin = self._attribution.of(entry)
        key = self._split.key(asked(entry))
        self._split.see(key, origin.category)
        with kept_in(self._folder.parent):
            for problem in origin.problems:
                self._refused += 1
                self._spool[_PROBLEMS].write(json_line(asdict(problem)))
            line = provider_line(entry)
            if line is None:
                self._shapeless = self._shapeless or entry.line
            elif not self._refused:
                self._taken += 1
                self._spool[_EXAMPLES].write(line)
                self._spool[_KNOWN].write(json_line([key, tokens, origin.category, asdict(origin.provenance)]))

    @property
    def refused(self) -> int:
        """How many problems there are with the origins of the examples."""
        return self._refused

    def problems(self) -> Iterator[Problem]:
        """Yield why examples may not be learned from, in the order of the file."""
        spool = self._spool[_PROBLEMS]
        spool.seek(0)
        for line in spool:
            yield Problem(**json.loads(line))

    def keep(self) -> Dataset:
        """Keep the dataset, or return the one that has the same content.

        Raises DataError when it cannot be kept, also when that one has another name than the one asked for.
        """
        if self._refused:
            raise DataError(f"{self._intake.file} has examples that may not be learned from: see its problems.")
        if self._shapeless:
            raise DataError(
                f"{self._intake.file}, line {self._shapeless} has not the chat format: mend what checks find."
            )
        if not self._taken:
            raise DataError(f"{self._intake.file} holds no examples: add a file that does.")
        with kept_in(self._folder.parent):
            made = self._divided()
            for name in (_EXAMPLES, _KNOWN, _PROBLEMS):
                self._spool[name].close()
                (self._folder / name).unlink()
            return self._keep(made)

    def _divided(self) -> Dataset:
        """Write the examples to their sides, and return the dataset that they make."""
        side_of, tally, origins = self._split.decided(), _Tally(), sha256()
        with ExitStack() as stack:
            sheets = {name: stack.enter_context(Sheet(self._folder / name)) for name in CONTENTS}
            for line, (key, tokens, category, provenance) in self._lines():
                side = side_of(key)
                tally.add(side, tokens)
                sheet = sheets[TRAIN if side == "train" else VALIDATION]
                sheet.write(line)
                told = {"side": side, "number": sheet.lines, "category": category, **provenance}
                sheets[ORIGINS].write(json_line(told))
                origins.update(json_line({**told, "place": ""}))
        return self._dataset(sheets, origins.hexdigest(), tally)

    def _lines(self) -> Iterator[tuple[bytes, tuple[int, int, str, dict[str, str]]]]:
        """Yield each example's line, with its key, tokens, category and origin."""
        for name in (_EXAMPLES, _KNOWN):
            self._spool[name].seek(0)
        for line, known in zip(self._spool[_EXAMPLES], self._spool[_KNOWN], strict=True):
            yield line, cast("tuple[int, int, str, dict[str, str]]", tuple(json.loads(known)))

    def _dataset(self, sheets: dict[str, Sheet], origins: str, tally: _Tally) -> Dataset:
        lines = {name: sheet.lines for name, sheet in sheets.items()}
        hashes = {name: sheet.sha256 for name, sheet in sheets.items()}
        intake = self._intake
        return Dataset(
            id=id_of(hashes, origins, intake.stop),
            name=intake.name or _name_of(intake.file),
            file=intake.file.name,
            format=intake.format,
            examples=lines[ORIGINS],
            train=lines[TRAIN],
            validation=lines[VALIDATION],
            stop=intake.stop,
            system=intake.system,
            seed=intake.seed,
            share=intake.share,
            vocabulary=intake.vocabulary,
            tokens=tally.train,
            longest=tally.longest,
            validation_tokens=tally.validation,
            created_at=self._now,
            sha256=hashes,
            origins_sha256=origins,
            folder=self._folder,
        )


def _name_of(file: Path) -> str:
    """Return a dataset's name for a file, whose letters lose their accents."""
    letters = "".join(sign for sign in unicodedata.normalize("NFKD", file.stem) if not unicodedata.combining(sign))
    return re.sub(r"[^A-Za-z0-9._-]+", "-", letters).strip("-.")[:_LONGEST_NAME] or "dataset"
