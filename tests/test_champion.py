"""The champion answers customers from the turn after its promotion, and no turn is lost over it."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path
from shutil import rmtree

import pytest
from structlog.testing import capture_logs

from bot.app import Desk, open_desk
from bot.conversation import Answered, Conversation, Event, Piece, Question
from bot.settings import Settings
from tests.champions import embedded, promote, roll_back, served
from tests.kit import OTHER_DATA, ROOT
from tests.servers.openai import OpenAI, open_openai, refuses, says
from training.place import Place
from training.registry import Model, open_registry

QUESTION = "Which colour does the singing kettle like?"
ANSWER = "It likes green best, and hums when it sees it."
_numbers = count(1)

AsyncEvents = AsyncIterator[Event]
Open = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def open_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a desk in this test's folder; what is given are settings."""
    monkeypatch.chdir(tmp_path)

    def opened(**changes: object) -> AbstractAsyncContextManager[Desk]:
        usual = {"sarah_home": tmp_path, "sarah_data": OTHER_DATA, "sarah_guard": False, "sarah_model": ""}
        settings = Settings(**usual | changes)  # pyright: ignore[reportArgumentType]
        return open_desk(settings, per_minute=0)

    return opened


def events(desk: Desk, text: str = QUESTION) -> AsyncEvents:
    """Ask in a conversation of its own."""
    number = str(next(_numbers))
    return aiter(desk.assistant.answer(Question(Conversation("test", "", number), "a", number, text)))


async def end(events: AsyncEvents) -> Answered:
    """Take an answer to its end."""
    *_, ended = [event async for event in events]
    assert isinstance(ended, Answered)
    return ended


async def ask(desk: Desk, text: str = QUESTION) -> tuple[str, str]:
    """Return who answered, and what."""
    ended = await end(events(desk, text))
    return ended.model, ended.text


def registry_files(home: Path) -> list[Path]:
    """Return what the registry has left in a home folder."""
    return list(home.glob("registry*"))


