"""Text that others wrote, made safe to stand in Markdown: in one line, shown as it is, acting on nothing."""

import re

# What Markdown acts on within a line, in any chat, in a page that knows formulas, and where links are made of words.
_ACTING = re.compile(r"[\\`*_~|<>\[\]&@$]|:(?=\S)|\.(?=[A-Za-z])")
# Where a line would become a heading or an item of a list.
_LEADING = re.compile(r"^(?:\d+(?=[.)])|(?=[-+#=]))")
_CUT = "…"


def one_line(text: str, most: int) -> str:
    """Return a text in one line, without what nobody sees, cut to at most so many characters."""
    # Far more than is shown need not be looked at, however long it is.
    begun = text[: 4 * most + 100]
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in begun).split())
    return line if len(line) <= most and len(begun) == len(text) else f"{line[: most - 1]}{_CUT}"


def quoted(text: str, most: int = 300) -> str:
    """Return a text in one line of at most so many characters, and as many backslashes as keep it from acting."""
    line = _ACTING.sub(r"\\\g<0>", one_line(text, most))
    return _LEADING.sub(r"\g<0>\\", line)


def coded(text: str, most: int = 60) -> str:
    """Return a text as it may stand between backticks, where nothing acts but a backtick."""
    return one_line(text.replace("`", "'"), most)
