"""What is shown, as Slack's blocks."""

from collections.abc import Iterable
from typing import cast

from slack_sdk.models.blocks import (
    Block,
    ContextActionsBlock,
    ContextBlock,
    FeedbackButtonObject,
    FeedbackButtonsElement,
    HeaderBlock,
    MarkdownBlock,
    PlainTextObject,
    SectionBlock,
)

from bot.conversation import Rating
from bot.persona import Persona
from bot.platforms.slack.wire import Json

FEEDBACK = "feedback"
# Slack shows four at most.
PROMPTS = 4


def _json(blocks: Iterable[Block]) -> list[Json]:
    return [cast("Json", block.to_dict()) for block in blocks]  # pyright: ignore[reportUnknownMemberType]


def written(text: str) -> list[Json]:
    """Return Markdown."""
    return _json([MarkdownBlock(text=text)])


def feedback(turn: int) -> list[Json]:
    """Return the two buttons of an answer; they carry its turn, so that they outlive the process."""
    buttons = FeedbackButtonsElement(
        action_id=FEEDBACK,
        positive_button=FeedbackButtonObject(
            text="Good answer", accessibility_label="This answer helped", value=f"up {turn}"
        ),
        negative_button=FeedbackButtonObject(
            text="Bad answer", accessibility_label="This answer did not help", value=f"down {turn}"
        ),
    )
    return _json([ContextActionsBlock(elements=[buttons])])


def verdict(value: str) -> tuple[int, Rating] | None:
    """Read the value of a pressed feedback button."""
    side, _, turn = value.partition(" ")
    if not (turn.isascii() and turn.isdigit()):
        return None
    if side == "up":
        return int(turn), "up"
    return (int(turn), "down") if side == "down" else None


def home(persona: Persona) -> Json:
    """Return the app's home: who she is, that she is automated, and what to ask."""
    ideas = "\n".join(f"• {suggestion}" for suggestion in persona.suggestions)
    blocks = [
        HeaderBlock(text=PlainTextObject(text=persona.name)),
        SectionBlock(text=PlainTextObject(text=persona.greeting)),
        ContextBlock(elements=[PlainTextObject(text=persona.disclosure)]),
        SectionBlock(text=PlainTextObject(text=f"Ask in Messages, or mention me in a channel:\n{ideas}")),
    ]
    return {"type": "home", "blocks": _json(blocks)}


def prompts(persona: Persona) -> list[dict[str, str]]:
    """Return the questions that are offered to a customer who has asked nothing yet."""
    return [{"title": suggestion, "message": suggestion} for suggestion in persona.suggestions[:PROMPTS]]
