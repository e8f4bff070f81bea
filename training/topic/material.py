"""What a company's folder says of its subject: messages with their verdicts."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from training.examples import DataError, read_jsonl

# `plain`: anybody sees at once what is asked. `hard`: says little of its subject by its own words. `borderline`: could
# be taken either way. `mixed`: hides an off-topic request beside a question about the product. `long`: tells some of a
# life around such a question. `follow-up`: leans on the message that it follows. `turn`: later in a conversation, and
# says more by itself. `answer`: what an assistant said.
Form = Literal["plain", "hard", "borderline", "mixed", "long", "follow-up", "turn", "answer"]
# Folders of which nothing is learned: by the one the threshold is set, with the other everything is measured.
CALIBRATION, MEASURED = "calibration", "measured"


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
        """Whether all of the message has the verdict, by its own words."""
        return self.form in {"plain", "hard", "borderline"} and not self.previous


def read_topics(folder: Path) -> list[Topic]:
    """Read every JSONL file of the topics folder; raises DataError naming the file and the line."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise DataError(f'There is no topics file in {folder}: write lines {{"text": ..., "on_topic": true or false}}.')
    held_out = _held_out_kinds(folder / "held-out.toml")
    return [_topic(place, value, held_out) for file in files for place, value in read_jsonl(file)]


def read_apart(folder: Path, name: str) -> list[Topic]:
    """Read what no training sees, CALIBRATION or MEASURED; nothing where there is none."""
    files = sorted((folder / name).glob("*.jsonl"))
    return [_topic(place, value, frozenset()) for file in files for place, value in read_jsonl(file)]


def measured(folder: Path) -> list[Topic]:
    """Read the messages of a company's folder with which everything is measured."""
    return read_apart(folder / "topics", MEASURED)


def customers(folder: Path) -> list[Topic]:
    """Read the messages of a company's customers by which the threshold is set."""
    return [topic for topic in read_apart(folder / "topics", CALIBRATION) if topic.on_topic and not topic.previous]


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
