"""One question to a model at a chat server, such as one for examples from a page of the handbook."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from training.providers import ProviderError
from training.providers.openai.reading import Json, mapping, records
from training.providers.openai.refusals import UnsupportedError

if TYPE_CHECKING:
    from training.providers.openai.client import Server

# The longest answer in tokens, and the seconds that a server may be silent.
MOST_TOKENS = 2048
PATIENCE = 90.0
RETRIES = 2
_NONE: Json = {}


def asker(
    base_url: str, key: str, model: str, *, timeout: float = PATIENCE, retries: int = RETRIES
) -> Callable[[str], str]:
    """Return what asks a model one thing at a time; each question raises ProviderBusy or ProviderError."""
    return _Asker(base_url, key, model, timeout, retries).ask


class _Asker:
    def __init__(self, base_url: str, key: str, model: str, timeout: float, retries: int) -> None:
        self._where = (base_url, key)
        self._model = model
        self._timeout = timeout
        self._retries = retries
        self._limit = "max_tokens"

    @cached_property
    def _server(self) -> "Server":
        # The library takes half a second to import.
        from training.providers.openai.client import Server  # noqa: PLC0415

        return Server(*self._where, setting="SARAH_MODEL", timeout=self._timeout, retries=self._retries)

    def ask(self, prompt: str) -> str:
        body = {"model": self._model, "messages": [{"role": "user", "content": prompt}]}
        try:
            answer = self._server.complete({**body, self._limit: MOST_TOKENS})
        except UnsupportedError as error:
            # The newer models of OpenAI call the longest answer otherwise.
            if error.param != self._limit or self._limit != "max_tokens":
                raise
            self._limit = "max_completion_tokens"
            answer = self._server.complete({**body, self._limit: MOST_TOKENS})
        choice = next(iter(records(answer.get("choices"))), _NONE)
        said = mapping(choice.get("message")).get("content")
        if choice.get("finish_reason") == "length":
            raise ProviderError(
                f"{self._model} at {self._server.host} did not come to an end within {MOST_TOKENS} tokens: "
                "ask for less, or choose another SARAH_MODEL."
            )
        if not isinstance(said, str) or not said.strip():
            raise ProviderError(f"{self._model} at {self._server.host} said nothing: choose another SARAH_MODEL.")
        return said
