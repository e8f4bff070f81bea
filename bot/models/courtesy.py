"""What people say around their questions: a greeting, thanks, or the wish for a person."""

import re

from bot.persona import Persona

_GREETING = re.compile(
    r"^\W*(hi+|hello+|hey+|hiya|yo|howdy|good (morning|afternoon|evening|day))\b[\w\s',]{0,12}\W*(anyone there\W*)?$"
)
_THANKS = re.compile(
    r"\b(thanks?|thank you|thx|ty|cheers|bye|goodbye|see you|that (helped|worked)|(was|very|so) helpful|lifesaver)\b"
    r"|^\W*((ok(ay)?|great|cool|perfect|awesome|nice|wonderful|super)\W*)+$"
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
    lowered = text.lower()
    if len(text) > _SHORT:
        return persona.handoff if _PERSON.search(lowered) and "?" not in text else ""
    if _ASSISTANT.search(lowered):
        return f"{persona.greeting} {persona.disclosure}"
    if _PERSON.search(lowered):
        return persona.handoff
    if _GREETING.search(lowered):
        return persona.greeting
    return persona.sentences.welcome if _THANKS.search(lowered) else ""
