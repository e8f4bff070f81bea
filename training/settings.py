"""The settings that training needs, and how settings are read: from the environment and from `.env`."""

import getpass
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import unquote, urlsplit

from dotenv.parser import Binding, parse_stream
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from training.place import Place
from training.tokens import Vocabulary

FILE = Path(".env")
_POSTGRESQL = {"postgresql", "postgres", "postgresql+psycopg"}
OPENAI = "https://api.openai.com/v1"
LOCAL = "http://127.0.0.1:7862/v1"
# How alike two names are, 0 to 1, when one is taken for the other misspelt. High, because the bot's settings stand
# in the same file, and SARAH_BACKUP_MODEL_KEY is not SARAH_MODEL_KEY.
ALIKE = 0.85
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


class SettingsError(Exception):
    """The settings are refused; the text has a sentence for each thing that is wrong, and never a value."""


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


def _database_address(secret: SecretStr) -> SecretStr:
    url = secret.get_secret_value()
    try:
        parts = urlsplit(url)
        well = parts.scheme in _POSTGRESQL and parts.path.strip("/") and parts.port != 0
    except ValueError:
        well = False
    if url and not well:
        raise PydanticCustomError("database", "an address such as postgresql://name:password@server/database")
    return secret


def web_address(option: str, url: str) -> str:
    """Return a base URL that was given for an option; raises SettingsError."""
    try:
        return _web_address(url.strip())
    except PydanticCustomError as fault:
        raise SettingsError(f"{option} must be {fault.message()}.") from None


def _is_here(url: str) -> bool:
    """Tell whether a server is on this machine."""
    return urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}


Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Wrongly = Annotated[float, Field(gt=0, le=0.5)]
Secret = Annotated[SecretStr, BeforeValidator(_bare), AfterValidator(_one_word)]
DatabaseAddress = Annotated[Secret, AfterValidator(_database_address)]
WebAddress = Annotated[str, BeforeValidator(_bare), AfterValidator(_web_address)]


class TrainingSettings(BaseSettings):
    """What an operator decides about training; a field's name in capitals is its variable."""

    model_config = SettingsConfigDict(env_file=FILE, env_ignore_empty=True, extra="ignore", frozen=True)

    sarah_home: Path = Field(default=Path("var"), description="The folder in which everything that is kept lives.")
    sarah_data: Path = Field(default=Path("data"), description="The company: persona, handbook, examples, topics.")
    sarah_database_url: DatabaseAddress = Field(
        default=SecretStr(""),
        description="The PostgreSQL database of runs and models, for several machines; empty: SQLite in SARAH_HOME.",
    )

    sarah_model: str = Field(
        default="", description="The model's name at its server; empty: the embedded model answers."
    )
    sarah_model_url: WebAddress = Field(
        default=OPENAI, description="The base URL of a server that speaks OpenAI's chat protocol."
    )
    sarah_model_key: Secret = Field(
        default=SecretStr(""), description="That server's API key; servers of one's own need none."
    )
    sarah_vocabulary: Vocabulary = Field(
        default="o200k_base", description="How tokens are counted: o200k_base, or cl100k_base for older models."
    )

    sarah_tuning_url: WebAddress = Field(
        default=OPENAI, description="The base URL of a server that speaks OpenAI's fine-tuning protocol."
    )
    sarah_tuning_key: Secret = Field(
        default=SecretStr(""), description="That server's API key; empty, and at OpenAI: OPENAI_API_KEY."
    )
    openai_api_key: Secret = Field(
        default=SecretStr(""), description="OpenAI's own name for its key; for fine-tuning at OpenAI only."
    )
    sarah_tuning_model: str = Field(
        default="gpt-4.1-mini-2025-04-14", description="The model that a run at that server tunes unless told another."
    )
    sarah_local_base: str = Field(
        default="modern", description="What is tuned on this machine unless told another: a preset, or a model."
    )
    sarah_local_launch: str = Field(
        default="",
        description="What starts the training here, such as accelerate launch --num_processes 2; empty: Python itself.",
    )
    sarah_local_url: WebAddress = Field(
        default=LOCAL, description="Where models that were tuned here are served; sarah serve serves them there."
    )
    sarah_local_key: Secret = Field(
        default=SecretStr(""), description="The API key there, and at SARAH_ENGINES, where these ask for one."
    )
    sarah_spending_limit: Usd = Field(default=25.0, description="What one run may cost at most, in USD.")
    sarah_wandb_project: str = Field(
        default="", description="The project at Weights & Biases that metrics go to; empty: they stay here."
    )
    sarah_wandb_entity: str = Field(default="", description="The team at Weights & Biases; empty: your own account.")
    sarah_wandb_at_provider: bool = Field(
        default=False, description="Whether the server that tunes is told to report to that project by itself, too."
    )
    sarah_guard_refused: Wrongly = Field(
        default=0.01, description="The share of customers' questions that the trained guard may refuse wrongly."
    )
    sarah_author: str = Field(
        default="", description="Who adds and promotes from the command line; empty: the system's user."
    )

    def place(self) -> Place:
        """Return where datasets, runs and models are kept."""
        return Place(self.sarah_home, self.sarah_database_url)

    def key_for(self, url: str) -> str:
        """Return the key that was given for the server at a base URL, or "": a key goes to no other server."""
        given = (
            (self.sarah_tuning_url, self.sarah_tuning_key),
            (OPENAI, self.openai_api_key),
            (self.sarah_model_url, self.sarah_model_key),
            (self.sarah_local_url, self.sarah_local_key),
        )
        keys = (key.get_secret_value() for server, key in given if server.rstrip("/") == url.rstrip("/"))
        return next(filter(None, keys), "")

    def tuning_key_for(self, url: str) -> str:
        """Return the key for tuning at a base URL, or ""; raises SettingsError where there is one for another server.

        A server on this machine may stand in for the one that a key was given for.
        """
        if key := self.key_for(url):
            return key
        others = (self.sarah_tuning_key.get_secret_value(), self.openai_api_key.get_secret_value())
        if _is_here(url):
            return next(filter(None, others), "")
        if others[0]:
            raise SettingsError(
                f"No key was given for {url}: set SARAH_TUNING_URL to it, for SARAH_TUNING_KEY goes there."
            )
        return ""

    def author(self) -> str:
        """Return by whom things are done on this machine."""
        try:
            return self.sarah_author or getpass.getuser()
        except (KeyError, OSError):
            # In a container a user may have no name.
            return f"user {os.getuid()}"

    def secrets(self) -> list[str]:
        """Return every secret that is set, for the log to blot out."""
        values = (getattr(self, name) for name in type(self).model_fields)
        told = [value.get_secret_value() for value in values if isinstance(value, SecretStr) and value]
        return told + _passwords(self.sarah_database_url)


