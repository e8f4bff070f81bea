"""Cutting a text into messages that Discord takes: pure text in, pure text out."""

import re
import unicodedata

# Discord's limit of characters in one message.
LIMIT = 2000
CLOSING = "\n```"

# Discord opens and closes a code block at any three backticks, not only at the start of a line.
_FENCE = re.compile(r"```(?:([\w+.#-]{1,32})(?=\n))?")
# The same where a text is cut: a word that ends there may be a language.
_FENCE_AT_THE_EDGE = re.compile(r"```(?:[\w+.#-]{1,32}(?=\n|\Z))?")
_BLANK_LINES_BEFORE = re.compile(r"\A(?:[^\S\n]*\n)+")
_JOINERS = {"\u200d", "\u200c"}
# The longest cluster of combining characters that is kept together.
_LONGEST_CLUSTER = 40


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Cut a text into messages of at most `limit` characters, none blank, every code block whole.

    Cuts fall between paragraphs, lines or words where they can. A longer text keeps the messages
    of its beginning, all but the last, so that a growing answer never rewrites what stands.
    """
    messages: list[str] = []
    opening, rest = "", _without_blank_lines(text)
    while rest:
        message, opening, rest = _first(opening, rest, limit)
        if message.strip():
            messages.append(message)
    return messages


def _first(opening: str, text: str, limit: int) -> tuple[str, str, str]:
    """Return the first message, what reopens the code block that it cuts, and what is left of the text."""
    closing = CLOSING if _open_block(opening + text) is not None else ""
    if len(opening) + len(text.rstrip()) + len(closing) <= limit:
        return opening + text.rstrip() + closing, "", ""
    at = _cut(text, limit - len(opening) - len(CLOSING), opening)
    block = _open_block(opening + text[:at])
    if block is None:
        return opening + text[:at].rstrip(), "", _without_blank_lines(text[at:].removeprefix(" "))
    left = text[at:].removeprefix("\n")
    if left.startswith("```"):
        # The block ends right here: its own closing fence would make an empty block of the next message.
        return opening + text[:at] + CLOSING, "", _without_blank_lines(left[3:])
    return opening + text[:at] + CLOSING, f"```{block}\n", left


def _open_block(text: str) -> str | None:
    """Return the language of the code block that is open at the end, "" for none named, None outside."""
    block: str | None = None
    for fence in _FENCE.finditer(text):
        block = (fence[1] or "") if block is None else None
    return block


def _cut(text: str, room: int, opening: str) -> int:
    """Return where the best message of at most `room` characters ends."""
    ends = (text.rfind(boundary, 0, room + 1) for boundary in ("\n\n", "\n", " "))
    at = next((end for end in ends if end > room // 2), 0) or _whole_character(text, room)
    return _whole_fence(text[:room], at, opening)


def _whole_fence(window: str, at: int, opening: str) -> int:
    """Move a cut that would split a fence, or leave an opening one without code, to before that fence."""
    inside = bool(opening)
    for fence in _FENCE_AT_THE_EDGE.finditer(window):
        opens = not inside
        inside = opens
        end = fence.end() + 1 if opens else fence.end() - 1
        if fence.start() < at <= end and fence.start():
            return fence.start()
    # Backticks at the very edge may be the beginning of a fence.
    bare = window[:at].rstrip("`")
    return len(bare) if at - len(bare) < len("```") and bare else at


def _whole_character(text: str, at: int) -> int:
    """Move a cut to the left until it does not part an emoji or a letter from what belongs to it."""
    for earlier in range(at, max(0, at - _LONGEST_CLUSTER), -1):
        if not _belongs_to_the_one_before(text, earlier):
            return earlier
    return at


def _belongs_to_the_one_before(text: str, at: int) -> bool:
    if at >= len(text):
        return False
    here, before = text[at], text[at - 1]
    if before in _JOINERS or here in _JOINERS or unicodedata.category(here)[0] == "M":
        return True
    if "\U0001f3fb" <= here <= "\U0001f3ff":
        return True
    # A flag is a pair of regional indicators, counted from where their row begins.
    row = len(text[:at]) - len(text[:at].rstrip("".join(map(chr, range(0x1F1E6, 0x1F200)))))
    return row % 2 == 1 and "\U0001f1e6" <= here <= "\U0001f1ff"


def _without_blank_lines(text: str) -> str:
    """Drop blank lines at the start, and keep the indentation of the first line that is not."""
    return _BLANK_LINES_BEFORE.sub("", text) if text.strip() else ""
