"""Settings of training alone: what is accepted beside the bot's, and which key goes where."""

import os
from pathlib import Path

import pytest

from bot.settings import Settings
from tests.kit import ROOT
from training.settings import OPENAI, SettingsError, TrainingSettings, read_training_settings

SECRET = "sk-made-up-4711"
ELSEWHERE = "http://tuning.example/v1"


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave each test in an empty folder, without a variable of ours."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.upper().startswith(("SARAH_", "DISCORD_", "SLACK_", "OPENAI_")):
            monkeypatch.delenv(name)


def refusal() -> str:
    """Return the sentence with which the settings are refused."""
    with pytest.raises(SettingsError) as refused:
        read_training_settings()
    # Pydantic's own error, which holds the value, is in no traceback.
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    return str(refused.value)


def test_without_a_setting_everything_has_a_value() -> None:
    settings = read_training_settings()
    assert settings.sarah_tuning_url == OPENAI
    assert settings.sarah_spending_limit == 25
    assert settings.secrets() == []


def test_the_whole_example_with_the_bots_settings_at_work_is_none_of_its_business(tmp_path: Path) -> None:
    untold = read_training_settings()
    example = (ROOT / ".env.example").read_text("utf-8")
    (tmp_path / ".env").write_text(example.replace("\n#SARAH_", "\nSARAH_"), "utf-8")
    assert read_training_settings() == untold


@pytest.mark.parametrize("name", sorted(Settings.model_fields.keys() - TrainingSettings.model_fields.keys()))
@pytest.mark.parametrize("where", ["file", "environment"])
def test_a_setting_of_the_bots_is_none_of_its_business_and_no_slip_of_the_pen(
    name: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    untold = read_training_settings()
    if where == "file":
        (tmp_path / ".env").write_text(f"{name.upper()}=no number, address or word\n", "utf-8")
    else:
        monkeypatch.setenv(name.upper(), "no number, address or word")
    assert read_training_settings() == untold


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("SARAH_MODLE", "SARAH_MODEL"),
        ("SARAH_TUNNING_URL", "SARAH_TUNING_URL"),
        ("SARAH_SPENDINGLIMIT", "SARAH_SPENDING_LIMIT"),
        ("SARAH_AUTHORS", "SARAH_AUTHOR"),
    ],
)
def test_a_name_of_its_own_that_is_misspelt_is_told(name: str, near: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"{name}={SECRET}\n", "utf-8")
    assert refusal() == f"There is no setting {name}: rename it to {near}, or remove it."


def test_everything_that_is_wrong_is_said_at_once_and_no_value_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARAH_TUNING_KEY", f"{SECRET} twice")
    monkeypatch.setenv("SARAH_SPENDING_LIMIT", "plenty")
    said = refusal()
    assert "SARAH_TUNING_KEY must be one word" in said
    assert "SARAH_SPENDING_LIMIT must be a number" in said
    assert SECRET not in said
    assert "plenty" not in said


def test_a_file_that_is_not_understood_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"SARAH_HOME var\n")
    assert refusal() == ".env is not understood at line 1: write NAME=value, or # before a remark."


def test_openais_own_name_for_its_key_stands_in_for_the_tuning_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "theirs")
    settings = read_training_settings()
    assert settings.key_for(OPENAI) == "theirs"
    assert settings.secrets() == ["theirs"]
    monkeypatch.setenv("SARAH_TUNING_KEY", "ours")
    assert read_training_settings().key_for(OPENAI) == "ours"


def test_a_key_goes_to_no_other_server_than_the_one_it_was_given_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "openai")
    monkeypatch.setenv("SARAH_TUNING_URL", ELSEWHERE)
    assert read_training_settings().key_for(ELSEWHERE) == ""
    monkeypatch.setenv("SARAH_TUNING_KEY", "tuning")
    monkeypatch.setenv("SARAH_MODEL_URL", "http://127.0.0.1:8000/v1")
    monkeypatch.setenv("SARAH_MODEL_KEY", "model")
    settings = read_training_settings()
    servers = (ELSEWHERE, f"{ELSEWHERE}/", OPENAI, "http://127.0.0.1:8000/v1", "http://127.0.0.1:9000/v1", "")
    assert [settings.key_for(server) for server in servers] == ["tuning", "tuning", "openai", "model", "", ""]


def test_where_tuning_and_answering_share_a_server_one_key_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARAH_MODEL_KEY", "model")
    assert read_training_settings().key_for(OPENAI) == "model"


def test_a_key_is_for_tuning_at_a_server_on_this_machine_too_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    here = "http://127.0.0.1:9000/v1"
    monkeypatch.setenv("OPENAI_API_KEY", "openai")
    settings = read_training_settings()
    assert (settings.tuning_key_for(here), settings.tuning_key_for(ELSEWHERE)) == ("openai", "")
    monkeypatch.setenv("SARAH_TUNING_KEY", "tuning")
    settings = read_training_settings()
    assert settings.tuning_key_for(here) == "tuning"
    with pytest.raises(SettingsError, match=r"No key was given for .*: set SARAH_TUNING_URL to it"):
        settings.tuning_key_for(ELSEWHERE)
