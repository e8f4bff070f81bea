"""The result files that a job leaves: CSV, in base64 or not."""

import base64
import binascii
import csv
from collections.abc import Iterator
from pathlib import Path

from training.files import written_whole
from training.providers import Metric
from training.providers.openai.reading import Json, measured

# Characters of a row of numbers, at most.
LONGEST_LINE = 10_000


def keep(content: bytes, path: Path) -> tuple[Metric, ...]:
    """Keep a result file, whole and out of its base64, and return what it measured; raises OSError."""
    table = unwrapped(content)
    with written_whole(path) as file:
        file.write(table)
    return measured(_rows(table))


def unwrapped(content: bytes) -> bytes:
    """Take the base64 off, where there is one: a table has commas, which base64 has not."""
    try:
        return base64.b64decode(b"".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        return content


def _rows(table: bytes) -> Iterator[Json]:
    """Yield the rows by their columns' names, up to what is no CSV any more; a line that is too long has no numbers."""
    lines = table.decode("utf-8-sig", "replace").splitlines()
    reader = csv.DictReader(line for line in lines if len(line) < LONGEST_LINE)
    try:
        for row in reader:
            yield {str(name).strip(): value for name, value in row.items()}
    except csv.Error:
        return
