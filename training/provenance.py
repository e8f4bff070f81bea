"""Where an example comes from, who supplied it, and whether it may be learned from."""

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from training.checks import Problem
from training.entries import Entry
from training.origins import read_origins

if TYPE_CHECKING:
    # At run time this would bring the registry's database with it.
    from training.registry.records import Permission

Source = Literal["file", "written", "handbook", "discord", "slack"]
Chat = Literal["discord", "slack"]

_NAMES: dict[Chat, str] = {"discord": "Discord", "slack": "Slack"}
# What every workspace of a platform is called in a permission; Slack's are given by each workspace for itself.
_EVERYWHERE = "*"
_LONGEST_FIELD_SHOWN = 40
_LONGEST_WORDS = 200
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_TAGS: dict[Chat, re.Pattern[str]] = {
    "discord": re.compile(r"<(?:(?:@[!&]?|#|a?:\w{2,32}:|/[\w -]{1,100}:)\d{15,21}|t:-?\d{1,13}(?::[A-Za-z])?)>"),
    "slack": re.compile(r"<(?:[@#][A-Z][A-Z0-9]{2,}(?:\|[^<>|]*)?|!(?:here|channel|everyone|subteam\^|date\^)[^<>]*)>"),
}
_LINKS: dict[Chat, re.Pattern[str]] = {
    "discord": re.compile(r"discord(?:app)?\.com/channels/|(?:cdn|media)\.discordapp\.(?:com|net)"),
    "slack": re.compile(r"[\w-]\.slack\.com/(?:archives|files|team)/|\bfiles\.slack\.com/"),
}
# What the platforms' interfaces and the usual exporters write beside a message, and nobody else.
_FIELDS: dict[Chat, frozenset[str]] = {
    "discord": frozenset(
        [
            "guild",
            "guild_id",
            "mention_everyone",
            "mention_roles",
            "edited_timestamp",
            "timestampEdited",
            "callEndedTimestamp",
            "isPinned",
        ]
    ),
    "slack": frozenset(["client_msg_id", "user_team", "source_team", "user_profile", "thread_ts", "team_domain"]),
}
# Fields of an example that name the platform itself, and what the platforms call a channel.
_NAMING_FIELDS = ("platform", "source")
_CHANNELS: dict[Chat, re.Pattern[str]] = {
    "discord": re.compile(r"\d{15,21}"),
    "slack": re.compile(r"[CDG][A-Z0-9]{6,20}"),
}


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where one example comes from."""

    supplied_by: str
    source: Source
    place: str = ""
    """The file and the line, or what the example itself says."""
    workspace: str = ""
    """The server or workspace where it was said, for what comes from a chat platform."""
    permission: str = ""
    """The id of a recorded permission, or the words under which it may be used."""


@dataclass(frozen=True, slots=True)
class Attributed:
    """An example's origin and category, and what forbids to learn from it."""

    provenance: Provenance
    category: str
    problems: tuple[Problem, ...] = ()


def covers(permission: "Permission", provenance: Provenance, at: float) -> bool:
    """Return whether a recorded permission allows, at a time (seconds since 1970), to learn from an example."""
    everywhere = permission.workspace == _EVERYWHERE and permission.platform == "discord"
    there = permission.workspace == provenance.workspace != ""
    in_force = permission.withdrawn_at is None and (permission.until is None or at < permission.until)
    return permission.platform == provenance.source and (everywhere or there) and in_force


def marks(entry: Entry) -> Iterator[tuple[Chat, str]]:
    """Yield each chat platform whose marks an example bears, with what kind of mark gave it away."""
    text = _text(entry)
    low = text.lower()
    keys = set(entry.fields).union(*entry.messages)
    for platform in _NAMES:
        if "<" in text and _TAGS[platform].search(text):
            yield platform, "a mention"
        elif platform in low and _LINKS[platform].search(low):
            yield platform, "a link to a message or file"
        elif found := keys & _FIELDS[platform]:
            yield platform, f'the field "{min(found)}"'
        elif field := _field_that_names(platform, entry):
            yield platform, f'the field "{field}"'


def _field_that_names(platform: Chat, entry: Entry) -> str:
    """Return the field by whose value an example says itself that it comes from a platform, "" without one."""
    for field in _NAMING_FIELDS:
        value = entry.fields.get(field)
        if isinstance(value, str) and value.strip().lower() == platform:
            return field
    channel = entry.fields.get("channel_id")
    known = isinstance(channel, str | int) and _CHANNELS[platform].fullmatch(str(channel))
    return "channel_id" if known else ""


