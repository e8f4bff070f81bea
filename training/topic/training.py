"""Making a discriminator of a company's folder, or of any two lists of messages."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from training.examples import DataError, read_examples
from training.handbook import read_handbook
from training.origins import read_origins
from training.topic.calibration import calibrated
from training.topic.canonical import words
from training.topic.fitting import Judges, Sample, fit
from training.topic.forest import Floats
from training.topic.material import CALIBRATION, Topic, read_apart, read_topics
from training.topic.model import TopicModel, load_topic_model

# The share of customers that may be refused wrongly, unless another is wanted.
REFUSED = 0.01
# Messages of either verdict without which nothing can be told apart.
FEWEST = 20
# The share of sentences of good answers that may be cut.
_CUT = 0.001
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_SHORTEST = 25
# Where a company's folder keeps the discriminator that was fitted on it.
FITTED = "fitted"
_SOURCE = "source.txt"
# Changes when another discriminator would be made of the same messages.
_VERSION = 1


def fitted(folder: Path, questions: Sequence[str] = (), refused: float = REFUSED) -> TopicModel:
    """Fit on a company's folder and on further questions about its product; a minute for twenty thousand messages.

    Nothing that is held out is learned from. `refused` is the share of customers that may be refused wrongly. Raises
    DataError when there is no topic of each kind, or naming the file and the line that is wrong.
    """
    samples = taught(folder, questions)
    judges, unseen = fit(samples, _about(folder))
    return _calibrated(judges, samples, unseen, _customers(folder), list(_sentences(folder)), refused)


def taught(folder: Path, questions: Sequence[str] = ()) -> list[Sample]:
    """Return what a discriminator of a company's folder learns from; raises DataError as `fitted` does."""
    read = read_topics(folder / "topics")
    held_out = {topic.kind for topic in read if topic.held_out}
    asked = dict.fromkeys([*_questions_on_topic(folder, held_out), *questions])
    samples = [*map(_sample, filter(_is_taught, read)), *(Sample(text, on_topic=True) for text in asked)]
    for verdict in (True, False):
        if sum(sample.whole and sample.on_topic is verdict for sample in samples) < FEWEST:
            raise DataError(
                f"{folder / 'topics'} needs {FEWEST} messages of each kind, on_topic true and on_topic false, "
                f"and has fewer with {str(verdict).lower()}: write more."
            )
    return samples


def trained_on(on: Sequence[str], off: Sequence[str], refused: float = REFUSED) -> TopicModel:
    """Fit on messages about any one subject, and on others."""
    samples = [Sample(text, verdict) for texts, verdict in ((on, True), (off, False)) for text in texts]
    judges, unseen = fit(samples, ())
    return _calibrated(judges, samples, unseen, [], [], refused)


def read_topic_model(folder: Path, refused: float = REFUSED) -> TopicModel:
    """Return the discriminator of a company's folder: the one kept there if it is of this content, or a new one.

    Raises DataError as `fitted` does.
    """
    kept = folder / "topics" / FITTED
    if refused == REFUSED and _source(kept) == source(folder):
        return load_topic_model(kept)
    return fitted(folder, refused=refused)


def keep_fitted(folder: Path) -> TopicModel:
    """Fit on a company's folder, and keep the discriminator there."""
    model, kept = fitted(folder), folder / "topics" / FITTED
    model.save(kept)
    (kept / _SOURCE).write_text(source(folder) + "\n", "utf-8")
    return model


def source(folder: Path) -> str:
    """Return what tells the content of a company's folder from another, as far as the discriminator depends on it."""
    told = sha256(str(_VERSION).encode())
    files = [
        *sorted((folder / "topics").rglob("*.jsonl")),
        folder / "topics" / "held-out.toml",
        *sorted((folder / "handbook").glob("*.md")),
        *sorted((folder / "examples").glob("*")),
    ]
    for file in files:
        if file.is_file() and "measured" not in file.parts:
            told.update(f"\n{file.relative_to(folder).as_posix()} {sha256(file.read_bytes()).hexdigest()}".encode())
    return told.hexdigest()


def _source(kept: Path) -> str:
    try:
        return (kept / _SOURCE).read_text("utf-8").strip()
    except OSError:
        return ""


def _is_taught(topic: Topic) -> bool:
    # What could be taken either way teaches neither, and a follow-up says too little alone.
    return not topic.held_out and not topic.previous and topic.form not in {"borderline", "follow-up"}


def _sample(topic: Topic) -> Sample:
    # The kinds of product areas part nothing: a customer's next question is about one of them.
    kind = "" if topic.on_topic else topic.kind
    return Sample(topic.text, topic.on_topic, kind, topic.whole, typical=topic.form in {"plain", "long"})


def _about(folder: Path) -> Iterator[str]:
    for passage in read_handbook(folder / "handbook"):
        yield f"{passage.title}. {passage.heading}. {passage.text}"


def _questions_on_topic(folder: Path, held_out: set[str]) -> list[str]:
    """Return the examples' first questions that are on topic, as their origins say, and rest on no page held out."""
    path = folder / "examples" / "origins.csv"
    origins = read_origins(path) if path.exists() else ()
    return [origin.question for origin in origins if origin.on_topic and held_out.isdisjoint(origin.pages)]


def _customers(folder: Path) -> list[str]:
    """Return what customers say that no training sees, to set the threshold by."""
    apart = read_apart(folder / "topics", CALIBRATION)
    return [topic.text for topic in apart if topic.on_topic and not topic.previous]


def _sentences(folder: Path) -> Iterator[str]:
    """Yield the sentences of the answers in the examples."""
    for path in sorted((folder / "examples").glob("*.jsonl")):
        for example in read_examples(path):
            for *_, answer in example.exchanges():
                yield from (part for part in _SENTENCE.split(answer) if len(part) >= _SHORTEST)


def _calibrated(  # noqa: PLR0913, PLR0917 - what was fitted, and what it is tried on
    judges: Judges,
    samples: Sequence[Sample],
    unseen: Floats,
    customers: Sequence[str],
    sentences: Iterable[str],
    refused: float,
) -> TopicModel:
    """Set the thresholds by customers that nothing has learned from; without any, by the samples that others judged."""
    if customers:
        readings = [judges.evidence.read(text) for text in customers]
        scores = np.array([judges.scores(reading) for reading in readings])
        counts = np.array([sum(map(str.isalnum, reading.words)) for reading in readings])
    else:
        chosen = np.array([sample.on_topic and sample.typical for sample in samples])
        scores = unseen[chosen]
        texts = [one.text for one, is_chosen in zip(samples, chosen, strict=True) if is_chosen]
        counts = np.array([sum(map(str.isalnum, words(text))) for text in texts])
    calibration = calibrated(scores, counts, refused)
    bare = TopicModel(judges, calibration, -math.inf)
    said = sorted(map(bare.drift, sentences))
    drift = said[int(_CUT * len(said))] if said else calibration.whole
    return TopicModel(judges, calibration, drift)
