"""`sarah eval`: models are evaluated and compared from a shell, beside whoever serves the same home folder."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.app import open_desk
from bot.settings import read_settings
from tests.admin.kit import rows
from tests.champions import embedded
from tests.kit import OTHER_DATA, ROOT
from tests.servers.openai import open_openai, refuses
from tests.servers.tuning import KEY, tuning_server
from tests.training.cli_kit import Told

SCENARIOS = 14


class Sarah:
    """The command, with a home of its own and no other settings."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch) -> None:
        self.home = home
        self._patch = patch
        for name in os.environ:
            if name.startswith(("SARAH_", "OPENAI_")):
                patch.delenv(name)
        # The guard takes seconds to learn, and other tests tell of it.
        self.set(SARAH_HOME=str(home), SARAH_DATA=str(OTHER_DATA), SARAH_GUARD="false")

    def set(self, **settings: str) -> None:
        """Change settings."""
        for name, value in settings.items():
            self._patch.setenv(name, value)

    def __call__(self, *words: str | Path) -> Told:
        """Give a command in this process."""
        result = CliRunner().invoke(cli, ["eval", *map(str, words)], catch_exceptions=False)
        return Told(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def sarah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sarah:
    monkeypatch.chdir(tmp_path)
    return Sarah(tmp_path / "home", monkeypatch)


def model_of(told: Told) -> Mapping[str, object]:
    """Return what a command printed of its one model, as JSON and nothing else."""
    [model] = json.loads(told.out)["models"]
    return cast("Mapping[str, object]", model)


def test_a_scorecard_is_kept_and_its_model_is_not_asked_again(sarah: Sarah) -> None:
    first = sarah("run", "untrained")
    assert first.code == 0
    assert first.out.startswith("untrained passes ")
    assert f" of {SCENARIOS}: " in first.out
    assert first.err == "untrained answers 24 questions for nothing.\n"
    again = sarah("run", "untrained")
    assert (again.out, again.err) == (first.out, "")


def test_models_are_set_side_by_side_under_the_names_that_readers_know(sarah: Sarah) -> None:
    compared = sarah("compare", "the handbook alone=untrained", "base")
    assert compared.code == 0
    assert "the handbook alone" in compared.out
    assert "base is not distinguishable from the handbook alone" in compared.out


def test_as_json_a_comparison_is_all_that_is_printed(sarah: Sarah) -> None:
    models = json.loads(sarah("compare", "A=untrained", "base", "--json", "--trials", "2").out)["models"]
    told = [(model["label"], model["model"], model["trials"]) for model in models]
    assert told == [("A", "untrained", 2), ("base", "base", 2)]


def test_a_report_is_written_and_not_over_another(sarah: Sarah, tmp_path: Path) -> None:
    out = tmp_path / "report"
    words = ("report", "untrained", "base", "-o", out)
    assert sarah(*words).code == 0
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.json", "report.md", "report.png"]
    (out / "report.md").write_text("mine", "utf-8")
    refused = sarah(*words).refusal
    assert refused == f"{out / 'report.md'} is there already: name another folder, or write over it with --force."
    assert (out / "report.md").read_text("utf-8") == "mine"
    assert sarah(*words, "--force").code == 0
    assert (out / "report.md").read_text("utf-8").startswith("# ")


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("run", "model-nobody"), "There is no model 'model-nobody': `sarah model list` shows those that there are."),
        (("compare", "base", "now=base"), "'base' is named twice: name each model once."),
        (("compare", "a=base", "a=untrained"), "Two models are called 'a': give each a label of its own."),
        (
            ("compare", "untrained=base", "untrained"),
            "Two models are called 'untrained': give each a label of its own.",
        ),
        (("run", "label="), "'label=' names no model: write MODEL, or LABEL=MODEL."),
        (("run", "base", "--judge"), "No judge is named: set SARAH_JUDGE_MODEL to the model that is to judge answers."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(sarah: Sarah, words: tuple[str, ...], refusal: str) -> None:
    assert sarah(*words).refusal == refusal


def test_a_company_without_scenarios_is_told_how_to_get_some(sarah: Sarah, tmp_path: Path) -> None:
    for name in ("handbook", "examples", "topics", "persona.toml", "facts.toml"):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).symlink_to(OTHER_DATA / name)
    sarah.set(SARAH_DATA=str(tmp_path / "data"))
    assert sarah("run", "base").refusal.startswith("There are no scenarios in ")


async def test_models_are_evaluated_while_somebody_serves_from_the_same_home(sarah: Sarah) -> None:
    sarah.home.mkdir()
    model = embedded(sarah.home, "Is the lamp dark?", "It is.")
    async with open_desk(read_settings(), per_minute=0) as desk:
        before = rows(sarah.home)
        evaluated = await asyncio.to_thread(sarah, "run", model.id)
        assert evaluated.code == 0, evaluated.err
        # Neither a conversation nor anything of the registry is written.
        assert rows(sarah.home) == before
        assert desk.models
    assert (sarah.home / "evaluations" / f"{model.id}.json").exists()


