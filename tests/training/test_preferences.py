"""Preferences, one answer that is better than another: from a file to a model that learned from them."""

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.discriminators import lend
from tests.kit import OTHER_DATA
from tests.servers.tuning import KEY, TuningServer, tuning_server
from tests.servers.tuning_kit import write_preferences
from tests.training.cli_kit import GOOD, Sarah, lines, written
from tests.training.workflow_kit import QUICK
from training import assembly
from training.checks import Checker, Expectations, Problem
from training.cli import train
from training.datasets.lines import provider_line
from training.entries import Entry
from training.examples import DataError
from training.formats import Reader, Shaping
from training.registry import Registry
from training.runs.workbench import Workbench
from training.settings import TrainingSettings
from training.tokens import counted, counter, example_tokens

ASKED = {"role": "user", "content": "Where is my lamp?"}
BETTER = {"role": "assistant", "content": "In the hall."}
WORSE = {"role": "assistant", "content": "Who knows."}
WHOLE = {"input": {"messages": [ASKED]}, "preferred_output": [BETTER], "non_preferred_output": [WORSE]}


@pytest.fixture
def sarah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sarah:
    commands = Sarah(tmp_path, monkeypatch)
    lend(commands.home)
    # This company's discriminator is fitted in a moment.
    monkeypatch.setenv("SARAH_DATA", str(OTHER_DATA))
    return commands


@pytest.fixture
def preferences(tmp_path: Path) -> Path:
    return write_preferences(tmp_path / "lamps.jsonl", 12)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Generator[TuningServer]:
    """Serve a provider, whose key is known here, for runs that are worked on at a test's pace."""

    def bench(settings: TrainingSettings, registry: Registry) -> Workbench:
        return replace(assembly.bench_of(settings, registry), pace=QUICK)

    with tuning_server() as running:
        running.store.steps_at_a_poll = 10
        monkeypatch.setenv("SARAH_TUNING_URL", running.url)
        monkeypatch.setenv("SARAH_TUNING_KEY", KEY)
        monkeypatch.setattr(train, "bench_of", bench)
        yield running


def problems(*values: object) -> list[Problem]:
    """Check values as the lines of a file, and return the problems but for how few they are."""
    with Checker(Expectations(limit_tokens=1000, model="tuned")) as checker:
        for line, value in enumerate(values, 1):
            checker.see(Entry(line, value), 20)
        checker.finish()
        return [problem for problem in checker.problems() if problem.rule != "too_few_examples"]


def rules(*values: object) -> list[str]:
    return [problem.rule for problem in problems(*values)]


# Nothing is wrong with them, or the conversations that they are made of.
PREFERENCES = [
    {
        "input": {"messages": [{"role": "user", "content": f"Is lamp {number} dark?"}]},
        "preferred_output": [{"role": "assistant", "content": f"Lamp {number} is off, in room {number * 7}."}],
        "non_preferred_output": [WORSE],
    }
    for number in range(12)
]


# The whole path.


def test_a_file_of_preferences_is_read_as_it_is(preferences: Path) -> None:
    reader = Reader(preferences)
    assert reader.format == "chat"
    assert [entry.value for entry in reader] == lines(preferences)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("several", [True, False])
def test_json_of_preferences_is_read_as_it_is(tmp_path: Path, indent: int | None, *, several: bool) -> None:
    path = tmp_path / "lamps.json"
    path.write_text(json.dumps([WHOLE, WHOLE] if several else WHOLE, indent=indent), "utf-8")
    assert [entry.value for entry in Reader(path)] == [WHOLE] * (2 if several else 1)


def test_the_tokens_of_a_preference_are_those_of_its_input_and_preferred_output() -> None:
    [(_, tokens)] = counted([Entry(1, WHOLE)], "o200k_base")
    assert tokens == example_tokens([ASKED, BETTER], counter("o200k_base"))


def test_a_file_of_preferences_passes_the_checks(sarah: Sarah, tmp_path: Path) -> None:
    told = sarah("check", written(tmp_path / "lamps.jsonl", PREFERENCES), "--json")
    assert (told.code, told.json["examples"], told.json["problems"]) == (0, 12, []), told


def test_a_dataset_of_preferences_holds_them_to_the_byte(sarah: Sarah, preferences: Path) -> None:
    told = sarah("add", preferences, "--json")
    assert told.code == 0, told
    folder = sarah.home / "datasets" / told.json["dataset"]
    kept = (folder / "train.jsonl").read_bytes() + (folder / "validation.jsonl").read_bytes()
    assert sorted(kept.splitlines()) == sorted(preferences.read_bytes().splitlines())


def test_a_model_is_tuned_on_preferences(sarah: Sarah, preferences: Path, server: TuningServer) -> None:
    sarah("add", preferences, "--name", "lamps")
    told = sarah(*start("lamps", "dpo"), "--wait", "--json")
    assert (told.code, told.json["state"]) == (0, "succeeded"), told
    [job] = server.jobs
    method = job.body["method"]
    assert isinstance(method, dict)
    assert method["type"] == "dpo"
    [model] = sarah("model", "list", "--json").json
    assert model["served_as"] == job.model


def start(dataset: str, method: str) -> tuple[str, ...]:
    return ("train", "start", dataset, "--provider", "openai", "--method", method, "--yes")


