"""The discriminator that comes with a dataset: fitted once for each content, and kept as a version of its own."""

import json
import shutil
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from training.datasets import Dataset
from training.entries import Entry
from training.examples import DataError, read_jsonl
from training.files import sync_folder, written_whole
from training.origins import read_origins

if TYPE_CHECKING:
    # scikit-learn takes two seconds, which whoever looks at a version has not to spare.
    from training.topic import TopicModel

# Fits a discriminator on a company's folder and on further questions about its product; raises DataError.
Fit = Callable[[Path, Sequence[str]], "TopicModel"]

# Within a home folder; each version has a folder of its own there, named by a hash of what it was fitted on.
VERSIONS = Path("topics")
_ABOUT = "version.json"
_DIGITS = 12
# Of the dataset's questions; beyond that many the time that fitting takes grows, and what it learns does not.
_MOST = 5000
# What of a company's folder a discriminator depends on.
_SOURCES = ("topics", "handbook", "examples", "synonyms.txt")


@dataclass(frozen=True, slots=True)
class Version:
    """What a reader wants to know of a discriminator."""

    questions: int
    """How many of the dataset's questions it was fitted on."""
    threshold: float
    """The score, 0 to 1, from which on a message is on topic."""


def refitted(home: Path, data: Path, dataset: Dataset, code: str, fit: Fit) -> str:
    """Return where the discriminator of a dataset is within the home: it is fitted unless that version is there.

    It learns from what the training part asks first; `code` is what tells one state of the program from another. A
    crash leaves a whole version or none. Raises DataError naming what is wrong, and OSError, as when the disk is full.
    """
    questions = _chosen(_questions(dataset, data))
    version = VERSIONS / _hash(data, questions, code)
    (home / VERSIONS).mkdir(parents=True, exist_ok=True)
    # One at a time: two would need half a gigabyte each, and may be after the same.
    with FileLock(home / VERSIONS / ".lock"):
        if not (home / version / _ABOUT).exists():
            _keep(home / version, fit(data, questions), len(questions))
    return str(version)


def described(home: Path, folder: str) -> Version | None:
    """Return what there is to know of the discriminator in a folder of the home; None where it is gone."""
    try:
        return TypeAdapter(Version).validate_json((home / folder / _ABOUT).read_bytes())
    except (OSError, ValidationError):
        return None


def told(home: Path, folder: str) -> str:
    """Say which discriminator a model has that was registered with one in this folder, "" being none of its own."""
    if not folder:
        return "the company's"
    version = described(home, folder)
    if version is None:
        return f"{Path(folder).name}, which is gone: the company's judges"
    asked = f"{version.questions:,} questions of the dataset"
    return f"{Path(folder).name}, threshold {version.threshold:.3f}, fitted on {asked}"


def _keep(folder: Path, model: "TopicModel", questions: int) -> None:
    """Write a version beside its place, and move it there as a whole."""
    made = folder.with_name(f".{folder.name}")
    # What a crash left behind, and a version that somebody took something from.
    for left in (made, folder):
        shutil.rmtree(left, ignore_errors=True)
    made.mkdir()
    model.save(made)
    with written_whole(made / _ABOUT) as file:
        file.write(json.dumps({"questions": questions, "threshold": model.threshold}).encode())
    made.rename(folder)
    sync_folder(folder.parent)


def _hash(data: Path, questions: Sequence[str], code: str) -> str:
    """Return what names a version: the hash of all that it depends on."""
    sources = (path for name in _SOURCES for path in [data / name, *(data / name).rglob("*")])
    told = sha256(json.dumps([code, questions]).encode())
    for path in sorted(path for path in sources if path.is_file()):
        told.update(f"\n{path.relative_to(data)} {sha256(path.read_bytes()).hexdigest()}".encode())
    return told.hexdigest()[:_DIGITS]


def _chosen(questions: Iterable[str]) -> list[str]:
    """Return each question once; of very many those whose hashes come first, whatever their order."""
    distinct = list(dict.fromkeys(questions))
    return distinct if len(distinct) <= _MOST else sorted(distinct, key=_digest)[:_MOST]


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _questions(dataset: Dataset, data: Path) -> Iterator[str]:
    """Yield the first questions of the training part, but for those of which the company says that they are off topic.

    A question whose answer is one of the company's refusals counts as such, too.
    """
    off, refusals = set(_off_topic(data)), _refusals(data / "persona.toml")
    for number, (_, value) in enumerate(read_jsonl(dataset.train_file), 1):
        entry = Entry(number, value)
        question = " ".join(entry.first_question.split())
        answer = next(entry.said("assistant"), "")
        if question and question not in off and not any(refusal in answer for refusal in refusals):
            yield question


def _off_topic(data: Path) -> Iterator[str]:
    """Yield the messages that the company's folder calls off topic."""
    table = data / "examples" / "origins.csv"
    for origin in read_origins(table) if table.exists() else ():
        if not origin.on_topic:
            yield " ".join(origin.question.split())
    for path in sorted((data / "topics").glob("*.jsonl")):
        for _, value in read_jsonl(path):
            if value.get("on_topic") is False:
                yield " ".join(str(value.get("text")).split())


def _refusals(path: Path) -> list[str]:
    """Return what the company's persona says to what is off topic."""
    try:
        return TypeAdapter(list[str]).validate_python(tomllib.loads(path.read_text("utf-8")).get("refusals", []))
    except FileNotFoundError:
        return []
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise DataError(f"{path} has no list of refusals that can be read: write them as TOML in UTF-8.") from error
