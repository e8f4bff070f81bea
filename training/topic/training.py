"""Making a discriminator of a company's folder, or of any two lists of messages."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from training.examples import DataError, read_examples
from training.handbook import read_handbook
from training.origins import Origin, read_origins
from training.topic.calibration import Calibration, calibrated
from training.topic.canonical import length, words
from training.topic.drifting import Drift, cut_below, fitted_drift, sentences
from training.topic.features import figures
from training.topic.fitting import Fitted, fit
from training.topic.forest import Floats
from training.topic.joining import Sample
from training.topic.judges import Judges
from training.topic.material import Topic, customers, read_topics
from training.topic.model import TopicModel, load_topic_model

# The share of customers that may be refused wrongly, unless another is wanted.
REFUSED = 0.01
# Messages of either verdict without which nothing can be told apart.
FEWEST = 20
# Where a company's folder keeps the discriminator that was fitted on it.
FITTED = "fitted"
_SOURCE = "source.txt"
# Hears a sentence before something that takes long.
Tell = Callable[[str], object]
# Changes when another discriminator would be made of the same messages.
_VERSION = 3


def fitted(
    folder: Path, questions: Sequence[str] = (), refused: float = REFUSED, tell: Tell | None = None
) -> TopicModel:
    """Fit on a company's folder and on further questions about its product; three minutes for sixty thousand messages.

    Nothing that is held out is learned from. `refused` is the share of customers that may be refused wrongly. Raises
    DataError when there is no topic of each kind, or naming the file and the line that is wrong.
    """
    samples = taught(folder, questions)
    if tell:
        tell(f"The discriminator is learned anew from {folder}, which takes up to three minutes.")
    found = fit(samples, _about(folder), _follow_ups(folder))
    calibration = _calibrated(found, samples, customers(folder), refused)
    return TopicModel(found.judges, calibration, _drift(found.judges, calibration, folder))


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
    found = fit(samples, ())
    calibration = _calibrated(found, samples, [], refused)
    return TopicModel(found.judges, calibration, Drift(found.judges.piece, calibration.whole))


def read_topic_model(folder: Path, refused: float = REFUSED, tell: Tell | None = None) -> TopicModel:
    """Return the discriminator of a company's folder: the one kept there if it is of this content, or a new one.

    Before a new one is made, `tell` hears of it. Raises DataError as `fitted` does.
    """
    kept = folder / "topics" / FITTED
    if _source(kept) != source(folder):
        return fitted(folder, refused=refused, tell=tell)
    model = load_topic_model(kept)
    if refused == REFUSED:
        return model
    if not (asked := customers(folder)):
        return fitted(folder, refused=refused, tell=tell)
    # Only the thresholds are others.
    calibration = replace(_by_customers(model.judges, asked, np.zeros(0), refused), turn=model.calibration.turn)
    return TopicModel(model.judges, calibration, model.drift)


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
    return not topic.held_out and not topic.previous and topic.form not in {"borderline", "follow-up", "answer"}


def _sample(topic: Topic) -> Sample:
    # The kinds of product areas part nothing: a customer's next question is about one of them.
    kind = "" if topic.on_topic else topic.kind
    telling = topic.form != "hard" or not topic.on_topic
    return Sample(topic.text, topic.on_topic, kind, topic.whole, telling, typical=topic.form in {"plain", "long"})


def _follow_ups(folder: Path) -> list[Sample]:
    return [
        Sample(topic.text, topic.on_topic, previous=topic.previous)
        for topic in read_topics(folder / "topics")
        if topic.previous and not topic.held_out
    ]


def _about(folder: Path) -> Iterator[str]:
    for passage in read_handbook(folder / "handbook"):
        yield f"{passage.title}. {passage.heading}. {passage.text}"


def _questions_on_topic(folder: Path, held_out: set[str]) -> list[str]:
    """Return the examples' first questions that are on topic, as their origins say, and rest on no page held out."""
    return [origin.question for origin in _origins(folder) if origin.on_topic and held_out.isdisjoint(origin.pages)]


def _origins(folder: Path) -> list[Origin]:
    path = folder / "examples" / "origins.csv"
    return list(read_origins(path)) if path.exists() else []


def _answers(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield each answer of the examples, and whether the conversation was about the product from its beginning."""
    strays = {origin.question for origin in _origins(folder) if not origin.on_topic}
    for path in sorted((folder / "examples").glob("*.jsonl")):
        for example in read_examples(path):
            first = next(message.content for message in example.messages if message.role == "user")
            yield from ((answer, first not in strays) for *_, answer in example.exchanges())


def _drift(judges: Judges, calibration: Calibration, folder: Path) -> Drift:
    """Return what judges the sentences of answers: as messages are judged, where nobody wrote answers that drift."""
    said = list(_answers(folder))
    answers = [answer for answer, is_about in said if is_about]
    strays = [topic.text for topic in read_topics(folder / "topics") if topic.form == "answer" and not topic.held_out]
    if answers and strays:
        # How she declines is good as well; but nothing is lost when such an answer is cut short and led back.
        about = [passage.text for passage in read_handbook(folder / "handbook")]
        about += [answer for answer, is_about in said if not is_about]
        return fitted_drift(judges.evidence, about, answers, strays)
    rows = [figures(judges.evidence.read(sentence)) for answer in answers for sentence in sentences(answer)]
    return Drift(judges.piece, cut_below(judges.piece.scores(np.array(rows))) if rows else calibration.whole)


def _calibrated(found: Fitted, samples: Sequence[Sample], asked: Sequence[Topic], refused: float) -> Calibration:
    """Set the thresholds by customers that nothing has learned from; without any, by the samples that others judged."""
    if asked:
        return _by_customers(found.judges, asked, found.strays, refused)
    chosen = np.array([sample.on_topic and sample.typical for sample in samples])
    texts = [one.text for one, is_chosen in zip(samples, chosen, strict=True) if is_chosen]
    counts = np.array([length(words(text)) for text in texts])
    return calibrated(found.scores[chosen], counts, found.strays, refused)


def _by_customers(judges: Judges, asked: Sequence[Topic], strays: Floats, refused: float) -> Calibration:
    readings = [judges.evidence.read(topic.text) for topic in asked]
    scores = np.array([judges.scores(row) for row in judges.rows(readings)])
    counts = np.array([length(reading.words) for reading in readings])
    return calibrated(scores, counts, strays, refused)
