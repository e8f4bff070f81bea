"""Every setting, from the environment and from `.env`."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.conversation import StartupError
from training.tokens import Vocabulary

Port = Annotated[int, Field(ge=0, le=65535)]
Share = Annotated[float, Field(ge=0, le=1)]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """What an operator decides; a field's name in capitals is its variable."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    sarah_home: Path = Field(default=Path("var"), description="The folder in which everything that is kept lives.")
    sarah_data: Path = Field(default=Path("data"), description="The company: persona, handbook, examples, topics.")

    discord_token: SecretStr = Field(default=SecretStr(""), description="The Discord bot's token; starts Discord.")
    slack_bot_token: SecretStr = Field(
        default=SecretStr(""),
        description="The Slack app's bot token (xoxb-...); starts Slack, with one of the next two.",
    )
    slack_app_token: SecretStr = Field(
        default=SecretStr(""),
        description="The Slack app-level token (xapp-...), for Socket Mode: no public address needed.",
    )
    slack_signing_secret: SecretStr = Field(
        default=SecretStr(""), description="The Slack app's signing secret, for events over HTTP at /slack/events."
    )

    sarah_model: str = Field(
        default="", description="The model's name at its server; empty: the embedded model answers."
    )
    sarah_model_url: str = Field(
        default="https://api.openai.com/v1", description="The base URL of a server that speaks OpenAI's chat protocol."
    )
    sarah_model_key: SecretStr = Field(
        default=SecretStr(""), description="That server's API key; servers of one's own need none."
    )
    sarah_backup_model: str = Field(
        default="", description="The model that answers when the first fails; the embedded one is last."
    )
    sarah_backup_model_url: str = Field(default="", description="Its base URL; empty: the same as the first model's.")
    sarah_backup_model_key: SecretStr = Field(
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

    @field_validator("sarah_model_url", "sarah_backup_model_url")
    @classmethod
    def _is_a_web_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("it must start with http:// or https://")
        return url

    def models(self) -> list[tuple[str, str, str]]:
        """Return name, base URL and key of each model that is served elsewhere, the preferred one first."""
        key = self.sarah_model_key.get_secret_value()
        backup_key = self.sarah_backup_model_key.get_secret_value()
        first = (self.sarah_model, self.sarah_model_url, key)
        # A key goes to the server that it was given for, and to no other.
        second_key = backup_key if self.sarah_backup_model_url else backup_key or key
        second = (self.sarah_backup_model, self.sarah_backup_model_url or self.sarah_model_url, second_key)
        return [model for model in (first, second) if model[0]]

    def secrets(self) -> list[str]:
        """Return every secret that is set, for the log to blot out."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return [value.get_secret_value() for value in values if isinstance(value, SecretStr) and value]


def read_settings() -> Settings:
    """Read the environment and `.env`; raises StartupError with a sentence for each variable that is wrong."""
    try:
        return Settings()
    except UnicodeDecodeError:
        raise StartupError("The file .env is not UTF-8 text: save it as UTF-8.") from None
    except ValidationError as error:
        raise StartupError(" ".join(_sentence(str(e["loc"][0]), e["msg"]) for e in error.errors())) from None


def _sentence(field: str, fault: str) -> str:
    """Say what is wrong with a variable, never what it holds: it may be a secret."""
    meaning = Settings.model_fields[field].description
    return f"{field.upper()} cannot be used: {fault.removeprefix('Value error, ')}. ({meaning})"
