"""The example in docs/example-report is what the product says today."""

import json
import re
from pathlib import Path

import pytest

from tests.example_report import FOLDER, worked_out
from tests.kit import DATA
from training.evaluation.reports import as_html, as_json, as_markdown
from training.evaluation.scorecard import read_all

# Bytes.
LARGEST = 3_000_000
MAKE = "run `make example-report`, and commit docs/example-report"


def kept(name: str) -> str:
    """Return a file of the example without its pictures: each release of matplotlib draws a little otherwise."""
    return without_pictures((FOLDER / name).read_text("utf-8"))


def without_pictures(page: str) -> str:
    return re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", page)


@pytest.mark.slow
async def test_the_example_is_what_the_three_models_answer_today(tmp_path: Path) -> None:
    comparison = await worked_out(tmp_path)
    assert as_markdown(comparison) == kept("report.md"), MAKE
    assert as_json(comparison, answers=False) == kept("report.json"), MAKE
    assert without_pictures(as_html(comparison)) == kept("report.html"), MAKE


def test_the_example_tells_nothing_that_differs_from_machine_to_machine() -> None:
    told = json.loads((FOLDER / "report.json").read_text("utf-8"))
    assert [model["model"] for model in told["models"]] == ["untrained", "round 1", "round 2"]
    assert [model["latency_ms"] for model in told["models"]] == [{"p50": None, "p95": None}] * 3
    assert [model["at"] for model in told["models"]] == [0] * 3


def test_the_example_shows_every_scenario_of_the_company() -> None:
    scenarios = read_all(DATA / "scenarios")
    told = json.loads((FOLDER / "report.json").read_text("utf-8"))
    assert [result["id"] for result in told["results"]] == [scenario.id for scenario in scenarios], MAKE
    assert all(scenario.id in (FOLDER / "report.html").read_text("utf-8") for scenario in scenarios), MAKE


def test_the_pages_of_the_example_are_small_enough_for_a_repository() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < LARGEST
