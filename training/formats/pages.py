"""A folder of Markdown pages becomes questions and answers."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from training.entries import Entry
from training.examples import DataError
from training.formats.asking import asked
from training.formats.headings import about, question_of, says_little
from training.formats.jsonl import too_long
from training.formats.limits import Limits
from training.formats.source import HEAD, opened, reading, refuse_unreadable
from training.handbook import Page, Passage, read_page

# Gives a model a prompt and returns what it says.
Ask = Callable[[str], str]

# Whatever is longer than that is not looked for, or a page could be written to take hours.
_COMMENT = re.compile(r"<!--.{0,500}?-->", re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]]{0,300}\]\([^)]{0,500}\)")
# A link to another page leads nowhere in a chat.
_PAGE_LINK = re.compile(r"\[([^\]]{1,300})\]\((?!https?://)[^)]{0,500}\)")
_TITLE = re.compile(r"^#[ \t]+(\S.{0,298})$", re.MULTILINE)
_WORD = re.compile(r"\w+")
_LONGEST_HEADING = 300
_LONGEST_PASSAGE = 32_000
_NO_PROSE = ("|", "```", "~~~", "<", "---")


def page_files(path: Path) -> list[Path]:
    """Return the pages of a folder, or the one page; raises DataError when there is none."""
    with reading(path):
        if not path.is_dir():
            return [path]
        found = sorted(file for file in path.iterdir() if file.suffix.lower() == ".md")
    if not found:
        raise DataError(f"{path} is a folder without Markdown pages: write at least one NAME.md there, or name a file.")
    return found


def read_pages(path: Path, limits: Limits, ask: Ask | None) -> Iterator[Entry]:
    """Yield questions and answers, each with the passage that it comes from, counted from 1.

    A model writes them where one can be asked; where none can, or its reply is of no use, a passage's heading is the
    question and its first paragraph the answer.
    """
    common = _common_questions(path, limits)
    end, number = 0, 0
    for file in page_files(path):
        end += _checked(file, limits)
        page = _page(file)
        for passage in page.passages():
            number += 1
            for question, answer in _pairs(page, passage, ask, common):
                yield Entry(number, _example(page, question, answer), end)


def _common_questions(path: Path, limits: Limits) -> frozenset[str]:
    """Return the questions that more than one heading asks, small."""
    times = Counter[str]()
    for file in page_files(path):
        _checked(file, limits)
        times.update(_alike(question_of(passage.heading, passage.text)) for passage in _page(file).passages())
    return frozenset(question for question, count in times.items() if count > 1)


def _alike(question: str) -> str:
    return " ".join(_WORD.findall(question.casefold()))


def _page(file: Path) -> Page:
    """Return a page; one without a title has that of its first heading, if it has one of the first level."""
    with reading(file):
        page = read_page(file)
    first = _TITLE.search(page.body) if page.title == file.stem else None
    return replace(page, title=first[1]) if first else page


def _checked(file: Path, limits: Limits) -> int:
    """Return the bytes of a page; raises DataError when it is no text, or too long itself or in a heading."""
    with opened(file) as page:
        content = page.read(limits.example_bytes + 1)
    if len(content) > limits.example_bytes:
        raise DataError(f"{file} {too_long(limits.example_bytes)}.")
    if content.strip():
        refuse_unreadable(file, content[:HEAD])
    for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
        if line.startswith("#") and len(line) > _LONGEST_HEADING:
            raise DataError(
                f"{file}, line {number} is a heading of more than {_LONGEST_HEADING} characters: shorten it."
            )
    return len(content)


def _pairs(page: Page, passage: Passage, ask: Ask | None, common: frozenset[str]) -> list[tuple[str, str]]:
    if ask and (pairs := asked(passage, ask)):
        return pairs
    answer = first_paragraph(passage.text)
    if not answer:
        return []
    question = question_of(passage.heading, passage.text)
    # Two pages may have a heading in common; a customer would say which device is meant.
    if _alike(question) in common or says_little(passage.heading, passage.title):
        question = about(passage.title, question, page.body)
    return [(question, answer)]


def first_paragraph(text: str) -> str:
    """Return the first paragraph that is prose, with the list that it announces; "" when there is none."""
    plain = _PAGE_LINK.sub(r"\1", _PICTURE.sub("", _COMMENT.sub("", text[:_LONGEST_PASSAGE])))
    blocks = [block.strip() for block in re.split(r"\n[ \t]*\n", plain) if block.strip()]
    for at, block in enumerate(blocks):
        if block.startswith(_NO_PROSE):
            continue
        return "\n\n".join(blocks[at : at + 2]) if block.endswith(":") else block
    return ""


def _example(page: Page, question: str, answer: str) -> dict[str, object]:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": messages, **({"category": page.area} if page.area else {})}
