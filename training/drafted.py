"""One example that a person wrote down, and the line that is made of it when its draft becomes a dataset."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Literal, cast, get_args

from pydantic import TypeAdapter, ValidationError

from training.checks.characters import visible
from training.datasets import Dataset
from training.datasets.lines import json_line
from training.examples import DataError, read_jsonl
from training.quoting import one_line
from training.split import Side, folded

# Characters of a question, and of an answer.
LONGEST = 20_000
# Characters that an origin may have of an author, a workspace, a permission and a place.
_LONGEST_WORDS = 200
_LONGEST_CATEGORY = 64


@dataclass(frozen=True, slots=True)
class Drafted:
    """A question and its answer, with who wrote them down and where they come from."""

    question: str
    answer: str
    category: str
    """What it teaches, or ""."""
    author: str
    source: Literal["written", "discord", "slack"]
    workspace: str = ""
    """The server or workspace where it was said, for what comes from a chat platform."""
    permission: str = ""
    """The id of a recorded permission, or the words under which it may be used."""
    at: float = 0.0
    """When it was put into the draft, seconds since 1970."""
    turn: int = 0
    """The turn of a conversation that it was made from, 0 for none."""

    def says_the_same(self, other: "Drafted") -> bool:
        """Tell whether another has the same question and answer, whatever their case, spaces and punctuation."""
        return folded(self.question) == folded(other.question) and folded(self.answer) == folded(other.answer)

    @property
    def line(self) -> bytes:
        """It as a line of a draft's file."""
        return json_line(asdict(self))


def cleaned(example: Drafted) -> Drafted:
    """Return an example without what nobody sees; raises DataError where something is missing or too long."""
    author = one_line(example.author, _LONGEST_WORDS)
    if not author:
        raise DataError("The example has no author: say who wrote it.")
    return replace(
        example,
        question=_text("question", example.question),
        answer=_text("answer", example.answer),
        category=one_line(example.category, _LONGEST_CATEGORY),
        author=author,
        workspace=one_line(example.workspace, _LONGEST_WORDS),
        permission=one_line(example.permission, _LONGEST_WORDS),
    )


def _text(part: str, text: str) -> str:
    clean = visible(text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not clean:
        raise DataError(f"The {part} is empty: write what is said there.")
    if len(clean) > LONGEST:
        raise DataError(f"The {part} has {len(clean):,} characters, and at most {LONGEST:,} are taken: shorten it.")
    return clean


def read_line(place: str, line: bytes) -> Drafted:
    """Return the example that a line of a draft's file holds; raises DataError naming its place."""
    try:
        return _drafted().validate_json(line)
    except ValidationError:
        raise DataError(f"{place} is no example of a draft: remove the line.") from None


@lru_cache(maxsize=1)
def _drafted() -> TypeAdapter[Drafted]:
    return TypeAdapter(Drafted)


def chat_line(example: Drafted, draft: str, number: int, stop: str) -> bytes:
    """Return an example of a draft in the chat format, with its origin; its answer ends with no stop token yet."""
    said = [{"role": "user", "content": example.question}, {"role": "assistant", "content": _bare(example, stop)}]
    where = f"turn {example.turn}" if example.turn else f"example {number}"
    origin = {
        "supplied_by": example.author,
        "source": example.source,
        "workspace": example.workspace,
        "permission": example.permission,
        "place": f"draft {draft}, {where}",
    }
    return json_line({"messages": said, "category": example.category, "origin": origin})


def _bare(example: Drafted, stop: str) -> str:
    """Return an answer without the stop tokens at its end, however many were written there."""
    token, answer = stop.strip(), example.answer
    while token and answer.endswith(token):
        answer = answer.removesuffix(token).rstrip()
    # What is nothing but the token says at least that.
    return answer or token


def kept_lines(dataset: Dataset) -> Iterator[bytes]:
    """Yield the examples of a dataset in the chat format, as they were put there, with their categories and origins.

    Raises DataError for a dataset of preferences.
    """
    sides = {side: read_jsonl(dataset.file_of(side)) for side in get_args(Side)}
    for _, told in cast("Iterator[tuple[str, Mapping[str, str]]]", read_jsonl(dataset.origins_file)):
        _, value = next(sides[told["side"]])
        if "messages" not in value:
            raise DataError(f"{dataset.name!r} holds preferences, to which no answers can be added: name another.")
        origin = {name: one_line(told[name], _LONGEST_WORDS) for name in ("workspace", "permission", "place")}
        origin |= {"supplied_by": one_line(told["supplied_by"], _LONGEST_WORDS) or "unknown", "source": told["source"]}
        yield json_line({"messages": value["messages"], "category": told["category"], "origin": origin})
