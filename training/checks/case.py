"""One example as the rules look at it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, cast

from training.checks.plain import PART
from training.checks.problem import Expectations
from training.entries import Entry


class Said(NamedTuple):
    """A text that somebody says, and the number of its message, counted from 1."""

    number: int
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Case:
    """One example, with what the rules want to know of it made easy to reach."""

    value: object
    """The JSON value, whatever it is."""
    unread: str
    """Why there is none, as it is said after the place, or ""."""
    tokens: int
    expectations: Expectations
    lists: tuple[object, ...]
    """What stands where lists of messages should: one place, or a preference's input and its two outputs."""
    listed: tuple[object, ...]
    """What these lists hold, one after the other, objects or not; nothing when one is no list."""
    messages: tuple[tuple[int, Mapping[str, object]], ...]
    """Those that are objects, with their numbers, counted from 1."""
    said: tuple[Said, ...]
    text: str
    """All that is said, unless it is so long that another copy would weigh."""

    def may_hold(self, found: Callable[[str], object]) -> bool:
        """Whether a closer look is due, by a quick look at all that is said."""
        return not self.text or bool(found(self.text))

    @property
    def is_preference(self) -> bool:
        """Whether it has one answer that is preferred to another, or half of that."""
        return len(self.lists) > 1

    @property
    def has_answer(self) -> bool:
        """Whether any message is the assistant's."""
        return any(message.get("role") == "assistant" for _, message in self.messages)


def case_of(entry: Entry, tokens: int, expectations: Expectations) -> Case:
    """Return an example as the rules look at it."""
    lists = entry.lists
    whole = all(isinstance(held, list) for held in lists)
    # The answer that is not preferred is uploaded, too, and so is looked at like all that is said.
    listed = tuple(chain.from_iterable(cast("tuple[list[object], ...]", lists))) if whole else ()
    messages = tuple(
        (number, cast("Mapping[str, object]", message))
        for number, message in enumerate(listed, 1)
        if isinstance(message, dict)
    )
    said = tuple(_said(messages))
    short = sum(len(text) for _, _, text in said) < PART
    text = "\n".join([text for _, _, text in said]) if short else ""
    return Case(entry.value, entry.unread, tokens, expectations, lists, listed, messages, said, text)


def _said(messages: tuple[tuple[int, Mapping[str, object]], ...]) -> Iterator[Said]:
    for number, message in messages:
        role, content = message.get("role"), message.get("content")
        if isinstance(content, str) and content:
            yield Said(number, role if isinstance(role, str) else "", content)
