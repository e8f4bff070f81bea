"""Whatever happens while a dataset is added, it is there whole or not at all, and the next one goes in."""

import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import count
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from tests.training.test_datasets import INTAKE, QUESTIONS, add, entries, names
from training.datasets import Dataset, Datasets
from training.entries import Entry
from training.examples import DataError

# Its processes begin with everything imported, and with no thread of this one.
SPAWNING = multiprocessing.get_context("forkserver")
SPAWNING.set_forkserver_preload([__name__])
MANY = [f"Is lamp {number} on, and since when?" for number in range(2000)]


def killed_at_call(folder: Path, number: int) -> None:
    """Add a dataset and die at the n-th time that anything is done to the store's folder."""
    calls = count(1)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        touches = event.startswith(("os.", "open", "shutil.")) and any(str(folder) in str(arg) for arg in args)
        if touches and next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    add(Datasets(folder))


def added_many(folder: Path) -> None:
    add(Datasets(folder), entries(MANY))


def added_together(folder: Path, barrier: Barrier) -> None:
    barrier.wait()
    add(Datasets(folder), entries(MANY))


def ended(target: Callable[..., None], *args: object, after: float | None = None) -> int | None:
    """Run a function in a process of its own, killed after some seconds; return its exit code."""
    process = SPAWNING.Process(target=target, args=args)
    process.start()
    process.join(after)
    process.kill()
    process.join()
    return process.exitcode


def whole(store: Datasets) -> list[Dataset]:
    """Return the datasets that are visible, after making sure that all of each is there."""
    visible = [name for name in names(store) if not name.startswith(".")] if store.folder.exists() else []
    found = [store.get(name) for name in visible]
    for dataset in found:
        store.verify(dataset)
        assert sum(1 for side in ("train", "validation") for _ in store.examples(dataset, side)) == dataset.examples
    return found


@pytest.mark.slow
def test_a_process_that_is_killed_at_any_step_leaves_a_whole_dataset_or_none(tmp_path: Path) -> None:
    store = Datasets(tmp_path / "datasets")
    visible: list[int] = []
    for number in count(1):
        code = ended(killed_at_call, store.folder, number)
        visible.append(len(whole(store)))
        if code == 0:
            break
        assert code == -signal.SIGKILL
        if visible[-1]:
            store.delete("lamps")
    assert visible == sorted(visible)
    assert len(visible) > 20
    assert names(store) == [add(store).id]


@pytest.mark.slow
def test_a_process_that_is_killed_at_any_moment_leaves_a_whole_dataset_or_none(tmp_path: Path) -> None:
    store = Datasets(tmp_path / "datasets")
    chance = random.Random(4)  # noqa: S311 - moments, not secrets
    start = time.monotonic()
    assert ended(added_many, store.folder) == 0
    lasts = time.monotonic() - start
    codes: list[int | None] = []
    for _ in range(25):
        shutil.rmtree(store.folder)
        codes.append(ended(added_many, store.folder, after=chance.uniform(0.05, 0.9) * lasts))
        whole(store)
        (again,) = [add(store, entries(MANY))]
        assert names(store) == [again.id]
    assert codes.count(-signal.SIGKILL) > 5


def test_what_a_killed_process_left_is_removed_and_what_is_in_the_making_is_not(tmp_path: Path) -> None:
    store = Datasets(tmp_path / "datasets")
    (store.folder / ".add-left").mkdir(parents=True)
    (store.folder / ".add-left" / "examples").write_text("half")
    (store.folder / ".gone-left" / "ds-1").mkdir(parents=True)
    with store.adding(INTAKE) as writer:
        for entry in entries():
            writer.take(entry, 1)
        assert [name[:5] for name in names(store)] == [".add-"]
        other = add(store, entries(QUESTIONS[:20]))
        assert len(names(store)) == 2
        kept = writer.keep()
    assert set(names(store)) == {other.id, kept.id}


def test_two_processes_that_add_the_same_make_one_dataset(tmp_path: Path) -> None:
    store = Datasets(tmp_path / "datasets")
    barrier = SPAWNING.Barrier(2)
    both = [SPAWNING.Process(target=added_together, args=(store.folder, barrier)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    (dataset,) = whole(store)
    assert names(store) == [dataset.id]


@contextmanager
def files_of_at_most(size: int) -> Generator[None]:
    """Let the disk refuse what makes a file larger than so many bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def lamps(number: int) -> Iterator[Entry]:
    return iter(entries(MANY[:number], category="a long name, so that origins take the most room " * 3))


@pytest.mark.parametrize("short_by", [8, 20_000, 100_000])
def test_a_disk_that_fills_up_is_told_and_leaves_nothing(tmp_path: Path, short_by: int) -> None:
    elsewhere = add(Datasets(tmp_path / "elsewhere"), lamps(500))
    largest = max(path.stat().st_size for path in elsewhere.folder.iterdir())
    assert largest == elsewhere.origins_file.stat().st_size
    store = Datasets(tmp_path / "datasets")
    with files_of_at_most(largest - short_by), pytest.raises(DataError, match=r"datasets cannot be written \(File too"):
        add(store, lamps(500))
    assert names(store) == []
    assert add(store, lamps(500)).id == elsewhere.id


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"datasets cannot be written \(Not a directory\)"):
        add(Datasets(tmp_path / "file" / "datasets"))
