"""An answer that leaves the subject ends there: it is judged sentence by sentence, before a customer sees it."""

import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from bot.guard import Guard
from bot.models import ChatModel, Prompt
from bot.outgoing import Rules, checked
from bot.persona import Persona, fresh

# Characters after which a sentence is judged although it goes on, so that an answer never stalls.
LONGEST_HELD = 300
# Fewer characters say too little to be judged alone: `1.`, `Sure!`, `e.g.`
SHORTEST_JUDGED = 25

_END = re.compile(r"(?<=[.!?:;])[\"'\u201d\u2019)\]*_]*\s+|(?<=[\u3002\uff01\uff1f])|\s*\n\s*")


class Drifted(Exception):  # noqa: N818 - an ending, and nobody's error
    """A sentence is off the subject; neither it nor anything after it was passed on."""


def shown(model: ChatModel, prompt: Prompt, guard: Guard) -> AsyncGenerator[str]:
    """Stream what a model says as far as a customer may see it; raises Drifted and ModelError."""
    texts = checked(model.answer(prompt), Rules(prompt.persona.links, model.stop))
    return on_subject(texts, guard.drifts) if guard.watches else texts


def led_back(persona: Persona, text: str, said: Sequence[str]) -> str:
    """Return what ends an answer of which `text` was shown before it drifted; `said` are the answers before it."""
    return f"\n\n{persona.sentences.drifted}" if text else fresh(persona.refusals, said)


async def on_subject(pieces: AsyncGenerator[str], drifts: Callable[[str], bool]) -> AsyncGenerator[str]:
    """Pass an answer on in whole sentences; raises Drifted at the first one that drifts.

    What the pieces come from is closed before that.
    """
    held = ""
    async with aclosing(pieces):
        async for piece in pieces:
            *whole, held = _sentences(held + piece)
            for sentence in whole:
                if drifts(sentence.strip()):
                    raise Drifted
                yield sentence
    if len(held.strip()) >= SHORTEST_JUDGED and drifts(held.strip()):
        raise Drifted
    if held:
        yield held


def _sentences(text: str) -> list[str]:
    """Cut a text after each sentence that is long enough to be judged; the last part may still go on."""
    parts: list[str] = []
    start = 0
    for end in _END.finditer(text):
        if len(text[start : end.start()].strip()) >= SHORTEST_JUDGED:
            parts.append(text[start : end.end()])
            start = end.end()
    rest = text[start:]
    while len(rest) > LONGEST_HELD:
        cut = rest.rfind(" ", SHORTEST_JUDGED, LONGEST_HELD) + 1 or LONGEST_HELD
        parts.append(rest[:cut])
        rest = rest[cut:]
    return [*parts, rest]
