"""A file is taken in the same way whoever gives it: looked at, or kept whole and known to the registry."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.cli_kit import BAD, GOOD, REPOSITORY, SEED, Sarah, example, lines, written
from tests.training.registry_kit import actions
from training.checks import scenario_questions
from training.entries import Entry
from training.examples import DataError
from training.intake import Request, datasets_of, looked_at, taken_in
from training.registry import Registry, open_registry
from training.settings import TrainingSettings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainingSettings:
    sarah = Sarah(tmp_path, monkeypatch)
    return TrainingSettings(sarah_home=sarah.home, sarah_data=REPOSITORY / "data")


@pytest.fixture
def registry(settings: TrainingSettings) -> Iterator[Registry]:
    with open_registry(settings.sarah_home) as opened:
        yield opened


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return written(tmp_path / "good.jsonl", GOOD)


def kept(settings: TrainingSettings) -> list[str]:
    """Return what stands in the store, half-kept or whole."""
    folder = settings.sarah_home / "datasets"
    return sorted(one.name for one in folder.iterdir() if one.name != ".lock") if folder.exists() else []


def test_a_look_finds_what_the_command_finds(settings: TrainingSettings, tmp_path: Path, sarah: Sarah) -> None:
    bad = written(tmp_path / "bad.jsonl", BAD)
    with looked_at(settings, Request(bad)) as found:
        told = [(one.line, one.rule, one.text) for one in found.problems()]
        assert (found.examples, found.format, found.has_errors) == (17, "chat", True)
    assert told == [(one["line"], one["rule"], one["text"]) for one in sarah("check", bad, "--json").json["problems"]]
    assert kept(settings) == []


@pytest.fixture
def sarah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sarah:
    return Sarah(tmp_path, monkeypatch)


def test_a_look_measures_by_what_was_asked_for(settings: TrainingSettings, good: Path, tmp_path: Path) -> None:
    validation = written(tmp_path / "validation.jsonl", GOOD[3:4])
    asked = Request(good, encoding="cl100k_base", epochs=2, least_question=16, validation=validation, stop="**STOP**")
    with looked_at(settings, Request(good)) as plain, looked_at(settings, asked) as found:
        assert (plain.examples, plain.vocabulary, plain.counts) == (12, "o200k_base", {})
        assert (found.examples, found.left_out, found.vocabulary, found.epochs) == (2, 10, "cl100k_base", 2)
    with looked_at(settings, replace(asked, least_question=0)) as found:
        assert found.counts == {"leakage": 1}
        assert found.distribution.total > plain.distribution.total
    with looked_at(settings, Request(good, base="gpt-3.5-turbo-0125")) as found:
        assert found.vocabulary == "cl100k_base"


def test_a_held_out_question_is_found(settings: TrainingSettings, tmp_path: Path) -> None:
    (scenario, *_) = lines(REPOSITORY / "data" / "scenarios" / "safety.jsonl")
    leaked = example(scenario["turns"][0]["user"], "Leave the house.")
    with looked_at(settings, Request(written(tmp_path / "leaked.jsonl", [*GOOD, leaked]))) as found:
        assert found.counts["leakage"] == 1


def test_progress_is_told_of_every_example(settings: TrainingSettings, registry: Registry, good: Path) -> None:
    seen: list[tuple[int, int]] = []

    def see(entry: Entry, tokens: int) -> None:
        seen.append((entry.end, tokens))

    with looked_at(settings, Request(good), see):
        assert len(seen) == 12
    with taken_in(settings, registry, Request(good), "kim", see):
        assert len(seen) == 24
    assert seen[-1][0] == good.stat().st_size
    assert min(tokens for _, tokens in seen) > 0


def test_a_file_is_kept_and_the_registry_knows_it(settings: TrainingSettings, registry: Registry) -> None:
    with taken_in(settings, registry, Request(SEED), "kim") as taken:
        assert taken.dataset
        assert (taken.inspection.examples, taken.dataset.name) == (100, "round1")
        assert [row.id for row in registry.datasets()] == kept(settings) == [taken.dataset.id]
    [row] = registry.datasets()
    assert (row.name, row.examples, row.train + row.validation, row.by) == ("round1", 100, 100, "kim")
    assert actions(registry) == ["add dataset"]


def test_the_same_file_again_is_the_same_dataset(settings: TrainingSettings, registry: Registry, good: Path) -> None:
    for _ in range(2):
        with taken_in(settings, registry, Request(good), "kim") as taken:
            assert taken.dataset
        assert kept(settings) == [taken.dataset.id]
    assert actions(registry) == ["add dataset"]


def test_a_dataset_is_what_was_asked_for(settings: TrainingSettings, registry: Registry, good: Path) -> None:
    request = Request(good, name="lamps", system="Be brief.", stop="**STOP**", seed=3, share=0.5, permission="CC0")
    with taken_in(settings, registry, request, "kim") as taken:
        dataset = taken.dataset
    assert dataset
    assert (dataset.name, dataset.system, dataset.stop) == ("lamps", "Be brief.", "**STOP**")
    assert (dataset.seed, dataset.share, dataset.train, dataset.validation) == (3, 0.5, 6, 6)
    for learned in lines(dataset.train_file):
        assert learned["messages"][0] == {"role": "system", "content": "Be brief."}
        assert learned["messages"][-1]["content"].endswith(".**STOP**")
    origins = {(one.supplied_by, one.source, one.permission) for one in datasets_of(settings).origins(dataset)}
    assert origins == {("kim", "file", "CC0")}
    with taken_in(settings, registry, replace(request, name="", supplied_by="ana"), "kim") as taken:
        assert taken.dataset
        assert {one.supplied_by for one in datasets_of(settings).origins(taken.dataset)} == {"ana"}


def test_a_file_with_an_error_is_told_and_nothing_is_kept(
    settings: TrainingSettings, registry: Registry, tmp_path: Path
) -> None:
    with taken_in(settings, registry, Request(written(tmp_path / "bad.jsonl", BAD)), "kim") as taken:
        assert taken.dataset is None
        assert taken.inspection.has_errors
        assert "data_type" in {problem.rule for problem in taken.inspection.problems()}
    assert (kept(settings), registry.datasets(), actions(registry)) == ([], [], [])


def test_a_file_that_cannot_be_kept_leaves_nothing(settings: TrainingSettings, registry: Registry, good: Path) -> None:
    with pytest.raises(DataError, match="'a b'"), taken_in(settings, registry, Request(good, name="a b"), "kim"):
        pass
    gone = good.with_name("none.jsonl")
    with pytest.raises(DataError, match="There is no file"), taken_in(settings, registry, Request(gone), "kim"):
        pass
    assert (kept(settings), registry.datasets()) == ([], [])


@pytest.mark.parametrize(("source", "workspace"), [("slack", "T1"), ("discord", "123")])
def test_messages_of_a_chat_are_kept_under_a_permission_only(
    settings: TrainingSettings, registry: Registry, good: Path, source: str, workspace: str
) -> None:
    assert source in ("slack", "discord")
    request = Request(good, source=source, workspace=workspace)
    with taken_in(settings, registry, request, "kim") as taken:
        assert taken.dataset is None
        assert taken.inspection.counts == {"unpermitted_origin": 12}
        assert len(list(taken.inspection.problems())) == 12
    assert kept(settings) == []
    registry.permit(source, workspace, "contract 7", "Ana", "kim", 1.0)
    with taken_in(settings, registry, request, "kim") as taken:
        assert taken.dataset
        assert {one.workspace for one in datasets_of(settings).origins(taken.dataset)} == {workspace}


def test_whoever_reads_what_was_found_and_fails_has_the_dataset_known(
    settings: TrainingSettings, registry: Registry, good: Path
) -> None:
    with pytest.raises(BrokenPipeError), taken_in(settings, registry, Request(good), "kim"):
        raise BrokenPipeError
    assert [row.id for row in registry.datasets()] == kept(settings)
    assert len(kept(settings)) == 1


def test_a_dataset_with_any_question_of_any_scenario_is_refused(
    settings: TrainingSettings, registry: Registry, tmp_path: Path
) -> None:
    questions = sorted(scenario_questions(REPOSITORY / "data" / "scenarios"))
    assert len(questions) > 500
    leaked = [
        example(question, f"Answer {number} is in room {number * 7}.") for number, question in enumerate(questions)
    ]
    with taken_in(settings, registry, Request(written(tmp_path / "leaked.jsonl", [*GOOD, *leaked])), "kim") as taken:
        assert taken.dataset is None
        assert taken.inspection.counts["leakage"] == len(questions)
    # In another format, and with the customer's own typing, it is the same question.
    table = tmp_path / "leaked.csv"
    rows = [f'"Is lamp {number} dark?","Lamp {number} is off, in room {number * 7}."' for number in range(12)]
    table.write_text("\n".join(["question,answer", *rows, f'"{questions[0].upper()}  ","Nobody knows."']), "utf-8")
    with taken_in(settings, registry, Request(table), "kim") as taken:
        assert (taken.dataset, taken.inspection.counts["leakage"]) == (None, 1)
    assert kept(settings) == []
