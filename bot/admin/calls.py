"""What a platform hands over when somebody gives a command: who, what, where, and with which words or files."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

from bot.conversation import Conversation


class UploadError(Exception):
    """A file cannot be taken; the text is one sentence that says why and the way out."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever gives a command, as the platform describes them at this very moment."""

    platform: str
    workspace: str
    """The server or workspace that they belong to here; "" where there is none, as in a direct message on Discord."""
    user: str
    name: str
    manages: bool = False
    """Whether the platform says that they manage this workspace: Manage Server, owner, admin, or signed in."""
    moderates: bool = False
    """Whether they may remove what others wrote here."""
    is_guest: bool = False
    is_bot: bool = False

    @property
    def who(self) -> str:
        """The one by whom something was done, as records have it: never a name, which people change."""
        return f"{self.platform}:{self.user}"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sent; nothing of it is trusted."""

    name: str
    content_type: str
    size: int
    """Bytes, as the platform says; 0 where it does not."""
    save: Callable[[Path], Awaitable[None]] = field(repr=False)
    """Writes the content to a path; raises UploadError when it is larger than allowed or does not arrive whole."""


Given = Mapping[str, "str | int | float | bool | Upload"]


@dataclass(frozen=True, slots=True)
class Call:
    """A command that somebody gave; `given` holds what they said, by the names of the command's fields."""

    caller: Caller
    command: str
    """Its whole name, such as "data upload"."""
    conversation: Conversation
    given: Given = field(default_factory=dict[str, "str | int | float | bool | Upload"])
    _: KW_ONLY
    link: str = ""
    """An address under which people of the workspace find this conversation, or ""."""
    place: str = ""
    """The channel in which a message can be posted there, where it is not the conversation's."""
    message_id: str = ""
    """The platform's id of this act, the same when it is delivered again."""
