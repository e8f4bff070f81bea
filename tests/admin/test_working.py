"""The process that works on runs: one, where there is something to do."""

import time
from pathlib import Path
from subprocess import Popen, TimeoutExpired

import pytest
from structlog.testing import capture_logs

from bot.admin.records import Records
from bot.admin.working import Work
from training.registry import Plan

# Stands for a worker: alive until it is told to end.
SLEEP = ["sleep", "600"]


@pytest.fixture(name="begun")
def _begun(monkeypatch: pytest.MonkeyPatch) -> list[Popen[bytes]]:
    """Have processes started that do nothing, and return those that were."""
    begun: list[Popen[bytes]] = []

    def start(_: Path) -> Popen[bytes]:
        begun.append(Popen(SLEEP))  # noqa: S603 - nobody's input
        return begun[-1]

    monkeypatch.setattr("bot.admin.working.start_in_background", start)
    return begun


def proposed(records: Records) -> str:
    """Leave a run to be worked on, and return its id."""
    registry = records.open()
    registry.record_dataset("d1", "lamps", 1, 1, 0, "tests", time.time())
    return registry.start_run(Plan("d1", "embedded", "embedded"), "tests", time.time()).id


def test_a_worker_is_started_once_however_often_that_is_asked_for(tmp_path: Path, begun: list[Popen[bytes]]) -> None:
    with Records(tmp_path) as records:
        proposed(records)
        work = Work(records)
        for _ in range(3):
            work.start()
        try:
            assert len(begun) == 1
            with pytest.raises(TimeoutExpired):
                begun[0].wait(0.01)
        finally:
            begun[0].kill()
        begun[0].wait()
        work.start()
        begun[-1].kill()
        assert len(begun) == 2


@pytest.mark.parametrize("has_registry", [False, True])
def test_where_nothing_is_to_be_done_nobody_is_started(
    tmp_path: Path,
    begun: list[Popen[bytes]],
    has_registry: bool,  # noqa: FBT001 - a case
) -> None:
    with Records(tmp_path) as records:
        if has_registry:
            records.open()
        Work(records).start()
    assert begun == []


def test_a_run_that_has_ended_needs_no_worker(tmp_path: Path, begun: list[Popen[bytes]]) -> None:
    with Records(tmp_path) as records:
        records.open().update_run(proposed(records), state="cancelled")
        Work(records).start()
    assert begun == []


def test_a_registry_that_cannot_be_read_is_told_in_the_log(tmp_path: Path, begun: list[Popen[bytes]]) -> None:
    (tmp_path / "registry.db").write_bytes(b"no database at all" * 1000)
    with capture_logs() as logs, Records(tmp_path) as records:
        Work(records).start()
    assert [line["event"] for line in logs] == ["training.not_started"]
    assert begun == []
