"""Settings: what is accepted, and how a wrong one is refused."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.conversation import StartupError
from bot.settings import Settings, read_settings
from tests.kit import DATA, ROOT

SECRET = "xoxb-made-up-4711"
# Pydantic's and Python's words, which are not an operator's.
JARGON = re.compile(r"input|valid|pars|boolean|integer|string|literal|value|\[|\{|type", re.IGNORECASE)
SECRETS = [name for name, field in Settings.model_fields.items() if isinstance(field.default, SecretStr)]
# Of the admins of the web page only the passphrases are secret.
WEB_ADMINS = "sarah_web_admins"
DATABASE = "sarah_database_url"
# Fields that take any text; whether it is a folder, a host or a model is seen later.
FREE = {
    *("sarah_home", "sarah_data", "sarah_model", "sarah_backup_model", "sarah_guard_model", "sarah_judge_model"),
    *("sarah_stop", "sarah_web_host", "sarah_http_host"),
    *("sarah_tuning_model", "sarah_local_base", "sarah_local_launch", "sarah_engine_options", "sarah_engine_home"),
    *("sarah_wandb_project", "sarah_wandb_entity", "sarah_author"),
}


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave each test in an empty folder, without a variable of ours."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.upper().startswith(("SARAH_", "DISCORD_", "SLACK_", "OPENAI_")):
            monkeypatch.delenv(name)


def refusal() -> str:
    """Return the sentence with which the settings are refused."""
    with pytest.raises(StartupError) as refused:
        read_settings()
    # Pydantic's own error, which holds the value, is in no traceback.
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    return str(refused.value)


def test_without_a_setting_everything_has_a_value() -> None:
    settings = read_settings()
    assert settings.sarah_web
    assert settings.sarah_home == Path("var")
    assert settings.models() == []
    assert settings.secrets() == []


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SARAH_WEB_PORT=1000\nSARAH_HTTP_PORT=2000\n", "utf-8")
    monkeypatch.setenv("SARAH_WEB_PORT", "3000")
    settings = read_settings()
    assert (settings.sarah_web_port, settings.sarah_http_port) == (3000, 2000)


def test_a_setting_that_is_left_empty_is_not_set(tmp_path: Path) -> None:
    untold = read_settings()
    (tmp_path / ".env").write_text("SARAH_WEB_PORT=\nSARAH_WEB=\nDISCORD_TOKEN=\n", "utf-8")
    assert read_settings() == untold


WRONG = {
    "SARAH_HTTP_PORT=99999": "65535 or less",
    "SARAH_HTTP_PORT=-1": "0 or more",
    "SARAH_WEB_PORT=abc": "a whole number",
    "SARAH_WEB_PORT=78.60": "a whole number",
    f"SARAH_WEB_PORT={'9' * 5000}": "a smaller number",
    "SARAH_WEB=maybe": "true or false",
    "SARAH_PER_MINUTE=-5": "0 or more",
    "SARAH_LONGEST_QUESTION=99": "100 or more",
    "SARAH_MODEL_TIMEOUT=0": "more than 0",
    "SARAH_MODEL_TIMEOUT=inf": "a number that ends",
    "SARAH_TEMPERATURE=hot": "a number",
    "SARAH_TEMPERATURE=2.1": "2 or less",
    "SARAH_GUARD=perhaps": "'trained', 'model' or 'off'",
    "SARAH_GUARD_REFUSED=0,3": "a number",
    "SARAH_GUARD_REFUSED=0": "more than 0",
    "SARAH_GUARD_REFUSED=1": "0.5 or less",
    "SARAH_GUARD_BIAS=inf": "a number that ends",
    "SARAH_GUARD_DEADLINE=0": "more than 0",
    "SARAH_SPENDING_LIMIT=-1": "0 or more",
    "SARAH_SPENDING_LIMIT=inf": "a number that ends",
    "SARAH_SPENDING_LIMIT=$25": "a number",
    "SARAH_ENGINE=llama": "'auto', 'vllm' or 'transformers'",
    "SARAH_ENGINE_MODELS=1": "2 or more",
    "SARAH_ENGINES=10.0.0.5": "addresses such as http://10.0.0.5:8000/v1, http://10.0.0.6:8000/v1",
    "SARAH_LOG_LEVEL=loud": "'debug', 'info', 'warning' or 'error'",
    "SARAH_LOG_FORMAT=xml": "'text' or 'json'",
    "SARAH_VOCABULARY=latin": "'o200k_base' or 'cl100k_base'",
    **dict.fromkeys(
        [
            "SARAH_MODEL_URL=localhost:8000/v1",
            "SARAH_MODEL_URL=ftp://models.example",
            "SARAH_MODEL_URL=https://",
            "SARAH_MODEL_URL=http://[half",
            "SARAH_MODEL_URL=http://models.example:port",
            "SARAH_BACKUP_MODEL_URL=models.example",
            "SARAH_TUNING_URL=tuning.example",
            "SARAH_LOCAL_URL=127.0.0.1:7862",
        ],
        "an address that starts with http:// or https://, such as http://127.0.0.1:8000/v1",
    ),
    **dict.fromkeys(
        [
            "SARAH_DATABASE_URL=db.example/sarah",
            "SARAH_DATABASE_URL=mysql://sarah:secret@db.example/sarah",
            "SARAH_DATABASE_URL=postgresql://sarah:secret@db.example",
            "SARAH_DATABASE_URL=postgresql://sarah:secret@db.example:port/sarah",
            "SARAH_DATABASE_URL=postgresql://sarah:secret@[half/sarah",
        ],
        "an address such as postgresql://name:password@server/database",
    ),
    "DISCORD_TOKEN=two words": "one word of plain letters, digits and signs, as it was given to you",
    "SLACK_BOT_TOKEN=xoxb-…": "one word of plain letters, digits and signs, as it was given to you",
}


@pytest.mark.parametrize(("setting", "wanted"), WRONG.items(), ids=[setting[:40] for setting in WRONG])
def test_a_wrong_value_is_one_sentence_that_says_what_is_wanted(
    setting: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _, value = setting.partition("=")
    monkeypatch.setenv(name, value)
    meaning = (Settings.model_fields[name.lower()].description or "").removesuffix(".")
    assert refusal() == f"{name} must be {wanted}: correct it or leave it out ({meaning})."


@pytest.mark.parametrize("value", ["no number, address, choice or word", os.fsdecode(b"no text \xff")])
@pytest.mark.parametrize("field", sorted(Settings.model_fields.keys() - FREE))
def test_no_setting_is_refused_in_the_words_of_a_library(
    field: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(field.upper(), value)
    said = refusal()
    assert said.startswith(f"{field.upper()} must be ")
    assert not JARGON.search(said.removeprefix(field.upper()).partition("(")[0])


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SARAH_WEB=maybe\nSARAH_MODLE=gpt\n", "utf-8")
    monkeypatch.setenv("SARAH_HTTP_PORT", "99999")
    assert re.findall(r"SARAH_\w+", refusal()) == ["SARAH_MODLE", "SARAH_MODEL", "SARAH_WEB", "SARAH_HTTP_PORT"]


@pytest.mark.parametrize("field", [name for name in SECRETS if name not in {WEB_ADMINS, DATABASE}])
def test_no_secret_is_shown_whether_right_or_wrong(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(field.upper(), SECRET)
    settings = read_settings()
    assert settings.secrets() == [SECRET]
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()}{settings.model_dump_json()}"
    monkeypatch.setenv(field.upper(), f"{SECRET} ...")
    assert SECRET not in refusal()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_address_of_a_database_is_secret_and_so_is_its_password(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"{scheme}://sarah:p%40ss-{SECRET}@db.example/sarah"
    monkeypatch.setenv("SARAH_DATABASE_URL", address)
    settings = read_settings()
    # As it is written, and as a server might repeat it.
    assert set(settings.secrets()) == {address, f"p%40ss-{SECRET}", f"p@ss-{SECRET}"}
    assert SECRET not in f"{settings!r} {settings} {settings.place()!r} {settings.model_dump_json()}"
    monkeypatch.setenv("SARAH_DATABASE_URL", f"mysql://sarah:{SECRET}@db.example/sarah")
    assert SECRET not in refusal()


def test_the_passphrases_of_web_admins_are_secret_and_their_names_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARAH_WEB_ADMINS", f"anna={SECRET}, ben=another-made-up-1")
    settings = read_settings()
    assert settings.web_admins() == {"anna": SECRET, "ben": "another-made-up-1"}
    assert {SECRET, "another-made-up-1"} <= set(settings.secrets())
    assert SECRET not in f"{settings!r} {settings.model_dump_json()}"


@pytest.mark.parametrize("value", [f"anna {SECRET}", f"anna:{SECRET}", "anna=short", f"an na={SECRET}"])
def test_web_admins_that_are_not_understood_are_refused_without_being_shown(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SARAH_WEB_ADMINS", value)
    assert refusal().startswith("SARAH_WEB_ADMINS must be a list such as anna=passphrase")
    assert SECRET not in refusal()


@pytest.mark.parametrize("name", ["SARAH_ADMINS", "SARAH_HOME_WORKSPACES", "SARAH_SUPPORT_CHANNELS"])
def test_ids_are_listed_with_their_platform(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "discord:12,slack:T3 ")
    settings = read_settings()
    assert settings.listed(getattr(settings, name.lower())) == [("discord", "12"), ("slack", "T3")]
    monkeypatch.setenv(name, "12, slack:T3")
    assert refusal().startswith(f"{name} must be a list such as discord:1234567890")


@pytest.mark.parametrize("written", [SECRET, f'"{SECRET}"', f"'{SECRET}'", f'"  {SECRET} "', f"  {SECRET}  # mine"])
def test_spaces_quotes_and_remarks_around_a_token_are_no_part_of_it(tmp_path: Path, written: str) -> None:
    (tmp_path / ".env").write_text(f"SLACK_BOT_TOKEN = {written}\r\nSARAH_WEB=no\r\n", "utf-8")
    settings = read_settings()
    assert settings.slack_bot_token.get_secret_value() == SECRET
    assert not settings.sarah_web


@pytest.mark.parametrize("value", [f'"{SECRET}"', f" '{SECRET}'\n"])
def test_a_token_that_a_container_hands_over_in_its_quotes_is_bare(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", value)
    monkeypatch.setenv("SARAH_MODEL_URL", ' "http://models.example/v1" ')
    settings = read_settings()
    assert settings.discord_token.get_secret_value() == SECRET
    assert settings.sarah_model_url == "http://models.example/v1"


def test_a_token_of_nothing_but_spaces_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", '" "')
    assert read_settings().secrets() == []


def test_the_mark_with_which_an_editor_begins_a_file_hides_no_name(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DISCORD_TOKEN=abc\n", "utf-8-sig")
    assert read_settings().discord_token.get_secret_value() == "abc"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("SARAH_STOP=…".encode("utf-16"), "The file .env is not UTF-8 text: save it as UTF-8."),
        ("SARAH_STOP=Ä".encode("latin-1"), "The file .env is not UTF-8 text: save it as UTF-8."),
        (
            b"SARAH_WEB=no\nDISCORD_TOKEN abc\n\nSARAH_GUARD\n",
            ".env is not understood at line 2, 4: write NAME=value, or # before a remark.",
        ),
    ],
    ids=["utf-16", "latin-1", "no equals sign"],
)
def test_a_file_that_is_not_understood_is_one_sentence(
    tmp_path: Path, written: bytes, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_bytes(written)
    assert refusal() == said
    assert capfd.readouterr() == ("", "")


def test_a_folder_in_place_of_the_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    assert refusal() == ".env cannot be read (Is a directory): make it a file of NAME=value lines."


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").symlink_to(".env")
    assert refusal() == ".env cannot be read (Too many levels of symbolic links): make it a file of NAME=value lines."


@pytest.mark.parametrize("where", ["file", "environment"])
@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("SARAH_MODLE", "rename it to SARAH_MODEL, or remove it"),
        ("SARAH_LOGLEVEL", "rename it to SARAH_LOG_LEVEL, or remove it"),
        ("SARAH_TUNING_KEYS", "rename it to SARAH_TUNING_KEY, or remove it"),
        ("DISCORD_BOT_TOKEN", "rename it to DISCORD_TOKEN, or remove it"),
        ("SLACK_SIGNING_SECRETS", "rename it to SLACK_SIGNING_SECRET, or remove it"),
    ],
)
def test_a_name_that_is_misspelt_is_told_with_the_nearest_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, name: str, way_out: str
) -> None:
    if where == "file":
        # As in a copied example: the right name is there too, and empty.
        (tmp_path / ".env").write_text(f"DISCORD_TOKEN=\n{name}={SECRET}\n", "utf-8")
    else:
        monkeypatch.setenv(name, SECRET)
    assert refusal() == f"There is no setting {name}: {way_out}."


def test_a_name_in_the_file_that_is_like_none_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SARAH_COLOUR=red\n", "utf-8")
    assert refusal() == "There is no setting SARAH_COLOUR: remove it, or look its name up in README.md."


def test_what_kubernetes_says_of_a_service_with_this_name_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    untold = read_settings()
    service = {"SERVICE_HOST": "10.0.0.1", "SERVICE_PORT": "7860", "PORT": "tcp://10.0.0.1:7860"}
    whole = service | {"PORT_7860_TCP": service["PORT"], "PORT_7860_TCP_ADDR": "10.0.0.1", "PORT_7860_TCP_PROTO": "tcp"}
    for name, value in whole.items():
        monkeypatch.setenv(f"SARAH_{name}", value)
    assert read_settings() == untold


@pytest.mark.parametrize("name", ["DISCORD_WEBHOOK", "SLACK_WEBHOOK_URL", "SLACK_CLIENT_SECRET", "SARAH", "HOME"])
def test_a_name_that_belongs_to_another_program_is_left_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    untold = read_settings()
    monkeypatch.setenv(name, "somebody")
    assert read_settings() == untold


def test_a_name_near_one_that_is_set_too_belongs_to_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_BOT_TOKEN", "theirs")
    monkeypatch.setenv("DISCORD_TOKEN", "ours")
    assert read_settings().secrets() == ["ours"]


def test_a_key_goes_to_no_other_server_than_the_one_it_was_given_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARAH_MODEL", "large")
    monkeypatch.setenv("SARAH_MODEL_KEY", SECRET)
    monkeypatch.setenv("SARAH_BACKUP_MODEL", "small")
    official = "https://api.openai.com/v1"
    assert read_settings().models() == [
        ("SARAH_MODEL", "large", official, SECRET),
        ("SARAH_BACKUP_MODEL", "small", official, SECRET),
    ]
    monkeypatch.setenv("SARAH_BACKUP_MODEL_URL", "http://models.example")
    assert read_settings().models() == [
        ("SARAH_MODEL", "large", official, SECRET),
        ("SARAH_BACKUP_MODEL", "small", "http://models.example", ""),
    ]


@pytest.mark.parametrize(
    ("value", "meant"), [("true", "trained"), ("YES", "trained"), ("false", "off"), ("0", "off"), ("Model", "model")]
)
def test_a_guard_that_was_switched_on_or_off_is_so_still(
    value: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SARAH_GUARD", value)
    assert read_settings().sarah_guard == meant


def test_the_guards_model_is_the_first_one_unless_it_is_told_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARAH_MODEL", "large")
    monkeypatch.setenv("SARAH_MODEL_KEY", SECRET)
    official = "https://api.openai.com/v1"
    assert read_settings().guard_model() == ("SARAH_MODEL", "large", official, SECRET)
    monkeypatch.setenv("SARAH_GUARD_MODEL", "small")
    assert read_settings().guard_model() == ("SARAH_GUARD_MODEL", "small", official, SECRET)
    monkeypatch.setenv("SARAH_GUARD_MODEL_URL", "http://models.example")
    assert read_settings().guard_model() == ("SARAH_GUARD_MODEL", "small", "http://models.example", "")
    monkeypatch.setenv("SARAH_GUARD_MODEL_KEY", "sk-its-own")
    assert read_settings().guard_model() == ("SARAH_GUARD_MODEL", "small", "http://models.example", "sk-its-own")


# The command as an operator starts it; Discord's and Slack's tokens are refused, or not come to, without a network.
STARTS = {
    "SARAH_HTTP_PORT=99999": "SARAH_HTTP_PORT must be 65535 or less: ",
    "SARAH_DATA=empty": "There is no empty/persona.toml: point SARAH_DATA at a company folder",
    "SARAH_HOME=file": "file cannot be written to (File exists): set SARAH_HOME to a folder that can.",
    "SARAH_GUARD=model": "SARAH_GUARD=model needs a model to ask: set SARAH_GUARD_MODEL, or SARAH_GUARD=trained.",
    "SARAH_WEB=false": "There is nothing to start: set SARAH_WEB=true, DISCORD_TOKEN or SLACK_BOT_TOKEN.",
    f"DISCORD_TOKEN={SECRET} SARAH_HTTP_PORT=TAKEN": "is in use, so the health page cannot open there: ",
    f"SLACK_BOT_TOKEN={SECRET} SARAH_HTTP_PORT=0": "set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET",
}


@pytest.mark.slow
@pytest.mark.parametrize(("variables", "said"), STARTS.items(), ids=STARTS)
def test_a_start_that_is_refused_is_one_sentence_and_exit_code_2(tmp_path: Path, variables: str, said: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        wrong = dict(pair.split("=") for pair in variables.replace("TAKEN", str(port)).split())
        ended = subprocess.run(
            [sys.executable, "-m", "bot", "run"],
            cwd=tmp_path,
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "SARAH_HOME": "home", "SARAH_DATA": str(DATA), "SARAH_WEB": "false"}
            | wrong,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 2
    assert ended.stderr.startswith("sarah: ")
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert SECRET not in ended.stderr + ended.stdout