@pytest.mark.parametrize(("method", "way_out"), [("supervised", "--method dpo"), ("dpo", "--method supervised")])
def test_a_dataset_of_the_other_kind_is_refused_before_anything_starts(
    sarah: Sarah, preferences: Path, server: TuningServer, method: str, way_out: str
) -> None:
    name = sarah.dataset("seed") if method == "dpo" else sarah("add", preferences, "--json").json["dataset"]
    told = sarah(*start(name, method)).refusal
    assert "preferences" in told
    assert way_out in told
    assert (sarah("train", "list", "--json").json, server.requests) == ([], [])


# What checks find.


@pytest.mark.parametrize("missing", ["input", "preferred_output", "non_preferred_output"])
def test_half_a_preference_is_reported_and_not_kept(sarah: Sarah, tmp_path: Path, missing: str) -> None:
    half = {name: value for name, value in WHOLE.items() if name != missing}
    [problem] = problems(half)
    assert (problem.line, problem.rule, problem.severity) == (1, "bad_preference", "error")
    assert "is not whole" in problem.text
    assert provider_line(Entry(1, half)) is None
    path = written(tmp_path / "half.jsonl", [*PREFERENCES, half])
    assert sarah("add", path).code == 1
    assert sarah.kept() == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"input": "Where?"}, "is not whole"),
        ({"input": {}}, "is not whole"),
        ({"input": {"messages": ["Where?"]}}, "is not whole"),
        ({"preferred_output": "In the hall."}, "is not whole"),
        ({"non_preferred_output": None}, "is not whole"),
        ({"input": {"messages": []}}, "not the user's"),
        ({"input": {"messages": [ASKED, BETTER]}}, "not the user's"),
        ({"preferred_output": []}, '"preferred_output" is not one message'),
        ({"preferred_output": [BETTER, BETTER]}, '"preferred_output" is not one message'),
        ({"non_preferred_output": [ASKED]}, '"non_preferred_output" is not one message'),
        ({"non_preferred_output": [{"role": "assistant", "content": " "}]}, '"non_preferred_output" is not one'),
        ({"non_preferred_output": [{"role": "assistant", "content": 7}]}, '"non_preferred_output" is not one'),
        ({"non_preferred_output": [BETTER]}, "Both outputs say the same"),
    ],
)
def test_a_preference_that_teaches_nothing_is_reported(fields: dict[str, object], said: str) -> None:
    found = [problem for problem in problems({**WHOLE, **fields}) if problem.rule == "bad_preference"]
    assert [said in problem.text for problem in found] == [True]
    assert found[0].severity == "error"


def test_the_rules_for_messages_hold_for_all_of_a_preference() -> None:
    assert rules(WHOLE) == []
    odd = {"role": "alien", "content": "Hm.", "mood": "sad"}
    assert rules({**WHOLE, "input": {"messages": [odd, ASKED]}}) == ["message_unrecognized_key", "unrecognized_role"]
    for output in ("preferred_output", "non_preferred_output"):
        card = {"role": "assistant", "content": "It is 4111 1111 1111 1111."}
        assert rules({**WHOLE, output: [card]}) == ["personal_data"], output


def test_preferences_that_differ_in_the_other_answer_only_are_no_duplicates() -> None:
    other = {**WHOLE, "non_preferred_output": [{"role": "assistant", "content": "Lamps cannot walk."}]}
    assert "duplicate" not in rules(WHOLE, other)
    assert rules(WHOLE, WHOLE) == ["duplicate"]


def test_an_example_with_messages_is_a_conversation_whatever_else_it_holds() -> None:
    assert rules({"messages": [ASKED, BETTER], "input": {"messages": []}}) == []


@pytest.mark.parametrize("conversations_first", [True, False])
def test_a_file_that_mixes_preferences_and_conversations_is_refused(
    sarah: Sarah, tmp_path: Path, *, conversations_first: bool
) -> None:
    kinds = [GOOD[:6], PREFERENCES[:6]]
    first, second = kinds if conversations_first else kinds[::-1]
    [problem] = [problem for problem in problems(*first, *second) if problem.rule == "mixed_kinds"]
    assert (problem.line, problem.severity) == (7, "error")
    assert "that of line 1 is" in problem.text
    assert sarah("add", written(tmp_path / "mixed.jsonl", [*first, *second])).code == 1
    assert sarah.kept() == []


def test_a_line_that_is_neither_does_not_mix() -> None:
    assert "mixed_kinds" not in rules([1, 2], WHOLE, {"messages": "none"})


def test_only_what_a_provider_reads_of_a_preference_is_kept() -> None:
    line = provider_line(Entry(1, {"category": "lamps", **WHOLE, "input": {"messages": [ASKED], "mood": "sad"}}))
    assert line
    assert json.loads(line) == WHOLE


def test_a_preference_takes_no_system_prompt_and_no_stop_token(tmp_path: Path) -> None:
    file = tmp_path / "preferences.jsonl"
    write_preferences(file)
    assert list(Reader(file))
    with pytest.raises(DataError, match=r"line 1 is a preference, which is learned as it is"):
        list(Reader(file, Shaping(stop="**STOP**")))
