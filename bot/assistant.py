"""One customer turn, from question to streamed answer."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, replace

import structlog

from bot.canary import Keeper
from bot.conversation import (
    Answered,
    Conversation,
    Event,
    Hushed,
    PastTurn,
    Piece,
    Question,
    Rating,
    Started,
    Unfinished,
)
from bot.guard import Guard
from bot.incoming import clean, says_something
from bot.limits import Busy, Cooldown, Limits, TurnQueue
from bot.metrics import Metrics
from bot.models import ModelError
from bot.models.chain import Chain
from bot.persona import Persona, offers_person
from bot.replying import Clock, Replies, Turn
from bot.store import Outcome, Store, StoreError
from training.knowledge import Knowledge

# Who "answered" where a message was declined, or nobody answered.
RULES = "rules"
# Messages remembered, while the database is out of order, so that a redelivery brings no second apology.
APOLOGIES_KEPT = 1000
# Where nobody but one customer and Sarah can be: there, silence would look like a fault.
ALONE_WITH_HER = frozenset({"web", "terminal"})
# Whoever sits at it runs the program, and may hand it a file of questions.
UNHURRIED = "terminal"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator allows: characters in a message, messages a minute, messages that may wait.

    `can_hand_over` says that there are people who can be called into a conversation.
    """

    longest_question: int = 4000
    per_minute: int = 20
    waiting: int = 4
    can_hand_over: bool = False


