"""What the command line may take from the store of datasets, and what it may put there under another name."""

from pathlib import Path

import pytest

from tests.training.cli_kit import SEED, Sarah


@pytest.fixture
def sarah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sarah:
    return Sarah(tmp_path, monkeypatch)


def test_the_beginning_of_an_id_removes_nothing(sarah: Sarah) -> None:
    sarah.dataset()
    (kept,) = sarah.kept()
    assert "There is no dataset" in sarah("data", "delete", kept[3]).refusal
    assert "only the beginning of an id" in sarah("data", "delete", kept[:-1]).refusal
    assert sarah.kept() == [kept]
    assert sarah("data", "delete", kept).code == 0
    assert sarah.kept() == []


def test_what_is_kept_already_is_refused_under_another_name(sarah: Sarah) -> None:
    sarah.dataset()
    (kept,) = sarah.kept()
    assert f"is kept already as {kept} (seed): use that name." in sarah("add", SEED, "--name", "other").refusal
    assert sarah("add", SEED).code == 0
    assert sarah("add", SEED, "--name", "seed").code == 0
    assert sarah.kept() == [kept]
