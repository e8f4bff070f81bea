"""A customer who types, and watches the answer grow."""

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from bot.admin.admin import Admin
from bot.admin.spoken import Mistyped, Spoken
from bot.conversation import Answered, Answers, Conversation, Event, Piece, Question, Retracted
from bot.incoming import clean
from bot.persona import Persona
from bot.platforms.terminal.counter import Counter
from bot.platforms.terminal.keyboard import Read, unless_interrupted, unseen
from bot.platforms.terminal.pipe import NAME
from bot.platforms.terminal.said import said

# Turns of an earlier session that are shown again.
TURNS_SHOWN = 3
HELP = "/new starts over, /help shows this, Ctrl-C stops an answer, /quit leaves"


class TerminalPlatform:
    """A chat in a terminal; satisfies `bot.conversation.Platform`, and ends when the customer leaves."""

    name = NAME

    def __init__(  # noqa: PLR0913 - built once, in sight
        self,
        assistant: Answers,
        persona: Persona,
        conversation: str,
        console: Console,
        read: Read,
        *,
        admin: Admin,
        who: str,
        keep: Path,
    ) -> None:
        """`who` sits at the terminal; files of replies are written into the folder `keep`."""
        self._assistant = assistant
        self._who = who
        self._persona = persona
        self._conversation = Conversation(NAME, "", conversation)
        self._console = console
        self._read = read
        self._counter = Counter(
            admin=admin, who=who, keep=keep, conversation=self._conversation, console=console, read=read
        )

    async def run(self, ready: Callable[[str], None]) -> None:
        """Talk until the customer leaves."""
        self._greet()
        ready("this terminal")
        await self._recall()
        await self._counter.glance()
        for text in _typed(self._read):
            await self._handle(text)

    def _greet(self) -> None:
        self._console.print(Markdown(f"**{self._persona.greeting}**"))
        self._console.print(Text(f"{self._persona.disclosure} ({HELP})", style="dim"), "")

    async def _recall(self) -> None:
        """Show where the conversation stands, and answer what an earlier process left unanswered."""
        for past in await self._assistant.history(self._conversation, TURNS_SHOWN):
            self._console.print(Text(f"You: {past.question}", style="dim"))
            self._console.print(Text(f"{self._persona.name}: {clean(past.answer)}", style="dim"), "")
        for turn in await self._assistant.unfinished(NAME):
            self._console.print(Text(f"You asked: {clean(turn.question.text)}", style="dim"))
            await self._show(turn.question, self._assistant.resume(turn))

    async def _handle(self, text: str) -> None:
        button = self._counter.pressed(text)
        match text:
            case "/new":
                await self._assistant.reset(self._conversation)
                self._greet()
            case "/help":
                self._console.print(Text(HELP, style="dim"))
                self._counter.help()
            case _ if button:
                await self._counter.press(button)
            case _ if text.startswith("/"):
                await self._command(text)
            case _:
                await self._ask(text)

    async def _command(self, text: str) -> None:
        match self._counter.read(text):
            case Mistyped(text=why):
                self._console.print(said(why), "")
            case Spoken(command=command, given={"question": question}) if command.title == "ask":
                # Her answers grow on the screen, whichever way she is asked.
                await self._ask(question)
            case Spoken(command=command, given=given):
                await self._counter.give(command, given)

    async def _ask(self, text: str) -> None:
        question = Question(self._conversation, author=self._who, message_id=uuid.uuid4().hex, text=text)
        await self._show(question, self._assistant.answer(question))

    async def _show(self, question: Question, events: AsyncIterator[Event]) -> None:
        """Show the answer; one that the customer stops was never asked for."""
        with unseen():
            ended = await unless_interrupted(self._grow(events))
        if not ended:
            await self._assistant.delete(question.conversation, question.message_id)
            self._console.print(Text("Stopped.", style="dim"), "")

    async def _grow(self, events: AsyncIterator[Event]) -> None:
        """Let the answer grow in place; leave it whole on the screen."""
        text = ""
        with Live(console=self._console, transient=True, refresh_per_second=12) as live:
            async for event in events:
                match event:
                    case Piece():
                        text += event.text
                        live.update(self._said(text))
                    case Retracted():
                        text = ""
                        live.update("")
                    case Answered():
                        live.stop()
                        self._console.print(self._said(event.text), "")
                    case _:
                        pass

    def _said(self, text: str) -> RenderableType:
        return Group(Text(self._persona.name, style="bold cyan"), Markdown(clean(text)))


def _typed(read: Read) -> Iterator[str]:
    """Yield what the customer types until `/quit`, the end of input or Ctrl-C."""
    while True:
        try:
            text = read("You").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if text == "/quit":
            return
        if text:
            yield text
