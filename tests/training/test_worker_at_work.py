"""Whether somebody works on the runs of a home folder is known to whoever would have them worked on."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

from filelock import FileLock

from tests.training.workflow_kit import DONE, Scripted, bench, scene, start
from training.runs.worker import is_at_work, work

# Works on a run whose provider waits until it is told to go on.
WORKING = """
import sys
from pathlib import Path
from tests.training.workflow_kit import DONE, Scripted, bench
from training.registry import open_registry
from training.runs.worker import work

def hold():
    print("held", flush=True)
    sys.stdin.readline()

home = Path(sys.argv[1])
with open_registry(home) as registry:
    work(bench(home, registry, Scripted(DONE, create=[hold])))
"""


@contextmanager
def working(home: Path) -> Generator[Popen[str]]:
    """Let a process be in the middle of a run, and kill it at the end."""
    process = Popen([sys.executable, "-c", WORKING, str(home)], stdin=PIPE, stdout=PIPE, text=True)  # noqa: S603 - a program of this test
    try:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_nobody_works_where_nobody_ever_did(tmp_path: Path) -> None:
    assert not is_at_work(tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_whoever_works_in_this_process_is_seen_until_the_work_is_done(tmp_path: Path) -> None:
    seen: list[bool] = []
    with scene(tmp_path) as (registry, dataset):
        start(registry, dataset)
        work(bench(tmp_path, registry, Scripted(DONE, create=[lambda: seen.append(is_at_work(tmp_path))])))
    assert seen == [True]
    assert not is_at_work(tmp_path)


def test_whoever_works_in_another_process_is_seen_until_it_ends_or_is_killed(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        start(registry, dataset)
        with working(tmp_path) as process:
            assert is_at_work(tmp_path)
            assert is_at_work(tmp_path), "asking takes nothing away from whoever works"
            process.kill()
            process.wait()
            assert not is_at_work(tmp_path)
        assert registry.unfinished()


def test_asking_leaves_the_turn_to_whoever_wants_to_work(tmp_path: Path) -> None:
    with FileLock(tmp_path / "training.lock"):
        assert is_at_work(tmp_path)
    assert not is_at_work(tmp_path)
    with FileLock(tmp_path / "training.lock", timeout=0):
        assert is_at_work(tmp_path)
