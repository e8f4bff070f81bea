"""A company's files are read, or refused by name and line."""

import re
from pathlib import Path

import pytest

from tests.kit import DATA, OTHER_DATA
from training.examples import DataError, Message, read_examples
from training.handbook import Passage, read_handbook, read_page

# A price, a time, an amount or an error code.
NUMBER = re.compile(r"\$?\d[\d,.:/]*\d|\$?\d|ZN-[A-Z]?\d+")
# What an answer worked out from what the customer told in words.
WORKED_OUT = {"210", "140", "2.5"}


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_conversation_is_read_with_its_roles(tmp_path: Path) -> None:
    line = '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}\n'
    (example,) = read_examples(write(tmp_path, "e.jsonl", line))
    assert example.messages == (Message("user", "Hi"), Message("assistant", "Hello"))


def test_exchanges_carry_the_questions_before_them() -> None:
    longest = max(read_examples(DATA / "examples" / "round1.jsonl"), key=lambda example: len(example.messages))
    *_, (earlier, question, answer) = longest.exchanges()
    users = [message.content for message in longest.messages if message.role == "user"]
    assert (list(earlier), question) == (users[:-1], users[-1])
    assert answer == longest.messages[-1].content


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "is not JSON"),
        ("[1]", "is not a JSON object"),
        ("{}", 'has no "messages"'),
        ('{"messages": []}', 'has no "messages"'),
        ('{"messages": [{"role": "robot", "content": "x"}]}', 'a message without a "role"'),
        ('{"messages": [{"role": "user"}]}', 'a message without a "role"'),
    ],
)
def test_a_wrong_line_is_refused_by_its_number(tmp_path: Path, line: str, complaint: str) -> None:
    good = '{"messages": [{"role": "user", "content": "Hi"}]}\n'
    path = write(tmp_path, "e.jsonl", good + line)
    with pytest.raises(DataError, match=rf"e\.jsonl, line 2 .*{complaint}"):
        list(read_examples(path))


def test_a_page_is_cut_at_its_headings_and_named_by_its_front_matter(tmp_path: Path) -> None:
    page = "---\nid: hub\ntitle: 'The hub'\n---\n# The hub\n\nIt is round.\n\n## Reset\n\nHold it.\n\n## Empty\n"
    passages = list(read_page(write(tmp_path, "x.md", page)))
    assert passages == [
        Passage("hub", "The hub", "The hub", "It is round."),
        Passage("hub", "The hub", "Reset", "Hold it."),
    ]


def test_a_page_without_front_matter_is_named_by_its_file(tmp_path: Path) -> None:
    assert list(read_page(write(tmp_path, "lamp.md", "It is bright."))) == [
        Passage("lamp", "lamp", "lamp", "It is bright.")
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("---\nid: x\n# Never closed", "front matter is not closed"), (b"\xff\xfe", "is not UTF-8")],
)
def test_a_wrong_page_is_refused_by_name(tmp_path: Path, content: str | bytes, complaint: str) -> None:
    with pytest.raises(DataError, match=rf"x\.md.*{complaint}"):
        list(read_page(write(tmp_path, "x.md", content)))


def test_the_company_has_a_whole_handbook() -> None:
    pages = {passage.page for passage in read_handbook(DATA / "handbook")}
    wanted = {"hub", "thermostat", "lighting", "locks", "app", "networking", "error-codes", "plans-and-billing"}
    assert wanted | {"refunds-and-returns", "warranty", "privacy-and-security", "glossary"} <= pages


@pytest.mark.parametrize("data", [DATA, OTHER_DATA], ids=["zennest", "brightwater"])
def test_every_example_is_a_conversation_that_ends_with_an_answer(data: Path) -> None:
    examples = list(read_examples(data / "examples" / "round1.jsonl"))
    for example in examples:
        *_, last = example.messages
        assert last.role == "assistant"
        roles = [message.role for message in example.messages if message.role != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
    if data == DATA:
        assert len(examples) >= 60
        assert {len(example.messages) for example in examples} == {3, 5}


@pytest.mark.parametrize("data", [DATA, OTHER_DATA], ids=["zennest", "brightwater"])
def test_no_example_says_a_number_that_the_handbook_does_not(data: Path) -> None:
    handbook = " ".join(
        f"{passage.title} {passage.heading} {passage.text}" for passage in read_handbook(data / "handbook")
    )
    known = _numbers(f"{handbook} {(data / 'persona.toml').read_text('utf-8')}") | WORKED_OUT
    for example in read_examples(data / "examples" / "round1.jsonl"):
        asked = _numbers(" ".join(message.content for message in example.messages if message.role == "user"))
        said = _numbers(" ".join(message.content for message in example.messages if message.role == "assistant"))
        assert said <= known | asked


def _numbers(text: str) -> set[str]:
    return set(NUMBER.findall(text.replace(",", "")))
