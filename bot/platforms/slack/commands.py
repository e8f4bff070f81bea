"""The slash command: a question whose answer only the customer sees.

Slack shows a command to nobody but its author, so an answer in the channel would answer a question
that the others never saw; whoever wants an answer for everybody mentions her.
"""

from collections.abc import Awaitable, Callable

import structlog

from bot.conversation import Answered, Answers, Conversation, Question, Unfinished
from bot.persona import Persona
from bot.platforms.slack.api import Api, RefusedError
from bot.platforms.slack.blocks import feedback, written
from bot.platforms.slack.incoming import Me
from bot.platforms.slack.text import escaped, neutral, plain, split
from bot.platforms.slack.wire import Json, string

_OWN = "command "

Show = Callable[[str, list[Json]], Awaitable[None]]


def is_command(conversation: Conversation) -> bool:
    """Whether this conversation was had through the command."""
    return conversation.thread.startswith(_OWN)


class Commands:
    """What can be typed after the command."""

    def __init__(self, api: Api, assistant: Answers, persona: Persona, me: Me) -> None:
        self._api = api
        self._assistant = assistant
        self._persona = persona
        self._me = me

    async def take(self, command: Json) -> None:
        """Help, forget, or answer a question; each customer has one such conversation per channel."""
        text = plain(string(command, "text"), self._me.user)
        channel, user, url = (string(command, key) for key in ("channel_id", "user_id", "response_url"))
        conversation = Conversation("slack", self._me.team, channel, f"{_OWN}{user}")
        if text.lower() in {"", "help"}:
            await self._say(url, self._help(string(command, "command")))
        elif text.lower() == "reset":
            await self._reset(conversation, url)
        else:
            question = Question(conversation, user, string(command, "trigger_id"), text)
            await self._answer(question, url)

    def _help(self, command: str) -> str:
        name, product = self._persona.name, self._persona.product
        return (
            f"{self._persona.disclosure}\n\n"
            f"`{command} <your question>` asks {name} about {product}; only you see the answer.\n"
            f"`{command} reset` lets {name} forget what you asked this way here, or in a direct message to {name}.\n"
            f"Mention {name} in a channel for an answer that everybody there sees."
        )

    async def _reset(self, conversation: Conversation, url: str) -> None:
        await self._assistant.reset(conversation)
        # Typed in a direct message to her, it means that one as well; elsewhere there is none to forget.
        await self._assistant.reset(Conversation("slack", self._me.team, conversation.channel))
        await self._say(url, "Forgotten. We start over.")

    async def _say(self, url: str, text: str) -> None:
        try:
            await self._api.respond(url, escaped(text), written(text))
        except RefusedError as error:
            structlog.get_logger().warning("slack.response_not_shown", error=str(error))

    async def _answer(self, question: Question, url: str) -> None:
        async def show(text: str, blocks: list[Json]) -> None:
            await self._api.respond(url, text, blocks)

        async for event in self._assistant.answer(question):
            if isinstance(event, Answered) and not await _shown(event, show):
                self._assistant.postpone(event.turn)

    async def resume(self, unfinished: Unfinished) -> None:
        """Answer a command of an earlier process; its response_url is not kept, so by an ephemeral message."""
        question = unfinished.question

        async def show(text: str, blocks: list[Json]) -> None:
            await self._api.call(
                "chat.postEphemeral",
                channel=question.conversation.channel,
                user=question.author,
                text=text,
                blocks=blocks,
            )

        async for event in self._assistant.resume(unfinished):
            if isinstance(event, Answered) and not await _shown(event, show):
                self._assistant.postpone(event.turn)


async def _shown(answer: Answered, show: Show) -> bool:
    """Show an answer whole, in one piece unless it is too long for that; False where that failed and may work later."""
    parts = split(neutral(answer.text))
    try:
        for number, part in enumerate(parts, 1):
            extra = feedback(answer.turn) if answer.ratable and number == len(parts) else []
            await show(escaped(part), [*written(part), *extra])
    except RefusedError as error:
        log = structlog.get_logger()
        log.warning("slack.answer_not_shown", turn=answer.turn, reference=answer.reference, error=str(error))
        return not error.transient
    return True
