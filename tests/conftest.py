"""What every test may ask for, and what each leaves as it was."""

import logging
import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import cast

import pytest
import structlog

from bot.logs import QUIET
from tests import discriminators

pytest_plugins = ("tests.browser", "tests.postgresql")
# Seconds.
A_FEW = 5

# Read when scikit-learn is imported: of tests that run beside each other, each would wait for the threads of all.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser as slow, and begin with the files that take longest."""
    for item in items:
        if isinstance(item, pytest.Function) and "browser" in item.fixturenames:
            item.add_marker(pytest.mark.slow)
    # Else one process would be left alone with a long file at the end.
    longest = Counter[Path]()
    for item in items:
        longest[item.path] += _seconds(item)
    items.sort(key=lambda item: -longest[item.path])


def _seconds(item: pytest.Item) -> int:
    """Return about how many seconds a slow test takes, and none for any other."""
    slow = item.get_closest_marker("slow")
    return cast("int", slow.kwargs.get("seconds", A_FEW)) if slow else 0


@pytest.fixture(scope="session", autouse=True)
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all processes of this run have in common; discriminators are kept there."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    (folder / "topics").mkdir(exist_ok=True)
    os.environ[discriminators.PLACE] = str(folder / "topics")
    return folder


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Generator[None]:
    """Give the process back the log that it had: a command that runs within a test sets its own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in QUIET}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in quiet.items():
        logging.getLogger(name).setLevel(was)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
