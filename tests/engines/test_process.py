"""An engine's process ends with whoever started it, however that ends."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from bot.engines import watcher
from bot.engines.process import open_process
from tests.engines.running import until

# Tells its own number and that of a process that it starts, and what it may know; then it waits.
ENGINE = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, "SARAH_TOKEN" in os.environ, os.environ.get("WANTED"), os.getcwd(), flush=True)
time.sleep(600)
"""
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{ENGINE}"
# Starts a watcher as `sarah serve` does, and waits.
STARTER = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, {watcher.__file__!r}, *sys.argv[1:]], stdin=subprocess.PIPE, start_new_session=True)
time.sleep(600)
"""


def is_alive(number: int) -> bool:
    """Tell whether a process runs; one that has ended and that nobody has asked about does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def numbers(log: Path) -> list[int]:
    """Wait for the engine's line, and return the numbers of its processes."""
    await until(lambda: log.exists() and log.read_text().endswith("\n"))
    return [int(number) for number in log.read_text().split()[:2]]  # noqa: ASYNC240 - a file of the test


async def test_an_engine_ends_with_the_block_and_with_all_that_it_started(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    async with open_process([sys.executable, "-c", ENGINE], {}, tmp_path, log):
        running = await numbers(log)
        assert all(map(is_alive, running))
    assert not any(map(is_alive, running))


async def test_an_engine_that_does_not_want_to_end_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    async with open_process([sys.executable, "-c", STUBBORN], {}, tmp_path, log, grace=0.2):
        running = await numbers(log)
    assert not any(map(is_alive, running))


async def test_an_engine_knows_no_secret_and_works_in_its_folder(tmp_path: Path) -> None:
    log, folder = tmp_path / "engine.log", tmp_path / "serving"
    folder.mkdir()
    os.environ["SARAH_TOKEN"] = "secret"
    try:
        async with open_process([sys.executable, "-c", ENGINE], {"WANTED": "yes"}, folder, log):
            await numbers(log)
    finally:
        del os.environ["SARAH_TOKEN"]
    assert log.read_text().split()[2:] == ["False", "yes", str(folder)]


async def test_an_engine_that_ends_by_itself_leaves_its_exit_code_and_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    dying = "import sys; print('out of memory', flush=True); sys.exit(3)"
    async with open_process([sys.executable, "-c", dying], {}, tmp_path, log) as process:
        assert await process.wait() == 3
    assert log.read_text() == "out of memory\n"


async def test_an_engine_ends_when_whoever_started_it_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    starter = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STARTER, str(log), "10", sys.executable, "-c", ENGINE)
    )
    running = await numbers(log)
    starter.kill()
    await starter.wait()
    await until(lambda: not any(map(is_alive, running)))


async def test_the_log_begins_anew_where_it_has_grown_large_and_the_one_before_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_bytes(b"x" * (watcher.LARGEST + 1))
    async with open_process([sys.executable, "-c", "print('hello')"], {}, tmp_path, log) as process:
        assert await process.wait() == 0
    assert log.read_text() == "hello\n"
    assert (tmp_path / "engine.log.1").stat().st_size > watcher.LARGEST


def test_a_watcher_that_is_told_to_stop_ends_the_engine(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    said = [sys.executable, watcher.__file__, str(log), "5", sys.executable, "-c", ENGINE]
    with subprocess.Popen(said, stdin=subprocess.PIPE) as watching:  # noqa: S603 - our own
        running = asyncio.run(numbers(log))
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(30) == 128 + signal.SIGTERM
    assert not any(map(is_alive, running))
