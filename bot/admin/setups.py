"""What decides answers beside the model, as a hash: a scorecard of another setup is made anew."""

from hashlib import sha256
from pathlib import Path
from typing import TypedDict

from pydantic import SecretStr

from bot.admin.costs import Costs, Served
from bot.settings import Settings

# The settings that decide what is answered, by how they begin.
DECIDING = ("sarah_model", "sarah_temperature", "sarah_max_tokens", "sarah_context", "sarah_stop", "sarah_guard")
# How the model is reached decides nothing.
REACHING = ("sarah_model_timeout", "sarah_model_deadline", "sarah_model_retries", "sarah_guard_deadline")


def setup_of(settings: Settings) -> str:
    """Return the hash of the company's folder, of the code, and of the settings, as far as they decide answers."""
    told = sha256()
    for name in sorted(type(settings).model_fields):
        value = getattr(settings, name)
        if name.startswith(DECIDING) and name not in REACHING and not isinstance(value, SecretStr):
            told.update(f"{name}={value!r}\n".encode())
    for path in (*_company(settings.sarah_data), *_code()):
        told.update(f"{path.name} {sha256(path.read_bytes()).hexdigest()}\n".encode())
    return told.hexdigest()


class Circumstances(TypedDict):
    """What an evaluation knows from the settings."""

    setup: str
    base: Served
    costs: Costs
    spending_limit: float


def circumstances(settings: Settings) -> Circumstances:
    """Return what decides answers, and what they cost."""
    return {
        "setup": setup_of(settings),
        "base": Served(settings.sarah_model_url, settings.sarah_model) if settings.sarah_model else Served(),
        "costs": Costs(settings.sarah_vocabulary, settings.sarah_context_tokens, settings.sarah_max_tokens),
        "spending_limit": settings.sarah_spending_limit,
    }


def _company(data: Path) -> list[Path]:
    # How something is tuned decides no answer of what is there.
    apart = {data / "scenarios", data / "presets"}
    return sorted(path for path in data.rglob("*") if path.is_file() and apart.isdisjoint(path.parents))


def _code() -> list[Path]:
    """Return the sources that answer, and those that grade; platforms and commands say nothing."""
    root = Path(__file__).parents[2]
    bot = [path for path in (root / "bot").glob("*.py") if path.stem not in {"app", "__main__", "evaluating"}]
    rooms = (root / "bot" / "models", root / "training", root / "training" / "evaluation", root / "training" / "topic")
    # The discriminator has a list of other subjects beside its code.
    texts = (root / "training" / "topic").glob("*.txt")
    return sorted([*bot, *texts, *(path for room in rooms for path in room.glob("*.py"))])
