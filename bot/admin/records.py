"""The registry as commands need it: opened when one first asks, for customers are answered without it."""

import threading
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from training.place import Where, place_of
from training.registry import Registry, open_registry
from training.registry.database import is_there


class Records:
    """The registry of a place; to be used from any thread."""

    def __init__(self, where: Where) -> None:
        self.place = place_of(where)
        self._opened = ExitStack()
        self._registry: Registry | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opened.close()

    def open(self) -> Registry:
        """Return the registry, made where there is none; raises RegistryError, and tries again the next time."""
        with self._lock:
            if self._registry is None:
                self._registry = self._opened.enter_context(open_registry(self.place))
            return self._registry

    def are_there(self) -> bool:
        """Whether there is a registry already."""
        return is_there(self.place)
