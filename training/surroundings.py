"""What a process of its own is given of the environment."""

import os
import sys
from pathlib import Path

# What such a process has no use for, among it every secret that the settings know; HF_TOKEN is no such, and stays.
_KEPT_BACK = ("SARAH_", "DISCORD_", "SLACK_", "OPENAI_", "WANDB_")


def search_path() -> str:
    """Return where programs are looked for: beside this Python first, for what is installed with it."""
    return os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))


def surroundings() -> dict[str, str]:
    """Return the environment without our settings, and so without every secret that they know."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_BACK)}
