"""Commands as platforms give them: whether one may, what is missing, the doing, and a sentence for every trouble."""

import asyncio
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace

import structlog

from bot.admin.board import Board, Post
from bot.admin.calls import Call, Caller, UploadError
from bot.admin.filling import FillingError, as_text, filled, missing
from bot.admin.following import Following
from bot.admin.forms import Command, Field, Form
from bot.admin.handing import announce_left
from bot.admin.names import names
from bot.admin.office import Office, Refusal
from bot.admin.permission import refusal
from bot.admin.replies import Choice, Reply
from bot.admin.trying import Trying
from bot.conversation import Conversation
from bot.models import ModelError
from bot.store import StoreError
from training.examples import DataError
from training.promotion import PromotionRefused
from training.providers import ProviderBusy, ProviderError
from training.quoting import one_line
from training.registry import RegistryError
from training.settings import SettingsError

# Their texts are a sentence with the way out.
SPEAKING = (
    DataError,
    FillingError,
    ModelError,
    PromotionRefused,
    ProviderBusy,
    ProviderError,
    RegistryError,
    SettingsError,
    StoreError,
    UploadError,
)
# What training's sentences call a command of the shell, and those that have another name here.
_SHELL_COMMAND = re.compile(r"`sarah ([a-z]+ [a-z-]+)(?: [A-Z]+)?`")
SHELL = {"data add": "data upload"}
# Characters of what is said of a trouble, which may quote what somebody typed.
LONGEST_SENTENCE = 1500
# A modal of Discord's has room for so many fields, and autocompletion for so many names.
MOST_FIELDS = 5
MOST_NAMES = 25


class Admin:
    """Everything that platforms may ask for beside answers to customers."""

    def __init__(self, office: Office, commands: Sequence[Command]) -> None:
        self.commands = tuple(commands)
        self._office = office
        self._by_title = {command.title: command for command in commands}
        self.following = Following(office)
        self.trying = Trying(office)
        self._since = office.clock()
        self._announcing: set[asyncio.Task[None]] = set()
        self.largest_upload = office.largest_upload

    def command(self, title: str) -> Command | None:
        """Return the command of that whole name, such as "data upload"."""
        return self._by_title.get(title)

    def may(self, caller: Caller, title: str) -> bool:
        """Whether somebody may give a command: for what is offered; `do` decides again."""
        command = self._by_title.get(title)
        return command is not None and not refusal(caller, command.may, self._office.staff)

    async def form(self, call: Call) -> Form | None:
        """Return the form to be filled in before a command can be done; None where it can be, or may not be."""
        command = self._by_title.get(call.command)
        if command is None or not self.may(call.caller, call.command):
            return None
        has_file = any(field.kind == "file" for field in command.fields)
        if not missing(command, call.given) and not (has_file and not call.given):
            return None
        fields = _asked(command, call)
        values = await self._prefilled(command, call)
        shown = {field.name for field in fields}
        given = as_text(call.given)
        carried = {name: value for name, value in given.items() if name not in shown}
        return Form(command, fields, {**values, **{k: v for k, v in given.items() if k in shown}}, carried)

    async def _prefilled(self, command: Command, call: Call) -> dict[str, str]:
        """Return what stands in a form already; nothing where that cannot be found out."""
        if command.prefill is None:
            return {}
        try:
            return await command.prefill(call, self._office)
        except SPEAKING as trouble:
            structlog.get_logger().warning("admin.not_prefilled", command=command.title, why=str(trouble))
            return {}

    async def do(self, call: Call) -> Reply:
        """Do a command, or say in one sentence why not."""
        command = self._by_title.get(call.command)
        if command is None:
            return Reply(f"There is no command `{call.command[:60]}`: `help` lists those that there are.")
        try:
            if why := refusal(call.caller, command.may, self._office.staff):
                raise Refusal(why)  # noqa: TRY301 - refused as commands themselves refuse
            return await command.work(call, self._office, **filled(command, call.given))
        except Refusal as why:
            await self._office.note_refusal(call, str(why))
            return Reply(str(why))
        except SPEAKING as trouble:
            return Reply(one_line(self._in_chat(str(trouble)), LONGEST_SENTENCE))
        except OSError as error:
            reference = _logged(call, error)
            what = error.strerror or type(error).__name__
            return Reply(f"The disk or the network refused that ({what}): make room or try again (#{reference}).")
        except Exception as error:  # noqa: BLE001 - whatever broke, the admin gets a sentence and the operator its id
            reference = _logged(call, error)
            return Reply(f"That did not work, and the fault is ours: the log tells more under #{reference}.")

    def _in_chat(self, text: str) -> str:
        """Return a sentence in which a shell's commands are the ones that do the same here, where there is one."""

        def here(shell: re.Match[str]) -> str:
            title = SHELL.get(shell[1], shell[1])
            return f"`{title}`" if title in self._by_title else shell[0]

        return _SHELL_COMMAND.sub(here, text)

    async def complete(self, call: Call, field: str, typed: str) -> list[Choice]:
        """Return names that begin or continue what somebody typed into a field; none for who may not."""
        command = self._by_title.get(call.command)
        found = command.field(field) if command else None
        # Whatever is kept has its name at home alone, also where a command is given in every workspace.
        if found is None or refusal(call.caller, "home", self._office.staff) or not self.may(call.caller, call.command):
            return []
        try:
            known = await names(self._office, found.names)
        except (RegistryError, DataError, OSError):
            # Nothing is completed then; the command itself says what is wrong.
            return []
        wanted = typed.strip().lower()
        fits = [Choice(value, label) for value, label in known if wanted in f"{value} {label}".lower()]
        return fits[:MOST_NAMES]

    def serve(self, platform: str, post: Post) -> None:
        """Let people of the company be told on a platform from now on."""
        self._office.posts[platform] = post
        task = asyncio.create_task(announce_left(self._office, platform, self._since))
        self._announcing.add(task)
        task.add_done_callback(self._announcing.discard)

    def leave(self, platform: str) -> None:
        """Let nobody be told there any more."""
        self._office.posts.pop(platform, None)

    async def close(self) -> None:
        """Break off what nobody waits for: it uses what is closed after this."""
        for task in (going_on := list(self._announcing)):
            task.cancel()
        await asyncio.gather(*going_on, return_exceptions=True)
        await self._office.rehearsal.close()

    async def open_handoffs(self, platform: str) -> list[Conversation]:
        """Return the conversations of a platform that people have taken over."""
        every = await self._office.store.handoffs.every_open()
        return [handoff.conversation for handoff in every if handoff.conversation.platform == platform]

    async def follow(self, run: str, board: Board) -> None:
        """Show on a board how a run goes on, to its end."""
        await self.following.follow(run, board)


def _asked(command: Command, call: Call) -> tuple[Field, ...]:
    """Return the fields of a form: those that are required, then others that were not given."""
    lacking = {field.name for field in missing(command, call.given)}
    open_fields = [
        replace(field, required=field.required or field.name in lacking)
        for field in command.fields
        if not call.given.get(field.name)
    ]
    first = [field for field in open_fields if field.required or field.kind == "file"]
    others = [field for field in open_fields if field not in first]
    chosen = [*first, *others][:MOST_FIELDS]
    return tuple(field for field in open_fields if field in chosen)


def _logged(call: Call, error: Exception) -> str:
    """Log what nobody expected, without its text, which may quote what somebody wrote; return its id."""
    reference = secrets.token_hex(4)
    trace = error.__traceback__
    where = ""
    while trace:
        where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    structlog.get_logger().error(
        "admin.broken", reference=reference, command=call.command, error=type(error).__name__, at=where
    )
    return reference
