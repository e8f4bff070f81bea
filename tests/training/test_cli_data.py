"""`sarah data`: what people see, and the forms that scripts rely on."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from typer.main import get_command

from tests.training.cli_kit import BAD, GOOD, SEED, Sarah, example, lines, written
from training.__main__ import app


@pytest.fixture
def sarah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sarah:
    return Sarah(tmp_path, monkeypatch)


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return written(tmp_path / "bad.jsonl", BAD)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return written(tmp_path / "good.jsonl", GOOD)


# split.


def test_a_file_is_split_80_to_20_and_each_example_is_on_one_side(sarah: Sarah, tmp_path: Path) -> None:
    told = sarah("data", "split", SEED, "-o", tmp_path / "made", "--json").json
    train, validation = (lines(tmp_path / "made" / f"{side}.jsonl") for side in ("train", "validation"))
    assert (told["train"], told["validation"]) == (len(train), len(validation))
    assert sorted(map(json.dumps, train + validation)) == sorted(map(json.dumps, lines(SEED)))
    assert 70 <= len(train) <= 90


def test_a_seed_reproduces_a_split_and_another_gives_another(sarah: Sarah, tmp_path: Path) -> None:
    for folder, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert sarah("split", SEED, "-o", tmp_path / folder, "--seed", seed).code == 0
    first, again, other = ((tmp_path / folder / "train.jsonl").read_bytes() for folder in "abc")
    assert first == again != other


def test_another_split_is_not_overwritten(sarah: Sarah, tmp_path: Path) -> None:
    sarah("split", SEED, "-o", tmp_path / "made")
    before = (tmp_path / "made" / "train.jsonl").read_bytes()
    assert "holds something else already" in sarah("split", SEED, "-o", tmp_path / "made", "--seed", "1").refusal
    assert (tmp_path / "made" / "train.jsonl").read_bytes() == before
    assert sarah("split", SEED, "-o", tmp_path / "made").code == 0, "the same again is no fault"


def test_a_split_has_the_share_that_is_asked_for(sarah: Sarah, tmp_path: Path) -> None:
    told = sarah("split", SEED, "-o", tmp_path / "made", "--share", "0.5", "--seed", "1")
    assert told.out == f"{tmp_path / 'made'}: 50 examples to learn from, 50 to validate with.\n"


# add, list, show, delete.


def test_a_file_is_kept_and_its_id_told(sarah: Sarah) -> None:
    told = sarah("data", "add", SEED, "--name", "seed", "--json")
    assert (told.code, told.err) == (0, "")
    kept = told.json["dataset"]
    assert sarah.kept() == [kept]
    [listed] = sarah("data", "list", "--json").json
    assert (listed["id"], listed["name"], listed["examples"]) == (kept, "seed", 100)
    for wanted in (kept, "seed", kept[:8]):
        assert sarah("data", "show", wanted, "--json").json["id"] == kept
    assert f"{kept} (seed)" in sarah("data", "show", "seed").out


def test_the_same_content_is_the_same_dataset(sarah: Sarah) -> None:
    assert sarah.dataset() == sarah.dataset()
    assert len(sarah.kept()) == 1


def test_a_file_with_errors_is_not_kept(sarah: Sarah, bad: Path) -> None:
    told = sarah("add", bad, "--json")
    assert (told.code, told.json["dataset"]) == (1, "")
    assert told.json["errors"]["data_type"] == 1
    assert "Nothing was kept" in told.err
    assert sarah.kept() == []


def test_a_file_with_warnings_only_is_kept(sarah: Sarah, tmp_path: Path) -> None:
    file = written(tmp_path / "w.jsonl", [*GOOD, example("I am jane.doe@lumen-homes.com, who are you?", "Sarah.")])
    told = sarah("add", file, "--json")
    assert (told.code, told.json["errors"]["personal_data"]) == (0, 1)
    assert sarah.kept() == [told.json["dataset"]]


def test_a_name_that_is_none_is_refused(sarah: Sarah) -> None:
    assert "'a b'" in sarah("add", SEED, "--name", "a b").refusal
    assert sarah.kept() == []


def test_a_dataset_that_no_run_used_can_be_removed(sarah: Sarah) -> None:
    sarah.dataset()
    assert "is gone" in sarah("data", "delete", "seed").out
    assert sarah.kept() == []
    assert "There is no dataset 'seed'" in sarah("data", "delete", "seed").refusal


def test_a_dataset_that_the_registry_lost_can_be_removed(sarah: Sarah) -> None:
    sarah.dataset()
    (sarah.home / "registry.db").unlink()
    assert sarah("data", "delete", "seed").code == 0
    assert sarah.kept() == []


def test_a_dataset_that_was_changed_is_not_shown(sarah: Sarah) -> None:
    kept = sarah.dataset()
    with (sarah.home / "datasets" / kept / "train.jsonl").open("a", encoding="utf-8") as file:
        file.write("{}\n")
    assert "train.jsonl is not what it was" in sarah("data", "show", "seed").refusal


# Permissions.


@pytest.mark.parametrize(("platform", "workspace"), [("discord", "123"), ("slack", "T1")])
def test_messages_of_a_platform_are_learned_under_a_permission_only(
    sarah: Sarah, good: Path, platform: str, workspace: str
) -> None:
    words = "add", good, "--source", platform, "--workspace", workspace, "--json"
    refused = sarah(*words)
    assert (refused.code, refused.json["dataset"], sarah.kept()) == (1, "", [])
    assert refused.json["errors"]["unpermitted_origin"] == 12
    form = "--reference", "contract 7", "--granted-by", "Ana", "--workspace", workspace
    permission = sarah("data", "permit", platform, *form).out.split()[0]
    [recorded] = sarah("data", "permissions", "--json").json
    assert (recorded["id"], recorded["recorded_by"]) == (permission, "kim")
    assert sarah(*words).code == 0
    assert "has ended" in sarah("data", "withdraw", permission).out
    assert sarah(*words).code == 1


def test_an_empty_home_says_how_to_begin(sarah: Sarah) -> None:
    assert sarah("data", "list").out == "There are no datasets yet: sarah data add FILE keeps one.\n"
    assert sarah("data", "permissions").out == "There are no permissions: sarah data permit records one.\n"
    for name in ("list", "permissions"):
        assert sarah("data", name, "--json").json == []
    for words in (("show", "x"), ("delete", "x"), ("withdraw", "x")):
        assert "'x'" in sarah("data", *words).refusal


# Forms.


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("check",),
        ("check", SEED, "--encoding", "r50k_base"),
        ("check", SEED, "--epochs", "0"),
        ("check", SEED, "--format", "yaml"),
        ("check", SEED, "--nothing"),
        ("split", SEED),
        ("split", SEED, "-o", "made", "--share", "nan"),
        ("split", SEED, "-o", "made", "--seed", "one"),
        ("permit", "discord"),
        ("frobnicate",),
    ],
)
def test_a_form_that_is_wrong_is_refused_with_where_to_read_more(sarah: Sarah, words: tuple[str | Path, ...]) -> None:
    told = sarah("data", *words)
    assert told.code == 2
    assert "Usage: " in told.out + told.err
    assert sarah.kept() == []


@pytest.mark.parametrize("group", ["data", "train", "model"])
def test_every_command_has_a_help_text(sarah: Sarah, group: str) -> None:
    commands = cast("Any", get_command(app)).commands[group].commands
    assert commands
    for name, command in commands.items():
        told = sarah(group, name, "--help")
        assert told.code == 0
        assert command.help
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{group} {name} {parameter.name} says nothing of itself"


def test_the_commands_for_data_stand_at_the_front_too(sarah: Sarah, bad: Path) -> None:
    front, behind = sarah.apart("check", bad, "--json"), sarah.apart("data", "check", bad, "--json")
    assert front == behind
    bot = [sys.executable, "-m", "bot", "data", "check", str(bad), "--json"]
    assert subprocess.run(bot, capture_output=True, check=False).stdout.decode() == front.out  # noqa: S603 - our own
