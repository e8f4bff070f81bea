"""How fast a file is read and its tokens counted, against the plain loop that anybody would write."""

import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from tests.kit import DATA
from training.formats import Reader
from training.tokens import VOCABULARIES, counted

MEGABYTES = 20
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Race:
    """The seconds that both ways took for one file, the best of some rounds; both counted the same."""

    size: int
    examples: int
    plain: float
    ours: float


def table(folder: Path, megabytes: float = MEGABYTES, rounds: int = ROUNDS) -> Table:
    """Return both ways' rates, for chats with the same system prompt each time and for chats without any."""
    shown = Table("Reading and counting a file", "MB/s", "examples/s", "ratio")
    for name, system in (("chats with a system prompt", True), ("chats without", False)):
        path = folder / f"{system}.jsonl"
        write_chats(path, round(megabytes * 10**6), system=system)
        result = race(path, rounds)
        for way, seconds in (("plain loop", result.plain), ("ours", result.ours)):
            rates = f"{result.size / seconds / 10**6:.0f}", f"{result.examples / seconds:,.0f}"
            shown.add_row(f"{way}, {name}", *rates, f"{result.plain / seconds:.1f}")
    return shown


def write_chats(path: Path, size: int, *, system: bool) -> None:
    """Write at least so many bytes of chats like ours, each with its words in an order of its own."""
    chance = random.Random(4)  # noqa: S311 - the same file every time
    texts = [(DATA / "examples" / f"{name}.jsonl").read_text() for name in ("round1", "round2")]
    chats = [json.loads(line)["messages"] for line in "".join(texts).splitlines()]
    with path.open("w") as file:
        while file.tell() < size:
            messages = [
                message if message["role"] == "system" else message | {"content": _shuffled(message["content"], chance)}
                for message in chance.choice(chats)
                if system or message["role"] != "system"
            ]
            file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")


def _shuffled(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    chance.shuffle(words)
    return " ".join(words)


def race(path: Path, rounds: int) -> Race:
    """Take the best time of each way; raises AssertionError if they count differently."""
    plain, expected = _best(lambda: _plain(path), rounds)
    ours, found = _best(lambda: [tokens for _, tokens in counted(Reader(path), "o200k_base")], rounds)
    assert found == expected
    return Race(path.stat().st_size, len(found), plain, ours)


def _best(way: Callable[[], list[int]], rounds: int) -> tuple[float, list[int]]:
    times: list[float] = []
    counts: list[int] = []
    for _ in range(rounds):
        began = time.perf_counter()
        counts = way()
        times.append(time.perf_counter() - began)
    return min(times), counts


def _plain(path: Path) -> list[int]:
    import tiktoken  # noqa: PLC0415 - it reads where its vocabularies are when it loads them

    os.environ["TIKTOKEN_CACHE_DIR"] = str(VOCABULARIES)
    encoding = tiktoken.get_encoding("o200k_base")
    counts: list[int] = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            tokens = 3
            for message in json.loads(line)["messages"]:
                tokens += 3
                for value in message.values():
                    tokens += len(encoding.encode_ordinary(value))
            counts.append(tokens)
    return counts
