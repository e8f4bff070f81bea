"""Where what training makes is kept: a folder, and beside it a database that several machines may share."""

import socket
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

NO_DATABASE = SecretStr("")


@dataclass(frozen=True, slots=True)
class Place:
    """A home folder, and the PostgreSQL database whose machines share it; without one, SQLite's files are in it."""

    home: Path
    database: SecretStr = NO_DATABASE
    """The database's address, which holds a password, or ""."""

    def of_this_machine(self, name: str) -> Path:
        """Return a file of the home that this machine writes alone: "training.log", "training.HOST.log" if shared."""
        path = self.home / name
        return path.with_suffix(f".{socket.gethostname()}{path.suffix}") if self.database else path


# A folder alone stands for all that it holds.
Where = Path | Place


def place_of(where: Where) -> Place:
    """Return a folder as a place."""
    return where if isinstance(where, Place) else Place(where)
