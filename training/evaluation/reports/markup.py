"""Text that others wrote, and figures, as HTML: nothing of it acts."""

import html
import re
from collections.abc import Sequence

# What no page may hold, and what would turn the words around it about; readers are to see that it is there.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Pixels of a row of a strip, and colours of the models before they come round again.
_ROW = 16
COLOURS = 7


def text(value: str) -> str:
    """Return a text as it may stand anywhere in a page, in an attribute's quotes too."""
    # Half a character has no bytes.
    whole = value.replace("\r\n", "\n").encode("utf-8", "replace").decode()
    return html.escape(_CONTROLS.sub(lambda found: f"[U+{ord(found[0]):04X}]", whole))


def colour(number: int) -> str:
    """Return the class of the n-th model's colour."""
    return f"c{number % COLOURS}"


def strip(told: str, marks: Sequence[tuple[int, str, tuple[float, float, float]]]) -> str:
    """Return a picture from 0 to 100 %, a row for each mark: a model's number, letter, and (share, low, high)."""
    rows = "".join(_mark(row, *mark) for row, mark in enumerate(marks))
    scale = "".join(f'<line class=scale x1="{x}%" x2="{x}%" y1="0" y2="100%" />' for x in (0, 50, 100))
    return f'<svg class=strip height="{_ROW * len(marks)}" role=img aria-label="{text(told)}">{scale}{rows}</svg>'


def _mark(row: int, number: int, letter: str, value: tuple[float, float, float]) -> str:
    share, low, high = (f"{100 * part:.1f}%" for part in value)
    y = _ROW * row + _ROW // 2
    return (
        f'<g class={colour(number)}><line x1="{low}" x2="{high}" y1="{y}" y2="{y}" />'
        f'<circle cx="{share}" cy="{y}" r="6.5" /><text x="{share}" y="{y + 3}">{letter}</text></g>'
    )
