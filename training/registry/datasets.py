"""Which datasets there are."""

from dataclasses import asdict, fields
from difflib import get_close_matches

import sqlalchemy as sa

from training.quoting import cited
from training.registry import audits
from training.registry.naming import listed, suggestion
from training.registry.records import DatasetRow, RegistryError
from training.registry.tables import datasets, runs
from training.registry.upserts import add_new

_EVERY = sa.select(*(datasets.c[part.name] for part in fields(DatasetRow))).order_by(
    datasets.c.at.desc(), datasets.c.id
)


def every(connection: sa.Connection) -> list[DatasetRow]:
    """Return every dataset, newest first."""
    return [DatasetRow(*row) for row in connection.execute(_EVERY)]


def record(connection: sa.Connection, row: DatasetRow) -> None:
    """Insert a dataset, or give it its new name."""
    if add_new(connection, datasets, [asdict(row)], "id"):
        detail = f"{row.name}: {row.train} examples to train with, {row.validation} to validate with"
        audits.write(connection, row.by, row.at, "add dataset", row.id, detail)
        return
    renaming = datasets.update().where(datasets.c.id == row.id, datasets.c.name != row.name)
    if row.name and connection.execute(renaming.values(name=row.name)).rowcount:
        audits.write(connection, row.by, row.at, "name dataset", row.id, row.name)


def find(connection: sa.Connection, asked: str) -> DatasetRow:
    """Return the dataset of that id, name or beginning of an id; raises RegistryError naming near ones."""
    known = every(connection)
    for matching in (
        [row for row in known if row.id == asked],
        [row for row in known if row.name == asked and asked],
        [row for row in known if row.id.startswith(asked) and asked],
    ):
        if len(matching) == 1:
            return matching[0]
        if matching:
            ids = listed([row.id for row in matching])
            raise RegistryError(f"The dataset {cited(asked)} could be {ids}: give its id.")
    names = [name for row in known for name in (row.name, row.id) if name]
    way_out = suggestion(get_close_matches(asked, names, 3), "`sarah data list` shows those that there are.")
    raise RegistryError(f"There is no dataset {cited(asked)}: {way_out}")


def remove(connection: sa.Connection, asked: str, by: str, at: float) -> None:
    """Delete a dataset that no run has used; raises RegistryError."""
    row = find(connection, asked)
    users = connection.scalars(sa.select(runs.c.id).where(runs.c.dataset == row.id).order_by(runs.c.seq)).all()
    if users:
        raise RegistryError(
            f"The dataset {row.name or row.id!r} was used by {listed(users).replace(' or ', ' and ')},"
            " whose lineage it belongs to: keep it."
        )
    connection.execute(datasets.delete().where(datasets.c.id == row.id))
    audits.write(connection, by, at, "remove dataset", row.id, row.name)
