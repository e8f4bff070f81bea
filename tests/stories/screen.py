"""What stands on a terminal's screen after everything that was written to it."""

import re

_WRITTEN = re.compile(r"\x1b\[(?P<given>[0-9;?]*)(?P<letter>[A-Za-z])|\x1b\][^\x07]*\x07|(?P<text>[^\x1b\n]+)|\n")
_LOOKS = re.compile(r"\x1b\[[0-9;]*m")
# Line ends move nothing that matters here, and the line editor marks what has no width.
_UNSEEN = str.maketrans("", "", "\r\x01\x02\x07")


def lines(raw: str) -> list[str]:
    """Return the lines of the screen with their colours: what was erased and written anew stands there once."""
    shown, row = [""], 0
    for written in _WRITTEN.finditer(raw):
        text, letter = written["text"], written["letter"]
        if text:
            shown[row] += text.translate(_UNSEEN)
        elif letter == "m":
            shown[row] += written[0]
        elif letter == "A":
            row = max(0, row - int(written["given"] or 1))
        elif letter == "K":
            shown[row] = ""
        elif written[0] == "\n":
            row += 1
            shown += [""] * (row + 1 - len(shown))
    return shown


def plain(raw: str) -> str:
    """Return the screen's text."""
    return "\n".join(_LOOKS.sub("", line).rstrip() for line in lines(raw))
