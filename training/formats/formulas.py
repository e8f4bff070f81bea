"""Cells that a spreadsheet would run instead of show."""

import re

_STARTS = frozenset("=+-@")
# What a spreadsheet strips before it looks for a formula.
_BEFORE = "\t\r\n "
# After "=", nearly everything that is no word of prose is run.
_EQUALS = re.compile(r"=[\s+\-@=]*(?:[\d\"'({#$]|[A-Za-z_][\w.]*\s*[(!|:\[]|[A-Za-z]{1,3}\d+)")
# -SUM(A1), @SUM(A1), -2+3+SUM(A1): a call, and nothing behind it but more of a calculation.
_CALL = re.compile(r"[+\-@][\d\s.+\-*/^&(]*[A-Za-z_][\w.]*\(")
_REST = re.compile(r"\s*(?:[-+*/^&<>=][\w.$!\"'|\s]*)*")
# +cmd|' /C calc'!A0 starts a program.
_PROGRAM = re.compile(r"[+\-@][\d\s.+\-*/^&(]*[A-Za-z]\w*\|[^\n]*![$\w:]+\s*")
# -1+1 and +2*3 are worked out; +1-555-0100 is a phone number.
_SUM = re.compile(r"[+\-]\s*[\d.]+(?:\s*[-+*/^]\s*[\d.]+)*\s*")


def is_formula(cell: str) -> bool:
    """Tell whether a spreadsheet would run a cell; a list's dash, a temperature or a phone number is text."""
    text = cell.lstrip(_BEFORE)
    if not text or text[0] not in _STARTS:
        return False
    if text[0] == "=":
        return _EQUALS.match(text) is not None
    return _calls(text) or _PROGRAM.fullmatch(text) is not None or _works_out(text)


def _calls(text: str) -> bool:
    # The last bracket is looked up rather than searched for by the pattern, which could take long on purpose.
    return _CALL.match(text) is not None and _REST.fullmatch(text, text.rfind(")") + 1) is not None and ")" in text


def _works_out(text: str) -> bool:
    return ("+" in text[1:] or "*" in text[1:]) and _SUM.fullmatch(text) is not None
