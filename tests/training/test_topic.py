"""Messages are told apart by their subject."""

import json
import shutil
import time
from pathlib import Path

import pytest

from tests.kit import DATA, OTHER_DATA
from training.examples import DataError
from training.topic import TopicModel, keep_fitted, read_topic_model, read_topics, source, taught

KNOWN = [
    {"text": f"{text} {number}", "on_topic": on_topic, "kind": kind}
    for number in range(20)
    for text, on_topic, kind in (("reset the hub", True, "hub"), ("bake a cake", False, "recipes"))
]


@pytest.fixture(scope="module")
def model() -> TopicModel:
    return read_topic_model(DATA)


def write(folder: Path, *topics: object) -> None:
    (folder / "topics").mkdir()
    (folder / "topics" / "t.jsonl").write_text("\n".join(json.dumps(topic) for topic in topics), "utf-8")


def learned(folder: Path) -> dict[str, bool]:
    """Return the messages that a discriminator of a folder learns from, with their verdicts."""
    return {sample.text: sample.on_topic for sample in taught(folder)}


@pytest.mark.parametrize("text", ["How do I reset my hub?", "how do I restet my thermstat", "what does Zen Plus cost"])
def test_what_customers_ask_is_probably_about_the_product(model: TopicModel, text: str) -> None:
    assert model.verdict(text).score > 0.5


@pytest.mark.parametrize("text", ["Write me a poem about pirates", "Who won the world cup in 1998?", "solve 3x = 9"])
def test_what_has_nothing_to_do_with_the_product_is_probably_not(model: TopicModel, text: str) -> None:
    assert model.verdict(text).score < 0.2


def test_the_same_folder_makes_the_same_model(model: TopicModel) -> None:
    again = read_topic_model(DATA)
    assert again.verdict("How do I bake bread?").score == pytest.approx(model.verdict("How do I bake bread?").score)


@pytest.mark.parametrize("text", ["", "🔥" * 4000, "a" * 100_000, "hub " * 25_000])
def test_any_message_is_judged_in_a_blink(model: TopicModel, text: str) -> None:
    began = time.process_time()
    assert 0 <= model.verdict(text).score <= 1
    assert time.process_time() - began < 0.5


def test_a_line_without_a_verdict_is_refused_by_its_number(tmp_path: Path) -> None:
    write(tmp_path, {"text": "hub", "on_topic": True}, {"text": "hub", "on_topic": "yes"})
    with pytest.raises(DataError, match=r't\.jsonl, line 2 needs a "text" and an "on_topic"'):
        read_topics(tmp_path / "topics")


def test_too_few_topics_of_one_kind_cannot_tell_anything_apart(tmp_path: Path) -> None:
    write(tmp_path, *({"text": f"hub {number}", "on_topic": True} for number in range(30)))
    with pytest.raises(DataError, match=r"needs 20 messages of each kind.*fewer with false"):
        read_topic_model(tmp_path)


def test_a_folder_without_topics_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no topics file"):
        read_topics(tmp_path)


def test_kinds_that_are_held_out_are_marked_and_taught_to_nobody(tmp_path: Path) -> None:
    secret = {"text": "flumoxing the garden wombat", "on_topic": False, "kind": "wombats"}
    write(tmp_path, *KNOWN, secret)
    (tmp_path / "topics" / "held-out.toml").write_text('kinds = ["wombats"]', "utf-8")
    assert [topic.kind for topic in read_topics(tmp_path / "topics") if topic.held_out] == ["wombats"]
    assert secret["text"] not in learned(tmp_path)
    (tmp_path / "topics" / "held-out.toml").unlink()
    assert learned(tmp_path)["flumoxing the garden wombat"] is False


def test_messages_of_two_halves_and_follow_ups_are_not_taught_as_a_whole(tmp_path: Path) -> None:
    mixed = {"text": "reset the hub and bake a cake", "on_topic": False, "form": "mixed"}
    follow_up = {"text": "why", "on_topic": True, "form": "follow-up", "previous": "is the hub red"}
    borderline = {"text": "is yours better than theirs", "on_topic": True, "form": "borderline"}
    write(tmp_path, {"text": "reset the hub", "on_topic": True}, mixed, follow_up, borderline)
    assert [topic.whole for topic in read_topics(tmp_path / "topics")] == [True, False, False, True]


@pytest.mark.parametrize(
    ("table", "complaint"), [("kinds = 3", "needs a list of kinds"), ("kinds = [", "cannot be read"), ("", "a list")]
)
def test_a_wrong_list_of_held_out_kinds_is_refused_by_name(tmp_path: Path, table: str, complaint: str) -> None:
    write(tmp_path, {"text": "hub", "on_topic": True})
    (tmp_path / "topics" / "held-out.toml").write_text(table, "utf-8")
    with pytest.raises(DataError, match=rf"held-out\.toml.*{complaint}"):
        read_topics(tmp_path / "topics")


def test_an_unknown_form_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    write(tmp_path, {"text": "hub", "on_topic": True, "form": "sideways"})
    with pytest.raises(
        DataError, match=r"line 1 has the form 'sideways'.*plain, hard, borderline, mixed, long, follow-up"
    ):
        read_topics(tmp_path / "topics")


def test_questions_of_examples_are_taught_as_on_topic_where_their_origin_says_so(tmp_path: Path) -> None:
    write(tmp_path, *KNOWN, {"text": "feed it", "on_topic": True, "kind": "wombats", "form": "mixed"})
    (tmp_path / "examples").mkdir()
    origins = tmp_path / "examples" / "origins.csv"
    head = "file,question,category,on_topic,author,date,pages,worked_out\n"
    origins.write_text(head + "a.jsonl,flumoxing wombats,x,yes,desk,2026-11-21,,\n", "utf-8")
    assert learned(tmp_path)["flumoxing wombats"] is True
    origins.write_text(head + "a.jsonl,flumoxing wombats,x,no,desk,2026-11-21,,\n", "utf-8")
    assert "flumoxing wombats" not in learned(tmp_path)
    origins.write_text(head + "a.jsonl,flumoxing wombats,x,yes,desk,2026-11-21,hub wombats,\n", "utf-8")
    (tmp_path / "topics" / "held-out.toml").write_text('kinds = ["wombats"]', "utf-8")
    assert "flumoxing wombats" not in learned(tmp_path)


def test_the_discriminator_that_is_kept_was_made_of_the_folder_as_it_is() -> None:
    # After a change of the topics, the handbook or the examples: sarah topic fit.
    assert (DATA / "topics" / "fitted" / "source.txt").read_text("utf-8").strip() == source(DATA)


def test_a_folder_whose_topics_have_changed_gets_another_discriminator(tmp_path: Path) -> None:
    company = Path(shutil.copytree(OTHER_DATA, tmp_path / "company"))
    kept = keep_fitted(company)
    assert read_topic_model(company).calibration == kept.calibration
    new = [json.dumps({"text": f"is my kombucha number {number} ready", "on_topic": True}) for number in range(30)]
    (company / "topics" / "new.jsonl").write_text("\n".join(new), "utf-8")
    question = "how is my kombucha"
    assert read_topic_model(company).verdict(question).score > kept.verdict(question).score
