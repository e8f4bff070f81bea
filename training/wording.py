"""How counts, prices and times are put into words, wherever people read them."""

from datetime import UTC, datetime


def number(count: float, what: str) -> str:
    """Return how many there are of something: 1 example, 2 examples."""
    return f"{int(count) if count == int(count) else count:,} {what}{'s' * (count != 1)}"


def usd(amount: float | None, unknown: str = "unknown") -> str:
    """Return a price as people read it."""
    if amount is None:
        return unknown
    return f"${amount:,.2f}" if amount >= 0.01 or not amount else f"${amount:.4f}"  # noqa: PLR2004 - a cent


def moment(at: float) -> str:
    """Return a time (seconds since 1970) as people read it, in UTC, or "" for none."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def minute(at: float) -> str:
    """Return a time as lists show it, where seconds tell nobody anything."""
    return moment(at)[:-3]


def span(seconds: float) -> str:
    """Return how long something takes."""
    minutes, left = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {left} s" if minutes else f"{left} s"
