"""What an admin can try: the models that there are, and the settings of an answer with their bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from bot.admin.calls import Call
from bot.admin.forms import About, command
from bot.admin.office import Office
from bot.admin.replies import Choice
from bot.incoming import clean, says_something
from bot.models import AS_SET_UP, Sampling
from training.registry import RegistryError

CHAMPION = "★"
# What people call a setting, by its field.
CALLED = {
    "temperature": "temperature",
    "top_k": "top-k",
    "top_p": "top-p",
    "repetition_penalty": "repetition penalty",
    "max_tokens": "longest answer",
}


class TryingError(Exception):
    """A message is not put to any model; the text is a sentence for whoever sent it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message, the models that are to answer it, and how."""

    message: str
    models: tuple[Choice, ...]
    sampling: Sampling = AS_SET_UP
    guarded: bool = False

    @property
    def chosen(self) -> str:
        """What was chosen, in words: temperature 0.3, top-k 40."""
        words = [f"{CALLED[name]} {value:g}" for name, value in self.sampling.chosen.items()]
        return ", ".join([*words, "with the guard"] if self.guarded else words)


@dataclass(frozen=True, slots=True)
class Offered:
    """What a form offers: the models, what stands in its fields at first, and what is wrong with the registry."""

    models: tuple[Choice, ...]
    usual: Mapping[str, str]
    trouble: str = ""


@command("model", may="home", name="try")
async def talk(  # noqa: PLR0913 - a form, field by field
    call: Call,
    office: Office,
    message: Annotated[str, About("What is said to the models", long=True)],
    left: Annotated[str, About("The model on the left", names="models")],
    *,
    right: Annotated[str, About("The model on the right, or none", names="models")] = "",
    temperature: Annotated[float | None, About("How freely words are chosen", least=0, most=2)] = None,
    top_k: Annotated[int | None, About("How many of the likeliest tokens; 0: any", least=0, most=1000)] = None,
    top_p: Annotated[float | None, About("The likeliest tokens of this share together", least=0.01, most=1)] = None,
    repetition_penalty: Annotated[float | None, About("Above 1: fewer repetitions", least=1, most=2)] = None,
    longest: Annotated[int | None, About("The longest answer, in tokens", least=1, most=100_000)] = None,
    guard: Annotated[bool, About("Whether the guard judges, as for customers")] = False,
) -> Wanted:
    """Ask one model, or two side by side."""
    settings = office.settings
    message, limit = clean(message), settings.sarah_longest_question
    if len(message) > limit:
        raise TryingError(f"That is too long: a message has {limit:,} characters at most (SARAH_LONGEST_QUESTION).")
    if not says_something(message):
        raise TryingError("There are no words in that message: write something that a customer could ask.")
    if longest and longest > (most := settings.sarah_context_tokens // 2):
        raise TryingError(
            f"The longest answer may have {most:,} tokens: half of what fits into the model (SARAH_CONTEXT_TOKENS)."
        )
    known = {choice.value: choice for choice in (await offered(office)).models}
    if unknown := next((name for name in (left, right) if name and name not in known), ""):
        raise TryingError(f"There is no model {unknown[:60]!r}: choose one that is offered.")
    sampling = Sampling(temperature, top_k, top_p, repetition_penalty, longest)
    return Wanted(message, tuple(known[name] for name in (left, right) if name), sampling, guard)


async def offered(office: Office) -> Offered:
    """Return every model that can be tried, the registry's first, and what the settings say."""
    settings = office.settings
    usual = {
        "temperature": f"{settings.sarah_temperature:g}",
        "top-k": "0",
        "top-p": "1",
        "repetition-penalty": "1",
        "longest": str(min(settings.sarah_max_tokens, settings.sarah_context_tokens // 2)),
    }
    untuned = tuple(Choice(*one) for one in office.rehearsal.asking.untuned())
    try:
        registered = await office.apart(lambda: _registered(office))
        champion = next((one.value for one in registered if one.label.startswith(CHAMPION)), "")
        return Offered((*registered, *untuned), {**usual, "left": champion})
    except (RegistryError, OSError) as error:
        return Offered(untuned, usual, f"Tuned models cannot be listed: {error}")


def _registered(office: Office) -> list[Choice]:
    registry = office.registry
    champion, names = registry.champion(), {dataset.id: dataset.name for dataset in registry.datasets()}
    listed = list[Choice]()
    for model in registry.models():
        star = f"{CHAMPION} " if champion and champion.id == model.id else ""
        base = model.provider if model.base == model.provider else f"{model.provider} {model.base}"
        listed.append(Choice(model.id, f"{star}{model.id} · {base} on {names.get(model.dataset, model.dataset)}"))
    return listed
