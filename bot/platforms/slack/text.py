"""Text on its way to and from Slack: pure functions."""

import re

# Slack refuses a message whose blocks exceed some 13,100 characters, and markdown over 12,000.
LONGEST = 10_000
# What is streamed; the rest of a longer answer is shown when it is whole and can be cut well.
LIVE = 8_000

_ENTITY = re.compile(r"<([^<>]+)>")
_PING = re.compile(r"<+(?=[@!#])")
_FENCE = re.compile(r"^ {0,3}(```[\w+-]{0,20})", re.MULTILINE)
_CLOSED = "\n```"
_HIGH_SURROGATES = (0xD8, 0xDB)


def units(text: str) -> int:
    """Return the length as Slack counts it, in UTF-16 code units."""
    return len(_utf16(text)) // 2


def start_of(text: str, limit: int) -> str:
    """Return the longest beginning of at most `limit` units."""
    encoded = _utf16(text)
    if len(encoded) <= 2 * limit:
        return text
    # Half of a surrogate pair is no character.
    high = encoded[2 * limit - 1]
    end = limit - 1 if _HIGH_SURROGATES[0] <= high <= _HIGH_SURROGATES[1] else limit
    return encoded[: 2 * end].decode("utf-16-le", "surrogatepass")


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def plain(text: str, me: str) -> str:
    """Return what a customer meant to type: without a mention of `me`, and without Slack's markup."""
    text = re.sub(rf"[ \t]*<@{re.escape(me)}(?:\|[^<>]*)?>[:,]?[ \t]*", " ", text)
    text = _ENTITY.sub(lambda entity: _readable(entity[1]), text)
    return unescaped(text).strip()


def _readable(entity: str) -> str:
    target, _, label = entity.partition("|")
    if target.startswith("@"):
        return f"@{label.lstrip('@') or 'someone'}"
    if target.startswith("#"):
        return f"#{label.lstrip('#') or 'channel'}"
    if target.startswith("!"):
        return label or f"@{target[1:].partition('^')[0]}"
    if not label or label in {target, target.removeprefix("mailto:"), target.removeprefix("tel:")}:
        return label or target
    return f"{label} ({target})"


def unescaped(text: str) -> str:
    """Undo Slack's escaping of the three characters that it escapes."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escaped(text: str) -> str:
    """Escape for a `text` field, where nothing is then a mention, a link or markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def neutral(text: str) -> str:
    """Take the bracket from everything that Slack would make a mention of: nobody is pinged."""
    return _PING.sub("", text)


def live(text: str) -> str:
    """Return what of an unfinished answer can be shown: a beginning of any whole answer's neutral text."""
    return start_of(neutral(text.rstrip("<")), LIVE).rstrip()


def split(text: str, limit: int = LONGEST, floor: int = LIVE) -> list[str]:
    """Cut into parts of at most `limit` units, none before `floor`; fenced code is closed and opened again."""
    parts: list[str] = []
    while units(text) > limit:
        head = _head(text, limit - len(_CLOSED), floor)
        text = text[len(head) :]
        if fence := _open_fence(head):
            head, text = f"{head}{_CLOSED}", f"{fence}\n{text}"
        parts.append(head)
    return [*parts, text]


def _head(text: str, limit: int, floor: int) -> str:
    """Cut after the last blank line, line or word between `floor` and `limit`."""
    start, earliest = start_of(text, limit), len(start_of(text, floor))
    for boundary in ("\n\n", "\n", " "):
        at = start.rfind(boundary, earliest)
        if at >= 0:
            return start[: at + len(boundary)]
    return start


def _open_fence(text: str) -> str:
    fences = _FENCE.findall(text)
    return fences[-1] if len(fences) % 2 else ""
