"""Forms of commands as Slack's modals."""

from collections.abc import Mapping, Sequence

from slack_sdk.models.blocks import (
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.blocks.block_elements import FileInputElement

from bot.admin.admin import MOST_NAMES
from bot.admin.forms import Field, Form
from bot.admin.replies import Choice
from bot.platforms.slack.acts import ELEMENT
from bot.platforms.slack.blocks import json_of
from bot.platforms.slack.text import start_of, units
from bot.platforms.slack.wire import Json

FORM = "command"
# The limits of Slack.
_LONGEST_TITLE = 24
_LONGEST_TEXT = 3000
_LONGEST_METADATA = 3000
_LONGEST_OPTION = 75
_LONGEST_VALUE = 150
_YES = {"true", "yes", "y", "on", "1"}


class FormError(Exception):
    """A form has no room for what it must hold; the text is one sentence with the way out."""


def naming(form: Form) -> list[str]:
    """Return the fields in which something that exists must be named: all others take new names too."""
    return [field.name for field in form.fields if field.required and field.names]


def view(form: Form, names: Mapping[str, Sequence[Choice]], metadata: str) -> Json:
    """Return a modal; `names` are those that can be chosen, by the field; raises FormError."""
    if units(metadata) > _LONGEST_METADATA:
        raise FormError("That is too long to be taken along into a form of Slack's: give less of it with the command.")
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": _plain(form.command.title, _LONGEST_TITLE),
        "submit": _plain("Send", _LONGEST_TITLE),
        "close": _plain("Cancel", _LONGEST_TITLE),
        "private_metadata": metadata,
        "blocks": [
            *json_of([SectionBlock(text=PlainTextObject(text=f"{form.command.about}."))]),
            *json_of(
                _input(field, form.values.get(field.name, ""), names.get(field.name, ())) for field in form.fields
            ),
        ],
    }


def _plain(text: str, longest: int) -> dict[str, str]:
    return {"type": "plain_text", "text": start_of(text, longest)}


def _input(field: Field, value: str, names: Sequence[Choice]) -> InputBlock:
    fits = units(value) <= _LONGEST_TEXT
    hint = field.about if fits else f"{field.about}. What it is now is too long to be shown here"
    return InputBlock(
        block_id=field.name,
        label=PlainTextObject(text=field.name.replace("-", " ").capitalize()),
        hint=PlainTextObject(text=f"{hint}."),
        element=_element(field, value if fits else "", names),
        optional=not field.required,
    )


def _element(field: Field, value: str, names: Sequence[Choice]) -> InputInteractiveElement:
    match field.kind:
        case "file":
            return FileInputElement(action_id=ELEMENT, max_files=1)
        case "yes_no":
            chosen = ("yes" if value.lower() in _YES else "no") if value else ""
            return _select([Choice("yes", "yes"), Choice("no", "no")], chosen)
        case "choice":
            return _select([Choice(choice, choice) for choice in field.choices], value)
        case _ if named := _with(value, names):
            return _select(named, value)
        case _:
            return PlainTextInputElement(
                action_id=ELEMENT,
                multiline=field.kind == "long",
                initial_value=value or None,
                max_length=_LONGEST_TEXT,
            )


def _with(value: str, names: Sequence[Choice]) -> list[Choice]:
    """Return the names that can be chosen, with the one that is there.

    None where some may be missing, or where Slack has no room for one of them.
    """
    found = list(names) if len(names) < MOST_NAMES else []
    if found and value and value not in {name.value for name in found}:
        found.insert(0, Choice(value, value))
    return found if all(0 < units(name.value) <= _LONGEST_VALUE for name in found) else []


def _select(choices: Sequence[Choice], value: str) -> StaticSelectElement:
    options = [
        Option(value=choice.value, text=PlainTextObject(text=start_of(choice.label, _LONGEST_OPTION)))
        for choice in choices
    ]
    chosen = next((option for option in options if option.value == value), None)
    return StaticSelectElement(action_id=ELEMENT, options=options, initial_option=chosen)
