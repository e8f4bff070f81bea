"""The handbook: Markdown pages with front matter, cut into passages at their headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.examples import DataError

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the handbook: what stands under one heading of one page."""

    page: str
    title: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the handbook: its front matter, with "" for what it leaves out, and the Markdown below it."""

    id: str
    title: str
    area: str
    updated: str
    body: str

    def passages(self) -> Iterator[Passage]:
        """Yield what stands under each heading."""
        heading, lines = self.title, list[str]()
        for line in [*self.body.splitlines(), "# end"]:
            if found := _HEADING.match(line):
                if passage := "\n".join(lines).strip():
                    yield Passage(self.id, self.title, heading, passage)
                heading, lines = found[1], []
            else:
                lines.append(line)


def read_handbook(folder: Path) -> list[Passage]:
    """Read the passages of every page; raises DataError when there is none, or naming the page that is wrong."""
    return [passage for page in read_pages(folder) for passage in page.passages()]


def read_pages(folder: Path) -> list[Page]:
    """Read every page of a folder; raises DataError when there is none, or naming the page that is wrong."""
    paths = sorted(folder.glob("*.md"))
    if not paths:
        raise DataError(f"There is no handbook page in {folder}: write at least one NAME.md there.")
    return [read_page(path) for path in paths]


def read_page(path: Path) -> Page:
    """Read one page; raises DataError naming it when its front matter is not closed or it is not UTF-8."""
    try:
        text = path.read_text("utf-8-sig")  # some editors begin a file with a byte order mark
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text: save it as UTF-8.") from None
    fields, body = _front_matter(path, text)
    return Page(
        fields.get("id", path.stem),
        fields.get("title", path.stem),
        fields.get("area", ""),
        fields.get("updated", ""),
        body,
    )


def _front_matter(path: Path, text: str) -> tuple[dict[str, str], str]:
    if not text.startswith("---\n"):
        return {}, text
    head, closed, body = text[4:].partition("\n---\n")
    if not closed:
        raise DataError(f"{path}: the front matter is not closed; end it with a line of three dashes.")
    pairs = (line.partition(":") for line in head.splitlines() if line.strip())
    return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}, body