class Assistant:
    """Answers customers; satisfies `bot.conversation.Answers`."""

    def __init__(  # noqa: PLR0913 - the heart is built once, in sight
        self,
        *,
        store: Store,
        persona: Persona,
        knowledge: Knowledge,
        guard: Guard,
        chain: Chain,
        policy: Policy,
        metrics: Metrics,
        clock: Clock,
        canary: Keeper | None = None,
    ) -> None:
        self._store = store
        self._persona = persona
        self._metrics = metrics
        self._clock = clock
        self._replies = Replies(
            store=store,
            persona=persona,
            knowledge=knowledge,
            guard=guard,
            chain=chain,
            metrics=metrics,
            clock=clock,
            canary=canary,
        )
        self._canary = canary
        self._can_hand_over = policy.can_hand_over
        self._limits = Limits(asdict(policy), store.limits.values)
        self._queue = TurnQueue(self._limits.waiting)
        self._cooldown = Cooldown(self._limits.per_minute)
        self._postponed: set[int] = set()
        self._apologized: deque[tuple[Conversation, str]] = deque(maxlen=APOLOGIES_KEPT)

    async def answer(self, question: Question) -> AsyncIterator[Event]:
        """Answer a question; yields nothing when it was taken already, or where she is silent when it comes."""
        if self._is_quiet(question.conversation):
            return
        question = replace(question, text=clean(question.text))
        reference, began = self._clock.reference(), self._clock.seconds()
        try:
            taken = await self._store.take(question, reference, self._clock.now())
        except StoreError as error:
            async for event in self._not_taken(Turn(0, reference, question, began), error):
                yield event
            return
        if taken is not None:
            turn = Turn(taken, reference, question, began)
            async for event in self._events(turn, self._too_fast(turn)):
                yield event

    async def resume(self, unfinished: Unfinished) -> AsyncIterator[Event]:
        """Answer a turn that an earlier process left unfinished; yields nothing where she is silent by now."""
        turn = Turn(unfinished.turn, unfinished.reference, unfinished.question, self._clock.seconds())
        if self._is_quiet(turn.question.conversation):
            await self._drop(turn)
            return
        async for event in self._events(turn, None):
            yield event

    def silence(self, conversation: Conversation) -> str:
        """Return "" where she answers, else a sentence that says why not."""
        if not self._store.channels.rules(conversation).is_on:
            return self._persona.sentences.switched_off
        return self._persona.sentences.with_person if self._store.handoffs.open_for(conversation) else ""

    def _is_quiet(self, conversation: Conversation) -> bool:
        """Whether nothing at all is said here: not even why."""
        return conversation.platform not in ALONE_WITH_HER and bool(self.silence(conversation))

    async def _drop(self, turn: Turn) -> None:
        """Forget a turn that is not to be answered any more."""
        try:
            await self._store.delete(turn.question.conversation, turn.question.message_id)
        except StoreError as error:
            structlog.get_logger().warning("turn.not_dropped", reference=turn.reference, why=str(error))

    async def _not_taken(self, turn: Turn, error: StoreError) -> AsyncIterator[Event]:
        """Apologize, once for each message: what cannot be recorded cannot be recognised there."""
        message = (turn.question.conversation, turn.question.message_id)
        if message in self._apologized:
            return
        self._apologized.append(message)
        structlog.get_logger().error("turn.not_taken", reference=turn.reference, why=str(error))
        outcome = Outcome("failed", self._apology(turn), RULES)
        yield Piece(outcome.answer)
        yield self._answered(turn, outcome)

    async def _events(self, turn: Turn, objection: Outcome | None) -> AsyncIterator[Event]:
        yield Started(turn.id)
        if objection := objection or self._unanswerable(turn):
            async for event in self._say(turn, objection):
                yield event
            return
        try:
            async with self._queue.turn(turn.question.conversation):
                async for event in self._reply(turn):
                    yield event
        except Busy:
            async for event in self._say(turn, self._declined(turn, self._persona.sentences.busy)):
                yield event

    def _too_fast(self, turn: Turn) -> Outcome | None:
        """Return what to say to an author of too many messages."""
        question = turn.question
        author = (question.conversation.platform, question.conversation.workspace, question.author)
        allowed = question.conversation.platform == UNHURRIED or self._cooldown.allows(author, turn.began)
        return None if allowed else self._declined(turn, self._persona.sentences.too_fast)

    def _unanswerable(self, turn: Turn) -> Outcome | None:
        """Return what to say of a message that cannot be answered as it is."""
        question, sentences = turn.question, self._persona.sentences
        longest = self._limits.longest_question()
        if len(question.text) > longest:
            return self._declined(turn, sentences.too_long.replace("{limit}", f"{longest:,}"))
        if not says_something(question.text):
            return self._declined(turn, sentences.attachment if question.attachments else sentences.empty)
        return None

    async def _reply(self, turn: Turn) -> AsyncIterator[Event]:
        # Much may have been said of the channel while the turn waited.
        if silence := self.silence(turn.question.conversation):
            async for event in self._hush(turn, silence):
                yield event
            return
        try:
            async for event in self._replies.to(turn):
                if not isinstance(event, Outcome):
                    yield event
                    continue
                async for ended in self._end(turn, event):
                    yield ended
        except (ModelError, StoreError) as error:
            # Without the traceback: it would hold what the customer wrote.
            structlog.get_logger().error("turn.failed", reference=turn.reference, why=str(error))
            async for event in self._fail(turn):
                yield event
        except Exception:  # noqa: BLE001 - whatever broke, the customer gets a sentence and the operator its id
            structlog.get_logger().exception("turn.broken", reference=turn.reference)
            async for event in self._fail(turn):
                yield event

    async def _hush(self, turn: Turn, silence: str) -> AsyncIterator[Event]:
        """Say why she is silent where nobody else could, and nothing elsewhere."""
        if self._is_quiet(turn.question.conversation):
            await self._drop(turn)
            yield Hushed(silence)
            return
        async for event in self._say(turn, self._declined(turn, silence)):
            yield event

    def _fail(self, turn: Turn) -> AsyncIterator[Event]:
        return self._say(turn, Outcome("failed", self._apology(turn), RULES))

    async def _say(self, turn: Turn, outcome: Outcome) -> AsyncIterator[Event]:
        """Say a sentence of our own."""
        yield Piece(outcome.answer)
        async for event in self._end(turn, outcome):
            yield event

    async def _end(self, turn: Turn, outcome: Outcome) -> AsyncIterator[Event]:
        """Hand out the whole answer, and record it once it was shown: a crash in between repeats it, never loses it."""
        answered = self._answered(turn, outcome)
        yield answered
        if turn.id in self._postponed:
            self._postponed.discard(turn.id)
            return
        try:
            await self._store.finish(turn.id, outcome, answered.latency_ms)
        except StoreError as error:
            # Without the traceback: it would hold what the customer wrote.
            structlog.get_logger().error("turn.not_recorded", reference=turn.reference, why=str(error))
        if self._canary:
            await self._canary.look(turn.question.conversation)

    def _answered(self, turn: Turn, outcome: Outcome) -> Answered:
        """Count and log how a turn ended."""
        latency = round((self._clock.seconds() - turn.began) * 1000)
        platform = turn.question.conversation.platform
        self._metrics.turns.labels(platform, outcome.model, outcome.state).inc()
        self._metrics.seconds.labels(platform).observe(latency / 1000)
        structlog.get_logger().info(
            "turn",
            outcome=outcome.state,
            reference=turn.reference,
            platform=platform,
            model=outcome.model,
            on_topic=outcome.on_topic,
            latency_ms=latency,
        )
        return Answered(
            turn=turn.id,
            reference=turn.reference,
            text=outcome.answer,
            model=outcome.model,
            on_topic=outcome.on_topic,
            latency_ms=latency,
            ratable=outcome.state == "answered",
            offers_person=self._can_hand_over and self._wants_person(outcome),
        )

    def _wants_person(self, outcome: Outcome) -> bool:
        """Whether a person could help where she cannot, or she said so."""
        if outcome.state == "answered":
            return offers_person(self._persona, outcome.answer)
        return outcome.state == "failed"

    def _declined(self, turn: Turn, sentence: str) -> Outcome:
        return Outcome("declined", _with_reference(sentence, turn), RULES)

    def _apology(self, turn: Turn) -> str:
        return _with_reference(f"{self._persona.sentences.failed} {self._persona.handoff}", turn)

    async def unfinished(self, platform: str) -> list[Unfinished]:
        """Return the turns of a platform that an earlier process left unfinished, oldest first."""
        return await self._store.unfinished(platform)

    async def replying(self, turn: int, reply_id: str) -> None:
        """Remember the platform's message in which this turn is being answered."""
        try:
            await self._store.replying(turn, reply_id)
        except StoreError as error:
            # The answer goes on; only its message would not be found again after a crash.
            structlog.get_logger().warning("turn.reply_not_recorded", turn=turn, why=str(error))

    def postpone(self, turn: int) -> None:
        """Leave a turn unfinished whose answer could not be shown now: the next start answers it."""
        self._postponed.add(turn)

    async def knows(self, conversation: Conversation) -> bool:
        """Whether Sarah has taken part in this conversation, and goes on with it unasked."""
        if conversation.thread and not self._store.channels.rules(conversation).follows_threads:
            return False
        return await self._store.knows(conversation)

    async def history(self, conversation: Conversation, limit: int) -> list[PastTurn]:
        """Return the newest answered turns of a conversation, oldest first."""
        return await self._store.history(conversation, limit)

    async def edit(self, conversation: Conversation, message_id: str, text: str) -> None:
        """Change the history with a message that the customer changed."""
        await self._store.edit(conversation, message_id, clean(text))

    async def delete(self, conversation: Conversation, message_id: str) -> None:
        """Take the turn out of the history whose question or reply was deleted."""
        await self._store.delete(conversation, message_id)

    async def reset(self, conversation: Conversation) -> None:
        """Forget the whole conversation."""
        await self._store.reset(conversation)

    async def rate(self, turn: int, author: str, rating: Rating) -> bool:
        """Keep a customer's verdict on an answer; False when the turn is gone."""
        kept = await self._store.rate(turn, author, rating, self._clock.now())
        if kept:
            self._metrics.ratings.labels(rating).inc()
            if self._canary:
                await self._canary.look()
        return kept


def _with_reference(sentence: str, turn: Turn) -> str:
    return f"{sentence} (#{turn.reference})"
