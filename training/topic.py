"""Is a message about the product? A linear model over word and character n-grams."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

from training.examples import DataError, read_jsonl
from training.handbook import read_handbook


@dataclass(frozen=True, slots=True)
class Topic:
    """One message with its verdict, and the message that it follows, or ""."""

    text: str
    on_topic: bool
    kind: str
    previous: str


class TopicModel:
    """The probability that a message is about the product."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def probability(self, text: str) -> float:
        """Return the probability (0 to 1) that this message, taken alone, is about the product."""
        return float(self._pipeline.predict_proba([text])[0, 1])


def read_topics(folder: Path) -> list[Topic]:
    """Read every JSONL file of the topics folder; raises DataError naming the file and the line."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise DataError(f'There is no topics file in {folder}: write lines {{"text": ..., "on_topic": true or false}}.')
    return [_topic(place, value) for file in files for place, value in read_jsonl(file)]


def _topic(place: str, value: object) -> Topic:
    match value:
        case {"text": str(text), "on_topic": bool(on_topic), **rest}:
            return Topic(text, on_topic, str(rest.get("kind", "")), str(rest.get("previous", "")))
        case _:
            raise DataError(f'{place} needs a "text" and an "on_topic" that is true or false.')


def train_topic_model(topics: Sequence[Topic], about: Sequence[str]) -> TopicModel:
    """Fit on labelled messages that stand alone, and on texts that are known to be `about` the product."""
    alone = [topic for topic in topics if not topic.previous]
    texts = [*(topic.text for topic in alone), *about]
    labels = [*(topic.on_topic for topic in alone), *(True for _ in about)]
    features = FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
            ("letters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)),
        ]
    )
    pipeline = make_pipeline(features, LogisticRegression(C=10, class_weight="balanced", max_iter=1000))
    return TopicModel(pipeline.fit(texts, labels))


def read_topic_model(folder: Path) -> TopicModel:
    """Train on a company folder: its topics, its examples' first questions and its handbook's headings."""
    return train_topic_model(read_topics(folder / "topics"), list(_about(folder)))


def _about(folder: Path) -> Iterator[str]:
    for passage in read_handbook(folder / "handbook"):
        yield f"{passage.title}: {passage.heading}"
        yield from (sentence for sentence in passage.text.split(". ") if sentence)
