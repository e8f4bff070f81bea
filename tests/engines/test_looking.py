"""What engines are to hold: by the registry, by the canary, and by whoever asked."""

import os
from pathlib import Path

from structlog.testing import capture_logs

from bot.engines.looking import Looking
from bot.engines.notes import ask
from bot.store import open_store
from tests.champions import embedded, promote, roll_back
from tests.engines.kit import adapter, local
from training.registry import Model


async def held(looking: Looking) -> list[tuple[str, bool]]:
    """Return the names of what is wanted, and whether each answers customers."""
    return [(wish.weights.model, wish.firm) for wish in (await looking.look()).wishes]


def weights(home: Path, model: Model) -> Path:
    """Return the folder of a model's weights."""
    return home / model.folder / "weights"


async def test_without_a_registry_nothing_is_wanted_and_none_is_made(tmp_path: Path) -> None:
    assert await held(Looking(tmp_path, 4)) == []
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - a folder of the test


async def test_the_champion_and_what_was_asked_for_are_wanted_and_nothing_else(tmp_path: Path) -> None:
    champion, asked, _ = local(tmp_path), local(tmp_path), local(tmp_path)
    promote(tmp_path, champion)
    ask(tmp_path, asked.id)
    ask(tmp_path, embedded(tmp_path, "Is it on?", "Yes.").id)
    assert await held(Looking(tmp_path, 4)) == [(champion.id, True), (asked.id, False)]


async def test_the_canary_is_wanted_while_it_runs(tmp_path: Path) -> None:
    looking, champion, canary = Looking(tmp_path, 4), local(tmp_path), local(tmp_path)
    promote(tmp_path, champion)
    async with open_store(tmp_path / "sarah.db") as store:
        assert await held(looking) == [(champion.id, True)]
        state = looking.state()
        begun = await store.canaries.begin(canary.id, champion.id, 0.1, "tests", 1.0)
        assert begun
        assert looking.state() != state
        assert await held(looking) == [(champion.id, True), (canary.id, True)]
        await store.canaries.end(begun.id, "tests", 2.0, "enough")
        assert await held(looking) == [(champion.id, True)]


async def test_everything_that_decides_shows(tmp_path: Path) -> None:
    looking, first, second = Looking(tmp_path, 4), local(tmp_path), local(tmp_path)
    states = [looking.state()]
    promote(tmp_path, first)
    states.append(looking.state())
    ask(tmp_path, second.id)
    states.append(looking.state())
    ask(tmp_path, second.id)
    states.append(looking.state())
    assert len(set(states)) == len(states)


async def test_a_promotion_and_a_rollback_are_seen(tmp_path: Path) -> None:
    looking, first, second = Looking(tmp_path, 4), local(tmp_path), local(tmp_path)
    promote(tmp_path, first)
    assert await held(looking) == [(first.id, True)]
    promote(tmp_path, second)
    assert await held(looking) == [(second.id, True)]
    roll_back(tmp_path)
    assert await held(looking) == [(first.id, True)]


async def test_where_another_kind_of_model_answers_nobody_is_kept(tmp_path: Path) -> None:
    looking, first = Looking(tmp_path, 4), local(tmp_path)
    promote(tmp_path, first)
    assert await held(looking) == [(first.id, True)]
    promote(tmp_path, embedded(tmp_path, "Is it on?", "Yes."))
    assert await held(looking) == []


async def test_a_champion_that_is_not_what_was_learned_is_refused_once_and_the_one_before_stays(tmp_path: Path) -> None:
    looking, first, second = Looking(tmp_path, 4), local(tmp_path), local(tmp_path)
    promote(tmp_path, first)
    assert await held(looking) == [(first.id, True)]
    file = weights(tmp_path, second) / "adapter_model.safetensors"
    file.write_bytes(b"others!")
    promote(tmp_path, second)
    with capture_logs() as logs:
        assert await held(looking) == [(first.id, True)]
        assert await held(looking) == [(first.id, True)]
    told = [(line["event"], line["model"], line["why"]) for line in logs]
    assert told == [
        ("engine.refused", second.id, f"{file} is not what was learned, its hash differs: promote another model.")
    ]
    file.write_bytes(adapter(4)["adapter_model.safetensors"])
    assert await held(looking) == [(second.id, True)]


async def test_a_model_that_brings_a_pickle_is_refused(tmp_path: Path) -> None:
    model = local(tmp_path, files={**adapter(4), "adapter_model.bin": b"cos\nsystem\n(S'true'\ntR."})
    promote(tmp_path, model)
    with capture_logs() as logs:
        assert await held(Looking(tmp_path, 4)) == []
    assert "is a pickle, which may run anything" in logs[0]["why"]


async def test_files_that_did_not_change_are_read_once(tmp_path: Path) -> None:
    looking, model = Looking(tmp_path, 4), local(tmp_path)
    promote(tmp_path, model)
    assert await held(looking) == [(model.id, True)]
    file = weights(tmp_path, model) / "adapter_model.safetensors"
    known = file.stat()
    # As long as before and as old: only its content is another, which nobody looks at again.
    with file.open("r+b") as content:
        content.write(b"WEIGHTS")
    os.utime(file, ns=(known.st_atime_ns, known.st_mtime_ns))
    assert await held(looking) == [(model.id, True)]
