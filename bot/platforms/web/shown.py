"""What the page shows, as plain data."""

import re
from collections.abc import Iterable
from typing import Literal, TypedDict

from bot.platforms.web.exchange import Exchange

# Shown while the first words of an answer are awaited; the style sheet animates it.
THINKING = "…"

# What Markdown acts on: anywhere, in an address, at the start of a line, and as an indent.
# Nothing else is touched, because screen readers are given the text as it is written here.
ACTING = re.compile(r"[&<>\\`*_~|\[\]@]|:(?=//)|(?<=www)\.", re.IGNORECASE)
LEADING = re.compile(r"^[ \t]*(?:[-+#=]|\d+[.)])", re.MULTILINE)
INDENT = re.compile(r"^[ \t]+|(?<=[ \t])[ \t]", re.MULTILINE)

# In code nothing acts, and an escape would show as itself.
CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)


class Text(TypedDict):
    """The content of a chat message."""

    type: Literal["text"]
    text: str


class Message(TypedDict):
    """A chat message, in the shape that the chat component takes."""

    role: Literal["user", "assistant"]
    content: list[Text]


def messages(exchanges: Iterable[Exchange]) -> list[Message]:
    """Lay exchanges out as messages: each is exactly two, a question and an answer."""
    return [message for exchange in exchanges for message in _pair(exchange)]


def _pair(exchange: Exchange) -> tuple[Message, Message]:
    return _message("user", verbatim(exchange.question)), _message("assistant", legible(exchange.answer) or THINKING)


def _message(role: Literal["user", "assistant"], text: str) -> Message:
    return {"role": role, "content": [{"type": "text", "text": text}]}


def verbatim(text: str) -> str:
    """Write text so that Markdown shows every character of it and acts on none."""
    shown = ACTING.sub(lambda sign: f"&#{ord(sign[0])};", text)
    shown = LEADING.sub(lambda start: f"{start[0][:-1]}&#{ord(start[0][-1])};", shown)
    return INDENT.sub(lambda space: "&nbsp;" * len(space[0]), shown)


def legible(text: str) -> str:
    """Keep the Markdown of an answer, and show as text what would be HTML or a picture from elsewhere."""
    parts = CODE.split(text)
    parts[::2] = [part.replace("<", "&lt;").replace("![", "&#33;[") for part in parts[::2]]
    return "".join(parts)
