"""Where a model is served, and what an answer of it may take."""

from dataclasses import dataclass, field

from bot.models import ModelError
from bot.persona import Persona

# The setting of models that were tuned here, which the registry names.
LOCAL = "SARAH_LOCAL"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is, and how it is asked; times are seconds, budgets tokens.

    `name` is what its answers are recorded under. `setting` is the variable that names it; those of its URL and its key
    begin with the same words; "" for the champion, which the registry names.
    """

    name: str
    setting: str
    url: str
    model: str
    key: str = field(repr=False)
    temperature: float
    max_tokens: int
    stop: str
    context_tokens: int
    timeout: float
    deadline: float
    retries: int


def afterword(ending: str, persona: Persona, *, said: bool) -> str:
    """Return what to add to an answer that ended like this; raises ModelError where it is not whole."""
    if not ending:
        raise ModelError("the stream ended before the answer did")
    if ending == "content_filter":
        raise ModelError("its server's filter took the answer back")
    if ending != "length":
        return ""
    if not said:
        raise ModelError("its tokens were used up before it said anything: raise SARAH_MAX_TOKENS")
    return f" … {persona.sentences.cut}"
