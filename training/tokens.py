"""Counting tokens offline, with the vocabularies that stand beside this file.

`counted` is the fast way, for whole files: its counts are those of `example_tokens` with `counter`, the plain way.
"""

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from training.entries import Entry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tiktoken import Encoding

Vocabulary = Literal["o200k_base", "cl100k_base"]
Count = Callable[[str], int]

VOCABULARIES = Path(__file__).parent / "vocabularies"

# The public formula of chat fine-tuning (OpenAI cookbook, "Data preparation and analysis for chat model fine-tuning").
PER_MESSAGE = 3
PER_NAME = 1
PER_EXAMPLE = 3

# Characters counted in one go: enough for whole arrays to pay, few enough to stay in the processor's caches.
CHUNK = 200_000
# What an example takes besides its text: a million empty ones are large, too.
AN_EXAMPLE = 300
# Characters that wait for their turn, at most: what bounds the memory.
WAITING = 8 * CHUNK
# Examples with more characters are counted by themselves, in parts: the tokenizer takes far longer for one long word
# than for many short ones.
LONG = 100_000
PART = 10_000
# Threads that tokenize what is not looked up; reading JSON keeps no more of them busy.
THREADS = 2
# Texts that are remembered because they may come again, and how long they may be.
REMEMBERED = 2_000
REMEMBERED_LENGTH = 4_000

_SPEAKERS = ("user", "assistant")
# Keys of a message: its role and its content.
_USUAL = 2


def counter(vocabulary: Vocabulary) -> Count:
    """Return a function that counts the tokens of a text; reads the vocabulary once (about 0.2 s)."""
    encoding = _encoding(vocabulary)

    def count(text: str) -> int:
        # encode() raises on text that looks like a special token.
        return len(encoding.encode_ordinary(text))

    return count


def _encoding(vocabulary: Vocabulary) -> "Encoding":
    import tiktoken  # noqa: PLC0415 - only who counts pays for it

    # tiktoken reads this variable when it loads, and would download otherwise.
    os.environ["TIKTOKEN_CACHE_DIR"] = str(VOCABULARIES)
    return tiktoken.get_encoding(vocabulary)


def example_tokens(messages: Iterable[Mapping[str, object]], count: Count) -> int:
    """Return the tokens of one example: 3, and for each message 3, 1 for a name, and those of all its values.

    A number counts nothing, an object or a list (such as a function call) as its compact JSON.
    """
    return PER_EXAMPLE + sum(
        PER_MESSAGE + PER_NAME * ("name" in message) + sum(count(_text(value)) for value in message.values())
        for message in messages
    )


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return ""


def counted(entries: Iterable[Entry], vocabulary: Vocabulary) -> Iterator[tuple[Entry, int]]:
    """Yield every example with its tokens, in order, as `example_tokens` counts them; about 2 MB of text wait at once.

    Exact, but for examples of more than 100,000 characters in which more than 10,000 stand without a space: there each
    cut can change the count by a token or two. (The tokenizer itself fails on a million blanks.)
    """
    waiting: deque[_Chunk] = deque()
    size = 0
    with ThreadPoolExecutor(THREADS, thread_name_prefix="tokens") as pool:
        tokenizer = _Tokenizer(_encoding(vocabulary), pool)
        for chunk in _chunks(entries, tokenizer):
            chunk.counts = tokenizer.together(chunk.texts)
            waiting.append(chunk)
            size += chunk.size
            while waiting and (size > WAITING or waiting[0].counts.done()):
                done = waiting.popleft()
                size -= done.size
                yield from zip(done.entries, done.tokens(), strict=True)
        while waiting:
            done = waiting.popleft()
            yield from zip(done.entries, done.tokens(), strict=True)


def _chunks(entries: Iterable[Entry], tokenizer: "_Tokenizer") -> Iterator["_Chunk"]:
    chunk, read = _Chunk(), 0
    for entry in entries:
        chunk.add(entry, entry.end - read, tokenizer)
        read = entry.end
        if chunk.size > CHUNK:
            yield chunk
            chunk = _Chunk()
    yield chunk


