"""The checks that a model's text passes, piece by piece, before a customer sees it.

Text is looked at word by word, so that the result is the same however it was cut into pieces.
"""

import re
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

# A longer row of characters without a space is taken apart, so that little is held back.
LONGEST_WORD = 512

# What mentions and links are written with: ASCII, its full-width twins, and joiners that hide in between.
_LETTERS = "!-~\uff01-\uff5e\ufe50-\ufe6b\u200c\u200d"
_LETTER = f"[{_LETTERS}]"
# A link goes on to the next space in any letters, because a browser's idea of a host does.
_LINK = rf"{_LETTER}{{0,240}}?(?:https?:|[:\uff1a][/\\\uff0f\uff3c]|//|\\\\|www\.|(?:java|vb)script:|data:)"
_PARTS = re.compile(
    rf"(?P<overlong>{_LINK}\S{{256}}(?=\S)|(?!{_LINK}){_LETTER}{{{LONGEST_WORD}}}(?={_LETTER}))"
    rf"|(?P<word>{_LINK}\S*|{_LETTER}+)"
    rf"|(?P<free>[^{_LETTERS}]+)",
    re.IGNORECASE,
)
_FOLDED = {
    **{code: unicodedata.normalize("NFKC", chr(code)) for code in (*range(0xFE50, 0xFE6C), *range(0xFF01, 0xFF5F))},
    **dict.fromkeys((0x3002, 0xFF61), "."),
    **dict.fromkeys((0x200C, 0x200D), ""),
}
# Without these nothing is a mention or a link.
_ACTIVE = re.compile(
    "[<@:/\\\\.\uff1c\uff20\uff1a\uff0f\uff3c\uff0e\ufe52\ufe55\ufe64\ufe68\ufe6b\u3002\uff61\u200c\u200d]"
)

_MENTION = re.compile(r"<+[@!][^\s<>]*>?")
_MASS_MENTION = re.compile(
    r"(?<![a-z0-9_.+-])@+(everyone|here|channel)|@+(everyone|here|channel)(?![a-z0-9-]*\.[a-z0-9])", re.IGNORECASE
)
# What clients make a link of without a scheme. The second row needs a path: its ends are words, too, and a sentence
# may begin without a space before it.
_ENDS = "com|net|org|biz|io|xyz|icu|ru|cn|tk|cc|ly|uk|eu|jp|kr|br"
_ENDS_BEFORE_A_PATH = (
    "info|app|dev|top|site|online|shop|store|live|link|click|club|pro|vip|cloud|page|space|website|tech|ai|co|me|to|tv"
    "|us|it|in|is|so|be|at|my|no|de|fr|nl|pl|es|se|ch|au|ca|ml|ga|cf|gq|pw|su|gl|gg|gd|ws|sh"
)
_PATH = r"(?:[/?#][^\s<>()\[\]\"'`|]*)"
_REACH = re.compile(
    r"(?P<link>(?:(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*:[/\\]{2}|https?:(?=[^\s.,;:!?)])|(?<![a-z])(?:java|vb)script:(?=\S)"
    r"|(?<![a-z])data:(?=[;,]|[a-z]+/)|[/\\]{2}(?=[^\s/?#<>]*\.\w)|(?<![a-z0-9@.-])www\.(?=\w))"
    rf"(?:(?!\]\((?:https?://|\[link\Z))[^\s<>/?#])*{_PATH}?)"
    r"|(?P<mail>(?<![a-z0-9._%+-])[a-z0-9._%+-]+@[a-z0-9.-]+(?![a-z0-9.-]|:[/\\]))"
    rf"|(?P<bare>(?<![a-z0-9@-])(?:[a-z0-9-]{{1,63}}\.){{1,8}}(?:(?:{_ENDS})(?![a-z0-9@-]|\.[a-z0-9])"
    rf"|(?:{_ENDS_BEFORE_A_PATH})(?=/[^\s]))(?::\d+)?{_PATH}?)",
    re.IGNORECASE,
)
_CLOSING = ".,:;!?*_~|)]}>\"'`"
_PLAIN_LINK = re.compile(
    r"(?:https?://)?([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::\d{1,5})?(?:[/?#].*)?", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What may go out: the hosts that may be linked to, and the token at which the answer ends."""

    links: tuple[str, ...]
    stop: str = ""


def harmless(text: str, rules: Rules) -> str:
    """Take out mentions that ping, links that lead elsewhere and characters that nobody sees."""
    return "".join(_safe(part, rules) for part in _PARTS.finditer(_shown(text)))


async def checked(pieces: AsyncIterator[str], rules: Rules) -> AsyncGenerator[str]:
    """Pass pieces on as they come, harmless, ending at the stop token, however they are cut."""
    held = ""
    async with aclosing(_until(pieces, rules.stop)) as texts:
        async for text in texts:
            parts = list(_PARTS.finditer(held + _shown(text)))
            # The last word may still go on.
            held = parts.pop()[0] if parts and parts[-1].lastgroup == "word" else ""
            if out := "".join(_safe(part, rules) for part in parts):
                yield out
    if out := harmless(held, rules):
        yield out


async def _until(pieces: AsyncIterator[str], stop: str) -> AsyncGenerator[str]:
    """Pass pieces on up to the stop token, and close what they come from."""
    held = ""
    try:
        async for piece in pieces:
            text, found, _ = (held + piece).partition(stop) if stop else (held + piece, "", "")
            held = "" if found else _beginning_at_the_end(text, stop)
            yield text.removesuffix(held)
            if found:
                return
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
    yield held


def _beginning_at_the_end(text: str, stop: str) -> str:
    """Return the longest end of the text that may become the stop token."""
    lengths = range(min(len(stop) - 1, len(text)), 0, -1)
    return next((stop[:length] for length in lengths if text.endswith(stop[:length])), "")


def _shown(text: str) -> str:
    """Drop control and format characters, which hide words and move the cursor; joiners hold emoji together."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character for character in text if character in "\n\t\u200c\u200d" or not _is_hidden(character))


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co"}


def _safe(part: re.Match[str], rules: Rules) -> str:
    text = part[0]
    if part.lastgroup == "overlong":
        return _ACTIVE.sub("", text) + " "
    if not _ACTIVE.search(text):
        return text
    folded = text.translate(_FOLDED)
    safe = _defused(folded, rules)
    if safe == folded:
        return text
    # What was taken out may have brought together what was apart.
    return safe if _is_settled(safe, rules) else _ACTIVE.sub("", text)


def _is_settled(text: str, rules: Rules) -> bool:
    parts = list(_PARTS.finditer(text))
    return all(part.lastgroup != "overlong" and _defused(part[0], rules) == part[0] for part in parts)


def _defused(word: str, rules: Rules) -> str:
    word = _MENTION.sub("(someone)", word)
    word = _MASS_MENTION.sub(lambda mention: mention[1] or mention[2], word)
    return _REACH.sub(lambda reach: reach[0] if reach.lastgroup == "mail" else _link(reach[0], rules.links), word)


def _link(link: str, allowed: tuple[str, ...]) -> str:
    """Return a link that leads where it says, to an allowed host; or what stands in its place."""
    target = link.rstrip(_CLOSING)
    plain = _PLAIN_LINK.fullmatch(target)
    host = plain[1].lower() if plain and "\\" not in target else ""
    if any(host == domain or host.endswith(f".{domain}") for domain in allowed):
        return link
    return "[link removed]" + link[len(target) :]
