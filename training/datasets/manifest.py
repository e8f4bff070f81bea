"""What is known of a dataset: its manifest, which is written last."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import file_digest, sha256
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from training.datasets.lines import Sheet, json_line
from training.examples import DataError
from training.split import Side
from training.tokens import Vocabulary

MANIFEST = "manifest.json"
TRAIN, VALIDATION, ORIGINS = "train.jsonl", "validation.jsonl", "origins.jsonl"
# What a dataset is made of.
CONTENTS = (TRAIN, VALIDATION, ORIGINS)
_ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Dataset:
    """A set of examples, split, that is known by the hash of its content."""

    id: str
    name: str
    file: str
    """The file that it was made from, without its folder."""
    format: str
    examples: int
    train: int
    validation: int
    stop: str
    """What ends each answer, "" where nothing does."""
    system: str
    seed: int | None
    share: float
    vocabulary: Vocabulary
    tokens: int
    """Tokens of the training part, in that vocabulary; `longest` are those of its longest example."""
    longest: int
    validation_tokens: int
    created_at: float
    """Seconds since 1970, UTC."""
    sha256: Mapping[str, str]
    """The hash of each file."""
    origins_sha256: str
    """The hash of the origins without their places, which is the same whatever the file was called."""
    folder: Path

    @property
    def train_file(self) -> Path:
        """The examples that a model learns from."""
        return self.folder / TRAIN

    @property
    def validation_file(self) -> Path | None:
        """The examples that it is measured by; None when there are none."""
        return self.folder / VALIDATION if self.validation else None

    @property
    def origins_file(self) -> Path:
        """Where each example comes from, one line each."""
        return self.folder / ORIGINS

    def file_of(self, side: Side) -> Path:
        """Return the file of one side, which may be empty."""
        return self.folder / (TRAIN if side == "train" else VALIDATION)


def id_of(hashes: Mapping[str, str], origins: str, stop: str) -> str:
    """Return the id given by a dataset's examples (SHA-256 by file), the hash of its origins, and its stop token."""
    content = json_line([hashes[TRAIN], hashes[VALIDATION], origins, stop])
    return f"ds-{sha256(content).hexdigest()[:_ID_DIGITS]}"


def write_manifest(dataset: Dataset) -> None:
    """Write a dataset's manifest into its folder."""
    told = {name: value for name, value in asdict(dataset).items() if name != "folder"}
    with Sheet(dataset.folder / MANIFEST) as sheet:
        sheet.write(json_line(told))


def read_manifest(folder: Path) -> Dataset:
    """Return the dataset in a folder; raises DataError when its manifest is missing or damaged."""
    try:
        told = _told().validate_json((folder / MANIFEST).read_bytes())
        dataset = _dataset().validate_python({**told, "folder": folder})
        whole = dataset.id == folder.name == id_of(dataset.sha256, dataset.origins_sha256, dataset.stop)
    except (OSError, ValidationError, KeyError):
        whole, dataset = False, None
    if dataset is None or not whole:
        raise DataError(f"The dataset in {folder} is damaged ({MANIFEST}): remove the folder and add its file again.")
    return dataset


def verify(dataset: Dataset) -> None:
    """Read a dataset's files again; raises DataError naming the one that is not what it was."""
    for name in CONTENTS:
        path = dataset.folder / name
        try:
            with path.open("rb") as file:
                same = file_digest(file, "sha256").hexdigest() == dataset.sha256[name]
        except OSError:
            same = False
        if not same:
            raise DataError(f"{path} is not what it was when it was kept: add {dataset.file!r} again, which mends it.")


@lru_cache(maxsize=1)
def _told() -> TypeAdapter[dict[str, object]]:
    return TypeAdapter(dict[str, object])


@lru_cache(maxsize=1)
def _dataset() -> TypeAdapter[Dataset]:
    return TypeAdapter(Dataset)
