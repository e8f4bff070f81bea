"""Discriminators that all tests share: a version is named by all that it depends on, so that any home may have it."""

import os
from pathlib import Path

# Set for each run of the suite, to a folder that its processes have in common.
PLACE = "DISCRIMINATORS_OF_THE_SUITE"


def lend(home: Path) -> Path:
    """Let a home fit only those discriminators that no test before has fitted, and return it."""
    home.mkdir(parents=True, exist_ok=True)
    if (place := os.environ.get(PLACE)) and not (home / "topics").exists():
        (home / "topics").symlink_to(place)
    return home
