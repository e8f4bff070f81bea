"""A discriminator is kept in plain files, comes back as it was, and a broken file is one sentence."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.kit import DATA
from tests.training.topic.kit import ABOUT_COOKING, ABOUT_OTHERS, company, cooking, unread
from training.examples import DataError
from training.topic import TopicModel, load_topic_model, read_topic_model

BEFORE = "how long do I boil eggs"


def numbers(folder: Path) -> Path:
    """Return the file that holds a model's numbers."""
    [file] = folder.glob("*.npz")
    return file


def words(folder: Path) -> Path:
    """Return the file that says what they mean."""
    [file] = folder.glob("*.json")
    return file


def assert_same(first: TopicModel, second: TopicModel, texts: tuple[str, ...], before: str) -> None:
    """Check that two models say the same of every text, whatever it is asked."""
    for text in texts:
        assert first.verdict(text) == second.verdict(text)
        assert first.verdict(text, before) == second.verdict(text, before)
        assert first.drifts(text) == second.drifts(text)


def test_what_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    cooking().save(tmp_path)
    again = load_topic_model(tmp_path)
    assert_same(cooking(), again, ABOUT_COOKING + ABOUT_OTHERS, BEFORE)
    assert (again.threshold, again.calibration) == (cooking().threshold, cooking().calibration)


@pytest.mark.slow
def test_the_companys_own_comes_back_as_it_was(tmp_path: Path) -> None:
    company().save(tmp_path)
    again = load_topic_model(tmp_path)
    assert_same(company(), again, tuple(topic.text for topic in unread()[::40]), "my hub is offline")


def test_another_share_of_customers_moves_the_thresholds_and_nothing_else() -> None:
    usual, stricter = company(), read_topic_model(DATA, 0.05)
    assert stricter.calibration.refused == pytest.approx(0.05)
    assert stricter.calibration.whole > usual.calibration.whole
    assert stricter.calibration.turn == usual.calibration.turn
    for name, array in usual.judges.whole.arrays.items():
        assert np.array_equal(array, stricter.judges.whole.arrays[name])


def test_nothing_but_numbers_and_json_is_kept(tmp_path: Path) -> None:
    cooking().save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".npz", ".json"}
    json.loads(words(tmp_path).read_text("utf-8"))
    with np.load(numbers(tmp_path), allow_pickle=False) as arrays:
        assert all(arrays[name].dtype != object for name in arrays.files)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def scribbled(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 8)


def removed(path: Path) -> None:
    path.unlink()


def made_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def emptied_inside(path: Path) -> None:
    if path.suffix == ".json":
        path.write_text("{}", "utf-8")
    else:
        np.savez(path)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content) if path.suffix == ".npz" else path.write_text("[1, 2]", "utf-8")


@pytest.mark.parametrize("which", [numbers, words])
@pytest.mark.parametrize("broken", [cut, emptied, scribbled, removed, made_a_folder, emptied_inside, flipped])
def test_a_broken_file_is_refused_in_a_sentence_that_names_it(
    tmp_path: Path, which: Callable[[Path], Path], broken: Callable[[Path], None]
) -> None:
    cooking().save(tmp_path)
    broken(which(tmp_path))
    with pytest.raises(DataError) as refusal:
        load_topic_model(tmp_path)
    sentence = str(refusal.value)
    assert str(tmp_path) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        """Say what unpickling would call."""
        return os.mkdir, (str(self.place),)


def test_a_pickle_among_the_numbers_is_refused_and_never_run(tmp_path: Path) -> None:
    cooking().save(tmp_path)
    with np.load(numbers(tmp_path)) as arrays:
        kept = {name: arrays[name] for name in arrays.files}
    trapped = np.array([Trap(tmp_path / "trapped")], dtype=object)
    for name in kept:
        np.savez(numbers(tmp_path), **(kept | {name: trapped}))  # pyright: ignore[reportArgumentType] - the model's names
        with pytest.raises(DataError):
            load_topic_model(tmp_path)
    assert not (tmp_path / "trapped").exists()
