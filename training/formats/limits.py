"""How much of a file from outside is taken in at once."""

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one example, and what reading a file, may take."""

    example_bytes: int = 16 * _MIB
    """The longest line, element, row or page."""
    example_brackets: int = 500_000
    """The most lists and objects in one example: each takes thirty times the room of its brackets."""
    depth: int = 100
    """How many lists and objects may stand inside each other."""
    chunk_bytes: int = _MIB
    """How much is read at a time."""
    patience_s: float = 60.0
    """How long the process that reads Parquet may take between two rows."""
    unpacked_bytes: int = 256 * _MIB
    """What a Parquet file may unpack to, however small it is."""
    unpacked_ratio: int = 100
    """What it may unpack to beyond that, as a multiple of its size."""


DEFAULT = Limits()
