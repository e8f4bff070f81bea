"""What the local OpenAI accepts as a request: the published schema where it is at hand, and the rules beside it."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, cast

from jsonschema import Draft202012Validator

SPEC = Path(__file__).parents[2].parent / "shared" / "specs" / "openai.json"
ROLES = {"system", "developer", "user", "assistant"}
# What is sent by us and known to every server; the real one refuses what it does not know.
KNOWN = {"model", "messages", "temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "stream"} | {
    "logprobs",
    "top_logprobs",
}
# What other servers take beside it; vLLM takes anything, and makes nothing of what it does not know.
Engine = Literal["openai", "vllm", "transformers"]
BESIDE: Mapping[Engine, frozenset[str]] = {
    "openai": frozenset(),
    "vllm": frozenset({"top_k", "repetition_penalty", "generation_config"}),
    "transformers": frozenset({"generation_config"}),
}
HOTTEST = 2

Json = Mapping[str, object]


def unknown(body: Json, engine: Engine) -> set[str]:
    """Return the parameters that a server has never heard of."""
    return body.keys() - KNOWN - BESIDE[engine]


def problems(body: Json) -> Iterator[tuple[str, str]]:
    """Yield each parameter that is wrong, and what is wrong with it."""
    if not isinstance(body.get("model"), str) or not body["model"]:
        yield "model", "it must be a name"
    yield from _wrong_messages(body.get("messages"))
    temperature = body.get("temperature", 1)
    if not isinstance(temperature, int | float) or not 0 <= temperature <= HOTTEST:
        yield "temperature", "it must be between 0 and 2"
    if not 0 < cast("float", body.get("top_p", 1)) <= 1:
        yield "top_p", "it must be above 0, and 1 at most"
    for name in ("max_tokens", "max_completion_tokens"):
        if not isinstance(body.get(name, 1), int) or cast("int", body.get(name, 1)) < 1:
            yield name, "it must be a positive number"
    if "top_logprobs" in body and body.get("logprobs") is not True:
        yield "top_logprobs", "it needs logprobs to be true"
    if body.get("stop", "-") in ("", None):
        yield "stop", "it must be a text"
    yield from _against_the_schema(body)


def _wrong_messages(messages: object) -> Iterator[tuple[str, str]]:
    if not isinstance(messages, list) or not messages:
        yield "messages", "there must be at least one"
        return
    for place, message in enumerate(cast("list[Json]", messages)):
        if message.get("role") not in ROLES:
            yield f"messages[{place}].role", f"it must be one of {sorted(ROLES)}"
        if not isinstance(message.get("content"), str):
            yield f"messages[{place}].content", "it must be text"


def _against_the_schema(body: Json) -> Iterator[tuple[str, str]]:
    if SPEC.exists():
        # Parsed from JSON, which the types of a mapping do not say.
        for error in _schema().iter_errors(body):  # pyright: ignore[reportUnknownMemberType, reportArgumentType]
            yield ".".join(str(part) for part in error.absolute_path), error.message


@cache
def _schema() -> Draft202012Validator:
    spec = json.loads(SPEC.read_text("utf-8"))
    return Draft202012Validator({"$ref": "#/components/schemas/CreateChatCompletionRequest", **spec})
