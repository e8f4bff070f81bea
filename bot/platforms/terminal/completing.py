"""What the Tab key completes: names of commands, of their fields, and what fields hold."""

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

from bot.admin.forms import Command, Field

# Returns the names that fit what was typed into a field of a command.
Names = Callable[[Command, str, str], Sequence[str]]
PATHS = ("/", "./", "../", "~/")
OWN = ("/new", "/help", "/quit")


def completions(before: str, word: str, commands: Sequence[Command], names: Names) -> list[str]:
    """Return what the word may become that is being typed after `before`."""
    if not before.startswith("/"):
        found = [one for one in _first(commands) if not before and word.startswith("/") and one.startswith(word)]
        return found or (_paths(word) if not before and word.startswith(PATHS) else [])
    words = before.removeprefix("/").split()
    if len(words) == 1 and (group := [one for one in commands if one.group == words[0]]):
        return [f"{one.name} " for one in group if one.name.startswith(word)]
    command = next((one for one in commands if words[: len(one.title.split())] == one.title.split()), None)
    return _fields(command, words[len(command.title.split()) :], word, names) if command else []


def _first(commands: Sequence[Command]) -> list[str]:
    """Return what may stand first in a line."""
    named = chain((f"/{one.group or one.name} " for one in commands), (f"{own} " for own in OWN))
    return sorted(set(named))


def _fields(command: Command, given: Sequence[str], word: str, names: Names) -> list[str]:
    name, sign, typed = word.partition("=")
    field = command.field(name)
    if sign and field:
        return [f"{name}={value}" for value in _values(command, field, typed, names)]
    said = {one.partition("=")[0] for one in given if "=" in one}
    found = [f"{one.name}=" for one in command.fields if one.name.startswith(word) and one.name not in said]
    plain = [one for one in command.fields if one.required and one.kind != "file" and one.name not in said]
    place = sum("=" not in one for one in given)
    if place < len(plain):
        found += _values(command, plain[place], word, names)
    return found


def _values(command: Command, field: Field, typed: str, names: Names) -> list[str]:
    match field.kind:
        case "file":
            return _paths(typed)
        case "choice":
            return [choice for choice in field.choices if choice.startswith(typed)]
        case "yes_no":
            return [answer for answer in ("yes", "no") if answer.startswith(typed)]
        case _:
            return [name for name in names(command, field.name, typed) if name.startswith(typed)] if field.names else []


def _paths(typed: str) -> list[str]:
    """Return the files and folders whose path begins so."""
    try:
        begun = Path(typed).expanduser()
        folder, start = (begun, "") if typed.endswith("/") else (begun.parent, begun.name)
        return sorted(
            f"{path}/" if path.is_dir() else str(path) for path in folder.iterdir() if path.name.startswith(start)
        )
    except (OSError, RuntimeError):
        # There is no such folder or nobody of that name, or it is closed to us.
        return []
