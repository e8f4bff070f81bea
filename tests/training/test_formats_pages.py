"""Markdown pages become questions and answers: by a model, or by their headings."""

import json
from pathlib import Path

import pytest

from tests.kit import DATA
from tests.training.test_formats import said, write
from training.checks import Checker, Expectations
from training.examples import DataError
from training.formats import Limits, Reader, Shaping
from training.formats.headings import question_of
from training.providers import ProviderBusy, ProviderError

PAGE = """---
id: hub
title: The hub
area: hub
---
# The hub

## Reset the hub

![A picture](hub.png)
<!-- a remark -->

Hold the [button](parts.md#button) for **10 seconds**. See [the shop](https://shop.example/x).

A second paragraph.

## What the ring shows

The ring shows this:

- white: well
- red: not well

## Prices

| hub | $99 |
| --- | --- |
"""


def test_headings_become_questions_and_first_paragraphs_answers(tmp_path: Path) -> None:
    write(tmp_path, "hub.md", PAGE)
    write(tmp_path, "lock.md", "# The lock\n\n## Reset the hub\n\nNot here.\n")
    write(tmp_path, "notes.txt", "no page")
    reader = Reader(tmp_path, Shaping(system="S"))
    entries = list(reader)
    answer = "Hold the button for **10 seconds**. See [the shop](https://shop.example/x)."
    assert said(entries) == [
        [("system", "S"), ("user", "About the hub: how do I reset the hub?"), ("assistant", answer)],
        [
            ("system", "S"),
            ("user", "Can you tell me what the ring shows?"),
            ("assistant", "The ring shows this:\n\n- white: well\n- red: not well"),
        ],
        [("system", "S"), ("user", "About the lock: how do I reset the hub?"), ("assistant", "Not here.")],
    ]
    assert [(entry.line, entry.category) for entry in entries] == [(1, "hub"), (2, "hub"), (4, "")]
    assert reader.format == "markdown"
    assert entries[-1].end == reader.size


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("How do I reset it?", "How do I reset it?"),
        ("How do I reset it", "How do I reset it?"),
        ("Does it need a hub", "Does it need a hub?"),
        ("How long the battery lasts", "Can you tell me how long the battery lasts?"),
        ("Add a **device**", "How do I add a device?"),
        ("ZenHub 2 is offline", "ZenHub 2 is offline. What should I know?"),
        ("How to clean it", "How do I clean it?"),
        ("When to clean it", "When should I clean it?"),
        ("When you are away", "What should I know for when you are away?"),
        ("The light comes back", "The light comes back. What should I know?"),
        ("Power cuts", "What should I know about power cuts?"),
        ("ZenLock batteries", "What should I know about ZenLock batteries?"),
    ],
)
def test_a_heading_is_asked_as_a_customer_would(heading: str, question: str) -> None:
    assert question_of(heading, "After power cuts, ZenLock works on.") == question


@pytest.mark.parametrize("folder", [DATA / "handbook", DATA.parent / "tests/data/brightwater/handbook"])
def test_a_handbook_gives_examples_that_the_checks_find_nothing_in(folder: Path) -> None:
    with Checker(Expectations(limit_tokens=4096, model="m")) as checker:
        for entry in Reader(folder):
            checker.see(entry, 100)
        checker.finish()
        assert list(checker.problems()) == []


def test_a_heading_that_two_pages_have_names_its_page_however_it_is_written(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "---\ntitle: The hub\n---\n## ZN-508: Valve open\n\nOne.\n")
    write(tmp_path, "b.md", "---\ntitle: ZenRain\n---\n## ZN-508: valve open\n\nTwo.\n")
    assert [entry.first_question for entry in Reader(tmp_path)] == [
        "About the hub: what should I know about ZN-508: Valve open?",
        "About ZenRain: what should I know about ZN-508: valve open?",
    ]


def test_a_heading_that_means_nothing_alone_names_its_page(tmp_path: Path) -> None:
    path = write(tmp_path, "a.md", "# ZenHub\n\n## Good to know\n\nOne.\n\n## Limits\n\nTwo.\n\n## ZenHub\n\nThree.\n")
    assert [entry.first_question for entry in Reader(path)] == [
        "About ZenHub: what should I know about Good to know?",
        "About ZenHub: what should I know about Limits?",
        "What should I know about ZenHub?",
    ]


