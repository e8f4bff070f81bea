"""What an engine may say instead of doing what it is asked."""


class EngineDown(Exception):  # noqa: N818 - a state of the engine, not a fault
    """An engine cannot be reached: the same may well work later; the text says what happened."""


class Refused(Exception):  # noqa: N818 - what the engine did
    """An engine will not do it; the text is its own reason, in one line."""


# Characters of a reason that the log shows.
_LONGEST = 300


def down(error: Exception) -> EngineDown:
    """Return what a failure of the connection says of an engine."""
    return EngineDown(reason(str(error)) or type(error).__name__)


def reason(text: str) -> str:
    """Return what an engine said, short and in one line."""
    return " ".join(text.split())[:_LONGEST]
