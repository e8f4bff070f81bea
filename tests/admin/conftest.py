"""A home in which something was done already, so that not every test has to do it again."""

import asyncio
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from tests.admin.kit import open_small, tuned, uploaded


async def _prepare(home: Path) -> None:
    # Its own, for every test that wants such a home copies all that is there.
    (home / "topics").mkdir(parents=True)
    async with open_small(home) as scene:
        await uploaded(scene, "spare")
        dataset = await uploaded(scene)
        await tuned(scene, dataset)
        await tuned(scene, dataset)
    # At the end of a run models are compared: here nothing has been evaluated yet.
    shutil.rmtree(home / "evaluations")


@pytest.fixture(scope="session")
def prepared(common: Path) -> Path:
    """Return a home with the datasets `lamps` and `spare` and two models of the first, neither promoted."""
    folder = common / "prepared"
    with FileLock(common / "prepared.lock"):
        if not folder.exists():
            asyncio.run(_prepare(common / "preparing" / "home"))
            (common / "preparing").rename(folder)
    return folder / "home"


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Path:
    """Return a copy of the prepared home, which a test may change."""
    return shutil.copytree(prepared, tmp_path / "home")
