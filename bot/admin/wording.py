"""How figures, times and tables are put into replies."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from training.quoting import coded


def number(count: int, what: str) -> str:
    """Return how many there are of something: 1 example, 2 examples."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def usd(amount: float | None) -> str:
    """Return a price as people read it."""
    if amount is None:
        return "an unknown price"
    return f"${amount:,.2f}" if amount >= 0.01 or not amount else f"${amount:.4f}"  # noqa: PLR2004 - a cent


def span(seconds: float) -> str:
    """Return how long something takes."""
    minutes, left = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {left} s" if minutes else f"{left} s"


def moment(at: float) -> str:
    """Return a time, in UTC, or "" for none."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M") if at else ""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as a block of code, which every platform shows with its columns aligned."""
    lines = [list(columns), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "```\n" + "\n".join(line.rstrip() for line in padded) + "\n```"


def _cell(value: object) -> str:
    """Return a value as one cell: nothing in it may end the block or the line."""
    return coded(str(value))
