"""Whatever the examples are, every format gives them back; whatever the bytes are, they are read or refused."""

import csv
import json
import random
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.training.test_formats import BYE, HI
from tests.training.test_formats_parquet import table
from training.examples import DataError
from training.formats import Limits, Reader
from training.formats.formulas import is_formula

Exchange = tuple[str, str]
Chat = dict[str, Any]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant"]), "content": TEXT},
    optional={"weight": st.sampled_from([0, 1]), "name": TEXT},
)
BESIDE = st.dictionaries(TEXT.filter(lambda key: key != "messages"), st.integers() | TEXT | st.none(), max_size=3)


@st.composite
def chat_examples(draw: st.DrawFn) -> Chat:
    return {"messages": draw(st.lists(MESSAGE, max_size=4))} | draw(BESIDE)


CHATS = st.lists(chat_examples(), max_size=6)
# In a table of hardly anything but control characters, nobody would see text.
CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\r\n"), max_size=60)
EXCHANGES = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6)
SMALL = Limits(example_bytes=4000, chunk_bytes=64)


@contextmanager
def scratch(name: str) -> Generator[Path]:
    """Give a place for a file; a folder of pytest's would be shared by all the examples of a property."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / name


def values(path: Path) -> list[object]:
    return [entry.value for entry in Reader(path)]


def chat(exchange: Exchange) -> Chat:
    question, answer = exchange
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


@given(CHATS, st.sampled_from(["ascii", "utf-8"]), st.sampled_from([None, 1]), st.integers(1, 50))
def test_chat_is_read_back_from_an_array_a_list_of_lines_and_a_wrapped_list(
    chats: list[Chat],
    characters: str,
    indent: int | None,
    chunk: int,
) -> None:
    limits = Limits(chunk_bytes=chunk)

    def text(value: object) -> str:
        return json.dumps(value, ensure_ascii=characters == "ascii", indent=indent)

    with scratch("e.json") as path:
        path.write_text(text(chats), "utf-8")
        assert [entry.value for entry in Reader(path, limits=limits)] == chats
        path.write_text(text({"n": [1], "examples": chats}), "utf-8")
        assert [entry.value for entry in Reader(path, limits=limits)] == chats
    with scratch("e.jsonl") as path:
        path.write_bytes(
            "\r\n\r\n".join(["", *(json.dumps(c, ensure_ascii=characters == "ascii") for c in chats), ""]).encode()
        )
        read = list(Reader(path)) if chats else []
        assert [entry.value for entry in read] == chats
        assert [entry.line for entry in read] == [3 + 2 * at for at in range(len(chats))]


@given(EXCHANGES)
def test_exchanges_are_read_back_from_sharegpt_and_alpaca(exchanges: list[Exchange]) -> None:
    chats = [chat(exchange) for exchange in exchanges]
    sharegpt = [
        {"conversations": [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]}
        for question, answer in exchanges
    ]
    alpaca = [{"instruction": question, "input": "", "output": answer} for question, answer in exchanges]
    for examples in (sharegpt, alpaca):
        with scratch("e.json") as path:
            path.write_text(json.dumps(examples), "utf-8")
            assert values(path) == chats
        with scratch("e.jsonl") as path:
            path.write_text("\n".join(json.dumps(example) for example in examples), "utf-8")
            assert values(path) == chats


def _fits_a_cell(exchange: Exchange) -> bool:
    question, answer = exchange
    lines = [len([line for line in cell.replace("\r", "\n").split("\n") if line.strip()]) for cell in exchange]
    plain = not any(is_formula(cell) or "\x00" in cell for cell in exchange)
    return plain and bool(question.strip() or answer.strip()) and (lines[0] != lines[1] or lines[0] <= 1)


@given(st.lists(st.tuples(CELLS, CELLS).filter(_fits_a_cell), min_size=1, max_size=6), st.sampled_from(",;\t"))
def test_exchanges_are_read_back_from_a_table(exchanges: list[Exchange], delimiter: str) -> None:
    with scratch("t.csv") as path:
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
            rows.writerows([("question", "answer"), *exchanges])
        assert values(path) == [chat(exchange) for exchange in exchanges]


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(EXCHANGES)
def test_exchanges_are_read_back_from_parquet(exchanges: list[Exchange]) -> None:
    chats = [chat(exchange) for exchange in exchanges]
    questions, answers = ([exchange[side] for exchange in exchanges] for side in (0, 1))
    with scratch("e.parquet") as path:
        assert values(table(path, {"messages": [example["messages"] for example in chats]})) == chats
        assert values(table(path, {"question": questions, "answer": answers})) == chats


CELL = st.text(st.sampled_from("=+-@ \t\r\n(1A9).,!|'\"x:$*/&a"), max_size=40)


@settings(deadline=None)
@given(st.sampled_from("=+-@\t\r"), CELL)
@example("+", "1+")
@example("-", "9. ")
@example("@", "a(1)")
@example("+", "a|!a")
def test_looking_for_a_formula_never_takes_long(first: str, cell: str) -> None:
    began = time.process_time()
    # What comes last fits no formula, so that a pattern would try again from each place before it.
    for text in (first + cell * 10_000 + "+?", cell + first * 20_000, first + "a(" + cell * 10_000 + "?"):
        is_formula(text)
    assert time.process_time() - began < 1


def assert_read_or_refused(content: bytes, name: str) -> None:
    """Read bytes as a file: they give examples, or DataError with the place; anything else fails the test."""
    with scratch(name) as path:
        path.write_bytes(content)
        refusal = outcome(path)
        assert not refusal or (str(path) in refusal and refusal.endswith("."))


def outcome(path: Path) -> str:
    """Read a file and return why it is refused, or ""."""
    try:
        for _ in Reader(path, limits=SMALL):
            pass
    except DataError as refusal:
        return str(refusal)
    return ""


def mutated(valid: bytes, chance: random.Random) -> bytes:
    """Return bytes with a few places changed, cut out, doubled or moved."""
    content = bytearray(valid)
    for _ in range(chance.randint(1, 6)):
        at, far = chance.randrange(len(content) + 1), chance.randint(1, 20)
        change = chance.choice(["set", "cut", "double", "insert", "end"])
        if change == "set":
            content[at : at + 1] = bytes(
                [chance.choice([0, 10, 13, 34, 44, 91, 92, 93, 123, 125, 255, chance.randrange(256)])]
            )
        elif change == "cut":
            del content[at : at + far]
        elif change == "double":
            content[at:at] = content[at : at + far] * chance.randint(1, 30)
        elif change == "insert":
            content[at:at] = chance.choice(
                [b"NaN", b"\\ud800", b"\xef\xbb\xbf", b"[" * 200, b'"', b"=1+1", b"\x00", b"1e999"]
            )
        else:
            del content[at:]
    return bytes(content)


VALID = {
    "e.jsonl": f"{json.dumps(HI)}\n{json.dumps(BYE)}\n".encode(),
    "a.json": json.dumps([HI, BYE], ensure_ascii=False, indent=1).encode(),
    "w.json": json.dumps({"x": 1, "data": [HI, BYE]}).encode(),
    "s.json": json.dumps([{"conversations": [{"from": "human", "value": "Hi"}]}] * 2).encode(),
    "l.jsonl": json.dumps({"instruction": "Hi", "input": "", "output": "x", "history": [["a", "b"]]}).encode(),
    "t.csv": b'question,answer,category\r\n"Hi, ""you""\nthere",Hello,x\r\nBye,Bye,\r\n',
    "t.txt": b"q;a\nHi;Hello\n",
    "p.md": b"---\nid: a\n---\n# A\n\n## How to\n\nLike [this](b.md).\n",
}


@pytest.mark.parametrize("name", list(VALID))
@settings(max_examples=200, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_a_valid_file_with_mistakes_is_read_or_refused(name: str, chance: random.Random) -> None:
    assert_read_or_refused(mutated(VALID[name], chance), name)


@pytest.mark.parametrize("name", list(VALID))
@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=300) | TEXT.map(str.encode))
def test_any_bytes_are_read_or_refused(name: str, content: bytes) -> None:
    assert_read_or_refused(content, name)
    assert_read_or_refused(b'[{"a":' + content, name)


def between_marks(valid: bytes) -> bytes:
    """Return noise that begins and ends as the valid file does."""
    return valid[:4] + random.Random(1).randbytes(300) + valid[-4:]  # noqa: S311 - noise, not a secret


@pytest.mark.slow
@pytest.mark.parametrize("make", [bytes, between_marks])
def test_parquet_with_mistakes_is_read_or_refused(make: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "v.parquet"
    messages = cast("list[Any]", [HI["messages"], BYE["messages"]])
    valid = table(path, {"messages": messages * 20, "category": ["x", "y"] * 20}).read_bytes()
    # A seed for each case: what fails once can be tried again.
    for seed in range(24):
        assert_read_or_refused(mutated(make(valid), random.Random(seed)), "e.parquet")  # noqa: S311 - noise, not a secret
