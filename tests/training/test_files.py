"""A company's files are read, or refused by name and line."""

from pathlib import Path

import pytest

from tests.kit import DATA
from training.examples import DataError, Message, read_examples, read_jsonl
from training.handbook import Passage, read_page


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


def test_a_line_that_is_not_utf_8_is_refused_by_its_number(tmp_path: Path) -> None:
    path = write(tmp_path, "e.jsonl", b'{"messages": []}\n{"messages": "\xff"}')
    with pytest.raises(DataError, match=r"e\.jsonl, line 2 is not UTF-8"):
        list(read_jsonl(path))


def test_a_page_is_cut_at_its_headings_and_named_by_its_front_matter(tmp_path: Path) -> None:
    page = "---\nid: hub\ntitle: 'The hub'\n---\n# The hub\n\nIt is round.\n\n## Reset\n\nHold it.\n\n## Empty\n"
    passages = list(read_page(write(tmp_path, "x.md", page)).passages())
    assert passages == [
        Passage("hub", "The hub", "The hub", "It is round."),
        Passage("hub", "The hub", "Reset", "Hold it."),
    ]


def test_a_page_without_front_matter_is_named_by_its_file(tmp_path: Path) -> None:
    page = read_page(write(tmp_path, "lamp.md", "It is bright."))
    assert list(page.passages()) == [Passage("lamp", "lamp", "lamp", "It is bright.")]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("---\nid: x\n# Never closed", "front matter is not closed"), (b"\xff\xfe", "is not UTF-8")],
)
def test_a_wrong_page_is_refused_by_name(tmp_path: Path, content: str | bytes, complaint: str) -> None:
    with pytest.raises(DataError, match=rf"x\.md.*{complaint}"):
        read_page(write(tmp_path, "x.md", content))
