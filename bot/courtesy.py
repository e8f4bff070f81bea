"""What people say around their questions: a greeting, thanks, or the wish for a person."""

import re
from typing import Literal

from bot.persona import Persona

_GREETING = re.compile(
    r"^\W*(hi+|hello+|hey+|hiya|yo|howdy|good (morning|afternoon|evening|day))\b[\w\s',]{0,12}\W*(anyone there\W*)?$"
)
_THANKS = re.compile(
    r"\b(thanks?|thank you|thx|ty|cheers|bye|goodbye|see you|that (helped|worked)|(was|very|so) helpful|lifesaver)\b"
    r"|^\W*((ok(ay)?|great|cool|perfect|awesome|nice|wonderful|super|lol|haha)\W*)+$"
)
_PERSON = re.compile(
    r"\b(human|(real|actual) person|agent|representative|operator|someone real|(talk|speak) (to|with) (a |some)"
    r"|call me|phone number|(contact|reach|call|phone) (you|support|someone|customer)|customer (service|support))\b"
)
_ASSISTANT = re.compile(
    r"\b(who (are|r) (you|u)|what are you|are you (a |an |really )?(ro)?(bot|human|person|real|ai|machine)"
    r"|your name|what can you (do|help)|how can you help|what do you (do|know))\b"
)
# Thanks in a longer message are an opening, not the message.
_SHORT = 60


def courteous(text: str, persona: Persona) -> str:
    """Return what is said to a message that asks nothing of the handbook, or ""."""
    match _kind(text):
        case "assistant":
            return f"{persona.greeting} {persona.disclosure}"
        case "person":
            return persona.handoff
        case "greeting":
            return persona.greeting
        case "thanks":
            return persona.sentences.welcome
        case _:
            return ""


def is_courtesy(text: str) -> bool:
    """Whether a message asks nothing of the handbook."""
    return bool(_kind(text))


def _kind(text: str) -> Literal["assistant", "person", "greeting", "thanks", ""]:
    lowered = text.lower()
    if len(text) > _SHORT:
        return "person" if _PERSON.search(lowered) and "?" not in text else ""
    if _ASSISTANT.search(lowered):
        return "assistant"
    if _PERSON.search(lowered):
        return "person"
    if _GREETING.search(lowered):
        return "greeting"
    return "thanks" if _THANKS.search(lowered) else ""
