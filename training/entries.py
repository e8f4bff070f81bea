"""Examples as they stand in a file, before anything is known of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

PREFERRED, NOT_PREFERRED = "preferred_output", "non_preferred_output"


@dataclass(frozen=True, slots=True)
class Entry:
    """One example of a file: a JSON value that has the chat format, or is a preference, if all is well.

    A preference is `{"input": {"messages": [...]}, "preferred_output": [...], "non_preferred_output": [...]}`.
    """

    line: int
    """Where it begins, counted from 1: a line, or a row of a table."""
    value: object
    end: int = 0
    """Bytes of the file that were read up to here, for a progress bar."""
    unread: str = ""
    """Why its line is no JSON, and so has no value, as it is said after the place: "is not JSON ..."."""

    @property
    def messages(self) -> list[Mapping[str, object]]:
        """Its messages that are objects; what is not, is for the checks to find.

        A preference is the conversation of its input and its preferred output: so its tokens are counted, too.
        """
        lists = (cast("list[Mapping[str, object]]", held) for held in self.lists[:2] if isinstance(held, list))
        return [message for listed in lists for message in listed if isinstance(message, dict)]

    @property
    def lists(self) -> tuple[object, ...]:
        """What stands where lists of messages should: one place, or a preference's input and its two outputs."""
        fields = self.fields
        if not self.is_preference:
            return (fields.get("messages"),)
        asked = Entry(self.line, fields.get("input")).fields
        return asked.get("messages"), fields.get(PREFERRED), fields.get(NOT_PREFERRED)

    @property
    def is_preference(self) -> bool:
        """Whether it is a preference, or half of one, and no conversation."""
        fields = self.fields
        return "messages" not in fields and (
            PREFERRED in fields or NOT_PREFERRED in fields or isinstance(fields.get("input"), dict)
        )

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
