"""From what somebody typed, chose or sent to what a command's function takes."""

import math
from collections.abc import Mapping

from bot.admin.calls import Given, Upload
from bot.admin.forms import Command, Field

# Words that people use for yes and for no.
_YES_NO = {
    **dict.fromkeys(("true", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "no", "n", "off", "0"), False),
}
# More than any field of ours has a use for.
LONGEST = 50_000
# No number of ours is larger, and none that is loses a digit on its way through a platform.
LARGEST = 2**53

Value = str | int | float | bool | Upload


class FillingError(Exception):
    """A form is not filled in well; the text names each field and what it wants."""


def missing(command: Command, given: Given) -> tuple[Field, ...]:
    """Return the fields that must be filled in and are not."""
    return tuple(field for field in command.fields if _is_required(field, given) and _is_empty(given.get(field.name)))


def _is_required(field: Field, given: Given) -> bool:
    """Whether a field must be filled in, beside what else was."""
    return field.required or _YES_NO.get(str(given.get(field.needed_with)).strip().lower(), False)


def filled(command: Command, given: Given) -> dict[str, Value]:
    """Return a command's arguments by its parameters; raises FillingError with a sentence for each fault.

    What is left empty keeps the function's own default.
    """
    faults = [_unknown(command, name) for name in given if command.field(name) is None]
    values: dict[str, Value] = {}
    for field in command.fields:
        value = given.get(field.name)
        if _is_empty(value) or value is None:
            if field.required:
                faults.append(f"`{field.name}` is missing: {field.about[:1].lower()}{field.about[1:]}.")
            continue
        try:
            values[field.parameter] = _value(field, value)
        except ValueError as fault:
            faults.append(f"`{field.name}` must be {fault}.")
    if faults:
        raise FillingError(" ".join(faults))
    return values


def as_text(given: Given) -> Mapping[str, str]:
    """Return what was given as a form carries it, without files."""
    return {name: str(value) for name, value in given.items() if not isinstance(value, Upload)}


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _unknown(command: Command, name: str) -> str:
    known = ", ".join(f"`{field.name}`" for field in command.fields) or "nothing"
    return f"`{command.title}` has no field {name[:40]!r}: it takes {known}."


def _value(field: Field, value: Value) -> Value:
    """Return a value of the field's kind; raises ValueError saying what it must be."""
    if (field.kind == "file") != isinstance(value, Upload):
        raise ValueError("a file that you send along" if field.kind == "file" else "text")
    if isinstance(value, Upload):
        return value
    text = str(value).strip()
    match field.kind:
        case "yes_no":
            return _yes_no(text)
        case "whole" | "number":
            return _in_range(field, _number(text, whole=field.kind == "whole"))
        case "choice":
            return _choice(field, text)
        case _:
            if len(text) > LONGEST:
                raise ValueError(f"shorter than {LONGEST:,} characters")
            return text


def _yes_no(text: str) -> bool:
    if text.lower() not in _YES_NO:
        raise ValueError("yes or no")
    return _YES_NO[text.lower()]


def _number(text: str, *, whole: bool) -> float:
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        raise ValueError("a whole number" if whole else "a number") from None
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError("a number that ends")
    if abs(number) > LARGEST:
        raise ValueError("a smaller number")
    return number


def _in_range(field: Field, number: float) -> float:
    if field.least is not None and number < field.least:
        raise ValueError(f"{field.least:g} or more")
    if field.most is not None and number > field.most:
        raise ValueError(f"{field.most:g} or less")
    return number


def _choice(field: Field, text: str) -> str:
    found = next((choice for choice in field.choices if choice.lower() == text.lower()), None)
    if found is None:
        raise ValueError(f"one of {', '.join(field.choices)}")
    return found
