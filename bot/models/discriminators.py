"""The discriminators that come with tuned models, each read once for all the models that share it."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from weakref import WeakValueDictionary

import structlog

from training.registry import Model
from training.topic import TopicModel

# Reads one from its folder; raises DataError when it is not what it was.
Read = Callable[[Path], TopicModel]


class Discriminators:
    """What the models of a home folder judge by; one that cannot be read is told in the log once."""

    def __init__(self, home: Path, read: Read) -> None:
        self._home = home
        self._read = read
        # Kept as long as a model that is ready has it.
        self._known: WeakValueDictionary[str, TopicModel] = WeakValueDictionary()
        self._told: set[str] = set()
        # Models are made ready in threads.
        self._alone = Lock()

    def of(self, model: Model) -> TopicModel | None:
        """Return a model's own discriminator; None where the company's judges, for there is none or it is not whole."""
        if not model.topic:
            return None
        with self._alone:
            known = self._known.get(model.topic)
            return known if known is not None else self._found(model)

    def _found(self, model: Model) -> TopicModel | None:
        try:
            found = self._known[model.topic] = self._read(self._home / model.topic)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the model can answer without
            if model.topic not in self._told:
                structlog.get_logger().error("discriminator.not_ready", model=model.id, why=str(error))
            self._told.add(model.topic)
            return None
        self._told.discard(model.topic)
        return found
