"""Every setting, from the environment and from `.env`."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from dotenv.parser import Binding, parse_stream
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.conversation import StartupError
from training.tokens import Vocabulary

FILE = Path(".env")
# How alike two names are, 0 to 1, when one may be the other misspelt: DISCORD_BOT_TOKEN and DISCORD_TOKEN are.
ALIKE = 0.8
# What a value must be, by the name that pydantic gives to the fault.
WANTED = {
    "bool_parsing": "true or false",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller number",
    "float_parsing": "a number",
    "finite_number": "a number that ends",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than_equal": "{le:g} or less",
    "literal_error": "{expected}",
    "string_unicode": "text in UTF-8",
}


def _bare(value: str | SecretStr) -> str | SecretStr:
    """Take off what was copied along with a value: spaces and quotes."""
    return value.strip().strip("\"'").strip() if isinstance(value, str) else value


def _one_word(secret: SecretStr) -> SecretStr:
    word = secret.get_secret_value()
    # It goes into a header of HTTP, which carries nothing else.
    if not (word.isascii() and word.isprintable()) or " " in word:
        raise PydanticCustomError("word", "one word of plain letters, digits and signs, as it was given to you")
    return secret


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        well = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        well = False
    if url and not well:
        raise PydanticCustomError(
            "address", "an address that starts with http:// or https://, such as http://127.0.0.1:8000/v1"
        )
    return url


Port = Annotated[int, Field(ge=0, le=65535)]
Share = Annotated[float, Field(ge=0, le=1)]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Secret = Annotated[SecretStr, BeforeValidator(_bare), AfterValidator(_one_word)]
WebAddress = Annotated[str, BeforeValidator(_bare), AfterValidator(_web_address)]


class Settings(BaseSettings):
    """What an operator decides; a field's name in capitals is its variable."""

    model_config = SettingsConfigDict(env_file=FILE, env_ignore_empty=True, extra="ignore", frozen=True)

    sarah_home: Path = Field(default=Path("var"), description="The folder in which everything that is kept lives.")
    sarah_data: Path = Field(default=Path("data"), description="The company: persona, handbook, examples, topics.")

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

    sarah_model: str = Field(
        default="", description="The model's name at its server; empty: the embedded model answers."
    )
    sarah_model_url: WebAddress = Field(
        default="https://api.openai.com/v1", description="The base URL of a server that speaks OpenAI's chat protocol."
    )
    sarah_model_key: Secret = Field(
        default=SecretStr(""), description="That server's API key; servers of one's own need none."
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
    sarah_vocabulary: Vocabulary = Field(
        default="o200k_base", description="How tokens are counted: o200k_base, or cl100k_base for older models."
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

    sarah_guard: bool = Field(
        default=True, description="Whether questions that are not about the product are refused unasked."
    )
    sarah_guard_threshold: Share = Field(
        default=0.3, description="The probability of being about the product below which a question is refused, 0 to 1."
    )
    sarah_longest_question: int = Field(
        default=4000, ge=100, description="The longest message that is answered, in characters."
    )
    sarah_per_minute: int = Field(default=20, ge=0, description="Messages a minute from one customer; 0: any number.")
    sarah_waiting: int = Field(
        default=4, ge=0, description="Messages of one conversation that may wait while one is answered."
    )

    sarah_web: bool = Field(default=True, description="Whether the web page is served.")
    sarah_web_host: str = Field(default="127.0.0.1", description="The address of the web page.")
    sarah_web_port: Port = Field(default=7860, description="The port of the web page; 0: any free one.")
    sarah_http_host: str = Field(default="127.0.0.1", description="The address of health, metrics and Slack's events.")
    sarah_http_port: Port = Field(
        default=7861, description="The port of health, metrics and Slack's events; 0: any free one."
    )

    sarah_log_level: LogLevel = Field(default="info", description="The least important lines logged.")
    sarah_log_format: LogFormat = Field(default="text", description="text for people, json for programs.")

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

    def secrets(self) -> list[str]:
        """Return every secret that is set, for the log to blot out."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return [value.get_secret_value() for value in values if isinstance(value, SecretStr) and value]


def read_settings() -> Settings:
    """Read the environment and `.env`; raises StartupError with a sentence for each thing that is wrong."""
    # Kubernetes puts the addresses of its services there too: one that is named `sarah` is SARAH_PORT=tcp://...
    around = {name.upper() for name, value in os.environ.items() if value and not value.startswith("tcp://")}
    faults = list(_unknown(_names_in(FILE), around))
    try:
        settings = Settings()
    except ValidationError as error:
        raise StartupError(" ".join([*faults, *map(_sentence, error.errors())])) from None
    if faults:
        raise StartupError(" ".join(faults))
    return settings


def _names_in(file: Path) -> set[str]:
    """Return the variables that an `.env` file sets, if there is one."""
    try:
        bindings = list(parse_stream(StringIO(file.read_text("utf-8"))))
    except FileNotFoundError:
        return set()
    except UnicodeDecodeError:
        raise StartupError(f"The file {file} is not UTF-8 text: save it as UTF-8.") from None
    except OSError as error:
        raise StartupError(f"{file} cannot be read ({error.strerror}): make it a file of NAME=value lines.") from None
    if lines := ", ".join(_line(binding) for binding in bindings if _is_no_setting(binding)):
        raise StartupError(f"{file} is not understood at line {lines}: write NAME=value, or # before a remark.")
    return {binding.key.upper() for binding in bindings if binding.key and binding.value}


def _is_no_setting(binding: Binding) -> bool:
    return binding.error or (binding.key is not None and binding.value is None)


def _line(binding: Binding) -> str:
    # The empty lines before it were read along with it.
    text = binding.original.string
    return str(binding.original.line + text[: -len(text.lstrip())].count("\n"))


def _unknown(in_file: set[str], around: set[str]) -> Iterator[str]:
    """Say which names of the file and of the environment are meant for Sarah and are none of hers."""
    known = {field.upper() for field in Settings.model_fields}
    names = in_file | around
    for name in sorted(names - known):
        near = "".join(get_close_matches(name, known, 1, ALIKE))
        # It may be another program's if it is quite different from ours, or begins as Discord's and ours is there too.
        if name.startswith("SARAH_"):
            ours = bool(near) or name in in_file
        else:
            ours = name.startswith(("DISCORD_", "SLACK_")) and bool(near) and near not in names
        if ours:
            way_out = f"rename it to {near}, or remove it" if near else "remove it, or look its name up in README.md"
            yield f"There is no setting {name}: {way_out}."


def _sentence(fault: ErrorDetails) -> str:
    """Say what a variable must be, never what it holds: it may be a secret."""
    field = str(fault["loc"][0])
    meaning = (Settings.model_fields[field].description or "").removesuffix(".")
    template = WANTED.get(fault["type"])
    wanted = template.format(**fault.get("ctx", {})) if template else fault["msg"]
    return f"{field.upper()} must be {wanted}: correct it or leave it out ({meaning})."
