"""Replies as a terminal shows them."""

from collections.abc import Iterator

from rich.markdown import Markdown

from bot.incoming import clean

FENCE = "```"


def said(text: str) -> Markdown:
    """Return Markdown in which a line's end is one, as chats show it."""
    return Markdown("\n".join(_lines(clean(text))))


def _lines(text: str) -> Iterator[str]:
    in_code = False
    for line in text.split("\n"):
        is_fence = line.startswith(FENCE)
        in_code ^= is_fence
        yield line if in_code or is_fence or not line.strip() else f"{line}  "
