"""What must be remembered of an example to find it, or one much like it, again."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from training.checks.case import Case
from training.checks.plain import PART, encoded, hashed, pieces, tells_enough
from training.checks.sketches import Sketch

_NUMBER = re.compile(r"\d+(?:,\d{3})*")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question, what was said before it, and its answer, as 64-bit hashes of the plain texts."""

    context: int
    """Of the whole conversation up to the question, with it."""
    question: int | None
    """Of the question alone; None if it means little without what was said before it."""
    answer: int | None
    """None if no answer follows."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What stands for an example: equal for two that differ in case, spaces and punctuation only."""

    conversation: int
    system: int
    """Of its system prompt, word for word; 0 if it has none."""
    sketch: bytes
    """60 values of 16 bits; near-duplicates have most of them in common."""
    bands: tuple[int, ...]
    """Equal ones tell which examples to compare: none that speak of different numbers."""
    exchanges: tuple[Exchange, ...]


def fingerprint(case: Case) -> Fingerprint:
    """Return what stands for an example that has messages."""
    sketch = Sketch()
    conversation, exchanges = _read_through(case, sketch)
    values, bands = sketch.finished()
    numbers = _numbers(case)
    return Fingerprint(conversation, _system(case), values, tuple(band ^ numbers for band in bands), tuple(exchanges))


def _numbers(case: Case) -> int:
    """Return the hash of all numbers that are said, in their order; one in which they differ teaches something else."""
    running = blake2b(digest_size=8)
    for said in case.said:
        if said.role != "system":
            for found in _NUMBER.finditer(said.text):
                running.update(encoded(found[0].replace(",", "") + " "))
    return _number(running)


def conversation_hash(case: Case) -> int:
    """Return the hash of all that is said, which a fingerprint has too."""
    return _read_through(case, None)[0]


def _read_through(case: Case, sketch: Sketch | None) -> tuple[int, list[Exchange]]:
    running = blake2b(digest_size=8)
    exchanges: list[Exchange] = []
    asked: tuple[int, int | None] | None = None
    for _, message in case.messages:
        role, text = message.get("role"), text_of(message)
        hash_of_text = _read(text, running, None if role == "system" else sketch)
        if asked:
            exchanges.append(Exchange(*asked, hash_of_text if role == "assistant" else None))
        running.update(b"\0" + encoded(str(role)) + b"\1")
        asked = None
        if role == "user":
            asked = (_number(running), hash_of_text if not exchanges or _tells_enough(text) else None)
    if asked:
        exchanges.append(Exchange(*asked, None))
    return _number(running), exchanges


def _number(hashing: blake2b) -> int:
    return int.from_bytes(hashing.digest(), "big", signed=True)


def question_hash(question: str) -> int:
    """Return the hash of a question, as exchanges have it."""
    return _read(question, blake2b(digest_size=8), None)


def _tells_enough(text: str) -> bool:
    return tells_enough(next(pieces(text), ""))


def text_of(message: Mapping[str, object]) -> str:
    """Return what a message says, or whatever stands in its place."""
    content = message.get("content")
    if isinstance(content, str) and not message.get("function_call"):
        return content
    return json.dumps([content, message.get("function_call")], sort_keys=True, default=str)


def _read(text: str, running: blake2b, sketch: Sketch | None) -> int:
    """Feed a text, made plain, to the running hash and the sketch; returns its own hash."""
    own = blake2b(digest_size=8)
    empty = True
    for piece in pieces(text):
        empty = False
        data = encoded(piece)
        own.update(data)
        running.update(data)
        if sketch:
            sketch.add(piece)
    if empty:
        # Nothing but punctuation: then punctuation is what tells `?` from `!`.
        own.update(data := encoded(text.strip()[:PART]))
        running.update(data)
    return _number(own)


def _system(case: Case) -> int:
    prompts = [said.text.strip() for said in case.said if said.role == "system"]
    return (hashed(encoded("\n".join(prompts))) or 1) if prompts else 0
