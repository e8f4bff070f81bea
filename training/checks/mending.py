"""What can be mended without asking: each rule is mended in all of an example, or nowhere in it."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

from training.checks.case import case_of
from training.checks.characters import is_garbled, repaired, visible
from training.checks.fingerprint import conversation_hash
from training.checks.memory import Memory
from training.checks.notebook import MESSAGE_KEYS, ROLES
from training.checks.problem import Expectations
from training.checks.shape import weight_is_known
from training.entries import Entry
from training.examples import DataError
from training.files import written_whole

Messages = list[dict[str, object]]
# Returns the same list where there is nothing to mend.
Mend = Callable[[Messages], Messages]

_WAY_OUT = 'write {"messages": [...]} with a question and its answer on each line'
_UNLIMITED = Expectations(limit_tokens=0, model="")


def mended(value: object) -> tuple[object, tuple[str, ...]]:
    """Return an example with what can be mended safely, and the names of the rules that it keeps now.

    What is no conversation is returned as it is. Mending what is mended changes nothing.
    """
    fields = Entry(0, value).fields
    listed = fields.get("messages")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in cast("list[object]", listed)):
        return value, ()
    before = cast("Messages", listed)
    messages, names = _mended(before)
    if "mojibake" in names and any(map(is_garbled, _texts(messages))):
        names.remove("mojibake")
    return (value if messages is before else {**fields, "messages": messages}), tuple(names)


def _mended(messages: Messages) -> tuple[Messages, list[str]]:
    names: dict[str, None] = {}
    while True:
        before = messages
        for name, mend in _MENDS:
            after = mend(messages)
            if after is not messages:
                names[name] = None
                messages = after
        # Taking out what nobody sees can bring letters together that were read in the wrong encoding.
        if messages is before:
            return messages, list(names)


def _texts(messages: Messages) -> Iterator[str]:
    for message in messages:
        if isinstance(content := message.get("content"), str):
            yield content


def _with_known_roles(messages: Messages) -> Messages:
    """Write `User` and `assistant ` as providers do, unless some other role is unknown too."""

    def mend(message: dict[str, object]) -> dict[str, object]:
        role = message.get("role")
        return {**message, "role": role.strip().lower()} if isinstance(role, str) else message

    after = _each(messages, mend)
    return after if all(message.get("role") in ROLES for message in after) else messages


def _without_unknown_keys(messages: Messages) -> Messages:
    # Where a role or a content is missing, it may stand under the unknown key.
    if all("role" in message and "content" in message for message in messages):
        return _each(messages, lambda message: {key: message[key] for key in message if key in MESSAGE_KEYS})
    return messages


def _without_weights_of_others(messages: Messages) -> Messages:
    def mend(message: dict[str, object]) -> dict[str, object]:
        return message if message.get("role") == "assistant" else {k: v for k, v in message.items() if k != "weight"}

    return _each(messages, mend)


def _with_whole_weights(messages: Messages) -> Messages:
    """Turn `true`, `false`, 1.0 and 0.0 into numbers that a provider takes, unless some other weight is wrong too."""
    wrong = [message for message in messages if message.get("role") == "assistant" and not weight_is_known(message)]
    if not wrong or not all(message["weight"] in (0, 1) for message in wrong):
        return messages
    return [
        {**message, "weight": int(cast("float", message["weight"]))}
        if message.get("role") == "assistant" and "weight" in message
        else message
        for message in messages
    ]


def _cut_after_answer(messages: Messages) -> Messages:
    last = max((number for number, one in enumerate(messages, 1) if one.get("role") == "assistant"), default=0)
    return messages[:last] if 0 < last < len(messages) else messages


def _repaired(messages: Messages) -> Messages:
    return _each(messages, lambda message: _with_text(message, repaired))


def _visible(messages: Messages) -> Messages:
    return _each(messages, lambda message: _with_text(message, visible))


def _with_text(message: dict[str, object], mend: Callable[[str], str]) -> dict[str, object]:
    content = message.get("content")
    return {**message, "content": mend(content)} if isinstance(content, str) else message


def _each(messages: Messages, mend: Callable[[dict[str, object]], dict[str, object]]) -> Messages:
    after = [mend(message) for message in messages]
    return messages if after == messages else after


_MENDS: tuple[tuple[str, Mend], ...] = (
    ("unrecognized_role", _with_known_roles),
    ("message_unrecognized_key", _without_unknown_keys),
    ("weight_not_on_assistant", _without_weights_of_others),
    ("weight_not_0_or_1", _with_whole_weights),
    ("last_message_not_assistant", _cut_after_answer),
    ("mojibake", _repaired),
    ("invisible_characters", _visible),
)


def mend_file(entries: Iterable[Entry], path: Path, *, source: Path | None = None) -> Counter[str]:
    """Write the examples, mended, one JSON object a line; returns how many were mended or left out, by rule.

    Left out are those that say the same as an earlier one, and those without an answer to learn. Memory stays flat.
    Raises DataError, also when nothing would be left of the source, or OSError; what stood at the path stays as it was.
    """
    counts: Counter[str] = Counter()
    kept = False
    memory = Memory()
    try:
        with written_whole(path) as file:
            for entry in entries:
                value, names = mended(entry.value)
                if left_out := _left_out(Entry(entry.line, value), memory):
                    counts[left_out] += 1
                else:
                    counts.update(names)
                    file.write(_line(value))
                    kept = True
            if not kept:
                why = ", ".join(f"{rule}: {count:,}" for rule, count in counts.most_common(3)) or "it has no examples"
                raise DataError(f"nothing of {source or path} could be kept ({why}): {_WAY_OUT}.")
    finally:
        memory.close()
    return counts


def _left_out(entry: Entry, memory: Memory) -> str:
    """Return the rule for which an example is not worth keeping, or ""."""
    case = case_of(entry, 0, _UNLIMITED)
    if not case.listed:
        return "missing_messages_list" if isinstance(entry.value, dict) else "data_type"
    if not case.has_answer:
        return "example_missing_assistant_message"
    return "" if memory.is_new(conversation_hash(case)) else "duplicate"


def _line(value: object) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        # Half of a surrogate pair, outside of what is said, can only be written as an escape.
        return json.dumps(value).encode() + b"\n"