def failures(logs: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the lines that an operator is alarmed by."""
    return [line for line in logs if line["log_level"] in {"warning", "error"}]


async def test_a_model_that_is_promoted_between_two_turns_answers_the_second(tmp_path: Path, open_here: Open) -> None:
    model = embedded(tmp_path, QUESTION, ANSWER)
    async with open_here() as desk:
        assert (await ask(desk))[0] == "embedded"
        promote(tmp_path, model)
        assert await ask(desk) == (model.id, ANSWER)


@pytest.mark.slow
async def test_a_model_that_another_process_promotes_answers_the_next_turn(place: Place, open_here: Open) -> None:
    models = [embedded(place, QUESTION, f"{number}: {ANSWER}") for number in range(2)]
    script = "import sys; from pathlib import Path; from pydantic import SecretStr\n"
    script += "from training.place import Place; from training.registry import open_registry\n"
    script += (
        "with open_registry(Place(Path(sys.argv[1]), SecretStr(sys.argv[2]))) as r: r.promote(sys.argv[3], 't', 1.0)"
    )
    async with open_here(sarah_database_url=place.database) as desk:
        for number, model in enumerate(models):
            command = [sys.executable, "-c", script, str(place.home), place.database.get_secret_value(), model.id]
            await asyncio.to_thread(subprocess.run, command, check=True, cwd=ROOT)
            assert await ask(desk) == (model.id, f"{number}: {ANSWER}")


async def test_every_promotion_counts_from_the_next_turn_on_however_fast_they_follow_each_other(
    tmp_path: Path, open_here: Open
) -> None:
    async with open_openai() as one, open_openai() as two:
        models = [served(tmp_path, one.url), served(tmp_path, two.url)]
        async with open_here() as desk:
            for number in range(8):
                promote(tmp_path, models[number % 2])
                assert (await ask(desk))[0] == models[number % 2].id
        assert (len(one.requests), len(two.requests)) == (4, 4)


async def test_a_turn_keeps_its_model_to_its_end(tmp_path: Path, open_here: Open) -> None:
    go_on = asyncio.Event()
    async with open_openai(says("It likes ", go_on, "green.")) as old, open_openai(says("Red.")) as new:
        first, second = served(tmp_path, old.url), served(tmp_path, new.url)
        promote(tmp_path, first)
        async with open_here() as desk:
            begun = events(desk)
            while await anext(begun) != Piece("It likes "):
                pass
            promote(tmp_path, second)
            assert await ask(desk) == (second.id, "Red.")
            go_on.set()
            ended = await end(begun)
    assert (ended.model, ended.text) == (first.id, "It likes green.")


async def test_a_rollback_brings_the_one_before_back_and_at_last_the_models_of_the_settings(
    tmp_path: Path, open_here: Open
) -> None:
    models = [embedded(tmp_path, QUESTION, ANSWER), embedded(tmp_path, QUESTION, "Blue.")]
    async with open_here() as desk:
        for model in models:
            promote(tmp_path, model)
            assert (await ask(desk))[0] == model.id
        roll_back(tmp_path)
        assert await ask(desk) == (models[0].id, ANSWER)
        roll_back(tmp_path)
        assert (await ask(desk))[0] == "embedded"


async def test_a_desk_that_opens_has_its_champion_and_says_so(tmp_path: Path, open_here: Open) -> None:
    model = embedded(tmp_path, QUESTION, ANSWER)
    promote(tmp_path, model)
    async with open_here() as desk:
        assert desk.models == (f"{model.id}, the champion", "embedded")
        assert await ask(desk) == (model.id, ANSWER)
        assert (await ask(desk, "How do I descale it?"))[1].startswith("**")


async def test_without_a_registry_none_is_made(tmp_path: Path, open_here: Open) -> None:
    async with open_here() as desk:
        assert desk.models == ("embedded",)
        assert (await ask(desk))[0] == "embedded"
    assert registry_files(tmp_path) == []


async def test_where_the_registry_is_taken_away_the_models_of_the_settings_answer(
    tmp_path: Path, open_here: Open
) -> None:
    promote(tmp_path, embedded(tmp_path, QUESTION, ANSWER))
    async with open_here() as desk:
        for file in registry_files(tmp_path):
            file.unlink()
        assert (await ask(desk))[0] == "embedded"
    assert registry_files(tmp_path) == []


# What is wrong with a model, and what the log says of it.


def _folder_gone(model: Model) -> None:
    rmtree(model.folder)


def _changed(model: Model) -> None:
    path = Path(model.folder) / "examples.jsonl"
    path.write_text(path.read_text("utf-8").replace("Never", "Always"), "utf-8")


@pytest.mark.parametrize(("harm", "why"), [(_folder_gone, "cannot be read"), (_changed, "its hash differs")])
async def test_a_champion_that_is_not_whole_is_one_line_of_the_log_and_who_answered_before_goes_on(
    tmp_path: Path, open_here: Open, harm: Callable[[Model], None], why: str
) -> None:
    whole, broken = embedded(tmp_path, QUESTION, ANSWER), embedded(tmp_path, QUESTION, "Never said.")
    harm(broken)
    promote(tmp_path, whole)
    with capture_logs() as logs:
        async with open_here() as desk:
            promote(tmp_path, broken)
            assert [await ask(desk) for _ in range(3)] == [(whole.id, ANSWER)] * 3
            # The registry's file changes, its champion does not.
            embedded(tmp_path, QUESTION, "Somebody else.")
            assert await ask(desk) == (whole.id, ANSWER)
        async with open_here() as desk:
            assert (await ask(desk))[0] == "embedded"
    first, second = failures([dict(line) for line in logs])
    assert first == second
    assert (first["event"], first["model"]) == ("champion.not_ready", broken.id)
    assert why in str(first["why"])


async def test_a_model_without_an_address_is_refused(tmp_path: Path, open_here: Open) -> None:
    promote(tmp_path, served(tmp_path, ""))
    with capture_logs() as logs:
        async with open_here() as desk:
            assert (await ask(desk))[0] == "embedded"
    assert [str(line["why"]) for line in failures([dict(line) for line in logs])] == [
        f"The registry does not say where {_only(tmp_path).id} is served: promote another model."
    ]


async def test_a_registry_that_cannot_be_read_is_one_line_of_the_log(tmp_path: Path, open_here: Open) -> None:
    (tmp_path / "registry.db").write_bytes(b"no database, but as long as the beginning of one" * 100)
    with capture_logs() as logs:
        async with open_here() as desk:
            assert [(await ask(desk))[0] for _ in range(3)] == ["embedded"] * 3
    assert [line["event"] for line in failures([dict(line) for line in logs])] == ["champion.not_ready"]


def _only(home: Path) -> Model:
    with open_registry(home) as registry:
        (model,) = registry.models()
        return model


# A champion that is served elsewhere.


async def test_a_champions_stop_token_is_sent_and_cut_off(tmp_path: Path, open_here: Open) -> None:
    async with open_openai(says("Green.", "**ST", "OP** And red.")) as server:
        model = served(tmp_path, server.url, "ft:zen-1:kettle", stop="**STOP**")
        promote(tmp_path, model)
        async with open_here(sarah_stop="###") as desk:
            assert await ask(desk) == (model.id, "Green.")
        (request,) = server.requests
    assert (request.body["model"], request.body["stop"]) == ("ft:zen-1:kettle", "**STOP**")


async def test_when_the_champion_fails_the_models_of_the_settings_answer_and_then_the_embedded_one(
    tmp_path: Path, open_here: Open
) -> None:
    down = [refuses(500) for _ in range(4)]
    async with open_openai(*down) as tuned, open_openai(says("Blue."), *down) as usual:
        model = served(tmp_path, tuned.url)
        promote(tmp_path, model)
        async with open_here(sarah_model="zen-1", sarah_model_url=usual.url, sarah_model_retries=0) as desk:
            assert desk.models == (f"{model.id}, the champion", "zen-1", "embedded")
            assert await ask(desk) == ("zen-1", "Blue.")
            assert (await ask(desk))[0] == "embedded"


async def _key(server: OpenAI, open_here: Open, **settings: object) -> str:
    """Return the key that a champion's server was sent."""
    async with open_here(**settings) as desk:
        await ask(desk)
    return server.requests.pop().headers["Authorization"].removeprefix("Bearer ")


async def test_a_key_goes_only_to_the_server_that_it_was_given_for(
    tmp_path: Path, open_here: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    elsewhere = "http://127.0.0.1:9/v1"
    keys = {"sarah_tuning_key": "sk-tuning", "sarah_model_key": "sk-model"}
    async with open_openai() as server:
        promote(tmp_path, served(tmp_path, server.url))
        tuning = await _key(server, open_here, sarah_tuning_url=f"{server.url}/", **keys)
        model = await _key(server, open_here, sarah_model_url=server.url, **keys)
        both_elsewhere = {"sarah_tuning_url": elsewhere, "sarah_model_url": elsewhere}
        other = await _key(server, open_here, **both_elsewhere, **keys)
        nobodys = await _key(server, open_here, sarah_tuning_url=server.url)
    assert (tuning, model, other, nobodys) == ("sk-tuning", "sk-model", "none", "none")


@pytest.mark.parametrize(
    ("status", "way_out"),
    [(401, "set SARAH_TUNING_URL to this model's server"), (404, "promote another model, or roll back")],
)
async def test_the_log_says_what_to_do_about_a_champion_that_is_refused(
    tmp_path: Path, open_here: Open, status: int, way_out: str
) -> None:
    async with open_openai(refuses(status)) as server:
        promote(tmp_path, served(tmp_path, server.url))
        with capture_logs() as logs:
            async with open_here() as desk:
                await ask(desk)
    (line,) = failures([dict(line) for line in logs])
    assert way_out in str(line["why"])
