"""Metrics go to W&B where it is configured, and a run goes on whatever comes of it there."""

import json
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.training.workflow_kit import DONE, RUNNING, Scripted, bench, scene, start
from training.providers import Metric
from training.runs.wandb_metrics import WandbMetrics, WandbProject
from training.runs.worker import work

PLACE = WandbProject("lamps")
FIRST = Metric(10, "train_loss", 0.5)
LATER = (Metric(20, "train_loss", 0.4), Metric(20, "valid_loss", 0.6))
LAST = Metric(30, "train_loss", 0.3)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Keep W&B on this machine, and end what it started."""
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    import wandb  # noqa: PLC0415 - it reads the environment

    wandb.teardown()
    yield
    wandb.teardown()


def records(home: Path, kind: str) -> list[dict[str, Any]]:
    """Return what W&B's own program reads from the files that it keeps here."""
    found: list[dict[str, Any]] = []
    for file in sorted((home / "wandb").glob("offline-run-*/*.wandb")):
        command = [sys.executable, "-m", "wandb", "leet", "inspect", str(file), "--json"]
        read = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - a program of ours
        rows = [cast("dict[str, Any]", json.loads(line)) for line in read.stdout.splitlines()]
        found += [row[kind] for row in rows if row["type"] == kind]
    return found


def shown(home: Path) -> list[dict[str, Any]]:
    """Return the metrics of each step, in the order in which they were sent."""
    rows = [row["item"] for row in records(home, "history")]
    return [{name: value for name, value in row.items() if name == "_step" or name[0] != "_"} for row in rows]


ALL = [
    {"_step": 10, "train_loss": 0.5},
    {"_step": 20, "train_loss": 0.4, "valid_loss": 0.6},
    {"_step": 30, "train_loss": 0.3},
]


@pytest.mark.slow
@pytest.mark.usefixtures("offline")
def test_a_runs_metrics_are_at_wandb_and_in_the_registry(tmp_path: Path) -> None:
    provider = Scripted(
        RUNNING, replace(RUNNING, metrics=(FIRST, LATER[0])), replace(DONE, metrics=(FIRST, *LATER, LAST))
    )
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        work(replace(bench(tmp_path, registry, provider), wandb=PLACE))
        kept = {(metric.step, metric.name): metric.value for metric in registry.metrics(run.id)}
        assert not [event for event in registry.events(run.id) if event.level != "info"]
    # The result file measured step 20 anew.
    assert kept == {(10, "train_loss"): 0.5, (20, "train_loss"): 0.25, (20, "valid_loss"): 0.6, (30, "train_loss"): 0.3}
    assert shown(tmp_path) == [ALL[0], {"_step": 20, "train_loss": 0.4, "valid_loss": 0.6}, ALL[2]]
    (told,) = records(tmp_path, "run")
    assert (told["run_id"], told["project"], told["display_name"]) == (run.id, "lamps", run.id)
    assert told["config"]["update"]["base"] == "b"
    assert told["config"]["update"]["dataset"] == dataset.id
    # Neither the machine's name nor its packages nor our code leave it.
    assert "host" not in told
    assert not list((tmp_path / "wandb").glob("*/files/*"))


@pytest.mark.slow
@pytest.mark.usefixtures("offline")
def test_after_a_restart_wandb_goes_on_where_it_was(tmp_path: Path) -> None:
    warnings: list[str] = []
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
    first = WandbMetrics(PLACE, tmp_path, run, warnings.append)
    # Step 20 may not be whole yet.
    first.show([FIRST, LATER[0]], last=False)
    first.close()
    second = WandbMetrics(PLACE, tmp_path, run, warnings.append)
    second.show([FIRST, *LATER], last=False)
    second.show([FIRST, *LATER, LAST], last=False)
    second.show([FIRST, *LATER, LAST], last=True)
    assert shown(tmp_path) == ALL
    assert {told["run_id"] for told in records(tmp_path, "run")} == {run.id}
    assert not warnings


def test_a_missing_package_is_a_warning_that_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    provider = Scripted(replace(RUNNING, metrics=(FIRST, LAST)), RUNNING, replace(DONE, metrics=(FIRST, LAST)))
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        work(replace(bench(tmp_path, registry, provider), wandb=PLACE))
        warnings = [event.text for event in registry.events(run.id) if event.level == "warning"]
        assert registry.run(run.id).state == "succeeded"
        assert len(registry.metrics(run.id)) == 3
    assert warnings == ['Weights & Biases is configured, but its package is missing: pip install "sarah[wandb]".']


@pytest.mark.slow
@pytest.mark.usefixtures("offline")
def test_wandb_without_an_account_is_a_warning_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        work(replace(bench(tmp_path, registry, Scripted()), wandb=PLACE))
        (warning,) = [event.text for event in registry.events(run.id) if event.level == "warning"]
        assert registry.run(run.id).state == "succeeded"
    assert warning.startswith(
        "Weights & Biases does not take the metrics (UsageError); they are kept here all the same"
    )
    assert capfd.readouterr().out == ""


def test_nothing_is_sent_where_nothing_is_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        work(bench(tmp_path, registry, Scripted()))
        assert not [event for event in registry.events(run.id) if event.level == "warning"]
    assert not (tmp_path / "wandb").exists()
