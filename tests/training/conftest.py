"""What tests of training share."""

from dataclasses import replace
from typing import Any, cast

import pytest
from matplotlib.figure import Figure

from tests.training.workflow_kit import QUICK
from training import assembly
from training.cli import train
from training.place import Place
from training.registry import Registry
from training.runs.workbench import Workbench
from training.settings import TrainingSettings


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Return the figures that were saved."""
    figures: list[Figure] = []
    save = cast("Any", Figure).savefig

    def saved(figure: Figure, *arguments: object, **more: object) -> None:
        figures.append(figure)
        save(figure, *arguments, **more)

    monkeypatch.setattr(Figure, "savefig", saved)
    return figures


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs in this process be worked on at a test's pace."""

    def bench(settings: TrainingSettings, registry: Registry) -> Workbench:
        return replace(assembly.bench_of(settings, registry), pace=QUICK)

    monkeypatch.setattr(train, "bench_of", bench)


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """Let nobody work on runs in the background, and return the places for which somebody should have."""
    asked: list[Place] = []
    monkeypatch.setattr(train.worker, "start_in_background", asked.append)
    return asked