@dataclass(slots=True)
class _Chunk:
    """Examples that are counted together."""

    entries: list[Entry] = field(default_factory=list[Entry])
    known: list[int] = field(default_factory=list[int])
    """Tokens of each example that are known already."""
    texts: list[str] = field(default_factory=list[str])
    """What is still to be counted."""
    ends: list[int] = field(default_factory=list[int])
    """How many of the texts belong to the examples up to each."""
    size: int = 0
    """Characters, or bytes of the file where they are more."""
    counts: "Future[NDArray[np.int64]]" = field(default_factory=Future["NDArray[np.int64]"])
    """The tokens of each text."""

    def add(self, entry: Entry, read: int, tokenizer: "_Tokenizer") -> None:
        """Take an example in; `read` bytes of the file hold it."""
        known, size, texts = PER_EXAMPLE, 0, list[str]()
        for message in entry.messages:
            known += PER_MESSAGE
            role, content = message.get("role"), message.get("content")
            if len(message) == _USUAL and role in _SPEAKERS and isinstance(content, str):
                # What is spoken is new every time; roles and system prompts are not.
                known += tokenizer.roles[role]
                texts.append(content)
                size += len(content)
                continue
            if "name" in message:
                known += PER_NAME
            for value in message.values():
                text = value if isinstance(value, str) else _text(value)
                size += len(text)
                tokens = tokenizer.recurring(text)
                if tokens is None:
                    texts.append(text)
                else:
                    known += tokens
        if size > LONG:
            known += sum(map(tokenizer.alone, texts))
        else:
            self.texts += texts
        self.entries.append(entry)
        self.known.append(known)
        self.ends.append(len(self.texts))
        self.size += max(size, read) + AN_EXAMPLE

    def tokens(self) -> list[int]:
        """Return the tokens of each example, when they are counted."""
        import numpy as np  # noqa: PLC0415 - only who counts pays for it

        sums = np.concatenate([[0], np.cumsum(self.counts.result())])[self.ends]
        return (np.diff(sums, prepend=0) + self.known).tolist()


class _Tokenizer:
    """Counts texts, alone or many together, and remembers whole texts that come again."""

    def __init__(self, encoding: "Encoding", pool: ThreadPoolExecutor) -> None:
        from training.wordwise import WordTable, tokenized  # noqa: PLC0415 - only who counts pays for numpy

        self.roles = {role: len(encoding.encode_ordinary(role)) for role in _SPEAKERS}
        self._encoding = encoding
        self._tokenized = tokenized
        self._pool = pool
        self._words = WordTable(encoding)
        self._remembered: dict[str, int | None] = {}

    def together(self, texts: list[str]) -> "Future[NDArray[np.int64]]":
        """Count texts by their words, here; or in a thread of their own where most words are new."""
        counts = self._words.counts(texts)
        if counts is None:
            return self._pool.submit(self._tokenized, self._encoding, texts)
        done: Future[NDArray[np.int64]] = Future()
        done.set_result(counts)
        return done

    def alone(self, text: str) -> int:
        """Count a text of any length."""
        return sum(len(self._encoding.encode_ordinary(part)) for part in _parts(text))

    def recurring(self, text: str) -> int | None:
        """Return the tokens of a text that is seen for the second time or more often, None the first time."""
        tokens = self._remembered.get(text)
        if tokens is None and len(text) <= REMEMBERED_LENGTH:
            if text in self._remembered:
                tokens = self.alone(text)
            elif len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[text] = tokens
        return tokens


def _parts(text: str) -> Iterator[str]:
    """Cut a long text: before a space that follows a word, where a token ends, or anywhere if there is none."""
    start = 0
    while len(text) - start > PART:
        space = text.rfind(" ", start + 1, start + PART)
        end = space if space > 0 and not text[space - 1].isspace() else start + PART
        yield text[start:end]
        start = end
    yield text[start:]
