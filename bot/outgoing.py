"""The checks that a model's text passes, piece by piece, before a customer sees it."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

# Beyond this many characters without a space nothing is a mention or a link worth waiting for.
LONGEST_WORD = 400

_MENTION = re.compile(r"<[@!][^\s<>]*>")
_MASS_MENTION = re.compile(r"@(everyone|here|channel)\b", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]\"'`]+", re.IGNORECASE)
_HOST = re.compile(r"^(?:https?://)?(?:[^/@\s]*@)?([^/:?#\s]+)", re.IGNORECASE)
_UNFINISHED_WORD = re.compile(r"[!-~]*\Z")


@dataclass(frozen=True, slots=True)
class Rules:
    """What may go out: the hosts that may be linked to, and the token at which the answer ends."""

    links: tuple[str, ...]
    stop: str = ""


def harmless(text: str, rules: Rules) -> str:
    """Take out mentions that ping and links that lead elsewhere."""
    text = _MENTION.sub("(someone)", text)
    text = _MASS_MENTION.sub(r"\1", text)
    return _LINK.sub(lambda match: _link(match[0], rules.links), text)


async def checked(pieces: AsyncIterator[str], rules: Rules) -> AsyncIterator[str]:
    """Pass pieces on as they come, harmless, ending at the stop token, however they are cut."""
    held = ""
    async for piece in pieces:
        held += piece
        if rules.stop and rules.stop in held:
            held = held.partition(rules.stop)[0]
            break
        ready = len(held) - _unready(held, rules.stop)
        if out := harmless(held[:ready], rules):
            yield out
        held = held[ready:]
    if out := harmless(held, rules):
        yield out


def _unready(text: str, stop: str) -> int:
    """How many last characters may still become a mention, a link or the stop token."""
    word = _UNFINISHED_WORD.search(text[-LONGEST_WORD:])
    waiting = len(word[0]) if word and len(word[0]) < LONGEST_WORD else 0
    for length in range(min(len(stop) - 1, len(text)), waiting, -1):
        if text.endswith(stop[:length]):
            return length
    return waiting


def _link(link: str, allowed: tuple[str, ...]) -> str:
    host = _HOST.match(link)
    name = host[1].lower().rstrip(".") if host else ""
    if any(name == domain or name.endswith(f".{domain}") for domain in allowed):
        return link
    return "[link removed]"
