"""What a command answers, in terms that every platform can show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Style = Literal["plain", "primary", "danger"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file or a picture that goes with a reply; a name that ends in .png is shown."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Button:
    """A command to be given with one press; it opens a form where required fields are not given."""

    label: str
    command: str
    given: Mapping[str, str] = field(default_factory=dict[str, str])
    style: Style = "plain"


@dataclass(frozen=True, slots=True)
class Choice:
    """A name that completes what somebody types, or that is chosen, with what it stands for."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What is shown to whoever gave a command: Markdown, for them alone unless `public`."""

    text: str
    attachments: tuple[Attachment, ...] = ()
    buttons: tuple[Button, ...] = ()
    public: bool = False
    """Whether everybody in the channel is to see it, as an ordinary message."""
    run: str = ""
    """A run whose progress is to be shown in an ordinary message of the channel, from now to its end."""


@dataclass(frozen=True, slots=True)
class Report:
    """Where a run stands, as the one message shows it that tells of its progress."""

    text: str
    picture: Attachment | None = None
    """A new chart, which takes the place of the one before; None where that one stays."""
    buttons: tuple[Button, ...] = ()
    is_last: bool = False
