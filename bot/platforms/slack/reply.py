"""One answer being written on Slack: streamed while it comes, whole and with buttons at the end."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from bot.conversation import Answered
from bot.platforms.slack.api import Api, RefusedError
from bot.platforms.slack.blocks import below, written
from bot.platforms.slack.incoming import Place
from bot.platforms.slack.text import escaped, live, neutral, split
from bot.platforms.slack.wire import Json, string

# By this a finished message is told from one that a crash left behind.
ANSWER = "answer"


class Pace:
    """How often streams may grow, all of them together: Slack takes some 100 appends a minute."""

    def __init__(self, every: float, clock: Callable[[], float]) -> None:
        self._every = every
        self._clock = clock
        self._next = 0.0

    def allows(self) -> bool:
        """Whether a stream may grow now; a yes is spent."""
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + self._every
        return True


class Reply:
    """The message, or messages, in which one turn is answered."""

    def __init__(
        self,
        api: Api,
        place: Place,
        turn: int,
        claim: Callable[[int, str], Awaitable[None]],
        *,
        begun: str = "",
    ) -> None:
        """`claim` is told of the message once it exists; `begun` is one that an earlier process left."""
        self._api = api
        self._place = place
        self._turn = turn
        self._claim = claim
        self._ts = begun
        self._shown = ""
        self._may_stream = not begun
        self._log = structlog.get_logger().bind(turn=turn)

    async def show(self, text: str, pace: Pace) -> None:
        """Stream what is new in the answer so far; the first words go out at once."""
        ready = live(text)
        more = ready[len(self._shown) :]
        if not (self._may_stream and more) or (self._ts and not pace.allows()):
            return
        try:
            await self._stream(more)
            self._shown = ready
        except RefusedError as error:
            self._may_stream = False
            self._log.info("slack.stream_refused", error=str(error))

    async def _stream(self, more: str) -> None:
        if self._ts:
            await self._api.call("chat.appendStream", channel=self._place.channel, ts=self._ts, markdown_text=more)
            return
        started = await self._api.call(
            "chat.startStream",
            channel=self._place.channel,
            thread_ts=self._place.thread,
            recipient_team_id=self._place.team,
            recipient_user_id=self._place.user,
            markdown_text=more,
        )
        await self._take(string(started, "ts"))

    async def _take(self, ts: str) -> None:
        self._ts = ts
        await self._claim(self._turn, ts)

    async def retract(self) -> None:
        """Stop showing an answer that is void: its message is rewritten at the end."""
        if self._shown:
            self._may_stream = False
            await self._abandon()

    async def finish(self, answer: Answered) -> bool:
        """Show the whole answer, whatever became of the stream; False where that failed and may work later."""
        parts = split(neutral(answer.text))
        try:
            for number, part in enumerate(parts, 1):
                extra = below(answer) if number == len(parts) else []
                if number > 1:
                    await self._post(part, extra)
                elif not await self._stopped(part, extra):
                    await self._written(part, extra)
        except RefusedError as error:
            self._log.warning("slack.answer_not_shown", reference=answer.reference, error=str(error))
            return not error.transient
        return True

    async def _stopped(self, part: str, extra: list[Json]) -> bool:
        """Complete the stream; False where it is not there, or not what it should be."""
        if not (self._may_stream and self._ts and part.startswith(self._shown)):
            return False
        try:
            await self._api.call(
                "chat.stopStream",
                channel=self._place.channel,
                ts=self._ts,
                markdown_text=part[len(self._shown) :] or None,
                blocks=extra or None,
                metadata=self._metadata(),
            )
        except RefusedError as error:
            self._log.info("slack.stream_refused", error=str(error))
            return False
        return True

    async def _written(self, part: str, extra: list[Json]) -> None:
        """Write a whole part into the message that there is, or into a new one."""
        if not self._ts:
            await self._take(await self._post(part, extra))
            return
        await self._abandon()
        await self._api.call(
            "chat.update",
            channel=self._place.channel,
            ts=self._ts,
            text=escaped(part),
            blocks=[*written(part), *extra],
            metadata=self._metadata(),
        )

    async def _post(self, part: str, extra: list[Json]) -> str:
        posted = await self._api.call(
            "chat.postMessage",
            channel=self._place.channel,
            thread_ts=self._place.thread,
            text=escaped(part),
            blocks=[*written(part), *extra],
            metadata=self._metadata(),
            unfurl_links=False,
            unfurl_media=False,
        )
        return string(posted, "ts")

    async def _abandon(self) -> None:
        """Close a stream that may be open still: Slack does not change a message that is streaming."""
        with suppress(RefusedError):
            await self._api.call("chat.stopStream", channel=self._place.channel, ts=self._ts)

    def _metadata(self) -> Json:
        return {"event_type": ANSWER, "event_payload": {"turn": self._turn}}
