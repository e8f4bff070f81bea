"""Commands on buttons and forms, written into the one short text that platforms give back when they are pressed."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

# A text that begins so is a command of ours; Discord has room for 100 characters in all.
MARK = "do:"
LONGEST = 100


def encoded(command: str, given: Mapping[str, str]) -> str:
    """Return a command and what is given with it as one text; raises ValueError where it is too long."""
    text = f"{MARK}{command}?{urlencode(given)}"
    if len(text) > LONGEST:
        raise ValueError(f"{text!r} is too long for a button")
    return text


def decoded(text: str) -> tuple[str, dict[str, str]] | None:
    """Return the command of such a text and what is given with it, or None where it is no such text."""
    if not text.startswith(MARK):
        return None
    command, _, query = text.removeprefix(MARK).partition("?")
    return command, dict(parse_qsl(query, keep_blank_values=True))
