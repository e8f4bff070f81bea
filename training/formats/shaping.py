"""What the import does to every example: a system prompt, a stop token, least lengths."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from training.entries import Entry


@dataclass(frozen=True, slots=True)
class Shaping:
    """What every example gets, and which ones are left out."""

    system: str = ""
    """The system message of an example that has none; it replaces none."""
    stop: str = ""
    """Ends each answer that does not end with it already."""
    least_question: int = 0
    """Characters; an example with a shorter question is left out."""
    least_answer: int = 0
    """Characters, without the stop token; an example with a shorter answer is left out."""

    def leaves_out(self, entry: Entry) -> bool:
        """Tell whether a question or an answer of an example is too short; what is not said is not measured."""
        return _too_short(entry.said("user"), self.least_question) or _too_short(
            (answer.rstrip().removesuffix(self.stop.rstrip()) for answer in entry.said("assistant")), self.least_answer
        )

    def shaped(self, entry: Entry) -> Entry:
        """Return an example with its system prompt and stop tokens; what is no conversation stays as it is."""
        messages = entry.fields.get("messages")
        if not isinstance(messages, list) or not messages or not (self.system or self.stop):
            return entry
        shaped = [self._stopped(message) for message in cast("list[object]", messages)]
        if self.system and not any(message.get("role") == "system" for message in entry.messages):
            shaped.insert(0, {"role": "system", "content": self.system})
        return replace(entry, value={**entry.fields, "messages": shaped})

    def _stopped(self, message: object) -> object:
        if not self.stop or not isinstance(message, dict):
            return message
        fields = cast("dict[str, object]", message)
        content = fields.get("content")
        if fields.get("role") != "assistant" or not isinstance(content, str) or self._ends(content):
            return fields
        return {**fields, "content": content + self.stop}

    def _ends(self, content: str) -> bool:
        """Tell whether an answer ends with the stop token, blanks after it or not."""
        token = self.stop.rstrip()
        return content.endswith(self.stop) or (bool(token) and content.rstrip().endswith(token))


def _too_short(texts: Iterator[str], least: int) -> bool:
    return least > 0 and any(len(text.strip()) < least for text in texts)
