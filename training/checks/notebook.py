"""The rules of OpenAI's public data-preparation notebook, which counts each offending message."""

from collections.abc import Iterator, Mapping

from training.checks.case import Case

MESSAGE_KEYS = ("role", "content", "name", "function_call", "weight")
ROLES = ("system", "user", "assistant", "function")
_SHOWN = 40


def data_type(case: Case) -> Iterator[str]:
    """An example is an object."""
    if not isinstance(case.value, dict) and not case.unread:
        yield 'The example is not a JSON object: write {"messages": [...]} on this line.'


def missing_messages_list(case: Case) -> Iterator[str]:
    """An example has messages."""
    if isinstance(case.value, dict) and not case.listed and not case.is_preference:
        yield 'The example has no list of "messages": write {"messages": [{"role": ..., "content": ...}]}.'


def message_missing_key(case: Case) -> Iterator[str]:
    """A message has a role and a content."""
    for number, message in enumerate(case.listed, 1):
        if not isinstance(message, dict):
            yield f'Message {number} is not an object: write {{"role": ..., "content": ...}}.'
        elif "role" not in message or "content" not in message:
            missing = " and no ".join(f'"{key}"' for key in ("role", "content") if key not in message)
            yield f"Message {number} has no {missing}: add what is missing."


def message_unrecognized_key(case: Case) -> Iterator[str]:
    """A message has no keys that a provider does not know."""
    for number, message in case.messages:
        if unknown := unrecognized_keys(message):
            named = ", ".join(_short(key) for key in unknown[:3])
            yield f"Message {number} has the unknown key {named}: keep only {', '.join(MESSAGE_KEYS)}."


def unrecognized_keys(message: Mapping[str, object]) -> list[str]:
    """Return the keys of a message that a provider does not know."""
    return [key for key in message if key not in MESSAGE_KEYS]


def unrecognized_role(case: Case) -> Iterator[str]:
    """A role is one of those that a provider knows."""
    for number, message in case.messages:
        if (role := message.get("role")) not in ROLES:
            given = _short(role) if isinstance(role, str) else "no text"
            yield f"The role of message {number} is {given}: write one of {', '.join(ROLES)}."


def missing_content(case: Case) -> Iterator[str]:
    """A message says something, in text."""
    for number, message in case.messages:
        content = message.get("content")
        if not isinstance(content, str):
            yield f'The "content" of message {number} is not text: write what is said as a string.'
        elif not content and not message.get("function_call"):
            yield f"Message {number} says nothing: write its content or take it out."


def example_missing_assistant_message(case: Case) -> Iterator[str]:
    """An example has an answer to learn."""
    if case.listed and not case.has_answer and not case.is_preference:
        yield "No message is the assistant's, so there is nothing to learn: add the answer or take the example out."


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
