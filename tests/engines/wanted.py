"""What engines are to hold, made up by a test, and a clock that stands still."""

from pathlib import Path

from bot.engines.wishes import Sight, Weights, Wish
from tests.engines.kit import adapter
from tests.servers.vllm import BASE


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def wish(home: Path, model: str, *, rank: int = 4, firm: bool = True, asked_at: float = 0.0) -> Wish:
    """Return a model that is wanted, with its files in a home."""
    folder = home / "models" / model / "weights"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in adapter(rank).items():
        (folder / name).write_bytes(content)
    return Wish(Weights(model, folder, "adapter", BASE, "", rank), firm, asked_at)


def sight(*wishes: Wish, ours: tuple[str, ...] = ()) -> Sight:
    """Return what is wanted, and what else is of the registry."""
    return Sight(wishes, frozenset({*ours, *(wish.weights.model for wish in wishes)}))
