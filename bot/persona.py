"""Who Sarah is: everything that names her or her company, read from the company's folder."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import cast

from bot.conversation import StartupError

# An address or a telephone number.
_CONTACT = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\+?\d[\d ().-]{5,}\d")
_TYPOGRAPHY = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2019": "'", "*": None, "`": None})


@dataclass(frozen=True, slots=True)
class Sentences:
    """What she says when something is wrong with a message or with her, or a person is needed."""

    welcome: str
    sorry: str
    vague: str
    empty: str
    attachment: str
    too_long: str
    too_fast: str
    busy: str
    failed: str
    cut: str
    drifted: str
    switched_off: str
    handed_over: str
    with_person: str
    handed_back: str
    no_person: str


@dataclass(frozen=True, slots=True)
class Persona:
    """The assistant of one company."""

    name: str
    company: str
    product: str
    greeting: str
    disclosure: str
    instructions: str
    privacy: str
    refusals: tuple[str, ...]
    unknown: tuple[str, ...]
    handoff: str
    suggestions: tuple[str, ...]
    links: tuple[str, ...]
    sentences: Sentences


def read_persona(folder: Path) -> Persona:
    """Read `persona.toml` of a company folder; raises StartupError naming the file and the key."""
    path = folder / "persona.toml"
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise StartupError(
            f"There is no {path}: point SARAH_DATA at a company folder, such as the data/ that comes with this program."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartupError(f"{path} is not valid TOML: {error}.") from None
    return _persona(path, table)


def _persona(path: Path, table: Mapping[str, object]) -> Persona:
    lists = {"refusals", "unknown", "suggestions", "links"}
    sentences = table.get("sentences")
    if not isinstance(sentences, dict):
        raise StartupError(f"{path} needs a [sentences] table.")
    spoken = cast("Mapping[str, object]", sentences)
    return Persona(
        **{
            field.name: _strings(path, table, field.name) if field.name in lists else _string(path, table, field.name)
            for field in fields(Persona)
            if field.name != "sentences"
        },  # pyright: ignore[reportArgumentType]
        sentences=Sentences(**{field.name: _string(path, spoken, field.name) for field in fields(Sentences)}),
    )


def _string(path: Path, table: Mapping[str, object], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise StartupError(f"{path}: {key!r} must be a sentence.")
    return value.strip()


def _strings(path: Path, table: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = table.get(key)
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(v, str) and v for v in cast("list[object]", value))
    ):
        raise StartupError(f"{path}: {key!r} must be a list of at least one sentence.")
    return tuple(cast("list[str]", value))


def fresh(sentences: Sequence[str], said: Sequence[str]) -> str:
    """Return the first sentence that is in none of the answers `said`, else the one said longest ago."""

    def last_said(sentence: str) -> int:
        return max((at for at, answer in enumerate(said) if sentence in answer), default=-1)

    return min(sentences, key=last_said)


def told(persona: Persona, instructions: str) -> Persona:
    """Return a persona with a channel's instructions after its own; the rules that follow both stay as they are."""
    if not instructions:
        return persona
    return replace(persona, instructions=f"{persona.instructions.rstrip()}\n\nIn this channel:\n{instructions}")


def offers_person(persona: Persona, answer: str) -> bool:
    """Whether an answer says how to reach a person: in the persona's words, or by one of its addresses or numbers."""
    said = _plain(answer)
    return any(_plain(way) in said for way in (persona.handoff, *_CONTACT.findall(persona.handoff)))


def _plain(text: str) -> str:
    """Return a text without case, emphasis and odd spaces and dashes, which models use as they like."""
    return " ".join(text.casefold().translate(_TYPOGRAPHY).split())
