"""The buttons under an answer, which carry its turn in their id and so outlive a restart."""

import re
from typing import Literal, Self

import discord
from discord import ui

from bot.admin.replies import Button
from bot.conversation import Answered, Rating
from bot.platforms.discord.buttons import add_buttons

THANKS = "Thank you! That helps to make the answers better."
GONE = "That answer is no longer kept, so there is nothing to rate. Thank you all the same!"
PERSON = Button("Talk to a person", "human")

_EMOJI: dict[Rating, str] = {"up": "👍", "down": "👎"}


class RatingButton(ui.DynamicItem[ui.Button[ui.View]], template=r"rate:(?P<turn>\d+):(?P<rating>up|down)"):
    """A thumb under an answer; a click becomes the client's `rating` event."""

    def __init__(self, turn: int, rating: Rating) -> None:
        self.turn = turn
        self.rating: Rating = rating
        super().__init__(ui.Button(emoji=_EMOJI[rating], custom_id=f"rate:{turn}:{rating}"))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: ui.Item[ui.View], match: re.Match[str], /
    ) -> Self:
        """Read the turn and the rating back out of a clicked button."""
        del interaction, item
        rating: Literal["up", "down"] = "up" if match["rating"] == "up" else "down"
        return cls(int(match["turn"]), rating)

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the click to the client."""
        interaction.client.dispatch("rating", interaction, self.turn, self.rating)


def answer_buttons(answered: Answered) -> ui.View | None:
    """Return what stands under an answer: the two thumbs, and a person where one may be wanted; None where nothing."""
    view = ui.View(timeout=None)
    if answered.ratable:
        view.add_item(RatingButton(answered.turn, "up"))
        view.add_item(RatingButton(answered.turn, "down"))
    if answered.offers_person:
        add_buttons(view, [PERSON])
    return view if view.children else None
