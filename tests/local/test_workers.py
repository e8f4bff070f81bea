"""A run that is tuned on the worker's own machine goes on at another worker when its own is killed."""

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.local import needs_local
from tests.local.kit import losses
from tests.local.scene import PRESET, STEPS
from tests.servers.tuning import tuning_server
from tests.training.workers_kit import Yard, come_true, worker, yard
from training.providers.local.manifest import see_whole
from training.registry import Plan

pytestmark = [needs_local, pytest.mark.slow(seconds=60)]


@pytest.fixture
def shared(tmp_path: Path, database: SecretStr, llama: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Yard]:
    company = tmp_path / "company"
    (company / "presets").mkdir(parents=True)
    (company / "presets" / "tiny.toml").write_text(PRESET.format(base=llama, steps=STEPS))
    # Without topics, no discriminator is fitted.
    monkeypatch.setenv("SARAH_DATA", str(company))
    with tuning_server() as server, yard(tmp_path / "home", database, server) as shared:
        yield shared


def test_a_local_run_goes_on_from_its_checkpoint_at_another_worker(shared: Yard) -> None:
    registry = shared.registry
    plan = Plan(registry.datasets()[0].id, "local", "tiny", spending_limit_usd=1.0)
    run, other = (registry.start_run(plan, "kim", 1.0) for _ in range(2))
    folder = shared.place.home / "models" / run.id
    with worker(shared, "first") as first, worker(shared, "second") as second:
        # One at a time on each machine's own device: two would share its memory.
        come_true(lambda: len(shared.holders()) == 2)
        assert set(shared.holders().values()) == {first.pid, second.pid}
        come_true(lambda: bool(losses(folder)))
        killed = shared.holders()[run.id]
        os.kill(killed, signal.SIGKILL)
        come_true(lambda: registry.run(run.id).ended and registry.run(other.id).ended)
        assert shared.flows()[run.id][1] in {first.pid, second.pid} - {killed}
    assert [registry.run(one.id).state for one in (run, other)] == ["succeeded"] * 2
    told = " ".join(event.text for event in registry.events(run.id))
    assert told.count("It goes on from step") == 1
    assert list(losses(folder)) == list(range(1, STEPS + 1))
    # Both were given the same seed, so whoever was not disturbed learned the same.
    assert losses(folder) == pytest.approx(losses(shared.place.home / "models" / other.id), rel=1e-5)
    assert {model.run for model in registry.models()} == {run.id, other.id}
    see_whole(folder)
