"""Tiny models, made once for all tests of a run."""

from pathlib import Path

import pytest
from filelock import FileLock

from tests.local import tiny


@pytest.fixture(scope="session")
def gpt_neo(common: Path) -> Path:
    """Return the folder of a tiny GPT-Neo, which has no chat format."""
    return _made(common, "gpt-neo")


@pytest.fixture(scope="session")
def llama(common: Path) -> Path:
    """Return the folder of a tiny Llama, which has no chat format."""
    return _made(common, "llama")


def _made(common: Path, kind: tiny.Kind) -> Path:
    folder = common / "tiny" / kind
    # Several processes test at once.
    folder.parent.mkdir(exist_ok=True)
    with FileLock(common / f"{kind}.lock"):
        return folder if folder.exists() else tiny.make(folder, kind)