def _passwords(database: SecretStr) -> list[str]:
    """Return the password of a database's address, as it is written there and as it is."""
    written = urlsplit(database.get_secret_value()).password or ""
    return list({written, unquote(written)} - {""})


@dataclass(frozen=True, slots=True)
class Names:
    """The variables that are set, in capitals: in the file, and in the environment."""

    in_file: frozenset[str]
    around: frozenset[str]


S = TypeVar("S", bound=TrainingSettings)


def read_training_settings() -> TrainingSettings:
    """Read the environment and `.env`; raises SettingsError with a sentence for each thing that is wrong."""
    return read(TrainingSettings, _misspelt)


def read(kind: type[S], unknown: Callable[[Names], Iterable[str]]) -> S:
    """Read the environment and `.env`; `unknown` says which names are meant for us and are none of ours.

    Raises SettingsError with a sentence for each thing that is wrong.
    """
    # Kubernetes puts the addresses of its services there too: one that is named `sarah` is SARAH_PORT=tcp://...
    around = frozenset(name.upper() for name, value in os.environ.items() if value and not value.startswith("tcp://"))
    faults = list(unknown(Names(_names_in(FILE), around)))
    try:
        settings = kind()
    except ValidationError as error:
        raise SettingsError(" ".join([*faults, *(_sentence(kind, fault) for fault in error.errors())])) from None
    if faults:
        raise SettingsError(" ".join(faults))
    return settings


def _misspelt(names: Names) -> Iterator[str]:
    known = {field.upper() for field in TrainingSettings.model_fields}
    for name in sorted((names.in_file | names.around) - known):
        if name.startswith("SARAH_") and (near := nearest(name, known, ALIKE)):
            yield no_such(name, near)


def nearest(name: str, known: Iterable[str], alike: float) -> str:
    """Return the name that this one may be misspelt from, or ""; `alike` is how near it must be, 0 to 1."""
    return "".join(get_close_matches(name, sorted(known), 1, alike))


def no_such(name: str, near: str) -> str:
    """Say that there is no such setting, and which may be meant."""
    way_out = f"rename it to {near}, or remove it" if near else "remove it, or look its name up in README.md"
    return f"There is no setting {name}: {way_out}."


def _names_in(file: Path) -> frozenset[str]:
    """Return the variables that an `.env` file sets, if there is one."""
    try:
        bindings = list(parse_stream(StringIO(file.read_text("utf-8"))))
    except FileNotFoundError:
        return frozenset()
    except UnicodeDecodeError:
        raise SettingsError(f"The file {file} is not UTF-8 text: save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"{file} cannot be read ({error.strerror}): make it a file of NAME=value lines.") from None
    if lines := ", ".join(_line(binding) for binding in bindings if _is_no_setting(binding)):
        raise SettingsError(f"{file} is not understood at line {lines}: write NAME=value, or # before a remark.")
    return frozenset(binding.key.upper() for binding in bindings if binding.key and binding.value)


def _is_no_setting(binding: Binding) -> bool:
    return binding.error or (binding.key is not None and binding.value is None)


def _line(binding: Binding) -> str:
    # The empty lines before it were read along with it.
    text = binding.original.string
    return str(binding.original.line + text[: -len(text.lstrip())].count("\n"))


def _sentence(kind: type[TrainingSettings], fault: ErrorDetails) -> str:
    """Say what a variable must be, never what it holds: it may be a secret."""
    field = str(fault["loc"][0])
    meaning = (kind.model_fields[field].description or "").removesuffix(".")
    template = WANTED.get(fault["type"])
    wanted = template.format(**fault.get("ctx", {})) if template else fault["msg"]
    return f"{field.upper()} must be {wanted}: correct it or leave it out ({meaning})."
