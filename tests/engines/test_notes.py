"""How whoever answers asks for a model, and learns that it is loaded."""

from pathlib import Path

from bot.engines.notes import ask, asked, is_served, loaded, lock, publish


def test_where_nobody_serves_nobody_is_waited_for_and_the_wish_is_kept(tmp_path: Path) -> None:
    waits: list[float] = []
    assert not ask(tmp_path, "model-1", sleep=waits.append)
    assert waits == []
    assert list(asked(tmp_path)) == ["model-1"]


def test_a_model_is_waited_for_until_it_is_loaded(tmp_path: Path) -> None:
    waits: list[float] = []

    def load(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            publish(tmp_path, {"model-1"})

    (tmp_path / "serving").mkdir()
    with lock(tmp_path):
        assert is_served(tmp_path)
        assert ask(tmp_path, "model-1", sleep=load)
    assert len(waits) == 3
    assert loaded(tmp_path) == {"model-1"}
    assert not is_served(tmp_path)


def test_a_model_is_waited_for_no_longer_than_is_bearable(tmp_path: Path) -> None:
    (tmp_path / "serving").mkdir()
    with lock(tmp_path):
        assert not ask(tmp_path, "model-1", patience=0.02)


def test_who_asks_again_is_the_last_who_asked(tmp_path: Path) -> None:
    for model in ("model-1", "model-2", "model-1"):
        ask(tmp_path, model)
    when = asked(tmp_path)
    assert when["model-1"] > when["model-2"]


def test_a_note_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    publish(tmp_path, {"model-1"})
    (tmp_path / "serving" / "loaded.json").write_text("[mod")
    assert loaded(tmp_path) == frozenset()
