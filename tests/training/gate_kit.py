"""Scenarios, and scorecards over them as an evaluation keeps them."""

import json
from collections.abc import Collection
from pathlib import Path

from training.evaluation.keeping import Shelf
from training.evaluation.scorecard import Result, Scorecard, Trial, fingerprint, read_all

# So many that two models which do equally well are seen to.
COUNT = 120


def write_scenarios(folder: Path, count: int = COUNT, about: str = "lamp") -> Path:
    """Write scenarios of one question each into a folder, of which the first is critical, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    every = (
        {
            "id": f"{about}-{at}",
            "category": "bulbs",
            "critical": not at,
            "turns": [{"user": f"What fits {about} {at}?", "reference": "Bulb 1.", "expect": {"refuses": False}}],
        }
        for at in range(count)
    )
    (folder / "scenarios.jsonl").write_text("\n".join(map(json.dumps, every)), "utf-8")
    return folder


def keep(home: Path, scenarios: Path, model: str, failing: Collection[int] = (), setup: str = "") -> None:
    """Keep the scorecard of a model that passes all scenarios of a folder but those."""
    asked = read_all(scenarios)
    results = tuple(
        Result(one.id, one.category, one.critical, ("",), ("",), (_trial(at not in failing),))
        for at, one in enumerate(asked)
    )
    Shelf(home).keep(Scorecard(model, model, results, 1, 1.0, fingerprint(asked), setup))


def _trial(passed: bool) -> Trial:  # noqa: FBT001 - what a trial says, and nothing else
    return Trial((), () if passed else ("turn 1: there is no answer (it is dark)",), 1, int(passed), None)
