"""Every setting of the bot, from the environment and from `.env`."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from bot.conversation import StartupError
from training.settings import (
    Names,
    Secret,
    SettingsError,
    TrainingSettings,
    Usd,
    WebAddress,
    nearest,
    no_such,
    read,
    web_address,
)

# How alike two names are, 0 to 1, when one may be the other misspelt: DISCORD_BOT_TOKEN and DISCORD_TOKEN are.
ALIKE = 0.8

Port = Annotated[int, Field(ge=0, le=65535)]
Share = Annotated[float, Field(ge=0, le=1)]
Bias = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Judge = Annotated[
    Literal["trained", "model", "off"], BeforeValidator(lambda value: _JUDGES.get(str(value).lower(), value))
]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]

# What was to be said while there was but one guard.
_JUDGES = {
    **dict.fromkeys(("true", "yes", "on", "1"), "trained"),
    **dict.fromkeys(("false", "no", "off", "0"), "off"),
    **{name: name for name in ("trained", "model")},
}

_LISTED = re.compile(r"(discord|slack|web):[A-Za-z0-9]+")
_WEB_ADMIN = re.compile(r"([A-Za-z0-9._-]{1,40})=(\S{12,200})")


def _parts(value: str) -> list[str]:
    return [part for part in re.split(r"[\s,]+", value) if part]


def _listed(value: str) -> str:
    if not all(map(_LISTED.fullmatch, _parts(value))):
        raise PydanticCustomError("listed", "a list such as discord:1234567890, slack:T0123456789")
    return ", ".join(_parts(value))


def _web_admins(secret: SecretStr) -> SecretStr:
    if not all(map(_WEB_ADMIN.fullmatch, _parts(secret.get_secret_value()))):
        raise PydanticCustomError("web_admins", "a list such as anna=passphrase, 12 characters or more without spaces")
    return secret


def _addresses(value: str) -> str:
    try:
        return ", ".join(web_address("", part) for part in _parts(value))
    except SettingsError:
        wanted = "addresses such as http://10.0.0.5:8000/v1, http://10.0.0.6:8000/v1"
        raise PydanticCustomError("addresses", wanted) from None  # pyright: ignore[reportArgumentType]


Listed = Annotated[str, AfterValidator(_listed)]
Addresses = Annotated[str, AfterValidator(_addresses)]
WebAdmins = Annotated[SecretStr, AfterValidator(_web_admins)]


class Settings(TrainingSettings):
    """What an operator decides; a field's name in capitals is its variable."""

    discord_token: Secret = Field(default=SecretStr(""), description="The Discord bot's token; starts Discord.")
    slack_bot_token: Secret = Field(
        default=SecretStr(""),
        description="The Slack app's bot token (xoxb-...); starts Slack, with one of the next two.",
    )
    slack_app_token: Secret = Field(
        default=SecretStr(""),
        description="The Slack app-level token (xapp-...), for Socket Mode: no public address needed.",
    )
    slack_signing_secret: Secret = Field(
        default=SecretStr(""), description="The Slack app's signing secret, for events over HTTP at /slack/events."
    )

    sarah_backup_model: str = Field(
        default="", description="The model that answers when the first fails; the embedded one is last."
    )
    sarah_backup_model_url: WebAddress = Field(
        default="", description="Its base URL; empty: the same as the first model's."
    )
    sarah_backup_model_key: Secret = Field(
        default=SecretStr(""), description="Its API key; empty, and at the first model's URL: the same key."
    )
    sarah_temperature: float = Field(
        default=0.3, ge=0, le=2, description="How freely the models choose their words, 0 to 2."
    )
    sarah_max_tokens: int = Field(default=600, ge=16, description="The longest answer, in tokens.")
    sarah_stop: str = Field(
        default="", description="The token that ends an answer, such as **STOP**, if the model was tuned with one."
    )
    sarah_context_tokens: int = Field(
        default=8192, ge=1024, description="Tokens of persona, handbook, history, question and answer together."
    )
    sarah_model_timeout: Seconds = Field(
        default=20.0, description="Seconds without a sign of life after which a model has failed."
    )
    sarah_model_deadline: Seconds = Field(
        default=90.0, description="Seconds after which an answer is given up, however it flows."
    )
    sarah_model_retries: int = Field(
        default=2, ge=0, le=10, description="How often a model is asked again when it is busy or down."
    )

    sarah_engine: Literal["auto", "vllm", "transformers"] = Field(
        default="auto",
        description="The engine that sarah serve starts: vllm, transformers, or auto for vLLM where it is installed.",
    )
    sarah_engine_options: str = Field(
        default="", description="What is added to its command, such as --gpu-memory-utilization 0.6."
    )
    sarah_engine_models: int = Field(
        default=4, ge=2, le=64, description="How many models it holds: champion, canary, and those asked for last."
    )
    sarah_engines: Addresses = Field(
        default="",
        description="The base URLs of vLLM servers that run already, with commas between them; empty: one is started.",
    )
    sarah_engine_home: str = Field(
        default="", description="Where those servers see the home folder; empty: where it is on this machine."
    )

    sarah_guard: Judge = Field(
        default="trained",
        description="Who refuses questions that are not about the product: trained, model, or off for nobody.",
    )
    sarah_guard_model: str = Field(
        default="", description="The model that is asked where the guard is a model; empty: SARAH_MODEL."
    )
    sarah_guard_model_url: WebAddress = Field(
        default="", description="Its base URL; empty: the same as the first model's."
    )
    sarah_guard_model_key: Secret = Field(
        default=SecretStr(""), description="Its API key; empty: the one that was given for its server."
    )
    sarah_guard_bias: Bias = Field(
        default=0.0,
        description="Added to the log-odds of that model's yes: higher refuses less. "
        "It has no effect where its server gives no log-probabilities.",
    )
    sarah_guard_deadline: Seconds = Field(
        default=3.0, description="Seconds after which the trained guard decides in that model's place."
    )
    sarah_longest_question: int = Field(
        default=4000, ge=100, description="The longest message that is answered, in characters."
    )
    sarah_per_minute: int = Field(default=20, ge=0, description="Messages a minute from one customer; 0: any number.")
    sarah_waiting: int = Field(
        default=4, ge=0, description="Messages of one conversation that may wait while one is answered."
    )

    sarah_canary_errors: Share = Field(
        default=0.05,
        description="The share of failed answers, 0 to 1; surely above it and above the champion's, a canary ends.",
    )
    sarah_canary_down: Share = Field(
        default=0.2,
        description="The share of thumbs-down of ratings, 0 to 1; surely above it and above the champion's, it ends.",
    )

    sarah_judge_model: str = Field(
        default="", description="The model that judges answers where an evaluation asks for one; empty: none."
    )
    sarah_judge_model_url: WebAddress = Field(
        default="", description="Its base URL; empty: the same as the first model's."
    )
    sarah_judge_model_key: Secret = Field(
        default=SecretStr(""), description="Its API key; empty, and at the first model's URL: the same key."
    )

    sarah_web: bool = Field(default=True, description="Whether the web page is served.")
    sarah_web_host: str = Field(default="127.0.0.1", description="The address of the web page.")
    sarah_web_port: Port = Field(default=7860, description="The port of the web page; 0: any free one.")
    sarah_web_url: WebAddress = Field(
        default="", description="The page's public address, for links to it; empty: the one that it listens at."
    )
    sarah_http_host: str = Field(default="127.0.0.1", description="The address of health, metrics and Slack's events.")
    sarah_http_port: Port = Field(
        default=7861, description="The port of health, metrics and Slack's events; 0: any free one."
    )

    sarah_admins: Listed = Field(
        default="",
        description="Who may give every command, as discord:USER_ID or slack:USER_ID, with commas between them.",
    )
    sarah_home_workspaces: Listed = Field(
        default="",
        description="Where admins may touch datasets, runs and models: discord:SERVER_ID, slack:TEAM_ID.",
    )
    sarah_support_channels: Listed = Field(
        default="",
        description="Where people are told that a customer wants one: discord:CHANNEL_ID, slack:CHANNEL_ID, web:admin.",
    )
    sarah_web_admins: WebAdmins = Field(
        default=SecretStr(""),
        description="Who may sign in to the web page's Admin tab: name=passphrase, with commas between them.",
    )
    sarah_approval_above: Usd = Field(
        default=10.0, description="The price in USD above which a second admin has to approve a run."
    )
    sarah_largest_upload_mb: float = Field(
        default=50.0, gt=0, le=1000, description="The largest file that admins may upload, in MB."
    )

    sarah_log_level: LogLevel = Field(default="info", description="The least important lines logged.")
    sarah_log_format: LogFormat = Field(default="text", description="text for people, json for programs.")

    def listed(self, value: str) -> list[tuple[str, str]]:
        """Return a list such as `sarah_home_workspaces` as pairs of platform and id."""
        return [(platform, name) for platform, _, name in (part.partition(":") for part in _parts(value))]

    def engines(self) -> list[str]:
        """Return the base URLs of the engines that run already."""
        return _parts(self.sarah_engines)

    def web_admins(self) -> dict[str, str]:
        """Return the passphrases of those who may sign in on the web page, by their names."""
        parts = _parts(self.sarah_web_admins.get_secret_value())
        return {found[1]: found[2] for found in map(_WEB_ADMIN.fullmatch, parts) if found}

    def guard_model(self) -> tuple[str, str, str, str]:
        """Return setting, name ("" where there is none), base URL and key of the model that judges questions."""
        setting = "SARAH_GUARD_MODEL" if self.sarah_guard_model else "SARAH_MODEL"
        url = self.sarah_guard_model_url or self.sarah_model_url
        key = self.sarah_guard_model_key.get_secret_value() or self.key_for(url)
        return setting, self.sarah_guard_model or self.sarah_model, url, key

    def secrets(self) -> list[str]:
        """Return every secret that is set, for the log to blot out; of the web admins each passphrase."""
        return [*super().secrets(), *self.web_admins().values()]

    def models(self) -> list[tuple[str, str, str, str]]:
        """Return setting, name, base URL and key of each model that is served elsewhere, the preferred one first."""
        key = self.sarah_model_key.get_secret_value()
        backup_key = self.sarah_backup_model_key.get_secret_value()
        first = ("SARAH_MODEL", self.sarah_model, self.sarah_model_url, key)
        # A key goes to the server that it was given for, and to no other.
        second_key = backup_key if self.sarah_backup_model_url else backup_key or key
        second_url = self.sarah_backup_model_url or self.sarah_model_url
        second = ("SARAH_BACKUP_MODEL", self.sarah_backup_model, second_url, second_key)
        return [model for model in (first, second) if model[1]]


def read_settings() -> Settings:
    """Read the environment and `.env`; raises StartupError with a sentence for each thing that is wrong."""
    try:
        return read(Settings, _unknown)
    except SettingsError as refusal:
        raise StartupError(str(refusal)) from None


def _unknown(names: Names) -> Iterator[str]:
    """Say which names of the file and of the environment are meant for Sarah and are none of hers."""
    known = {field.upper() for field in Settings.model_fields}
    given = names.in_file | names.around
    for name in sorted(given - known):
        near = nearest(name, known, ALIKE)
        # It may be another program's if it is quite different from ours, or begins as Discord's and ours is there too.
        if name.startswith("SARAH_"):
            ours = bool(near) or name in names.in_file
        else:
            ours = name.startswith(("DISCORD_", "SLACK_")) and bool(near) and near not in given
        if ours:
            yield no_such(name, near)
