"""A cell that holds a whole dialogue: who speaks stands before each line."""

import re
from collections.abc import Sequence

from training.formats.names import holds_either, plain

_COLUMNS = ("qa", "q&a", "q_and_a", "dialogue", "dialog", "conversation", "text")
_SPEAKER = re.compile(
    r"\s*(?:(question|q|user|customer|human)|(answer|a|assistant|agent|bot))\s?:\s*(.*)", re.IGNORECASE
)


def dialogue_column(names: Sequence[str]) -> int:
    """Return which column holds dialogues, by position; -1 when none does, or more than one."""
    known = [plain(name) for name in names]
    at = [number for number, name in enumerate(known) if name in _COLUMNS]
    return at[0] if len(at) == 1 and not holds_either(known) else -1


def pairs_in(cell: str) -> list[tuple[str, str]]:
    """Return each question of a dialogue with its answer; [] when the lines do not take turns, question first."""
    turns = list[list[str]]()
    for line in cell.replace("\r", "\n").split("\n"):
        if said := _SPEAKER.match(line):
            if bool(said[1]) != (len(turns) % 2 == 0):
                return []
            turns.append([said[3]])
        elif turns:
            turns[-1].append(line)
        elif line.strip():
            return []
    texts = ["\n".join(lines).strip() for lines in turns]
    if len(texts) % 2 or not all(texts):
        return []
    return list(zip(texts[0::2], texts[1::2], strict=True))