async def test_a_served_model_that_is_out_of_reach_is_one_sentence_and_is_not_kept(sarah: Sarah) -> None:
    async with open_openai(*[refuses(500, retry_after="0")] * 100) as server:
        sarah.set(SARAH_MODEL="zen-1", SARAH_MODEL_URL=server.url, SARAH_MODEL_KEY=KEY, SARAH_MODEL_RETRIES="0")
        failed = await asyncio.to_thread(sarah, "run", "base")
    assert failed.code == 2
    assert failed.err.splitlines()[-1].startswith("sarah: A model cannot be evaluated (500")
    # Not every question is tried in vain.
    assert len(server.requests) < 24
    assert not (sarah.home / "evaluations").exists()


def test_a_judge_is_asked_about_every_conversation_once_and_decides_nothing(sarah: Sarah) -> None:
    graded = model_of(sarah("run", "base", "--json"))
    with tuning_server() as server:
        server.store.answer = "PASS"
        sarah.set(SARAH_JUDGE_MODEL="wise", SARAH_JUDGE_MODEL_URL=server.url, SARAH_JUDGE_MODEL_KEY=KEY)
        told = sarah("compare", "base", "--judge", "--json")
        again = sarah("compare", "base", "--judge", "--json")
        assert len(server.asked("chat")) == SCENARIOS
        assert server.url in told.out
        sarah.set(SARAH_JUDGE_MODEL="wiser")
        server.store.answer = "Well, who knows?"
        undecided = sarah("compare", "base", "--judge", "--json")
    verdicts = [
        trial["judged"] for result in json.loads(told.out)["results"] for trial in result["models"][0]["trials"]
    ]
    assert verdicts == [True] * SCENARIOS
    assert model_of(told) == model_of(undecided) == graded
    judged = json.loads(told.out)["judge"]
    assert (judged["trials"], judged["agree"], judged["kappa"]) == (SCENARIOS, graded["passed"], 0)
    assert (again.out, again.err) == (told.out, "")
    assert told.err == f"wise judges {SCENARIOS} trials for an unknown price.\n"
    assert "judge" not in json.loads(undecided.out)
    assert undecided.err.splitlines() == [
        f"wiser judges {SCENARIOS} trials for an unknown price.",
        "The judge gave no verdict: see that SARAH_JUDGE_MODEL answers at SARAH_JUDGE_MODEL_URL.",
    ]


def test_how_far_judge_and_graders_agree_stands_in_what_is_printed_and_written(sarah: Sarah, tmp_path: Path) -> None:
    with tuning_server() as server:
        server.store.answer = "PASS"
        sarah.set(SARAH_JUDGE_MODEL="wise", SARAH_JUDGE_MODEL_URL=server.url, SARAH_JUDGE_MODEL_KEY=KEY)
        run = sarah("run", "base", "--judge")
        compared = sarah("compare", "base", "untrained", "--judge")
        assert sarah("report", "base", "untrained", "--judge", "-o", tmp_path / "out").code == 0
        assert len(server.asked("chat")) == 2 * SCENARIOS
    agree = "The judge wise and the graders agree on "
    assert run.out.splitlines()[1].startswith(agree)
    assert agree in compared.out
    for name in ("report.md", "report.html"):
        assert agree in (tmp_path / "out" / name).read_text("utf-8")


def test_what_a_judge_would_cost_too_much_is_not_asked(sarah: Sarah) -> None:
    sarah.set(SARAH_JUDGE_MODEL="gpt-4.1", SARAH_JUDGE_MODEL_KEY=KEY, SARAH_SPENDING_LIMIT="0.001")
    refused = sarah("run", "untrained", "--judge")
    answers, judges, sentence = refused.err.splitlines()
    assert (refused.code, answers) == (2, "untrained answers 24 questions for nothing.")
    assert judges.startswith(f"gpt-4.1 judges {SCENARIOS} trials for $0.0")
    assert sentence.startswith(f"sarah: gpt-4.1's {SCENARIOS} verdicts would cost about $0.0")
    assert sentence.endswith(
        "more than the spending limit of $0.0010: raise SARAH_SPENDING_LIMIT, or ask for fewer trials."
    )


@pytest.mark.parametrize("words", ["{}", "{}=", "a=base|{0}=untrained|{0}=base"])
def test_a_name_that_is_too_long_to_be_said_is_cut(sarah: Sarah, words: str) -> None:
    refused = sarah("compare", *words.format("x" * 5_000).split("|"))
    assert refused.code == 2
    assert len(refused.refusal) < 200


def test_help_needs_nothing_of_what_evaluates() -> None:
    heavy = "{'numpy', 'sklearn', 'scipy', 'matplotlib', 'bot.app', 'bot.admin.rehearsal'}"
    code = f"import sys, bot.evaluating; print({heavy} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603 - our own
    assert found.stdout == "set()\n"
