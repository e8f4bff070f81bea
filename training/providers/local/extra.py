"""Whether what tunes models is installed: an extra, because it takes several gigabytes."""

from importlib.util import find_spec

from training.providers import ProviderError

_NEEDED = ("torch", "transformers", "trl", "peft", "accelerate")


def is_installed() -> bool:
    """Tell whether models can be tuned on this machine."""
    return all(map(find_spec, _NEEDED))


def see_installed() -> None:
    """Raise ProviderError where models cannot be tuned on this machine."""
    if not is_installed():
        missing = ", ".join(name for name in _NEEDED if not find_spec(name))
        raise ProviderError(f"This machine has no {missing}: install what tunes models with `pip install '.[local]'`.")
