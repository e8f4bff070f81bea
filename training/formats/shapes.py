"""The ways in which others write a conversation, turned into messages."""

from collections.abc import Mapping
from typing import Literal, cast

from training.formats.names import SYSTEMS, pair_of, plain

Shape = Literal["chat", "sharegpt", "alpaca"]

# What stays beside the messages.
KEPT = ("category", "origin")

_TURNS = ("conversations", "conversation")
_USERS = "human user prompter customer client visitor"
_ASSISTANTS = """
    gpt chatgpt gpt4 gpt-4 gpt-3.5 bing bard gemini claude llama mistral copilot model bot chatbot ai assistant agent
    advisor support sarah"""
_ROLES = {
    "system": "system",
    **dict.fromkeys(_USERS.split(), "user"),
    **dict.fromkeys(_ASSISTANTS.split(), "assistant"),
}


def shape_of(value: object) -> Shape:
    """Return how an example is written; what is not recognised is chat, for the checks to judge."""
    fields = _fields(value)
    if "messages" in fields:
        return "chat"
    if any(isinstance(fields.get(name), list) for name in _TURNS):
        return "sharegpt"
    return "alpaca" if pair_of([plain(name) for name in fields]) else "chat"


def as_chat(value: object, shape: Shape) -> object:
    """Return an example in the chat format, or as it is when it lacks what its shape needs."""
    fields = _fields(value)
    if shape == "chat" or "messages" in fields:
        return value
    named = {plain(name): value for name, value in fields.items()}
    messages = _from_sharegpt(fields) if shape == "sharegpt" else _from_alpaca(named)
    if messages is None:
        return value
    system = next((named[name] for name in SYSTEMS if name in named), None)
    if isinstance(system, str) and system and not any(message["role"] == "system" for message in messages):
        messages.insert(0, {"role": "system", "content": system})
    return {"messages": messages, **{name: fields[name] for name in KEPT if name in fields}}


def _from_sharegpt(fields: Mapping[str, object]) -> list[dict[str, str]] | None:
    turns = next((fields[name] for name in _TURNS if name in fields), None)
    if not isinstance(turns, list):
        return None
    messages: list[dict[str, str]] = []
    for turn in cast("list[object]", turns):
        said = _fields(turn)
        speaker, text = said.get("from", said.get("role")), said.get("value", said.get("content"))
        if not isinstance(speaker, str) or not isinstance(text, str):
            return None
        # An unknown speaker stays what it is, and the checks name it.
        messages.append({"role": _ROLES.get(speaker.strip().lower(), speaker), "content": text})
    return messages


def _from_alpaca(fields: Mapping[str, object]) -> list[dict[str, str]] | None:
    history: object = fields.get("history") or list[object]()
    asked_as, answered_as = pair_of(list(fields)) or ("instruction", "output")
    instruction, answer = fields.get(asked_as), fields.get(answered_as)
    more = (fields.get("input") or "") if asked_as == "instruction" else ""
    if not isinstance(instruction, str) or not isinstance(answer, str) or not isinstance(more, str):
        return None
    messages: list[dict[str, str]] = []
    if not isinstance(history, list):
        return None
    for pair in cast("list[object]", history):
        match pair:
            case [str(asked), str(answered)]:
                messages += _exchange(asked, answered)
            case _:
                return None
    return messages + _exchange("\n\n".join(part for part in (instruction, more) if part), answer)


def _exchange(question: str, answer: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def _fields(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
