"""Examples as they stand in a file, before anything is known of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True, slots=True)
class Entry:
    """One example of a file: a JSON value that has the chat format if all is well."""

    line: int
    """Where it begins, counted from 1: a line, or a row of a table."""
    value: object
    end: int = 0
    """Bytes of the file that were read up to here, for a progress bar."""

    @property
    def messages(self) -> list[Mapping[str, object]]:
        """Its messages that are objects; what is not, is for the checks to find."""
        messages = self.fields.get("messages")
        if not isinstance(messages, list):
            return []
        listed = cast("list[Mapping[str, object]]", messages)
        return [message for message in listed if isinstance(message, dict)]

    @property
    def fields(self) -> Mapping[str, object]:
        """Its fields, none when it is no object."""
        value = self.value
        return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}

    @property
    def category(self) -> str:
        """What it teaches, or ""."""
        category = self.fields.get("category")
        return category if isinstance(category, str) else ""

    def said(self, role: str) -> Iterator[str]:
        """Yield what one role says, in order."""
        for message in self.messages:
            content = message.get("content")
            if message.get("role") == role and isinstance(content, str):
                yield content

    @property
    def first_question(self) -> str:
        """What the customer says first, or ""."""
        return next(self.said("user"), "")
