"""Commands and their forms: the signature is the form, the docstring the help, the decorator the permission."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from bot.admin.calls import Upload

May = Literal["anyone", "workspace", "home"]
"""Who may: anyone but bots, admins of the workspace for what happens there, or admins of a home workspace."""
Kind = Literal["text", "long", "whole", "number", "yes_no", "choice", "file"]
Names = Literal["", "datasets", "drafts", "runs", "models", "bases"]
"""What names a field completes."""


@dataclass(frozen=True, slots=True)
class About:
    """What a field is for, and how it is filled in."""

    text: str
    names: Names = ""
    long: bool = False
    """Whether it is more than a line."""
    needed_with: str = ""
    """The field that makes this one needed where it is filled in, too."""
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a command's form; `name` is as people type it: learning-rate."""

    name: str
    about: str
    kind: Kind
    required: bool
    choices: tuple[str, ...] = ()
    names: Names = ""
    least: float | None = None
    most: float | None = None
    needed_with: str = ""
    """The name of the field that makes this one required where it is filled in, too."""

    @property
    def parameter(self) -> str:
        """The name of the function's parameter."""
        return self.name.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Command:
    """A function that can be called from everywhere."""

    group: str
    name: str
    about: str
    """One sentence, at most 100 characters: Discord shows no more."""
    may: May
    fields: tuple[Field, ...]
    work: Callable[..., Awaitable[Any]]
    prefill: Callable[..., Awaitable[dict[str, str]]] | None = None
    """Returns what stands in its form already, by the names of the fields."""

    @property
    def title(self) -> str:
        """The whole name: data upload."""
        return f"{self.group} {self.name}".strip()

    def field(self, name: str) -> Field | None:
        """Return the field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)


@dataclass(frozen=True, slots=True)
class Form:
    """A command that lacks what it needs: what to ask for, and what is known already."""

    command: Command
    fields: tuple[Field, ...]
    """The fields to fill in; at most five, as a modal of Discord's has no room for more."""
    values: dict[str, str]
    """What stands in them already."""
    carried: dict[str, str]
    """What goes back with them, unseen."""


def command(
    group: str, *, may: May, name: str = "", prefill: Callable[..., Awaitable[dict[str, str]]] | None = None
) -> Callable[[Callable[..., Awaitable[Any]]], Command]:
    """Make a command of a function whose first two parameters are the call and the office."""

    def made(work: Callable[..., Awaitable[Any]]) -> Command:
        about = inspect.getdoc(work) or ""
        title = name or work.__name__.strip("_").replace("_", "-")
        return Command(group, title, about.partition("\n")[0].rstrip("."), may, tuple(_fields(work)), work, prefill)

    return made


def _fields(work: Callable[..., object]) -> list[Field]:
    hints = get_type_hints(work, include_extras=True)
    _, _, *parameters = inspect.signature(work).parameters.values()
    return [_field(parameter, hints[parameter.name]) for parameter in parameters]


def _field(parameter: inspect.Parameter, hint: object) -> Field:
    about = next(part for part in get_args(hint)[1:] if isinstance(part, About))
    kind, choices = _kind(_bare(hint), about)
    return Field(
        name=parameter.name.replace("_", "-"),
        about=about.text,
        kind=kind,
        required=parameter.default is inspect.Parameter.empty,
        choices=choices,
        names=about.names,
        least=about.least,
        most=about.most,
        needed_with=about.needed_with,
    )


def _bare(hint: object) -> object:
    """Return a type without what is said about it, and without None."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in {Union, UnionType}:
        [hint] = [part for part in get_args(hint) if part is not NoneType]
    return hint


def _kind(bare: object, about: About) -> tuple[Kind, tuple[str, ...]]:
    if get_origin(bare) is Literal:
        return "choice", tuple(map(str, get_args(bare)))
    kinds: dict[object, Kind] = {bool: "yes_no", int: "whole", float: "number", Upload: "file", str: "text"}
    kind = kinds[cast("type", bare)]
    return ("long" if about.long else kind), ()
