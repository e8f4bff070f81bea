"""The guard that the settings ask for."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import structlog

from bot.conversation import StartupError
from bot.guard import OPEN, Asks, Guard, ModelGuard, TopicGuard
from bot.models import Word
from bot.models.endpoint import Endpoint
from bot.persona import Persona
from bot.settings import Settings
from training.topic import read_topic_model

# Hears a sentence before something that takes long.
Say = Callable[[str], None]


def logged(sentence: str) -> None:
    """Say something in the log."""
    structlog.get_logger().info("discriminator.learning", why=sentence)


def guard_of(settings: Settings, persona: Persona, stack: AsyncExitStack, say: Say = logged) -> Guard:
    """Build it; raises DataError and StartupError. What must be closed goes onto the stack."""
    if settings.sarah_guard == "off":
        return OPEN
    trained = TopicGuard(read_topic_model(settings.sarah_data, settings.sarah_guard_refused, say))
    return _asking(settings, persona, trained, stack) if settings.sarah_guard == "model" else trained


def _asking(settings: Settings, persona: Persona, trained: TopicGuard, stack: AsyncExitStack) -> ModelGuard:
    # Imported where it is needed: the package costs a second and 70 MB.
    from bot.models.openai_compatible import OpenAICompatible  # noqa: PLC0415

    setting, name, url, key = settings.guard_model()
    if not name:
        raise StartupError("SARAH_GUARD=model needs a model to ask: set SARAH_GUARD_MODEL, or SARAH_GUARD=trained.")
    endpoint = Endpoint(
        name=name,
        setting=setting,
        url=url,
        model=name,
        key=key,
        temperature=0,
        max_tokens=1,
        stop="",
        context_tokens=settings.sarah_context_tokens,
        timeout=settings.sarah_guard_deadline,
        deadline=settings.sarah_guard_deadline,
        retries=1,
    )
    # It counts no tokens: what it is told is short.
    model = OpenAICompatible(endpoint, len)
    stack.push_async_callback(model.close)
    bias = settings.sarah_guard_bias
    return ModelGuard(_weighable(model.word) if bias else model.word, trained, persona, bias)


def _weighable(ask: Asks) -> Asks:
    """Return what asks the same, and warns once where no bias can weigh what is said."""
    warned = False

    async def asked(told: Sequence[tuple[str, str]]) -> Word:
        nonlocal warned
        word = await ask(told)
        if not word.likely and not warned:
            warned = True
            why = "SARAH_GUARD_BIAS has no effect, for that model's server gives no log-probabilities"
            structlog.get_logger().warning("guard.no_bias", why=why)
        return word

    return asked
