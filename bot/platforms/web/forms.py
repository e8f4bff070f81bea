"""The forms of commands, and buttons, as HTML."""

import secrets
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape

from bot.admin.forms import Command, Field
from bot.admin.replies import Attachment, Button, Choice
from bot.platforms.web.receiving import ACT, PRESSED, SECRET

LINES = 7


@dataclass(frozen=True, slots=True)
class Place:
    """Where forms are sent: to commands under `root`, with the reader's secret and what else goes with all of them."""

    root: str
    secret: str = ""
    more: Mapping[str, str] = field(default_factory=dict[str, str])

    def of(self, title: str) -> str:
        """Return the address of a command."""
        return f"{self.root}/{title.replace(' ', '/')}"


@dataclass(frozen=True, slots=True)
class Filling:
    """What stands in a form already, what goes back unseen, and which names complete its fields."""

    values: Mapping[str, str] = field(default_factory=dict[str, str])
    carried: Mapping[str, str] = field(default_factory=dict[str, str])
    names: Mapping[str, list[Choice]] = field(default_factory=dict[str, list[Choice]])


def form_of(command: Command, place: Place, filling: Filling) -> str:
    """Return the whole form of a command."""
    fields = [one for one in command.fields if one.name not in filling.carried]
    kind = ' enctype="multipart/form-data"' if any(one.kind == "file" for one in fields) else ""
    rows = "".join(_row(one, filling) for one in fields)
    note = '<p class="note">* has to be filled in.</p>' if any(one.required for one in fields) else ""
    label = escape(worded(command.name))
    return (
        f'<form class="filled" method="post" action="{escape(place.of(command.title))}"{kind}>'
        f"{hidden({**_act(place), **filling.carried})}{rows}{note}"
        f'<button class="primary" type="submit">{label}</button></form>'
    )


def _row(one: Field, filling: Filling) -> str:
    star = " <span aria-hidden='true'>*</span>" if one.required else ""
    key = f"field-{one.name}"
    return (
        f'<div class="row"><label for="{key}">{escape(worded(one.name))}{star}</label>'
        f'<p id="{key}-about">{escape(one.about)}.{_limits(one)}</p>'
        f"{_entry(one, key, filling)}</div>"
    )


def _entry(one: Field, key: str, filling: Filling) -> str:
    """Return what a field is filled in with."""
    value = filling.values.get(one.name, "")
    common = f'id="{key}" name="{one.name}" aria-describedby="{key}-about"{" required" if one.required else ""}'
    match one.kind:
        case "file":
            return f'<input type="file" {common}>'
        case "long":
            # The line after the tag is not part of the text.
            return f'<textarea {common} rows="{LINES}">\n{escape(value)}</textarea>'
        case "choice" | "yes_no":
            return _select(one, common, value)
        case "whole" | "number":
            step = "1" if one.kind == "whole" else "any"
            return f'<input type="number" step="{step}"{_bounds(one)} {common} value="{escape(value)}">'
        case "text":
            known = filling.names.get(one.name, [])
            listed = f' list="{key}-names"' if known else ""
            entry = f'<input type="text" autocomplete="off" {common}{listed} value="{escape(value)}">'
            return entry + (_names(key, known) if known else "")


def _select(one: Field, common: str, value: str) -> str:
    choices = one.choices or ("yes", "no")
    value = {"true": "yes", "false": "no"}.get(value.lower(), value) if one.kind == "yes_no" else value
    empty = "" if one.required and value else '<option value="">as usual</option>'
    if one.required and not value:
        empty = '<option value="">choose</option>'
    options = "".join(
        f"<option{' selected' if choice == value else ''}>{escape(choice)}</option>" for choice in choices
    )
    return f"<select {common}>{empty}{options}</select>"


def _names(key: str, known: Iterable[Choice]) -> str:
    options = "".join(f'<option value="{escape(one.value)}">{escape(one.label)}</option>' for one in known)
    return f'<datalist id="{key}-names">{options}</datalist>'


def _bounds(one: Field) -> str:
    # A bound of a number that may be any would make browsers count steps from it.
    least = f' min="{one.least:g}"' if one.least is not None else ""
    most = f' max="{one.most:g}"' if one.most is not None else ""
    return least + most


def _limits(one: Field) -> str:
    if one.least is not None and one.most is not None:
        return f" {one.least:g} to {one.most:g}."
    return ""


def press(button: Button, place: Place) -> str:
    """Return a form that is one button."""
    style = f' class="{button.style}"' if button.style != "plain" else ""
    return (
        f'<form method="post" action="{escape(place.of(button.command))}">'
        f"{hidden({**_act(place), PRESSED: 'yes', **button.given})}"
        f"<button{style} type='submit'>{escape(button.label)}</button></form>"
    )


def presses(buttons: Iterable[Button], place: Place) -> str:
    """Return a row of buttons, or nothing."""
    row = "".join(press(button, place) for button in buttons)
    return f'<div class="presses">{row}</div>' if row else ""


def hidden(values: Mapping[str, str]) -> str:
    """Return what goes back unseen with a form."""
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in values.items()
    )


def picture(attachment: Attachment) -> str:
    """Return a picture that is part of the page."""
    data = b64encode(attachment.content).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{escape(attachment.name)}">'


def worded(name: str) -> str:
    """Return a name as a label: Learning rate."""
    return name.replace("-", " ").capitalize()


def _act(place: Place) -> dict[str, str]:
    """Return what tells this filled-in form from all others: the same however often it is sent."""
    return {**place.more, SECRET: place.secret, ACT: secrets.token_urlsafe(12)}
