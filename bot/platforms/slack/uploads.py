"""Files that people who may do so send in a direct message: examples, with what is to be done with them."""

import shlex

from bot.admin.admin import Admin
from bot.admin.files import is_taken
from bot.admin.spoken import Mistyped, Spoken, read
from bot.platforms.slack.acts import Act, Wanted
from bot.platforms.slack.answering import show_status
from bot.platforms.slack.api import Api
from bot.platforms.slack.callers import Callers, UnknownCallerError
from bot.platforms.slack.desk import Desk
from bot.platforms.slack.incoming import Heard, is_direct

WHILE_READING = ["Fetching your file…", "Reading every line…", "Counting tokens…"]
UPLOAD = "data upload"
GROUP, NAME = UPLOAD.split()
ONE = "One file at a time, please: send each in a message of its own."


class Uploads:
    """Tells files of examples from customers' attachments."""

    def __init__(self, api: Api, admin: Admin, callers: Callers, desk: Desk) -> None:
        self._api = api
        self._admin = admin
        self._callers = callers
        self._desk = desk

    async def takes(self, message: Heard) -> bool:
        """Do what a file was sent for; False where the message is a customer's, and to be answered."""
        if not (is_direct(message.place.channel) and _may_be_meant(message)):
            return False
        try:
            caller = await self._callers.member(message.question.author)
        except UnknownCallerError:
            return False
        if not self._admin.may(caller, UPLOAD):
            return False
        await self._done(message)
        return True

    async def _done(self, message: Heard) -> None:
        asked = message.question
        act = Act(
            f"{message.place.channel} {asked.message_id}",
            asked.author,
            "",
            asked.conversation,
            thread=message.place.thread,
            message=asked.message_id,
        )
        first, *more = message.files
        wanted = ONE if more else self._wanted(asked.text, first.id)
        if isinstance(wanted, Wanted):
            await show_status(self._api, message.place, WHILE_READING)
            await self._desk.give(act, wanted)
        else:
            await self._desk.say(act, wanted)

    def _wanted(self, text: str, file: str) -> Wanted | str:
        """Return the command that a message with a file is, or what is wrong with it; unnamed, it is an upload."""
        first, _, rest = text.strip().partition(" ")
        if first.lower() == GROUP and rest and (named := read(text, self._admin.commands)):
            return _with_file(named, file)
        said = rest if first.lower() in {GROUP, NAME} else text
        spoken = read(f"{UPLOAD} {said}", self._admin.commands)
        if spoken and (isinstance(spoken, Spoken) or _is_options_alone(said)):
            return _with_file(spoken, file)
        return Wanted(UPLOAD, self._options(said), {"file": file})

    def _options(self, said: str) -> dict[str, str]:
        """Return the options among words that are said for no other purpose."""
        upload = self._admin.command(UPLOAD)
        pairs = [word.removeprefix("--").partition("=") for word in _words(said)]
        given = {name.replace("_", "-").lower(): value for name, sign, value in pairs if sign}
        return {name: value for name, value in given.items() if upload and upload.field(name)}


def _may_be_meant(message: Heard) -> bool:
    """Whether a file may be for the office: by its name, or because nothing else is asked with it."""
    if any(is_taken(file.name) for file in message.files):
        return True
    text = message.question.text.strip()
    named = text.partition(" ")[0].lower() in {GROUP, NAME} and not text.endswith("?")
    return bool(message.files) and (named or not text)


def _with_file(spoken: Spoken | Mistyped, file: str) -> Wanted | str:
    """Return a command with its file, or what is wrong with it."""
    if isinstance(spoken, Mistyped):
        return spoken.text
    command = spoken.command
    field = next((field.name for field in command.fields if field.kind == "file"), "")
    if not field:
        return f"`{command.title}` takes no file: send the file with `{UPLOAD}`, or with its options alone."
    return Wanted(command.title, spoken.given, {field: file})


def _is_options_alone(said: str) -> bool:
    """Whether nothing but options was meant, of which a mistyped one is not to be passed over."""
    return all("=" in word for word in _words(said))


def _words(said: str) -> list[str]:
    try:
        return shlex.split(said)
    except ValueError:
        # An apostrophe, as in "it's", begins no quotation.
        return said.split()
