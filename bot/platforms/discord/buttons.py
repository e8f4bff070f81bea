"""Buttons that give a command, which they carry in their id and so outlive a restart."""

import re
from collections.abc import Sequence
from typing import Self

import discord
import structlog
from discord import ui

from bot.admin.buttons import decoded, encoded
from bot.admin.replies import Button, Style

# Five rows of five.
_MOST = 25
_LONGEST_LABEL = 80
_STYLES: dict[Style, discord.ButtonStyle] = {
    "plain": discord.ButtonStyle.secondary,
    "primary": discord.ButtonStyle.primary,
    "danger": discord.ButtonStyle.danger,
}


class CommandButton(ui.DynamicItem[ui.Button[ui.View]], template=r"do:.*"):
    """A button under a message; a press becomes the client's `pressed` event."""

    def __init__(self, custom_id: str, label: str = "", style: Style = "plain") -> None:
        super().__init__(ui.Button(label=label, style=_STYLES[style], custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[ui.View], match: re.Match[str], /
    ) -> Self:
        """Take a button that was pressed, whichever process made it."""
        del interaction, item
        return cls(match.string)

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the press to the client."""
        if pressed := decoded(self.custom_id):
            title, given = pressed
            interaction.client.dispatch("pressed", interaction, title, given)


def add_buttons(view: ui.View, buttons: Sequence[Button]) -> None:
    """Add buttons to what stands under a message."""
    for button in buttons[: _MOST - len(view.children)]:
        try:
            custom_id = encoded(button.command, button.given)
        except ValueError:
            # The command can still be typed; its values may be somebody's words and stay out of the log.
            structlog.get_logger().warning("discord.button_left_out", command=button.command)
            continue
        label = button.label if len(button.label) <= _LONGEST_LABEL else f"{button.label[: _LONGEST_LABEL - 1]}…"
        view.add_item(CommandButton(custom_id, label, button.style))


def command_buttons(buttons: Sequence[Button]) -> ui.View | None:
    """Return buttons as they stand under a message, or None where there are none."""
    view = ui.View(timeout=None)
    add_buttons(view, buttons)
    return view if view.children else None