class Attribution:
    """Says of each example of a file where it comes from.

    The first of these that says so wins: the example's own field "origin", the table origins.csv beside the file, and
    what was declared for the whole file. Raises DataError when there is a table that cannot be read.
    """

    def __init__(self, path: Path, declared: Provenance, permissions: Sequence["Permission"], at: float) -> None:
        self._name = path.name
        self._declared = declared
        self._permissions = permissions
        self._at = at
        self._table = dict(_rows(path))

    def of(self, entry: Entry) -> Attributed:
        """Return an example's origin and category, with a problem for each reason why it may not be learned from."""
        author, category = self._table.get(_digest(entry.first_question), ("", ""))
        known = replace(self._declared, place=f"{self._name}, line {entry.line}")
        if author:
            # Whoever wrote it down, what a file has from a chat stays what it is.
            source = known.source if known.source in _NAMES else "written"
            known = replace(known, supplied_by=author, source=source)
        problems: list[Problem] = []
        if "origin" in entry.fields:
            try:
                known = _own(entry.fields["origin"], known)
            except ValidationError as error:
                problems.append(Problem(entry.line, "bad_origin", "error", _complaint(error)))
        for platform, sign in self._platforms(entry, known):
            permission = self._permission(platform, known)
            if permission is None:
                problems.append(_unpermitted(entry.line, platform, sign, known))
            else:
                known = replace(known, source=platform, permission=permission.id)
        return Attributed(known, entry.category or category, tuple(problems))

    def _platforms(self, entry: Entry, known: Provenance) -> Iterator[tuple[Chat, str]]:
        """Yield the chat platforms that an example comes from, by what is said of it or by its marks."""
        if known.source in ("discord", "slack"):
            yield known.source, "its origin says so"
        for platform, mark in marks(entry):
            if platform != known.source:
                yield platform, f"it holds {mark}"

    def _permission(self, platform: Chat, known: Provenance) -> "Permission | None":
        """Return the recorded permission that covers an example, the one that it names if that does."""
        # The workspace that is named is the one of the platform that is named.
        workspace = known.workspace if known.source not in _NAMES or known.source == platform else ""
        from_there = replace(known, source=platform, workspace=workspace)
        covering = [permission for permission in self._permissions if covers(permission, from_there, self._at)]
        named = (permission for permission in covering if permission.id == known.permission)
        return next(named, next(iter(covering), None))


def _unpermitted(line: int, platform: Chat, sign: str, known: Provenance) -> Problem:
    name = _NAMES[platform]
    giver = "permission from Discord" if platform == "discord" else "authorisation of its Slack workspace"
    where = f" for workspace {known.workspace!r}" if known.workspace else ""
    text = (
        f"This example comes from {name} ({sign}), and no recorded {giver} covers it{where}: record one with "
        f"`sarah data permit`, or write the example anew in your own words."
    )
    return Problem(line, "unpermitted_origin", "error", text)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must hold only characters that can be shown, in one line")
    return text


_Words = Annotated[str, Field(max_length=_LONGEST_WORDS), AfterValidator(_printable)]
_Name = Annotated[str, Field(min_length=1, max_length=_LONGEST_WORDS), AfterValidator(_printable)]


class _Own(BaseModel):
    """What an example says of its origin."""

    model_config = ConfigDict(extra="forbid", strict=True)

    supplied_by: _Name
    source: Source
    workspace: _Words = ""
    permission: _Words | None = None
    place: _Words | None = None


def _own(value: object, known: Provenance) -> Provenance:
    """Return what an example says of its origin; raises ValidationError."""
    own = _Own.model_validate(value)
    permission = known.permission if own.permission is None else own.permission
    return Provenance(own.supplied_by, own.source, own.place or known.place, own.workspace, permission)


def _complaint(error: ValidationError) -> str:
    """Return what is first to be mended in an origin."""
    first, *others = error.errors(include_url=False, include_input=False)
    # The name of a field that nobody knows is somebody's free text.
    field = "".join(filter(str.isprintable, "".join(map(str, first["loc"]))))[:_LONGEST_FIELD_SHOWN]
    if first["type"] in ("model_type", "missing"):
        wrong = 'must be an object with "supplied_by" and "source"'
    elif first["type"] == "extra_forbidden":
        wrong = f'has a field "{field}", and may have only {", ".join(_Own.model_fields)}'
    elif field == "source":
        wrong = f'must have as its "source" one of {", ".join(get_args(Source))}'
    else:
        least = 1 if field == "supplied_by" else 0
        wrong = f'must have as its "{field}" one line of {least} to {_LONGEST_WORDS} characters that can be shown'
    more = f" (and {len(others)} more to mend)" if others else ""
    return f'The example\'s "origin" {wrong}{more}: mend the line.'


def _text(entry: Entry) -> str:
    """Return all that an example holds but its own origin, as it looks to a reader."""
    value = {name: value for name, value in entry.fields.items() if name != "origin"} or entry.value
    text = json.dumps(value, ensure_ascii=False)
    text = text if text.isascii() else _UNSEEN.sub("", text)
    return html.unescape(text) if "&" in text else text


def _rows(path: Path) -> Iterator[tuple[bytes, tuple[str, str]]]:
    """Yield what the table beside a file says of its examples: the question's hash, the author and the category."""
    table = (path if path.is_dir() else path.parent) / "origins.csv"
    if table.is_file():
        for row in read_origins(table):
            if row.file == path.name:
                yield _digest(row.question), (row.author, row.category)


def _digest(question: str) -> bytes:
    return blake2b(question.encode("utf-8", "surrogatepass"), digest_size=8).digest()
