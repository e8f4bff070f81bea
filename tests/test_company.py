"""A company is its folder: nothing of the one that comes with the product stands in the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from bot.persona import read_persona
from tests.kit import DATA, ROOT

PERSONA = read_persona(DATA)
# Its names, and its words for things: ZenHub, ZenLock. The variables and the command are the program's own.
NAMED = re.compile(rf"\b({PERSONA.name}|{PERSONA.company}|Zen[A-Z]\w*)\b")


def strings(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every string that is no docstring."""
    tree = ast.parse(file.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    # A statement that is only an expression: a string there documents what it stands in, or what stands above it.
    told = {
        id(statement.value)
        for node in ast.walk(tree)
        if isinstance(node, documented)
        for statement in node.body
        if isinstance(statement, ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.lineno, node.value


def test_no_text_in_the_code_names_the_company_or_its_assistant() -> None:
    files = [file for room in ("bot", "training") for file in sorted((ROOT / room).rglob("*.py"))]
    read = [(file.relative_to(ROOT), line, text) for file in files for line, text in strings(file)]
    assert len(read) > 500
    assert [place for place in read if NAMED.search(place[2])] == []
