"""The words that the assistant and the platforms share: questions in, pieces of an answer out."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

Rating = Literal["up", "down"]

# Who "answered" where a message was refused, and no model was asked.
GUARD = "guard"


class StartupError(Exception):
    """Sarah cannot start as configured; the message names the setting and the way out."""


class UnreachableError(Exception):
    """A platform does not answer at the moment, and nobody has to change anything: it is tried again."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One multi-turn exchange; a part that a platform does not have is the empty string."""

    platform: str
    workspace: str
    channel: str
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What a customer sent: `message_id` is unique within the conversation and stable over redelivery."""

    conversation: Conversation
    author: str
    message_id: str
    text: str
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class Started:
    """The question is recorded as this turn; the first event, unless the database is out of order."""

    turn: int


@dataclass(frozen=True, slots=True)
class Piece:
    """The next characters of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Retracted:
    """The model broke off: what was shown of this answer is void and another model starts over."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The end of an answer: its full text, and who gave it in how many milliseconds.

    Show it before asking for the next event: then the turn is recorded, unless it was postponed, and the stream ends.
    `offers_person` says that the customer may want one now, and that one can be called.
    """

    turn: int
    reference: str
    text: str
    model: str
    on_topic: bool
    latency_ms: int
    ratable: bool
    offers_person: bool = False


@dataclass(frozen=True, slots=True)
class Hushed:
    """The end of a turn that waited while she fell silent there: it is forgotten.

    `why` is a sentence for whoever must be told something; a channel is told nothing.
    """

    why: str


Event = Started | Piece | Retracted | Answered | Hushed


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A turn that an earlier process recorded and did not finish.

    `reply_id` is what the platform stored as the message that was being written, or "";
    `reference` is the id by which the log speaks of the turn.
    """

    turn: int
    question: Question
    reply_id: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class PastTurn:
    """An answered turn, as the window and a reloaded page show it."""

    turn: int
    question: str
    answer: str
    on_topic: bool = True


@dataclass(frozen=True, slots=True)
class Handoff:
    """A conversation that somebody asked a person to take over; it is a person's until `ended_at` (0: it is not over).

    `link` leads people of the workspace there, `notice` is the platform's id of the post that called them, or "".
    """

    id: int
    conversation: Conversation
    asked_by: str
    asked_at: float
    link: str = ""
    notice: str = ""
    ended_by: str = ""
    ended_at: float = 0.0


class Platform(Protocol):
    """Somewhere customers are: connects, hands questions to the assistant, shows its answers."""

    name: str

    async def run(self, ready: Callable[[str], None]) -> None:
        """Serve until cancelled; call `ready` once with where customers find Sarah, in a phrase.

        Raises StartupError when the configuration is refused, UnreachableError when it may work later.
        """
        ...


class Answers(Protocol):
    """What a platform may ask of the assistant."""

    def answer(self, question: Question) -> AsyncIterator[Event]:
        """Answer a question; yields nothing when it was taken already, or where she is silent when it comes."""
        ...

    def resume(self, unfinished: Unfinished) -> AsyncIterator[Event]:
        """Answer a turn that an earlier process left unfinished; yields nothing where she is silent by now."""
        ...

    def silence(self, conversation: Conversation) -> str:
        """Return "" where she answers, else a sentence that says why not, for whoever must be told something."""
        ...

    async def unfinished(self, platform: str) -> list[Unfinished]:
        """Return the turns of this platform that an earlier process left unfinished, oldest first."""
        ...

    async def replying(self, turn: int, reply_id: str) -> None:
        """Remember the platform's message in which this turn is being answered."""
        ...

    def postpone(self, turn: int) -> None:
        """Leave a turn unfinished whose answer could not be shown now: the next start answers it."""
        ...

    async def knows(self, conversation: Conversation) -> bool:
        """Whether Sarah has taken part in this conversation, and goes on with it unasked."""
        ...

    async def history(self, conversation: Conversation, limit: int) -> list[PastTurn]:
        """Return the newest answered turns of a conversation, oldest first."""
        ...

    async def edit(self, conversation: Conversation, message_id: str, text: str) -> None:
        """Change the history with a message that the customer changed."""
        ...

    async def delete(self, conversation: Conversation, message_id: str) -> None:
        """Take the turn out of the history whose question or reply was deleted."""
        ...

    async def reset(self, conversation: Conversation) -> None:
        """Forget the whole conversation."""
        ...

    async def rate(self, turn: int, author: str, rating: Rating) -> bool:
        """Keep a customer's verdict on an answer, the newest per author; False when the turn is gone."""
        ...
