"""Is a message about the product? A linear model over its n-grams and over how familiar the handbook is with it."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from training.examples import DataError, read_jsonl
from training.knowledge import Knowledge
from training.origins import read_origins

# Characters that are judged: a subject shows itself early, and time is bounded.
LONGEST_JUDGED = 1000
# How much the familiarity weighs beside the n-grams.
_FAMILIARITY = 2.0
_PENALTY = 10.0


# `mixed` has an off-topic request and a product sentence; `borderline` could be taken either way.
Form = Literal["plain", "borderline", "mixed", "follow-up"]


@dataclass(frozen=True, slots=True)
class Topic:
    """One message with its verdict, its product area or kind, its form, and the message that it follows, or ""."""

    text: str
    on_topic: bool
    kind: str
    form: Form
    previous: str
    held_out: bool

    @property
    def whole(self) -> bool:
        """Whether the message alone has the verdict: a half of a mixed one would be taught to be off the subject."""
        return self.form in {"plain", "borderline"} and not self.previous


class TopicModel:
    """The probability that a message is about the product."""

    def __init__(self, topics: Sequence[Topic], about: Sequence[str], knowledge: Knowledge) -> None:
        texts = [*(topic.text for topic in topics), *about]
        labels = [*(topic.on_topic for topic in topics), *(True for _ in about)]
        self._knowledge = knowledge
        self._vectorizers = (
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2),
        )
        corrected = [knowledge.corrected(text) for text in texts]
        ngrams = [cast("Any", vectorizer).fit_transform(corrected) for vectorizer in self._vectorizers]
        model = LogisticRegression(C=_PENALTY, class_weight="balanced", solver="liblinear")
        self._model = cast("Any", model).fit(self._with_familiarity(corrected, ngrams), labels)

    def probability(self, text: str) -> float:
        """Return the probability (0 to 1) that this message, taken alone, is about the product."""
        corrected = [self._knowledge.corrected(text[:LONGEST_JUDGED])]
        ngrams = [cast("Any", vectorizer).transform(corrected) for vectorizer in self._vectorizers]
        return float(self._model.predict_proba(self._with_familiarity(corrected, ngrams))[0, 1])

    def _with_familiarity(self, texts: Sequence[str], ngrams: Sequence[sparse.csr_matrix]) -> sparse.csr_matrix:
        # scipy's matrices carry no types.
        matrices = cast("Any", sparse)
        familiar = np.array([astuple(self._knowledge.familiarity(text)) for text in texts])
        return matrices.hstack([*ngrams, matrices.csr_matrix(_FAMILIARITY * familiar)]).tocsr()


def read_topics(folder: Path) -> list[Topic]:
    """Read every JSONL file of the topics folder; raises DataError naming the file and the line."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise DataError(f'There is no topics file in {folder}: write lines {{"text": ..., "on_topic": true or false}}.')
    held_out = _held_out_kinds(folder / "held-out.toml")
    return [_topic(place, value, held_out) for file in files for place, value in read_jsonl(file)]


def _held_out_kinds(path: Path) -> frozenset[str]:
    """Read which kinds no training may see, if any are named."""
    try:
        table: dict[str, object] = tomllib.loads(path.read_text("utf-8")) if path.exists() else {"kinds": []}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}): write it as TOML in UTF-8.") from None
    kinds = table.get("kinds")
    if not isinstance(kinds, list):
        raise DataError(f'{path} needs a list of kinds: write kinds = ["one", "another"].')
    return frozenset(str(kind) for kind in cast("list[object]", kinds))


def _topic(place: str, value: Mapping[str, object], held_out: frozenset[str]) -> Topic:
    text, on_topic = value.get("text"), value.get("on_topic")
    if not isinstance(text, str) or not isinstance(on_topic, bool):
        raise DataError(f'{place} needs a "text" and an "on_topic" that is true or false.')
    form = value.get("form", "plain")
    if form not in get_args(Form):
        raise DataError(f'{place} has the form {form!r}: "form" is one of {", ".join(get_args(Form))}.')
    kind, previous = str(value.get("kind", "")), str(value.get("previous", ""))
    return Topic(text, on_topic, kind, cast("Form", form), previous, kind in held_out)


def read_topic_model(folder: Path, knowledge: Knowledge) -> TopicModel:
    """Train on a company folder's topics, its handbook's headings, and its examples' questions; on none held out.

    Raises DataError when there is no topic of each kind, or naming the file and the line that is wrong.
    """
    read = read_topics(folder / "topics")
    topics = [topic for topic in read if topic.whole and not topic.held_out]
    if len({topic.on_topic for topic in topics}) == 1:
        raise DataError(f"{folder / 'topics'} needs messages of both kinds: on_topic true, and false.")
    held_out = {topic.kind for topic in read if topic.held_out}
    return TopicModel(topics, [*knowledge.subjects(), *_questions_on_topic(folder, held_out)], knowledge)


def _questions_on_topic(folder: Path, held_out: set[str]) -> list[str]:
    """Return the examples' first questions that are on topic, as their origins say, and rest on no page held out."""
    path = folder / "examples" / "origins.csv"
    origins = read_origins(path) if path.exists() else ()
    return [origin.question for origin in origins if origin.on_topic and held_out.isdisjoint(origin.pages)]
