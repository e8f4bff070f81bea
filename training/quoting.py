"""Text that others wrote, made safe to stand in Markdown or in a sentence: in one line, acting on nothing."""

import re

# What Markdown acts on within a line, in any chat, in a page that knows formulas, and where links are made of words.
_ACTING = re.compile(r"[\\`*_~|<>\[\]&@$]|:(?=\S)|\.(?=[A-Za-z])")
# Where a line would become a heading or an item of a list.
_LEADING = re.compile(r"^(?:\d+(?=[.)])|(?=[-+#=]))")
_CUT = "…"


def one_line(text: str, most: int, *, at_word: bool = False) -> str:
    """Return a text in one line, without what nobody sees, cut to at most so many characters, or after a word."""
    # Far more than is shown need not be looked at, however long it is.
    begun = text[: 4 * most + 100]
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in begun).split())
    if len(line) <= most and len(begun) == len(text):
        return line
    cut = line[: most - 1]
    if at_word and line[most - 1 : most] != " ":
        words, _, _ = cut.rpartition(" ")
        # A long word, or a language that sets no spaces, is cut where it must be.
        cut = words if len(words) > most // 2 else cut
    return f"{cut}{_CUT}"


def quoted(text: str, most: int = 300) -> str:
    """Return a text in one line of at most so many characters, cut after a word, with backslashes against acting."""
    line = _ACTING.sub(r"\\\g<0>", one_line(text, most, at_word=True))
    return _LEADING.sub(r"\g<0>\\", line)


def cited(text: str, most: int = 80) -> str:
    """Return a name that somebody wrote as a sentence about it says it: between quotation marks, and not too long."""
    return repr(one_line(text, most))


def coded(text: str, most: int = 60) -> str:
    """Return a text as it may stand between backticks, where nothing acts but a backtick."""
    return one_line(text.replace("`", "'"), most)
