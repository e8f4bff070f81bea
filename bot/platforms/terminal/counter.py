"""Commands in a terminal: read from a line, completed by questions, done, and shown."""

import uuid
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.admin.admin import Admin
from bot.admin.calls import Call, Caller, Given, Upload, UploadError
from bot.admin.forms import Command, Field, Form
from bot.admin.replies import Button, Reply
from bot.admin.spoken import Mistyped, Spoken, help_text, read
from bot.conversation import Conversation
from bot.incoming import clean
from bot.platforms.terminal.files import upload_of, written
from bot.platforms.terminal.keyboard import Read, unless_interrupted, unseen
from bot.platforms.terminal.pipe import NAME
from bot.platforms.terminal.said import said
from bot.platforms.terminal.watching import Watching


class Counter:
    """Where whoever sits at the terminal gives commands, as an admin of the company."""

    def __init__(  # noqa: PLR0913 - built once, in sight
        self, *, admin: Admin, who: str, keep: Path, conversation: Conversation, console: Console, read: Read
    ) -> None:
        """`keep` is the folder into which files and pictures of replies are written."""
        self._admin = admin
        self._who = who
        self._keep = keep
        self._conversation = conversation
        self._console = console
        self._read = read
        self._watching = Watching(admin, keep, console)
        self._buttons: tuple[Button, ...] = ()

    def help(self) -> None:
        """Show every command."""
        self._console.print(said(help_text(self._admin.commands, "/")), "")

    def read(self, line: str) -> Spoken | Mistyped:
        """Read a line that begins with a slash."""
        spoken = read(line.removeprefix("/").strip(), self._admin.commands)
        word = line.split(maxsplit=1)[0]
        return spoken or Mistyped(f"There is no command `{word}`: /help lists those that there are.")

    def pressed(self, line: str) -> Button | None:
        """Return the button whose number was typed, of those that stand above; any other line makes them void."""
        at = int(line) if line.isascii() and line.isdecimal() else 0
        button = self._buttons[at - 1] if 0 < at <= len(self._buttons) else None
        self._buttons = ()
        return button

    async def press(self, button: Button) -> None:
        """Do what a button stands for."""
        command = self._admin.command(button.command)
        if command:
            await self.give(command, dict(button.given))

    async def give(self, command: Command, given: dict[str, str]) -> None:
        """Do a command, after asking for what it lacks, and show what it answers."""
        try:
            call = await self._filled(command, self._call(command.title, given))
        except (EOFError, KeyboardInterrupt):
            self._note("Nothing was done.")
        except UploadError as refused:
            self._note(str(refused))
        else:
            for reply in await self._done(call):
                await self._show(reply)

    async def glance(self) -> None:
        """Say where runs stand that were being shown when an earlier process ended, and offer what can be done."""
        async for buttons in self._watching.glance():
            self._offer(buttons, self._buttons)
            self._console.print("")

    def _call(self, title: str, given: Given) -> Call:
        """Describe a call as of now: whoever sits here runs the process, and may do everything."""
        caller = Caller(NAME, "", self._who, self._who, manages=True)
        return Call(caller, title, self._conversation, given, message_id=uuid.uuid4().hex)

    async def _filled(self, command: Command, call: Call) -> Call:
        """Ask for what a command lacks, one question after the other; raises UploadError."""
        given: dict[str, str | int | float | bool | Upload] = dict(call.given)
        if form := await self._admin.form(call):
            given |= self._asked(form)
        for field in command.fields:
            if field.kind == "file" and (path := given.get(field.name)):
                given[field.name] = upload_of(Path(str(path)), self._admin.largest_upload)
        said_at_all = {name: value for name, value in given.items() if value != ""}
        return self._call(call.command, said_at_all)

    def _asked(self, form: Form) -> dict[str, str]:
        """Ask for what must be there, for files, and for what stands there already and may be changed."""
        answers: dict[str, str] = {}
        for field in form.fields:
            before = form.values.get(field.name, "")
            if field.required or field.kind == "file" or before:
                answers[field.name] = self._answer(field, before)
        return answers

    def _answer(self, field: Field, before: str) -> str:
        """Ask for one field until there is something; an empty line leaves what may be left."""
        choices = f" ({', '.join(field.choices)})" if field.choices else ""
        way = " Its path, please." if field.kind == "file" else ""
        leave = "" if field.required and not before else " Press Enter to leave it as it is."
        if before:
            self._note(before)
        self._note(f"{field.about}{choices}.{way}{leave}")
        while True:
            typed = self._read(f"{field.name}:").strip()
            if typed or leave:
                return typed or before

    async def _done(self, call: Call) -> list[Reply]:
        """Return what a command answers; nothing where Ctrl-C stopped it."""
        replies: list[Reply] = []

        async def work() -> None:
            with self._console.status("…"):
                replies.append(await self._admin.do(call))

        with unseen():
            if not await unless_interrupted(work()):
                self._note("Stopped.")
        return replies

    async def _show(self, reply: Reply) -> None:
        self._console.print(said(reply.text))
        for attachment in reply.attachments:
            self._note(written("Written to", self._keep, attachment.name, attachment))
        self._offer(reply.buttons)
        if reply.run:
            self._offer(await self._watching.follow(reply.run))
        self._console.print("")

    def _offer(self, buttons: tuple[Button, ...], above: tuple[Button, ...] = ()) -> None:
        """Show buttons with their numbers, which follow those `above`: the one that is typed next is pressed."""
        self._buttons = (*above, *buttons)
        for at, button in enumerate(buttons, len(above) + 1):
            self._console.print(Text.assemble((f" {at} ", "bold cyan"), clean(button.label)))

    def _note(self, text: str) -> None:
        self._console.print(Text(clean(text), style="dim"))
