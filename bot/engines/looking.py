"""What engines are to hold, as the registry, the bot's canary and the notes of whoever asked say it."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
import structlog

from bot.engines import notes
from bot.engines.wishes import Sight, Weights, Wish, wanted
from bot.models.registered import RegistryFile
from bot.tables import IS_RUNNING, canaries
from training.examples import DataError
from training.place import Where, place_of
from training.providers.local.manifest import MANIFEST, WEIGHTS, Manifest, see_whole
from training.registry import Model, Registry

_STORE = "sarah.db"
_CANARY = str(sa.select(canaries.c.model).where(IS_RUNNING))

# Of every file that decides what is wanted: when it was changed, and how long it is.
_Stamp = tuple[int, int, int] | None
State = tuple[object, ...]


class Looking:
    """Looks what is wanted. A model that is not whole is refused in the log once, and whoever was firm stays so."""

    def __init__(self, where: Where, most: int) -> None:
        self._home = place_of(where).home.resolve()
        self._most = most
        self._registry = RegistryFile(where)
        self._known: tuple[object, str, dict[str, Model]] = (None, "", {})
        self._canary: tuple[object, str] = (None, "")
        self._whole: dict[str, tuple[State, Manifest | None]] = {}
        self._champion = ""

    def close(self) -> None:
        """Look no more."""
        self._registry.close()

    def state(self) -> State:
        """Return what changes with everything that decides what is wanted; costs microseconds."""
        files = (self._home / _STORE, self._home / f"{_STORE}-wal")
        return self._registry.state(), notes.state(self._home), *map(_stamp, files)

    async def look(self) -> Sight:
        """Return what is wanted now; raises RegistryError."""
        state = self._registry.state()
        if state != self._known[0]:
            champion, models = await self._registry.read(_local) or ("", {})
            self._known = state, champion, models
        return await asyncio.to_thread(self._sight)

    def _sight(self) -> Sight:
        _, champion, models = self._known
        if champion not in models:
            # Nobody, or one that is served elsewhere.
            self._champion = ""
        elif self._weights(models[champion]):
            self._champion = champion
        firm, when = (self._champion, self._running_canary()), notes.asked(self._home)
        found = self._found(wanted(firm, when, models, self._most))
        wishes = (Wish(weights, weights.model in firm, when.get(weights.model, 0.0)) for weights in found)
        return Sight(tuple(wishes), frozenset(models))

    def _found(self, ids: Sequence[str]) -> list[Weights]:
        models = self._known[2]
        return [weights for id_ in ids if (weights := self._weights(models[id_]))]

    def _running_canary(self) -> str:
        """Return the model that has a share of the conversations, or ""."""
        path = self._home / _STORE
        state = _stamp(path), _stamp(path.with_name(f"{_STORE}-wal"))
        if state != self._canary[0] and path.exists():
            try:
                with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
                    row = database.execute(_CANARY).fetchone()
                self._canary = state, row[0] if row else ""
            except sqlite3.Error as error:
                # It may be made at this moment: what was known holds until it can be read.
                structlog.get_logger().debug("engine.canary_not_read", why=str(error))
        return self._canary[1]

    def _weights(self, model: Model) -> Weights | None:
        """Return a model's weights; None where they are not what was learned."""
        folder = self._home / model.folder
        manifest = self._manifest(model.id, folder)
        if manifest is None:
            return None
        rank = manifest.recipe.r
        return Weights(model.id, folder / WEIGHTS, manifest.kind, manifest.base, manifest.revision, rank)

    def _manifest(self, model: str, folder: Path) -> Manifest | None:
        """Return the manifest of a model that is whole; its files are read again when they have changed."""
        state = tuple(_stamp(file) for file in (folder / MANIFEST, *sorted((folder / WEIGHTS).rglob("*"))))
        known = self._whole.get(model)
        if known and known[0] == state:
            return known[1]
        try:
            manifest = see_whole(folder)
        except DataError as error:
            structlog.get_logger().error("engine.refused", model=model, why=str(error))
            manifest = None
        self._whole[model] = state, manifest
        return manifest


def _local(registry: Registry) -> tuple[str, dict[str, Model]]:
    """Return the champion's id, or "", and every model that was tuned here."""
    champion = registry.champion()
    models = {model.id: model for model in registry.models() if model.provider == "local"}
    return champion.id if champion else "", models


def _stamp(file: Path) -> _Stamp:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
