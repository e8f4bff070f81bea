"""What is shown, as Slack's blocks."""

from collections.abc import Iterable, Sequence
from typing import cast

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextActionsBlock,
    ContextBlock,
    FeedbackButtonObject,
    FeedbackButtonsElement,
    HeaderBlock,
    ImageBlock,
    MarkdownBlock,
    PlainTextObject,
    SectionBlock,
)

from bot.admin.buttons import encoded
from bot.admin.replies import Button
from bot.conversation import Answered, Rating
from bot.persona import Persona
from bot.platforms.slack.wire import Json

FEEDBACK = "feedback"
# With a number after it, so that no two buttons of a message are called the same.
COMMAND = "command-"
# Slack shows four at most.
PROMPTS = 4
_IN_A_ROW = 5
_LONGEST_LABEL = 75
_PERSON = Button("Talk to a person", "human")


def json_of(blocks: Iterable[Block]) -> list[Json]:
    """Return blocks as Slack takes them."""
    return [cast("Json", block.to_dict()) for block in blocks]  # pyright: ignore[reportUnknownMemberType]


def written(text: str) -> list[Json]:
    """Return Markdown."""
    return json_of([MarkdownBlock(text=text)])


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
    return json_of([ContextActionsBlock(elements=[buttons])])


def buttons(offered: Sequence[Button]) -> list[Json]:
    """Return buttons that each give a command, five in a row."""
    elements = [
        ButtonElement(
            action_id=f"{COMMAND}{number}",
            text=PlainTextObject(text=button.label[:_LONGEST_LABEL]),
            value=encoded(button.command, button.given),
            style=None if button.style == "plain" else button.style,
        )
        for number, button in enumerate(offered, 1)
    ]
    rows = [elements[at : at + _IN_A_ROW] for at in range(0, len(elements), _IN_A_ROW)]
    return json_of(ActionsBlock(elements=[*row]) for row in rows)


def below(answer: Answered) -> list[Json]:
    """Return what stands below an answer: whether it helped, and the way to a person."""
    return [
        *(feedback(answer.turn) if answer.ratable else []),
        *(buttons([_PERSON]) if answer.offers_person else []),
    ]


def picture(file: str, about: str) -> list[Json]:
    """Return a picture that Slack has."""
    return json_of([ImageBlock(alt_text=about, slack_file={"id": file})])


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
    return {"type": "home", "blocks": json_of(blocks)}


def prompts(persona: Persona) -> list[dict[str, str]]:
    """Return the questions that are offered to a customer who has asked nothing yet."""
    return [{"title": suggestion, "message": suggestion} for suggestion in persona.suggestions[:PROMPTS]]
