"""Models as people name them, on a command line and in a chat."""

import pytest

from bot.admin import labels
from bot.admin.labels import Named
from training.examples import DataError


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("base", [("base", "")]),
        ("base untrained", [("base", ""), ("untrained", "")]),
        ("base, untrained\nmodel-1", [("base", ""), ("untrained", ""), ("model-1", "")]),
        ("base untrained, model-1", [("base", ""), ("untrained", ""), ("model-1", "")]),
        ("now=base round-1=model-1", [("base", "now"), ("model-1", "round-1")]),
        ("round 1=model-1, base", [("model-1", "round 1"), ("base", "")]),
        ("base\nround 1 = model-1", [("base", ""), ("model-1", "round 1")]),
        ('base "round 1=model-1"', [("base", ""), ("model-1", "round 1")]),
        ("\u201cround 1, new\u201d=model-1, base", [("model-1", "round 1, new"), ("base", "")]),
        ("a=b=model-1", [("model-1", "a=b")]),
        (" , ,\n", []),
    ],
)
def test_several_models_are_read_with_their_labels(text: str, read: list[tuple[str, str]]) -> None:
    assert labels.several(text) == [Named(model, label) for model, label in read]


@pytest.mark.parametrize("text", ["now=", "=", "base, now="])
def test_a_label_without_a_model_is_told(text: str) -> None:
    with pytest.raises(DataError, match=r"^'(now)?=' names no model: write MODEL, or LABEL=MODEL\.$"):
        labels.several(text)


@pytest.mark.parametrize(
    ("models", "told"),
    [
        ([Named("base", "a"), Named("untrained", "a")], "Two models are called 'a': give each a label of its own."),
        ([Named("base"), Named("untrained", "base")], "Two models are called 'base': give each a label of its own."),
        ([Named("base", "a"), Named("base", "b")], "'base' is named twice: name each model once."),
    ],
)
def test_no_two_are_called_the_same(models: list[Named], told: str) -> None:
    with pytest.raises(DataError) as raised:
        labels.see_distinct(models)
    assert str(raised.value) == told


def test_a_name_that_is_too_long_to_be_said_is_cut() -> None:
    long = "x" * 5_000
    with pytest.raises(DataError) as raised:
        labels.named(f"{long}=")
    assert len(str(raised.value)) < 150
    with pytest.raises(DataError) as raised:
        labels.see_distinct([Named("base", long), Named("untrained", long)])
    assert len(str(raised.value)) < 150
