"""What the local tuning server accepts: the published schema where it is at hand, and the rules beside it."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import cast

from jsonschema import Draft202012Validator

from tests.servers.openai_rules import SPEC
from tests.servers.tuning_faults import Json, Refusal

FILE_LIMIT = 512 * 1024 * 1024
FEWEST_EXAMPLES = 10
LONGEST_SUFFIX = 64
LARGEST_SEED = 2**31 - 1
MOST_PAIRS, LONGEST_KEY, LONGEST_VALUE = 16, 64, 512
KNOWN = {"model", "training_file", "validation_file", "suffix", "seed", "method", "metadata", "integrations"}
WANDB = {"project", "name", "entity", "tags"}
EXAMPLE = {"messages", "tools", "parallel_tool_calls"}
ROLES = {"system", "user", "assistant"}

Wrong = Iterator[tuple[str, str]]


def upload_refused(name: str, purpose: str, content: bytes, limit: int) -> Refusal | None:
    """Return why a file is not taken, if so."""
    if purpose != "fine-tune":
        return Refusal(400, "invalid_value", f"{purpose!r} is not one of ['fine-tune'].", "purpose")
    if not name.endswith(".jsonl"):
        return Refusal(400, "invalid_file_format", "Invalid file format for Fine-Tuning API. Must be .jsonl.", "file")
    if not content:
        return Refusal(400, "invalid_file", "File is empty.", "file")
    if len(content) > limit:
        return Refusal(413, "file_too_large", f"The file is larger than {limit} bytes.", "file")
    for place, line in enumerate(content.splitlines(), 1):
        if not isinstance(_parsed(line), dict):
            return Refusal(400, "invalid_file_format", f"Expected file to have JSONL format; see line {place}.", "file")
    return None


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None


def job_refused(body: object) -> Refusal | None:
    """Return why a job is not made, if so."""
    if not isinstance(body, dict):
        return Refusal(400, "invalid_json", "The body must be a JSON object.")
    asked = cast("Json", body)
    for name in sorted(asked.keys() - KNOWN):
        return Refusal(400, "unknown_parameter", f"Unknown parameter: {name!r}.", name)
    for rule in (_required, _method, _rest, _metadata, _integrations, _against_the_schema):
        for param, what in rule(asked):
            return Refusal(400, "invalid_value", f"Invalid {param!r}: {what}.", param)
    return None


def _required(body: Json) -> Wrong:
    for name in ("model", "training_file"):
        if not isinstance(body.get(name), str) or not body[name]:
            yield name, "it is required"


def _method(body: Json) -> Wrong:
    if "method" not in body:
        return
    method = _mapping(body["method"])
    kind = method.get("type")
    if kind not in ("supervised", "dpo"):
        yield "method.type", "it must be supervised or dpo"
    for name in method.keys() - {"type", kind}:
        yield f"method.{name}", "unknown parameter"
    block = _mapping(method.get(str(kind), {}))
    for name in block.keys() - {"hyperparameters"}:
        yield f"method.{kind}.{name}", "unknown parameter"
    yield from _hyperparameters(_mapping(block.get("hyperparameters", {})), f"method.{kind}.hyperparameters", kind)


def _hyperparameters(values: Json, where: str, kind: object) -> Wrong:
    allowed: dict[str, Callable[[object], bool]] = {
        "n_epochs": lambda value: type(value) is int and 1 <= value <= 50,
        "batch_size": lambda value: type(value) is int and 1 <= value <= 256,
        "learning_rate_multiplier": lambda value: type(value) in (int, float) and cast("float", value) > 0,
    }
    if kind == "dpo":
        allowed["beta"] = lambda value: type(value) in (int, float) and 0 < cast("float", value) <= 2
    for name, value in values.items():
        if name not in allowed:
            yield f"{where}.{name}", "unknown parameter"
        elif value != "auto" and not allowed[name](value):
            yield f"{where}.{name}", f"{value!r} is out of range"


def _rest(body: Json) -> Wrong:
    suffix, seed = body.get("suffix", "-"), body.get("seed", 0)
    if not isinstance(suffix, str) or not 1 <= len(suffix) <= LONGEST_SUFFIX:
        yield "suffix", f"it must have 1 to {LONGEST_SUFFIX} characters"
    if type(seed) is not int or not 0 <= seed <= LARGEST_SEED:
        yield "seed", f"it must be between 0 and {LARGEST_SEED}"
    if not isinstance(body.get("validation_file", ""), str):
        yield "validation_file", "it must be the id of a file"


def _metadata(body: Json) -> Wrong:
    pairs = _mapping(body.get("metadata", {}))
    if len(pairs) > MOST_PAIRS:
        yield "metadata", f"at most {MOST_PAIRS} pairs"
    for key, value in pairs.items():
        if len(key) > LONGEST_KEY or not isinstance(value, str) or len(value) > LONGEST_VALUE:
            yield f"metadata.{key}", f"at most {LONGEST_KEY} characters, and a text of at most {LONGEST_VALUE}"


def _integrations(body: Json) -> Wrong:
    for place, integration in enumerate(cast("list[object]", body.get("integrations", []))):
        block = _mapping(_mapping(integration).get("wandb", {}))
        if set(_mapping(integration)) != {"type", "wandb"} or _mapping(integration)["type"] != "wandb":
            yield f"integrations[{place}]", "it must be of the type wandb, with its block"
        if not block.get("project") or block.keys() - WANDB:
            yield f"integrations[{place}].wandb", f"it must name a project, and nothing beyond {sorted(WANDB)}"


def _mapping(value: object) -> Json:
    return cast("Json", value) if isinstance(value, Mapping) else {"?": value}


def _against_the_schema(body: Json) -> Wrong:
    yield from schema_problems("CreateFineTuningJobRequest", body)


def schema_problems(schema: str, value: object) -> Wrong:
    """Yield where a value is not as published, and how; nothing where the description is not at hand."""
    if SPEC.exists():
        # Parsed from JSON, which the types of a mapping do not say.
        for error in _validator(schema).iter_errors(value):  # pyright: ignore[reportUnknownMemberType, reportArgumentType]
            yield ".".join(str(part) for part in error.absolute_path), error.message


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{schema}", **_spec()})


@cache
def _spec() -> Json:
    return cast("Json", json.loads(SPEC.read_text("utf-8"), object_hook=_as_of_today))


def _as_of_today(schema: dict[str, object]) -> dict[str, object]:
    """Give an exclusive minimum as the number that it is today: the description still says true, which counts as 1."""
    if schema.get("exclusiveMinimum") is True:
        return {**schema, "exclusiveMinimum": schema["minimum"]}
    return schema


def examples_refused(content: bytes, method: str, param: str) -> Json | None:
    """Return the error with which a job fails on its file, if so."""
    examples = [cast("Json", json.loads(line)) for line in content.splitlines()]
    if param == "training_file" and len(examples) < FEWEST_EXAMPLES:
        told = f"Training file has {len(examples)} example(s), but must have at least {FEWEST_EXAMPLES} examples"
        return {"code": "invalid_n_examples", "message": told, "param": param}
    rule = _preference_wrong if method == "dpo" else _conversation_wrong
    for line, example in enumerate(examples, 1):
        if wrong := rule(example):
            told = f"Invalid file format. Line {line}: {wrong}"
            return {"code": "invalid_training_file", "message": told, "param": param}
    return None


def _conversation_wrong(example: Json) -> str:
    if example.keys() - EXAMPLE:
        return "unexpected keys beside messages"
    return _messages_wrong(example.get("messages"), last="assistant")


def _preference_wrong(example: Json) -> str:
    wanted = {"input", "preferred_output", "non_preferred_output"}
    if set(example) != wanted:
        return f"it must have the keys {sorted(wanted)}"
    asked = _messages_wrong(_mapping(example["input"]).get("messages"), last="user")
    outputs = (_messages_wrong(example[name], last="assistant") for name in sorted(wanted - {"input"}))
    return asked or next(filter(None, outputs), "")


def _messages_wrong(messages: object, last: str) -> str:
    if not isinstance(messages, list) or not messages:
        return "there must be messages"
    told = [_mapping(message) for message in cast("list[object]", messages)]
    if any(message.get("role") not in ROLES or not isinstance(message.get("content"), str) for message in told):
        return "each message must have a role and a content"
    return "" if told[-1]["role"] == last else f"the last message must be from the {last}"
