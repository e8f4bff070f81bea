"""How tables are put into replies."""

from collections.abc import Iterable, Sequence

from training.quoting import coded


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as a block of code, which every platform shows with its columns aligned."""
    lines = [list(columns), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "```\n" + "\n".join(line.rstrip() for line in padded) + "\n```"


def _cell(value: object) -> str:
    """Return a value as one cell: nothing in it may end the block or the line."""
    return coded(str(value))
