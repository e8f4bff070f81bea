"""Commands as people type them: `data upload name=lamps`, with help and with suggestions for a mistyped word."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import takewhile

from bot.admin.forms import Command, Field

# How alike two words are, 0 to 1, when one may be the other mistyped.
ALIKE = 0.7
# The group that is named as she is: her name need not be said twice.
OWN_GROUP = "sarah"
# More words than this after a group's name are a question to her that only begins like a command.
SHORT = 3


@dataclass(frozen=True, slots=True)
class Spoken:
    """A command that was typed, and what was given with it."""

    command: Command
    given: dict[str, str]


@dataclass(frozen=True, slots=True)
class Mistyped:
    """What was typed is meant as a command and is none; the text says what may be meant."""

    text: str


def read(text: str, commands: Sequence[Command]) -> Spoken | Mistyped | None:
    """Read what somebody typed; None where it is no command but something to be answered."""
    words = _words(text)
    if not words:
        return None
    if found := _named(words, commands):
        command, rest = found
        return _given(command, rest, text)
    return _suggested(words, commands)


def help_text(commands: Sequence[Command], prefix: str = "") -> str:
    """Return every command with its fields, a line each."""
    return "\n".join(f"- `{prefix}{usage(command)}`: {command.about}." for command in commands)


def usage(command: Command) -> str:
    """Return how a command is typed: data show DATASET."""
    return " ".join([command.title, *(_shown(field) for field in command.fields)])


def _shown(field: Field) -> str:
    if field.kind == "file":
        return "(with a file)"
    return field.name.upper() if field.required else f"[{field.name}=...]"


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text.replace("\u201c", '"').replace("\u201d", '"'))
    except ValueError:
        # An apostrophe, as in "it's", begins no quotation.
        return text.split()


def _named(words: Sequence[str], commands: Sequence[Command]) -> tuple[Command, list[str]] | None:
    """Return the command whose name stands at the beginning, and the words after it."""
    first, second = words[0].lower(), words[1].lower() if len(words) > 1 else ""
    for command in commands:
        if command.group and (first, second) == (command.group, command.name):
            return command, list(words[2:])
    for command in commands:
        if not command.group and first == command.name and (len(words) == 1 or command.fields):
            return command, list(words[1:])
    for command in commands:
        own = command.group == OWN_GROUP and first == command.name
        if own and all("=" in word for word in words[1:]):
            return command, list(words[1:])
    return None


def _given(command: Command, words: Sequence[str], text: str) -> Spoken | Mistyped | None:
    """Take name=value as the field of that name, other words as the fields in their order; None for a question.

    Required fields come first, then those that name something that is kept. A text that is the last of them, such as a
    question to be tried, needs no quotation marks.
    """
    plain = [field for field in command.fields if field.kind != "file"]
    if len(plain) == 1 and plain[0].required and not command.group:
        # One field, such as a question: every word of it, as it was typed.
        return Spoken(command, {plain[0].name: "".join(text.split(maxsplit=1)[1:]).strip()})
    given: dict[str, str] = {}
    left = [field for field in command.fields if field.required]
    left += [field for field in plain if field.names and not field.required]
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, sign, value = word.removeprefix("--").partition("=")
        name = name.replace("_", "-").lower()
        if sign and command.field(name):
            given[name] = value
            left = [field for field in left if field.name != name]
        elif sign and name.replace("-", "").isalpha() and not _wants_text(left):
            return Mistyped(_no_such_field(command, name))
        elif _is_last_text(left, word):
            more = list(takewhile(lambda one: not _names_field(command, one), rest))
            given[left.pop(0).name] = _as_typed([word, *more], text)
            del rest[: len(more)]
        elif left:
            given[left.pop(0).name] = word
        elif text.rstrip().endswith("?"):
            return None
        else:
            return Mistyped(f"`{command.title}` has no use for {word[:60]!r}. It is typed so: `{usage(command)}`.")
    return Spoken(command, given)


def _wants_text(left: Sequence[Field]) -> bool:
    """Whether what comes next is a text after which nothing need be given."""
    is_last = bool(left) and not any(field.required for field in left[1:])
    return is_last and left[0].kind == "long"


def _is_last_text(left: Sequence[Field], word: str) -> bool:
    """Whether a word begins such a text; a quoted one, with a space in it, is whole."""
    return _wants_text(left) and " " not in word


def _names_field(command: Command, word: str) -> bool:
    name, sign, _ = word.removeprefix("--").partition("=")
    return bool(sign) and command.field(name.replace("_", "-").lower()) is not None


def _as_typed(words: Sequence[str], text: str) -> str:
    """Return some words of a text with its own spaces between them, where no quotation mark is."""
    joined = re.search(r"\s+".join(map(re.escape, words)), text)
    return joined[0] if joined else " ".join(words)


def _no_such_field(command: Command, name: str) -> str:
    near = get_close_matches(name, [field.name for field in command.fields], 1, ALIKE)
    meant = f"Did you mean `{near[0]}`? " if near else ""
    return f"`{command.title}` has no field `{name[:40]}`. {meant}It is typed so: `{usage(command)}`."


def _suggested(words: Sequence[str], commands: Sequence[Command]) -> Mistyped | None:
    """Say which command may be meant, where one is near enough."""
    groups = {command.group for command in commands if command.group}
    first, second = words[0].lower(), words[1].lower() if len(words) > 1 else ""
    if first in groups:
        names = [command.name for command in commands if command.group == first]
        near = get_close_matches(second, names, 3, ALIKE) if second else []
        if near or (len(words) <= SHORT and not words[-1].endswith("?")):
            meant = " or ".join(f"`{first} {name}`" for name in near or names)
            return Mistyped(f"There is no command `{' '.join(filter(None, (first, second)))}`: did you mean {meant}?")
        return None
    if (group := get_close_matches(first, groups, 1, ALIKE)) and second:
        names = [command.name for command in commands if command.group == group[0]]
        if near := get_close_matches(second, names, 1, ALIKE):
            return Mistyped(f"There is no command `{first} {second}`: did you mean `{group[0]} {near[0]}`?")
    return _named_without_group(words, commands)


def _named_without_group(words: Sequence[str], commands: Sequence[Command]) -> Mistyped | None:
    """Say which command may be meant by a few words that begin with its name alone."""
    first = words[0].lower()
    if len(words) > SHORT or words[-1].endswith("?"):
        return None
    exact = [command.title for command in commands if command.name == first and command.group]
    if len(words) == 1:
        names = {command.name for command in commands}
        near = get_close_matches(first, names, 1, ALIKE)
        exact = [command.title for command in commands if command.name in near]
    elif not (exact and _is_id(words[1])):
        return None
    titles = [title.removeprefix(f"{OWN_GROUP} ") for title in exact]
    meant = " or ".join(f"`{title}`" for title in titles[:3])
    return Mistyped(f"There is no command `{' '.join(words)[:60]}`: did you mean {meant}?") if titles else None


def _is_id(word: str) -> bool:
    """Whether a word is written as the id of a dataset, a run, a model or a proposal, which customers do not."""
    return word.startswith(("ds-", "run-", "model-", "prop-"))
