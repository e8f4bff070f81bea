"""A file of examples, whatever its format, as a stream of examples in the chat format."""

from collections.abc import Iterator
from pathlib import Path

from training.entries import Entry
from training.examples import DataError
from training.formats.apart import read_parquet
from training.formats.jsonl import refuse_unread
from training.formats.limits import DEFAULT, Limits
from training.formats.pages import Ask, read_pages
from training.formats.recognition import Format, json_entries, recognise
from training.formats.shapes import Shape, as_chat, shape_of
from training.formats.shaping import Shaping
from training.formats.table import read_table

_AS_IT_IS = Shaping()


class Reader:
    """Reads examples from a file or a folder of pages, one at a time; can be iterated again from the start.

    `format` is recognised where it is not told. `ask` gives a model a prompt and returns its reply: with it, a model
    writes the examples of Markdown pages. Raises DataError, when made or while it is iterated, for what cannot be read.
    """

    def __init__(
        self,
        path: Path,
        shaping: Shaping = _AS_IT_IS,
        *,
        format: Format | None = None,  # noqa: A002 - the word that users have for it
        ask: Ask | None = None,
        limits: Limits = DEFAULT,
    ) -> None:
        recognised = recognise(path, format, limits)
        self.format: Format = recognised.format
        self.size = recognised.size
        self.left_out = 0
        self._path, self._shaping, self._ask, self._limits = path, shaping, ask, limits
        self._recognised = recognised

    def __iter__(self) -> Iterator[Entry]:
        """Yield examples in the chat format; what is none is yielded as it is, for the checks to judge.

        A line that is no JSON is refused.
        """
        for entry in self.every():
            refuse_unread(self._path, entry)
            yield entry

    def every(self) -> Iterator[Entry]:
        """Yield the same, and each line that is no JSON among them: a check tells all of them."""
        self.left_out = 0
        if self._shaping == _AS_IT_IS:
            yield from self._chat()
            return
        for entry in self._chat():
            if entry.is_preference:
                raise DataError(
                    f"{self._path}, line {entry.line} is a preference, which is learned as it is:"
                    " leave out the system prompt, the stop token and the minimum lengths."
                )
            if self._shaping.leaves_out(entry):
                self.left_out += 1
            else:
                yield self._shaping.shaped(entry)

    def _chat(self) -> Iterator[Entry]:
        match self.format:
            case "chat":
                return json_entries(self._path, self._recognised.layout, self._limits)
            case "sharegpt" | "alpaca":
                return _converted(json_entries(self._path, self._recognised.layout, self._limits), self.format)
            case "csv":
                return _converted(read_table(self._path, self._limits), "alpaca")
            case "parquet":
                return _converted(read_parquet(self._path, self._limits))
            case "markdown":
                return read_pages(self._path, self._limits, self._ask)


def _converted(entries: Iterator[Entry], shape: Shape | None = None) -> Iterator[Entry]:
    """Yield examples in the chat format; without a shape, each is asked for its own."""
    for entry in entries:
        yield Entry(entry.line, as_chat(entry.value, shape or shape_of(entry.value)), entry.end, entry.unread)
