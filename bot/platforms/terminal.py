"""The terminal: a customer who types, or a program that pipes questions in."""

import json
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from bot.conversation import Answered, Answers, Conversation, Event, Piece, Platform, Question, Retracted
from bot.incoming import clean
from bot.persona import Persona

NAME = "terminal"
# The conversation that an interactive chat goes on with.
USUAL = "main"
# Turns of an earlier session that are shown again.
TURNS_SHOWN = 3
HELP = "/new starts over, /quit leaves"


class TerminalPlatform:
    """A chat in a terminal; satisfies `bot.conversation.Platform`, and ends when the customer leaves."""

    name = NAME

    def __init__(
        self, assistant: Answers, persona: Persona, conversation: str, console: Console, read: Callable[[], str]
    ) -> None:
        self._assistant = assistant
        self._persona = persona
        self._conversation = Conversation(NAME, "", conversation)
        self._console = console
        self._read = read

    async def run(self, ready: Callable[[str], None]) -> None:
        """Talk until the customer leaves."""
        self._greet()
        ready("this terminal")
        await self._recall()
        for text in _typed(self._read):
            await self._handle(text)

    def _greet(self) -> None:
        self._console.print(Markdown(f"**{self._persona.greeting}**"))
        self._console.print(Text(f"{self._persona.disclosure} ({HELP})", style="dim"), "")

    async def _recall(self) -> None:
        """Show where the conversation stands, and answer what an earlier process left unanswered."""
        for past in await self._assistant.history(self._conversation, TURNS_SHOWN):
            self._console.print(Text(f"You: {past.question}", style="dim"))
            self._console.print(Text(f"{self._persona.name}: {past.answer}", style="dim"), "")
        for turn in await self._assistant.unfinished(NAME):
            self._console.print(Text(f"You asked: {clean(turn.question.text)}", style="dim"))
            await self._show(self._assistant.resume(turn))

    async def _handle(self, text: str) -> None:
        if text == "/new":
            await self._assistant.reset(self._conversation)
            self._greet()
        elif text == "/help":
            self._console.print(Text(HELP, style="dim"))
        else:
            await self._show(self._assistant.answer(_question(self._conversation, text)))

    async def _show(self, events: AsyncIterator[Event]) -> None:
        """Let the answer grow in place; leave it whole on the screen."""
        with Live(console=self._console, transient=True, refresh_per_second=12) as live:
            async for text, answered in growing(events):
                if answered:
                    live.stop()
                    self._console.print(self._said(text), "")
                else:
                    live.update(self._said(text))

    def _said(self, text: str) -> RenderableType:
        return Group(Text(self._persona.name, style="bold cyan"), Markdown(text))


class PipePlatform:
    """One question a line in, one answer a line out; satisfies `bot.conversation.Platform`."""

    name = NAME

    def __init__(  # noqa: PLR0913 - built once, in sight
        self,
        assistant: Answers,
        conversation: str,
        questions: Iterable[str],
        write: Callable[[str], None],
        note: Callable[[str], None],
        *,
        as_json: bool,
    ) -> None:
        self._assistant = assistant
        self._conversation = Conversation(NAME, "", conversation)
        self._questions = questions
        self._write = write
        self._note = note
        self._as_json = as_json

    async def run(self, ready: Callable[[str], None]) -> None:
        """Answer every line; what an earlier process left unanswered is only noted."""
        ready("standard input")
        for turn in await self._assistant.unfinished(NAME):
            async for text, answered in growing(self._assistant.resume(turn)):
                if answered:
                    self._note(f"Left by an earlier session: {clean(turn.question.text)!r} is answered by {text!r}.")
        for line in self._questions:
            await self._answer(line.rstrip("\r\n"))

    async def _answer(self, text: str) -> None:
        async for said, answered in growing(self._assistant.answer(_question(self._conversation, text))):
            if answered:
                self._write(_json(text, said, answered) if self._as_json else " ".join(said.split()))


async def growing(events: AsyncIterator[Event]) -> AsyncIterator[tuple[str, Answered | None]]:
    """Yield the answer as far as it goes, safe for a terminal, each time that it changes; whole with its end."""
    text = ""
    async for event in events:
        match event:
            case Piece(text=piece):
                text += piece
                yield clean(text), None
            case Retracted():
                text = ""
            case Answered():
                yield clean(event.text), event
            case _:
                pass


def _json(question: str, answer: str, answered: Answered) -> str:
    told = {
        "question": question,
        "answer": answer,
        "model": answered.model,
        "on_topic": answered.on_topic,
        "latency_ms": answered.latency_ms,
    }
    return json.dumps(told, ensure_ascii=False)


def _question(conversation: Conversation, text: str) -> Question:
    return Question(conversation, author="", message_id=uuid.uuid4().hex, text=text)


def _typed(read: Callable[[], str]) -> Iterator[str]:
    """Yield what the customer types until `/quit`, the end of input or Ctrl-C."""
    while True:
        try:
            with _interruptible():
                text = read().strip()
        except (EOFError, KeyboardInterrupt):
            return
        if text == "/quit":
            return
        if text:
            yield text


@contextmanager
def _interruptible() -> Generator[None]:
    """Let Ctrl-C end the wait for a line: asyncio's own handler would only cancel what comes after it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def terminal(assistant: Answers, persona: Persona, conversation: str, *, as_json: bool) -> Platform:
    """Build what suits standard input: a chat where somebody types, else one answer a line."""
    if sys.stdin.isatty() and not as_json:
        return TerminalPlatform(assistant, persona, conversation or USUAL, Console(), _read_line)
    return PipePlatform(
        assistant, conversation or uuid.uuid4().hex, sys.stdin, _write_line, _note_line, as_json=as_json
    )


def _read_line() -> str:
    """Read a line with the terminal's editing; blocks, for nobody else is served meanwhile."""
    return input("\001\033[1;32m\002You\001\033[0m\002 ")


def _write_line(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is the answer


def _note_line(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - beside the answers
