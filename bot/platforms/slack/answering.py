"""Answering on Slack: a turn's events become one reply, now or after a restart."""

from collections.abc import Sequence

import structlog

from bot.conversation import Answered, Answers, Event, Hushed, Piece, Question, Retracted, Started, Unfinished
from bot.platforms.slack.api import Api, RefusedError
from bot.platforms.slack.incoming import Changed, Deleted, Heard, Me, Place, is_direct
from bot.platforms.slack.reply import Pace, Reply
from bot.platforms.slack.wire import string, tables

STATUS = "is thinking…"
WHILE_WAITING = ["Reading your question…", "Looking it up in the handbook…", "Writing an answer…"]

# Slack's codes for a question or a channel that is no more.
_GONE = {"channel_not_found", "is_archived", "message_not_found", "thread_not_found"}


async def show_status(api: Api, place: Place, messages: Sequence[str] = WHILE_WAITING) -> None:
    """Show that something is being done, until there is an answer."""
    await _set_status(api, place, status=STATUS, loading_messages=list(messages))


async def _set_status(api: Api, place: Place, **shown: object) -> None:
    try:
        await api.call("assistant.threads.setStatus", channel_id=place.channel, thread_ts=place.thread, **shown)
    except RefusedError as error:
        structlog.get_logger().debug("slack.status_refused", error=str(error))


class Answering:
    """Turns customers' messages into answers in their threads."""

    def __init__(self, api: Api, assistant: Answers, me: Me, pace: Pace) -> None:
        self._api = api
        self._assistant = assistant
        self._me = me
        self._pace = pace

    async def take(self, message: Heard | Changed | Deleted) -> None:
        """Do what a message event asks for."""
        match message:
            case Heard():
                if await self._is_for_us(message):
                    await self._answer(message.question, message.place)
            case Changed():
                await self._assistant.edit(message.conversation, message.message_id, message.text)
            case Deleted():
                await self._assistant.delete(message.conversation, message.message_id)

    async def _is_for_us(self, message: Heard) -> bool:
        """Whether it is addressed to her, or goes on in a thread that she takes part in."""
        if message.addressed:
            return True
        return not message.to_others and await self._assistant.knows(message.question.conversation)

    async def _answer(self, question: Question, place: Place) -> None:
        """Stream the answer of a new turn; nothing happens for a message that was taken before."""
        reply, text = None, ""
        async for event in self._assistant.answer(question):
            reply = reply or await self._begun(event, place)
            match event:
                case Started():
                    continue
                case Piece():
                    text += event.text
                    await reply.show(text.lstrip(), self._pace)
                case Retracted():
                    text = ""
                    await reply.retract()
                case Hushed():
                    # No answer will take it away.
                    await _set_status(self._api, place, status="")
                case Answered():
                    if not await reply.finish(event):
                        self._assistant.postpone(event.turn)

    async def _begun(self, event: Event, place: Place) -> Reply:
        # A turn that could not be recorded has no number, and nobody to tell of its message.
        turn = event.turn if isinstance(event, Started) else 0
        await show_status(self._api, place)
        return Reply(self._api, place, turn, self._claim)

    async def _claim(self, turn: int, ts: str) -> None:
        if turn:
            await self._assistant.replying(turn, ts)

    async def resume(self, unfinished: Unfinished, claimed: set[str]) -> None:
        """Finish a turn of an earlier process, in the message that it left where there is one.

        `claimed` are the messages that belong to turns; the one found here joins them.
        """
        question = unfinished.question
        try:
            place = await self._place_of(question)
            begun = unfinished.reply_id or await self._left_behind(question, place, claimed)
            claimed.add(begun)
            reply = Reply(self._api, place, unfinished.turn, self._claim, begun=begun)
        except RefusedError as error:
            structlog.get_logger().warning("slack.answer_not_shown", turn=unfinished.turn, error=str(error))
            if str(error) in _GONE:
                await self._assistant.delete(question.conversation, question.message_id)
            return
        async for event in self._assistant.resume(unfinished):
            if isinstance(event, Answered) and not await reply.finish(event):
                self._assistant.postpone(event.turn)

    async def _place_of(self, question: Question) -> Place:
        channel, thread = question.conversation.channel, question.conversation.thread
        if is_direct(channel):
            # The conversation is the channel; in which thread the question stands, Slack knows.
            asked = await self._api.look("conversations.replies", channel=channel, ts=question.message_id, limit=1)
            thread = next((string(found, "thread_ts") for found in tables(asked, "messages")), "")
        return Place(channel, thread or question.message_id)

    async def _left_behind(self, question: Question, place: Place, claimed: set[str]) -> str:
        """Return her message below the question that no turn knows of, or ""."""
        thread = await self._api.look(
            "conversations.replies",
            channel=place.channel,
            ts=place.thread,
            oldest=question.message_id,
            include_all_metadata=True,
            limit=200,
        )
        for message in tables(thread, "messages"):
            ts = string(message, "ts")
            hers = string(message, "user") == self._me.user and float(ts) > float(question.message_id)
            if hers and "metadata" not in message and ts not in claimed:
                return ts
        return ""
