"""What people say around their questions: a greeting, thanks, or the wish for a person."""

import re
from typing import Literal

from bot.persona import Persona
from training.follow_ups import names_nothing

Kind = Literal["anger", "nothing", "assistant", "person", "greeting", "thanks"]


def _whole(core: str, around: str) -> re.Pattern[str]:
    """Match a message that is made of nothing but these phrases, one of the core at least."""
    return re.compile(rf"\W*(({around})\b\W*)*({core})\b\W*(({core}|{around})\b\W*)*")


_GREETING = _whole(
    "hi+|hello+|hey+|hiya|yo|howdy|good (morning|afternoon|evening|day)", "there|all|everyone|(is )?anyone there"
)
_THANKS = _whole(
    "ok(ay)?|great|cool|perfect|awesome|nice|wonderful|super|lol|haha|thanks?|thank you|thx|ty|cheers|(good)?bye"
    "|see you|that (helped|worked|did it)|(it|that|everything) works( now)?|((it|that) was )?(very|so) helpful",
    "and|then|now|later|again|so much|very much|a lot|for (your|the|all your) (help|time|support)"
    "|have a (nice|good|great) (day|evening|weekend|one)|(you're|you are|youre|what) (a lifesaver|great|the best)",
)
_PERSON = re.compile(
    r"^\W*(a )?((real|live|actual) )?(human|person|agent|representative|operator|manager|supervisor)( please)?\W*$"
    r"|\b(talk|speak|chat|connect|transfer|get|give|put|reach|contact|want|need)\b.{0,25}"
    r"\b(human|(real|actual|live) person|someone real|agent|representative|operator|manager|supervisor)\b"
    r"|\b(talk|speak|chat) (to|with) (a person|someone|somebody|people|support)\b"
    r"|\bcall me\b|\b(your|a|the support) phone number|\b(contact|reach|call|phone) (you|support|customer)\b"
    r"|\bcustomer (service|support)\b"
)
_ANGER = re.compile(
    r"\W*(you|u|ur|you're|youre|this|that|it|that's|it's|this bot|your (bot|support|service|company))\b[\w\s']{0,15}"
    r"\b(useless|stupid|dumb|terrible|horrible|awful|ridiculous|unacceptable|a joke|the worst|sucks?|crap|garbage"
    r"|idiots?)\W*"
    r"|\W*(wtf|ffs|damn( it)?|fuck\w*|shit|bullshit|crap|screw you|i hate (you|this|it))\b[\w\s']{0,10}\W*"
)
_NOTHING = re.compile(r"\W*((i'?m )?sorry|my bad|never ?mind|nvm|oops|hmm+|umm?|uh+|oh+|lol|haha|wow)\W*")
_ASSISTANT = re.compile(
    r".*\b(who (are|r) (you|u)|what are you|are you (a |an |really )?(ro)?(bot|human|person|real|ai|machine))\b.*"
    r"|\W*(what('s| is) your name|what (can|do) you (do|know|help)|how can you help)( (for )?me)?( with)?\W*",
    re.DOTALL,
)
# The first that fits the whole message says what it is: thanks before a question are no reason not to answer it.
_KINDS: dict[Kind, re.Pattern[str]] = {
    "anger": _ANGER,
    "nothing": _NOTHING,
    "assistant": _ASSISTANT,
    "greeting": _GREETING,
    "thanks": _THANKS,
}
# A longer message is more than a courtesy, but may hold the wish for a person; with a question in it, that comes first.
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
    # Who greets may do it by name.
    kind = _kind(re.sub(rf"\b{re.escape(persona.name)}\b", "", text, flags=re.IGNORECASE))
    return said[kind] if kind else ""


def is_courtesy(text: str) -> bool:
    """Whether a message asks nothing at all, and may come at any time."""
    kind = _kind(text)
    # The wish for a person may stand beside a subject.
    return kind is not None and (kind != "person" or names_nothing(text))


def _kind(text: str) -> Kind | None:
    lowered = text.lower()
    if _PERSON.search(lowered) and (len(text) <= _SHORT or "?" not in text):
        return "person"
    if len(text) > _SHORT:
        return None
    return next((kind for kind, pattern in _KINDS.items() if pattern.fullmatch(lowered)), None)
