"""The slash command: a question whose answer only the customer sees, or a command of admins and customers.

Slack shows a command to nobody but its author, so an answer in the channel would answer a question
that the others never saw; whoever wants an answer for everybody mentions her.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from bot.admin.admin import Admin
from bot.admin.forms import Command
from bot.admin.spoken import Mistyped, Spoken, help_text, read
from bot.conversation import Answered, Answers, Event, Hushed, Question, Unfinished
from bot.persona import Persona
from bot.platforms.slack.acts import Act, Wanted, own_conversation, typed
from bot.platforms.slack.api import Api, RefusedError
from bot.platforms.slack.blocks import below, written
from bot.platforms.slack.callers import Callers, UnknownCallerError
from bot.platforms.slack.desk import Desk, is_customers
from bot.platforms.slack.incoming import Me
from bot.platforms.slack.text import escaped, neutral, plain, split
from bot.platforms.slack.wire import Json, string

ASK = "ask"
RESET = "reset"

Show = Callable[[str, list[Json]], Awaitable[None]]


class Commands:
    """What can be typed after the command."""

    def __init__(  # noqa: PLR0913 - built once, in sight
        self, api: Api, assistant: Answers, persona: Persona, me: Me, *, admin: Admin, callers: Callers, desk: Desk
    ) -> None:
        self._api = api
        self._assistant = assistant
        self._persona = persona
        self._me = me
        self._admin = admin
        self._callers = callers
        self._desk = desk

    async def take(self, command: Json) -> None:
        """Help, do a command, or answer a question; each customer has one conversation of this kind per channel."""
        text, act = plain(string(command, "text"), self._me.user), typed(command, self._me)
        spoken = read(text, self._admin.commands)
        if text.lower() in {"", "help"}:
            await self._desk.say(act, await self._help(act, string(command, "command")))
        elif isinstance(spoken, Mistyped):
            await self._desk.say(act, spoken.text)
        elif isinstance(spoken, Spoken) and spoken.command.title != ASK:
            await self._give(act, spoken)
        else:
            await self._ask(act, " ".join(spoken.given.values()) if spoken else text)

    async def _help(self, act: Act, command: str) -> str:
        name, product = self._persona.name, self._persona.product
        told = (
            f"{self._persona.disclosure}\n\n"
            f"`{command} <your question>` asks {name} about {product}; only you see the answer.\n"
            f"`{command} reset` lets {name} forget what you asked this way here, or in a direct message to {name}.\n"
            f"Mention {name} in a channel for an answer that everybody there sees."
        )
        commands = self._admin.commands
        others = [one for one in commands if is_customers(one) and one.title not in {ASK, RESET}]
        listed = help_text([*others, *await self._admins(act)], f"{command} ")
        return f"{told}\n\n{listed}" if listed else told

    async def _admins(self, act: Act) -> list[Command]:
        """Return what somebody may do besides what every customer may; nothing where Slack does not say who it is."""
        try:
            caller = await self._callers.member(act.user)
        except UnknownCallerError:
            return []
        given = [one for one in self._admin.commands if not is_customers(one) and self._admin.may(caller, one.title)]
        # What anyone may in a conversation that was handed over stands on its button.
        return given if any(one.may != "anyone" for one in given) else []

    async def _give(self, act: Act, spoken: Spoken) -> None:
        if spoken.command.title == RESET:
            # In a direct message it means that one, and what was asked there by the command as well.
            await self._assistant.reset(own_conversation(self._me, act.channel, act.user))
        await self._desk.give(act, Wanted(spoken.command.title, spoken.given, {}))

    async def _ask(self, act: Act, text: str) -> None:
        own = own_conversation(self._me, act.channel, act.user)
        if why := self._assistant.silence(own) or self._assistant.silence(act.conversation):
            await self._desk.say(act, why)
        else:
            await self._answer(Question(own, act.user, act.id, text), act)

    async def _answer(self, question: Question, act: Act) -> None:
        async def show(text: str, blocks: list[Json]) -> None:
            await self._api.respond(act.url, text, blocks)

        await self._end(self._assistant.answer(question), act, show)

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

        act = Act(question.message_id, question.author, "", question.conversation)
        await self._end(self._assistant.resume(unfinished), act, show)

    async def _end(self, events: AsyncIterator[Event], act: Act, show: Show) -> None:
        """Show a question's answer, or say why there will be none."""
        async for event in events:
            match event:
                case Answered():
                    if not await _shown(event, show):
                        self._assistant.postpone(event.turn)
                case Hushed():
                    await self._desk.say(act, event.why)
                case _:
                    continue


async def _shown(answer: Answered, show: Show) -> bool:
    """Show an answer whole, in one piece unless it is too long for that; False where that failed and may work later."""
    parts = split(neutral(answer.text))
    try:
        for number, part in enumerate(parts, 1):
            extra = below(answer) if number == len(parts) else []
            await show(escaped(part), [*written(part), *extra])
    except RefusedError as error:
        log = structlog.get_logger()
        log.warning("slack.answer_not_shown", turn=answer.turn, reference=answer.reference, error=str(error))
        return not error.transient
    return True
