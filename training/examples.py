"""Training conversations in the chat format, one JSON object a line."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

Role = Literal["system", "user", "assistant"]


class DataError(Exception):
    """A file of the company folder is not what it should be; names the file, the line and the way out."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Example:
    """One training conversation."""

    messages: tuple[Message, ...]

    @property
    def questions(self) -> tuple[str, ...]:
        """What the customer says, in order."""
        return tuple(message.content for message in self.messages if message.role == "user")

    @property
    def first_question(self) -> str:
        """What the customer says first, or ""."""
        return next(iter(self.questions), "")

    def exchanges(self) -> Iterator[tuple[tuple[str, ...], str, str]]:
        """Yield (earlier questions, question, answer) for every question that is answered."""
        questions: list[str] = []
        for before, message in zip(self.messages, self.messages[1:], strict=False):
            if before.role == "user" and message.role == "assistant":
                yield tuple(questions), before.content, message.content
                questions.append(before.content)


def read_jsonl(path: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield (place, object) for every line of a JSONL file; raises DataError naming the line."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            place = f"{path}, line {number}"
            try:
                value = json.loads(line.decode("utf-8"))
            except UnicodeDecodeError:
                raise DataError(f"{place} is not UTF-8 text: save the file as UTF-8.") from None
            except json.JSONDecodeError as error:
                raise DataError(f"{place} is not JSON ({error.msg}): write one object a line.") from None
            if not isinstance(value, dict):
                raise DataError(f"{place} is not a JSON object: write one object a line.")
            yield place, cast("Mapping[str, object]", value)


def read_examples(path: Path) -> Iterator[Example]:
    """Yield the conversations of a JSONL file; raises DataError naming the line."""
    for place, value in read_jsonl(path):
        messages = value.get("messages")
        if not isinstance(messages, list) or not messages:
            raise DataError(f'{place} has no "messages": write {{"messages": [{{"role": ..., "content": ...}}]}}.')
        yield Example(tuple(_message(place, message) for message in cast("list[object]", messages)))


def _message(place: str, value: object) -> Message:
    if isinstance(value, dict):
        message = cast("Mapping[str, object]", value)
        role, content = message.get("role"), message.get("content")
        if role in get_args(Role) and isinstance(content, str):
            return Message(cast("Role", role), content)
    raise DataError(f'{place} has a message without a "role" (system, user or assistant) and a "content".')
