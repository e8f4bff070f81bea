"""The provider that needs nothing keeps the examples, whole, and says how well they answer."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit import DATA
from tests.training.workflow_kit import STOP, conversation, conversations, lines
from training.examples import DataError, read_examples
from training.knowledge import Knowledge
from training.providers import Metric, Order, ProviderError
from training.providers.embedded import EXAMPLES, MANIFEST, Embedded, read_embedded
from training.providers.learning_curve import learning_curve
from training.words import Words, read_words


def order(home: Path, examples: list[dict[str, object]], validation: list[dict[str, object]] | None = None) -> Order:
    home.mkdir(parents=True, exist_ok=True)
    for name, part in (("train", examples), ("validation", validation or [])):
        (home / f"{name}.jsonl").write_text("".join(json.dumps(example) + "\n" for example in part), "utf-8")
    held_out = home / "validation.jsonl" if validation else None
    return Order("run-1", "embedded", home / "train.jsonl", held_out, home / "run-1", stop=STOP)


def made(home: Path, examples: list[dict[str, object]], validation: list[dict[str, object]] | None = None) -> Embedded:
    """Return the provider after it did a run."""
    provider, asked = Embedded(lambda run: home / run), order(home, examples, validation)
    assert provider.create(asked, provider.upload(asked)) == "run-1"
    return provider


def test_it_keeps_the_examples_without_the_stop_token(tmp_path: Path) -> None:
    made(tmp_path, conversations(3))
    kept = read_embedded(tmp_path / "run-1")
    assert [example.messages[1].content for example in kept] == ["Lamp 0 is off.", "Lamp 1 is off.", "Lamp 2 is off."]


def test_what_it_keeps_is_the_same_each_time(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        made(tmp_path / folder, conversations(12), conversations(3))
    for name in (EXAMPLES, MANIFEST):
        assert (tmp_path / "a/run-1" / name).read_bytes() == (tmp_path / "b/run-1" / name).read_bytes()


def test_an_answer_of_weight_0_is_not_learnt(tmp_path: Path) -> None:
    example = conversation("Which lamp?", "No idea.")
    example["messages"][1]["weight"] = 0  # type: ignore[index]
    example["messages"] += conversation("The tall one.", "That is 12.")["messages"]  # type: ignore[operator]
    made(tmp_path, [example])
    (kept,) = read_embedded(tmp_path / "run-1")
    assert [(question, answer) for _, question, answer in kept.exchanges()] == [("The tall one.", "That is 12.")]


def test_a_job_is_found_once_its_model_is_whole(tmp_path: Path) -> None:
    provider = made(tmp_path, conversations(3))
    assert provider.find("run-1") == "run-1"
    (tmp_path / "run-1" / MANIFEST).unlink()
    assert not provider.find("run-1")


def test_a_job_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    provider = made(tmp_path, conversations(3))
    again = order(tmp_path, conversations(9))
    provider.create(again, provider.upload(again))
    assert len(read_embedded(tmp_path / "run-1")) == 3


def test_preferences_are_refused_with_the_way_out(tmp_path: Path) -> None:
    asked = Order("run-1", "embedded", tmp_path / "t", None, tmp_path / "run-1", method="dpo")
    with pytest.raises(ProviderError, match=r"not from preferences.*start the run with the method supervised"):
        Embedded(lambda run: tmp_path / run).upload(asked)


def test_examples_that_are_no_conversations_are_refused_with_their_line(tmp_path: Path) -> None:
    provider, asked = Embedded(lambda run: tmp_path / run), order(tmp_path, [{"prompt": "Hi"}])
    with pytest.raises(ProviderError, match=r"plain questions and answers only: .*train\.jsonl, line 1 has no"):
        provider.create(asked, provider.upload(asked))
    assert not (tmp_path / "run-1").exists()


def test_its_progress_is_the_learning_curve_and_an_event(tmp_path: Path) -> None:
    provider = made(tmp_path, conversations(20), conversations(5))
    told = provider.progress("run-1")
    assert (told.state, told.model) == ("succeeded", "")
    assert [event.text for event in told.events] == ["The embedded model learnt 20 examples."]
    assert [metric.step for metric in told.metrics if metric.name == "valid_loss"] == list(range(2, 21, 2))
    assert provider.collect("run-1", tmp_path / "results") == told.metrics
    assert provider.progress("run-1") == told


def test_steering_changes_nothing(tmp_path: Path) -> None:
    provider = made(tmp_path, conversations(3))
    before = provider.progress("run-1")
    for steer in (provider.cancel, provider.pause, provider.resume):
        steer("run-1")
    assert provider.progress("run-1") == before


def spoil_examples(folder: Path) -> None:
    (folder / EXAMPLES).write_bytes((folder / EXAMPLES).read_bytes().replace(b"off", b"on"))


def remove_examples(folder: Path) -> None:
    (folder / EXAMPLES).unlink()


def remove_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def write_manifest(text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / MANIFEST).write_text(text, "utf-8")

    return write


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (spoil_examples, r"examples\.jsonl is not what was learnt, its hash differs"),
        (remove_examples, r"examples\.jsonl cannot be read \(No such file or directory\)"),
        (remove_manifest, r"manifest\.json cannot be read \(No such file or directory\)"),
        (write_manifest("[" * 100_000), r"manifest\.json is not the manifest of an embedded model"),
        (write_manifest('{"format": 1'), r"manifest\.json is not the manifest of an embedded model"),
        (write_manifest('{"format": 2}'), r"manifest\.json is not the manifest of an embedded model"),
        (write_manifest("[]"), r"manifest\.json is not the manifest of an embedded model"),
    ],
)
def test_a_model_that_is_not_whole_is_not_read(tmp_path: Path, spoil: Callable[[Path], None], sentence: str) -> None:
    made(tmp_path, conversations(3))
    spoil(tmp_path / "run-1")
    with pytest.raises(DataError, match=sentence):
        read_embedded(tmp_path / "run-1")


def test_a_model_whose_manifest_was_spoilt_has_failed(tmp_path: Path) -> None:
    provider = made(tmp_path, conversations(3))
    write_manifest('{"format": 1, "metrics": 7}')(tmp_path / "run-1")
    told = provider.progress("run-1")
    assert told.state == "failed"
    assert "run it again" in told.reason


def curve(train: list[dict[str, object]], validation: list[dict[str, object]], home: Path) -> list[Metric]:
    asked = order(home, train, validation)
    held_out = read_examples(asked.validation) if asked.validation else ()
    return list(learning_curve(list(read_examples(asked.train)), list(held_out), Words()))


def test_the_loss_is_what_the_words_of_two_answers_do_not_share(tmp_path: Path) -> None:
    # Of "one two three" and "one four", one word is shared: F1 = 2 * 1 / (3 + 2) = 0.4.
    train = [conversation("Is the lamp broken?", "one two three")]
    validation = [conversation("Is the lamp broken?", "one four")]
    assert curve(train, validation, tmp_path) == [Metric(1, "train_loss", 1.0), Metric(1, "valid_loss", 0.6)]


def test_a_training_question_is_answered_without_its_own_example(tmp_path: Path) -> None:
    train = [conversation("Is the lamp broken?", "a b"), conversation("Is the lamp broken?", "c d")]
    assert curve(train, [], tmp_path) == [Metric(1, "train_loss", 1.0), Metric(2, "train_loss", 1.0)]
    same = [conversation("Is the lamp broken?", "a b"), conversation("Is the lamp broken?", "a b")]
    assert curve(same, [], tmp_path)[-1] == Metric(2, "train_loss", 0.0)


def test_the_curve_falls_on_our_own_examples(tmp_path: Path) -> None:
    examples = [example for file in sorted((DATA / "examples").glob("*.jsonl")) for example in lines(file)]
    # Every fifth is held out.
    train = [example for at, example in enumerate(examples) if at % 5]
    told = curve(train, examples[::5], tmp_path)
    for name in ("train_loss", "valid_loss"):
        values = [metric.value for metric in told if metric.name == name]
        assert len(values) == 10
        assert values[-1] < values[0]


def test_the_curve_asks_nearly_as_the_model_itself_does() -> None:
    examples = list(read_examples(DATA / "examples" / "round2.jsonl"))
    train, held_out = examples[50:], examples[:50]
    words = read_words(DATA / "synonyms.txt")
    knowledge = Knowledge([], train, words)
    told = [metric for metric in learning_curve(train, held_out, words) if metric.name == "valid_loss"]
    asked = [
        (earlier[-1] if earlier else "", question, answer)
        for e in held_out
        for earlier, question, answer in e.exchanges()
    ]
    given = [(knowledge.precedent(question, before), answer) for before, question, answer in asked]
    shared = [share(found.answer if found else "", answer) for found, answer in given]
    assert told[-1].value == pytest.approx(1 - sum(shared) / len(shared), abs=0.02)


def share(given: str, true: str) -> float:
    """Return the F1 of two answers' words, written differently."""
    left, right = (re.findall(r"\w+", text.casefold()) for text in (given, true))
    common = sum(min(left.count(word), right.count(word)) for word in set(left))
    return 2 * common / (len(left) + len(right)) if common else 0.0
