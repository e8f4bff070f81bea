"""What an engine is to hold, and for what vLLM is started."""

from pathlib import Path
from typing import Literal

import pytest

from bot.engines.vllm import RANKS, Launch, arguments, launch
from bot.engines.wishes import Difference, Weights, Wish, difference, wanted


def wish(  # noqa: PLR0913, PLR0917 - a model, field by field
    model: str = "model-1",
    base: str = "base",
    rank: int = 8,
    kind: Literal["adapter", "whole"] = "adapter",
    folder: Path = Path("weights"),
    revision: str = "r1",
) -> Wish:
    """Return a model that is wanted."""
    return Wish(Weights(model, folder, kind, base, revision, rank), firm=True, asked_at=0.0)


def test_champion_and_canary_come_first_and_then_who_was_asked_for_last() -> None:
    asked = {"old": 1.0, "new": 3.0, "between": 2.0, "champion": 9.0, "gone": 10.0}
    known = {"champion", "canary", "old", "new", "between", "never asked"}
    assert wanted(("champion", "canary"), asked, known, 4) == ("champion", "canary", "new", "between")


def test_who_answers_customers_is_held_however_few_may_be() -> None:
    assert wanted(("champion", "canary"), {"other": 1.0}, {"champion", "canary", "other"}, 1) == ("champion", "canary")


def test_a_champion_that_is_no_model_of_ones_own_takes_no_place() -> None:
    assert wanted(("", "canary"), {"other": 1.0}, {"canary", "other"}, 2) == ("canary", "other")


def test_a_canary_that_is_the_champion_counts_once() -> None:
    assert wanted(("a", "a"), {"b": 1.0}, {"a", "b"}, 2) == ("a", "b")


def test_what_is_missing_is_loaded_in_order_and_what_is_too_much_unloaded() -> None:
    assert difference(("c", "a", "b"), {"a", "x", "y"}, {"a", "b", "c", "x", "y"}) == Difference(("c", "b"), ("x", "y"))


def test_what_is_not_of_this_registry_is_left_alone() -> None:
    assert difference(("a",), {"a", "the base", "another company's"}, {"a"}) == Difference((), ())


def test_vllm_is_not_started_for_nothing() -> None:
    assert launch((), None) is None


def test_vllm_is_started_with_the_base_of_the_most_important_model_and_the_rank_that_all_of_that_base_need() -> None:
    wishes = (wish(rank=8), wish("model-2", rank=20), wish("model-3", base="another", rank=128))
    assert launch(wishes, None) == Launch("base", "r1", 32)


@pytest.mark.parametrize("rank", [1, 8, 9, 512])
def test_vllm_is_started_for_a_rank_that_it_knows(rank: int) -> None:
    started = launch((wish(rank=rank),), None)
    assert started
    assert started.rank in RANKS
    assert started.rank >= rank


def test_a_vllm_that_holds_the_most_important_model_goes_on() -> None:
    running = Launch("base", "r1", 64)
    assert launch((wish(rank=8), wish("model-2", base="another")), running) is running


@pytest.mark.parametrize(
    "wanted",
    [wish(base="another"), wish(revision="r2"), wish(rank=128), wish(kind="whole")],
    ids=["base", "revision", "rank", "whole"],
)
def test_vllm_is_started_anew_where_it_cannot_hold_the_most_important_model(wanted: Wish) -> None:
    running = Launch("base", "r1", 64)
    assert launch((wanted,), running) not in {running, None}


def test_a_whole_model_is_served_by_itself_under_its_name() -> None:
    alone = launch((wish(kind="whole"), wish("model-2")), None)
    assert alone
    assert alone == Launch("weights", alone="model-1")
    assert arguments(alone, 4) == ["weights", "--served-model-name", "model-1"]
    assert launch((wish("model-2", kind="whole"),), alone) != alone


def test_vllm_is_told_the_revision_of_a_name_and_the_template_that_was_learned_with(tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    started = launch((wish(folder=tmp_path, rank=4),), None)
    assert started
    assert arguments(started, 4) == [
        *("base", "--revision", "r1", "--chat-template", str(tmp_path / "chat_template.jinja")),
        *("--enable-lora", "--max-lora-rank", "8", "--max-loras", "4"),
    ]


def test_of_a_folder_there_is_one_revision(tmp_path: Path) -> None:
    started = launch((wish(base=str(tmp_path)),), None)
    assert started
    assert "--revision" not in arguments(started, 4)
