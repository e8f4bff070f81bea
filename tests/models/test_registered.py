"""How a change of a registry in PostgreSQL shows: it is told, and a database that is away stops nobody."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.models import ChatModel
from bot.models.champion import Champion, open_champion
from bot.models.registered import NOTHING_SEEN, RegistryFile, unsettled
from tests.champions import promote, served
from tests.kit import ScriptedModel
from tests.postgresql import Cluster, cluster
from tests.training.workers_kit import come_true
from training.place import Place
from training.registry import Registry, RegistryError, announcements, open_registry
from training.registry.announcements import AGAIN, Announcements


@pytest.fixture
def place(tmp_path: Path, postgresql: Cluster) -> Place:
    return Place(tmp_path, postgresql.emptied())


@pytest.fixture
def watched(place: Place) -> Generator[RegistryFile]:
    file = RegistryFile(place)
    yield file
    file.close()


async def test_what_is_written_shows_and_what_is_read_does_not(place: Place, watched: RegistryFile) -> None:
    assert watched.state() != NOTHING_SEEN
    assert await watched.read(Registry.models) == []
    with open_registry(place) as registry:
        before = watched.state()
        for look in (registry.models, registry.champion, registry.audit_log):
            look()
        assert watched.state() == before
        registry.audit("ana", 1.0, "look", "x")
        come_true(lambda: watched.state() != before)
    after = watched.state()
    with open_registry(place) as registry:
        registry.models()
    assert watched.state() == after
    assert unsettled(after) == 0


async def test_a_listener_that_was_put_out_looks_again_and_hears_again(
    place: Place, watched: RegistryFile, postgresql: Cluster
) -> None:
    await watched.read(Registry.models)
    before = watched.state()
    postgresql.put_out("sarah listens")
    # Something may have been written meanwhile.
    come_true(lambda: watched.state() != before)
    await watched.read(Registry.models)
    heard = watched.state()
    with open_registry(place) as registry:
        registry.audit("ana", 1.0, "look", "x")
    come_true(lambda: watched.state() != heard)


def test_a_database_that_is_away_is_tried_again_now_and_then(place: Place) -> None:
    now = 1000.0
    listening = Announcements(SecretStr(f"{place.database.get_secret_value()}.none"), lambda: now)
    with pytest.raises(RegistryError, match=r"^Nothing is heard from the database .*: start it, or correct SARAH_"):
        listening.listen()
    first = listening.state()
    assert listening.state() == first
    now += AGAIN
    assert listening.state() != first


@asynccontextmanager
async def seated(place: Place) -> AsyncGenerator[Champion]:
    """Open a champion whose models answer with their own names."""

    def build(model: object, _: object) -> ChatModel:
        return ScriptedModel(name=str(getattr(model, "id", "")))

    async with open_champion(place, build) as champion:
        yield champion


async def named(champion: Champion) -> tuple[str, ...]:
    async with champion.turn() as models:
        return tuple(model.name for model in models)


async def test_who_answers_goes_on_while_the_database_is_away_and_a_promotion_shows_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcements, "AGAIN", 0.05)
    with cluster() as away, away.database() as database, capture_logs() as logs:
        place = Place(tmp_path, database)
        one, two = served(place, "http://one.example"), served(place, "http://two.example")
        promote(place, one)
        async with seated(place) as champion:
            assert await named(champion) == (one.id,)
            away.stop()
            while {line["event"] for line in logs} != {"champion", "champion.not_ready"}:
                assert await named(champion) == (one.id,)
            away.start()
            promote(place, two)
            while await named(champion) != (two.id,):
                pass
