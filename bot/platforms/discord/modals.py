"""Forms as Discord's modals: shown from a form, and read back from what was submitted, whichever process showed it."""

from typing import Literal

import discord
from discord import ui

from bot.admin.buttons import decoded, encoded
from bot.admin.calls import Upload
from bot.admin.forms import Field, Form
from bot.platforms.discord.uploads import Uploads

# Discord's limits of characters.
_LONGEST_TITLE = 45
_LONGEST_TEXT = 4000
_LONGEST_ABOUT = 100
# The kinds of components, as Discord numbers them.
_SELECT: Literal[3] = 3
_TEXT: Literal[4] = 4
_LABEL: Literal[18] = 18
_FILE: Literal[19] = 19
_YES_NO = ("yes", "no")
_YES = frozenset({"true", "yes", "1"})


def modal_of(form: Form) -> ui.Modal | None:
    """Return a form as a modal; None where what is known already has no room in it."""
    try:
        custom_id = encoded(form.command.title, form.carried)
    except ValueError:
        return None
    modal = ui.Modal(title=form.command.title.capitalize()[:_LONGEST_TITLE], custom_id=custom_id)
    for field in form.fields:
        label = field.name.replace("-", " ").capitalize()[:_LONGEST_TITLE]
        item = _item(field, form.values.get(field.name, ""))
        modal.add_item(ui.Label(text=label, description=field.about[:_LONGEST_ABOUT], component=item))
    # What is submitted is read from Discord's own event: it needs no memory, and so no process that stays the same.
    modal.stop()
    return modal


def _item(field: Field, value: str) -> ui.Item[ui.View]:
    match field.kind:
        case "file":
            least = 1 if field.required else 0
            return ui.FileUpload(custom_id=field.name, required=field.required, min_values=least, max_values=1)
        case "choice":
            return _select(field, field.choices, value)
        case "yes_no":
            return _select(field, _YES_NO, ("yes" if value.lower() in _YES else "no") if value else "")
        case _:
            return _text(field, value)


def _select(field: Field, choices: tuple[str, ...], value: str) -> ui.Select[ui.View]:
    options = [discord.SelectOption(label=choice, default=choice == value) for choice in choices]
    least = 1 if field.required else 0
    return ui.Select(custom_id=field.name, required=field.required, min_values=least, options=options)


def _text(field: Field, value: str) -> ui.TextInput[ui.View]:
    return ui.TextInput(
        custom_id=field.name,
        style=discord.TextStyle.paragraph if field.kind == "long" else discord.TextStyle.short,
        required=field.required,
        # A text that is too long is not offered cut: it would be taken for the whole.
        default=value if 0 < len(value) <= _LONGEST_TEXT else None,
        max_length=_LONGEST_TEXT,
    )


def submitted(interaction: discord.Interaction, uploads: Uploads) -> tuple[str, dict[str, str | Upload]] | None:
    """Return the command of a submitted form, what it carried and what was filled in; None where it is not ours."""
    data = interaction.data
    if interaction.type is not discord.InteractionType.modal_submit or data is None or "components" not in data:
        return None
    if (found := decoded(data["custom_id"])) is None:
        return None
    title, carried = found
    given: dict[str, str | Upload] = {**carried}
    files = data.get("resolved", {}).get("attachments", {})
    for label in data["components"]:
        if label["type"] != _LABEL:
            continue
        filled = label["component"]
        if filled["type"] == _TEXT:
            given[filled["custom_id"]] = filled["value"]
        elif filled["type"] == _SELECT and filled["values"]:
            given[filled["custom_id"]] = filled["values"][0]
        elif filled["type"] == _FILE and filled["values"]:
            given[filled["custom_id"]] = uploads.described(files[filled["values"][0]])
    return title, given
