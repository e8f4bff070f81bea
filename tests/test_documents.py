"""What the papers say about settings is what the class says."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from bot.settings import Settings, read_settings
from tests.kit import ROOT
from training.__main__ import app

EXAMPLE = (ROOT / ".env.example").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
FIELDS = Settings.model_fields
DEFAULTS = Settings.model_construct()
# A variable, at work or behind a #, and what it is set to.
SETTING = re.compile(r"^(#?)(\w+)=(.*)$", re.MULTILINE)


class Row(NamedTuple):
    """One setting, as a paper shows it."""

    variable: str
    default: str
    meaning: str = ""


def written(default: object) -> str:
    """Write a default as an operator would."""
    match default:
        case SecretStr():
            return default.get_secret_value()
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}"
        case _:
            return str(default)


def table(text: str) -> list[Row]:
    """Read the table under the heading Settings, without its code marks."""
    section = text.partition("\n## Settings\n")[2].partition("\n## ")[0]
    _heading, _rule, *lines = [line.replace("`", "") for line in section.splitlines() if line.startswith("|")]
    return [Row(*(cell.strip() for cell in line.strip("|").split("|"))) for line in lines]


def taken_up(example: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Read the settings where `example` is the .env, and nothing is in the environment."""
    for name in FIELDS:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    (folder / ".env").write_text(example, "utf-8")
    return read_settings()


def test_the_readme_tells_of_every_setting_its_default_and_its_meaning_and_of_nothing_else() -> None:
    rows = [
        Row(name.upper(), written(field.default) or "empty", field.description or "") for name, field in FIELDS.items()
    ]
    # In the order in which an operator needs them, which is not the order of the classes.
    assert sorted(table(README)) == sorted(rows)


def test_the_example_shows_every_setting_once_with_its_default_and_nothing_else() -> None:
    shown = [Row(variable, default) for _, variable, default in SETTING.findall(EXAMPLE)]
    assert sorted(shown) == sorted(Row(name.upper(), written(field.default)) for name, field in FIELDS.items())


def test_the_example_holds_nothing_but_settings_and_explanations() -> None:
    lines = [line for line in EXAMPLE.splitlines() if line and not line.startswith("# ")]
    assert [line for line in lines if not SETTING.fullmatch(line)] == []


def test_the_example_explains_each_setting_right_above_it() -> None:
    lines = ["", *EXAMPLE.splitlines()]
    above = {line: lines[number - 1] for number, line in enumerate(lines) if SETTING.fullmatch(line)}
    assert above
    assert [line for line, explanation in above.items() if not re.match(r"# .*[.:)]$", explanation)] == []


def test_in_the_example_secrets_wait_to_be_filled_in_and_everything_else_may_stay_as_it_is() -> None:
    ready = {variable for mark, variable, _ in SETTING.findall(EXAMPLE) if not mark}
    assert ready == {name.upper() for name, field in FIELDS.items() if isinstance(field.default, SecretStr)}


def test_the_example_taken_as_it_is_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken_up(EXAMPLE, tmp_path, monkeypatch) == DEFAULTS


def test_the_example_with_every_setting_at_work_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = taken_up(SETTING.sub(r"\2=\3", EXAMPLE), tmp_path, monkeypatch)
    assert settings == DEFAULTS
    assert settings.model_fields_set == {name for name, field in FIELDS.items() if written(field.default)}


def test_a_default_changed_in_the_example_is_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = EXAMPLE.replace("#SARAH_WEB_PORT=7860", "SARAH_WEB_PORT=8080")
    assert taken_up(changed, tmp_path, monkeypatch).sarah_web_port == 8080


@pytest.mark.parametrize("file", ["round1", "round2"])
def test_the_readme_shows_what_the_checks_print(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SARAH_HOME", str(tmp_path))
    path = f"data/examples/{file}.jsonl"
    printed = CliRunner().invoke(app, ["check", path])
    assert printed.exit_code == 0
    assert f"$ sarah data check {path}\n{printed.stdout.rstrip()}\n" in README
