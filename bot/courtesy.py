"""What people say around their questions: a greeting, thanks, or the wish for a person."""

import re
from typing import Literal

from bot.persona import Persona
from training.knowledge import names_nothing

Kind = Literal["anger", "nothing", "assistant", "person", "greeting", "thanks"]

_GREETING = re.compile(
    r"^\W*(hi+|hello+|hey+|hiya|yo|howdy|good (morning|afternoon|evening|day))\b[\w\s',]{0,12}\W*(anyone there\W*)?$"
)
_THANKS = re.compile(
    r"\b(thanks?|thank you|thx|ty|cheers|bye|goodbye|see you|that (helped|worked)|(was|very|so) helpful|lifesaver)\b"
    r"|^\W*((ok(ay)?|great|cool|perfect|awesome|nice|wonderful|super|lol|haha)\W*)+$"
)
_PERSON = re.compile(
    r"\b(human|(real|actual) person|manager|supervisor|agent|representative|operator|someone real"
    r"|(talk|speak) (to|with) (a |some)"
    r"|call me|phone number|(contact|reach|call|phone) (you|support|someone|customer)|customer (service|support))\b"
)
_ANGER = re.compile(
    r"^\W*(you|u|ur|you're|youre|this|that|it|that's|it's|this bot|your (bot|support|service|company))\b[\w\s']{0,15}"
    r"\b(useless|stupid|dumb|terrible|horrible|awful|ridiculous|unacceptable|a joke|the worst|sucks?|crap|garbage"
    r"|idiots?)\b"
    r"|^\W*(wtf|ffs|damn( it)?|fuck\w*|shit|bullshit|crap|screw you|i hate (you|this|it))\b[\w\s']{0,10}\W*$"
)
_NOTHING = re.compile(r"^\W*((i'?m )?sorry|my bad|never ?mind|nvm|oops|hmm+|umm?|uh+|oh+|lol|haha|wow)\W*$")
_ASSISTANT = re.compile(
    r"\b(who (are|r) (you|u)|what are you|are you (a |an |really )?(ro)?(bot|human|person|real|ai|machine)"
    r"|your name|what can you (do|help)|how can you help|what do you (do|know))\b"
)
# The first that fits says what a message is.
_KINDS: dict[Kind, re.Pattern[str]] = {
    "anger": _ANGER,
    "nothing": _NOTHING,
    "assistant": _ASSISTANT,
    "person": _PERSON,
    "greeting": _GREETING,
    "thanks": _THANKS,
}
# Thanks in a longer message are an opening, not the message.
_SHORT = 60


def courteous(text: str, persona: Persona) -> str:
    """Return what is said to a message that asks nothing of the handbook, or ""."""
    said: dict[Kind, str] = {
        "anger": f"{persona.sentences.sorry} {persona.handoff}",
        "nothing": persona.sentences.vague,
        "assistant": f"{persona.greeting} {persona.disclosure}",
        "person": persona.handoff,
        "greeting": persona.greeting,
        "thanks": persona.sentences.welcome,
    }
    kind = _kind(text)
    return said[kind] if kind else ""


def is_courtesy(text: str) -> bool:
    """Whether a message asks nothing at all, and may come at any time."""
    kind = _kind(text)
    # Thanks may stand before a question; anger and the like are the whole message.
    return kind in {"anger", "nothing"} or (kind is not None and names_nothing(text))


def _kind(text: str) -> Kind | None:
    lowered = text.lower()
    if len(text) > _SHORT:
        return "person" if _PERSON.search(lowered) and "?" not in text else None
    return next((kind for kind, pattern in _KINDS.items() if pattern.search(lowered)), None)