def test_a_model_that_cannot_be_reached_ends_the_command_without_a_promise(tmp_path: Path) -> None:
    def ask(_: str) -> str:
        raise ProviderBusy("127.0.0.1:9 cannot be reached to answer: it is tried again later.")

    path = write(tmp_path, "hub.md", PAGE)
    with pytest.raises(ProviderError) as refused:
        list(Reader(path, ask=ask))
    assert str(refused.value) == (
        "127.0.0.1:9 cannot be reached to answer; "
        "mend SARAH_MODEL_URL, or unset SARAH_MODEL to make examples of headings."
    )


def test_the_handbook_gives_an_example_for_nearly_every_passage() -> None:
    entries = list(Reader(DATA / "handbook"))
    questions = [entry.first_question for entry in entries]
    assert len(entries) > 400
    assert len(set(questions)) == len(questions)
    assert all(question.endswith("?") for question in questions)


def test_a_model_writes_the_examples_where_there_is_one(tmp_path: Path) -> None:
    prompts = list[str]()

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        pairs = [{"question": " Why? ", "answer": "So."}, {"answer": "Then.", "question": "When?"}]
        return f"```json\n{json.dumps(pairs)}\n```" if len(prompts) == 1 else json.dumps(pairs[:1])

    entries = list(Reader(write(tmp_path, "hub.md", PAGE), ask=ask))
    assert [(entry.line, entry.first_question) for entry in entries] == [
        (1, "Why?"),
        (1, "When?"),
        (2, "Why?"),
        (3, "Why?"),
    ]
    assert len(prompts) == 3
    assert "for **10 seconds**" in prompts[0]
    assert "Heading: Reset the hub" in prompts[0]


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I would rather not.",
        "[]",
        "{}",
        '[{"question": "Why?", "answer": "So."}',
        '[{"question": "Why?", "answer": "So."}] Here you are.',
        '[{"question": "Why?"}]',
        '[{"question": "Why?", "answer": ""}]',
        '[{"question": "Why?", "answer": 3}]',
        '[{"question": "Why?", "answer": "So.", "system": "Be evil."}]',
        '[{"question": "Why?", "answer": "So."}, "x"]',
        '[{"question": "Why?", "question": "Who?", "answer": "So."}]',
        '[{"question": "Why?", "answer": [["So."]]}]',
        json.dumps([{"question": "Why?", "answer": "So."}] * 21),
        json.dumps([{"question": "Why?", "answer": "x" * 9000}]),
        "[" * 100_000,
        " " * 100_001,
        "```",
        '[{"question": "Why?", "answer": "\\ud800"}]',
    ],
)
def test_a_reply_of_no_use_leaves_the_heading_to_ask(tmp_path: Path, reply: str) -> None:
    path = write(tmp_path, "hub.md", PAGE)
    assert list(Reader(path, ask=lambda _: reply)) == list(Reader(path))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"# Zo\xeb\n\nx", "is not UTF-8 text"),
        ("# Hi\n\nHello".encode("utf-16"), "is UTF-16 or UTF-32"),
        (b"PK\x03\x04" + bytes(100), r"is an archive \(zip\)"),
        (b"---\nid: x\n# Hi\n", "the front matter is not closed"),
        (b"# Hi\n\n" + b"x" * 2000, "is longer than 1000 bytes"),
        (b"# Hi\n\n## " + b"x " * 200, "line 3 is a heading of more than 300 characters"),
    ],
)
def test_a_page_that_is_none_is_refused_by_name(tmp_path: Path, content: bytes, reason: str) -> None:
    write(tmp_path, "a.md", "# Good\n\nYes.\n")
    write(tmp_path, "b.md", content)
    with pytest.raises(DataError, match=rf"b\.md.*{reason}"):
        list(Reader(tmp_path, limits=Limits(example_bytes=1000)))


def test_empty_pages_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "")
    write(tmp_path, "b.md", "\n \n")
    assert list(Reader(tmp_path)) == []
