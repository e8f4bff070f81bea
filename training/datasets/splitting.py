"""A file of examples becomes two."""

import filecmp
from collections.abc import Callable, Iterable
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from training.datasets.lines import Sheet, json_line, kept_in
from training.datasets.manifest import TRAIN, VALIDATION
from training.entries import Entry
from training.examples import DataError
from training.files import sync_folder
from training.split import SHARE, asked, split_by


def split_file(
    reader: Iterable[Entry],
    folder: Path,
    seed: int | None = None,
    share: float = SHARE,
    category: Callable[[Entry], str] = attrgetter("category"),
) -> tuple[int, int]:
    """Write a file's examples, as they are, to train.jsonl and validation.jsonl, both or neither; return how many.

    Reads the file twice. Raises DataError when it cannot be read, when the disk is full, and when the folder holds
    another split already.
    """
    split = split_by(share, seed)
    for entry in reader:
        split.see(split.key(asked(entry)), category(entry))
    side = split.decided()
    with kept_in(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".split-", dir=folder) as made:
            new = Path(made)
            with Sheet(new / TRAIN) as train, Sheet(new / VALIDATION) as validation:
                for entry in reader:
                    sheet = train if side(split.key(asked(entry))) == "train" else validation
                    sheet.write(json_line(entry.value))
            _move(new, folder)
        sync_folder(folder)
    return train.lines, validation.lines


def _move(new: Path, folder: Path) -> None:
    """Move both files to a folder that has neither, or the same."""
    for name in (TRAIN, VALIDATION):
        if (folder / name).exists() and not filecmp.cmp(folder / name, new / name, shallow=False):
            raise DataError(f"{folder / name} holds something else already: name another folder, or remove it.")
    for name in (VALIDATION, TRAIN):
        (new / name).replace(folder / name)
