"""Parquet is read by a process apart, whose crashes, floods and silences become one sentence."""

import os
import sys
import time
from pathlib import Path
from typing import Any, cast

import pytest

from tests.training.test_formats import BYE, HI, said
from training.entries import Entry
from training.examples import DataError
from training.formats import Limits, Reader, Shaping
from training.formats.apart import rows_of

DEFAULT = Limits()


def table(path: Path, columns: dict[str, Any], **options: Any) -> Path:  # noqa: ANN401 - as pyarrow has it
    import pyarrow as pa  # noqa: PLC0415 - slow to import, and
    from pyarrow import parquet  # noqa: PLC0415 - only these tests write Parquet

    cast("Any", parquet).write_table(cast("Any", pa).table(columns), path, **options)
    return path


def repeated(text: str, times: int) -> Any:  # noqa: ANN401 - a column of pyarrow's
    """Return a column that says one text many times, and takes hardly more room than once."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    arrow = cast("Any", pa)
    return arrow.DictionaryArray.from_arrays(arrow.array([0] * times, arrow.int32()), [text])


def rows(script: str, limits: Limits = DEFAULT) -> list[Entry]:
    return list(rows_of([sys.executable, "-c", script], Path("e.parquet"), 100, limits))


def test_messages_are_read_without_what_they_lack(tmp_path: Path) -> None:
    odd = {"messages": [{"role": "assistant", "content": "Hm", "weight": 0}], "category": "odd"}
    examples: list[dict[str, Any]] = [HI, BYE, odd]
    columns = {"id": [1, 2, 3], "category": [None, "end", "odd"], "messages": [e["messages"] for e in examples]}
    path = table(tmp_path / "e.parquet", columns, row_group_size=2)
    reader = Reader(path, Shaping())
    entries = list(reader)
    assert [(entry.line, entry.value) for entry in entries] == [(1, HI), (2, BYE), (3, odd)]
    assert (reader.format, entries[-1].end) == ("parquet", path.stat().st_size)


def test_parquet_is_known_by_how_it_begins(tmp_path: Path) -> None:
    path = table(tmp_path / "e.jsonl", {"prompt": ["Hi"], "completion": ["Hello"]})
    assert said(Reader(path)) == [[("user", "Hi"), ("assistant", "Hello")]]


def test_conversations_and_questions_with_answers_become_chat(tmp_path: Path) -> None:
    turns = [[{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]]
    exchange = [("user", "Hi"), ("assistant", "Hello")]
    assert said(Reader(table(tmp_path / "s.parquet", {"conversations": turns}))) == [exchange]
    columns = {"Answer": ["Hello", None], "system": ["S", None], "category": ["x", None], "Question": ["Hi", "Why?"]}
    answered, unanswered = Reader(table(tmp_path / "q.parquet", columns))
    assert said([answered]) == [[("system", "S"), *exchange]]
    assert answered.category == "x"
    assert unanswered.fields["instruction"] == "Why?"
    alpaca = {"instruction": ["Translate"], "input": ["Haus"], "output": ["house"]}
    assert said(Reader(table(tmp_path / "a.parquet", alpaca))) == [
        [("user", "Translate\n\nHaus"), ("assistant", "house")]
    ]


def refusal(path: Path, limits: Limits = DEFAULT) -> str:
    with pytest.raises(DataError) as refused:
        list(Reader(path, limits=limits))
    assert str(path) in str(refused.value)
    return str(refused.value)


def test_what_is_no_parquet_or_holds_no_examples_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert "has the columns 'x': wanted are messages, conversations" in refusal(
        table(tmp_path / "x.parquet", {"x": [1]})
    )
    whole = table(tmp_path / "w.parquet", {"q": ["Hi"] * 9, "a": ["Hello"] * 9}).read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[:-30])
    assert "is damaged, or no Parquet file" in refusal(tmp_path / "cut.parquet")
    (tmp_path / "begin.parquet").write_bytes(b"PAR1")
    assert "is damaged, or no Parquet file" in refusal(tmp_path / "begin.parquet")
    (tmp_path / "text.parquet").write_bytes(b"Hello")
    with pytest.raises(DataError, match="is damaged, or no Parquet file"):
        list(Reader(tmp_path / "text.parquet", format="parquet"))
    columns = {"messages": [[{"role": "user", "content": b"\xff"}]]}
    assert "holds in row 1 a value that is no text" in refusal(table(tmp_path / "b.parquet", columns))
    columns = {"messages": [[{"role": "user", "content": float("nan")}]]}
    assert "holds in row 1 a value that is no text" in refusal(table(tmp_path / "n.parquet", columns))
    assert capfd.readouterr() == ("", "")


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "u.parquet", {"q": ["Hi Zoë"], "a": ["Hello"]}, compression="none", use_dictionary=False)
    path.write_bytes(path.read_bytes().replace("Zoë".encode(), b"Zo\xff\xff"))
    assert "u.parquet" in refusal(path)


def test_a_bomb_is_refused_before_it_fills_memory_or_time(tmp_path: Path) -> None:
    flood = table(tmp_path / "f.parquet", {"q": repeated("x" * 100_000, 100_000), "a": repeated("y", 100_000)})
    assert flood.stat().st_size < 100_000
    assert "unpacks to far more than its" in refusal(flood, Limits(unpacked_bytes=1_000_000, unpacked_ratio=1))
    assert "row 1 is longer than 1000 bytes" in refusal(flood, Limits(example_bytes=1000))


@pytest.mark.slow
def test_a_bomb_that_unpacks_all_at_once_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "b.parquet", {"q": repeated("x" * 40_000_000, 64), "a": repeated("y", 64)})
    begin = time.monotonic()
    assert "takes too much memory to unpack" in refusal(path)
    assert time.monotonic() - begin < 120


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("import os; print(3, flush=True); os.kill(os.getpid(), 11)", "is damaged: the reader gave up after 0 rows"),
        ("print(2); print('{}')", "is damaged: the reader gave up after 1 rows"),
        ("", "is damaged: the reader gave up after 0 rows"),
        ("print(1); print('{]')", "row 1 cannot be read"),
        ("print(1); print('[' * 9999)", "row 1 is nested more than 100 deep"),
        ('print(1); print(\'{"a": 1, "a": 1}\')', "row 1 holds an object in which one key stands twice"),
        ("import sys; sys.stdout.buffer.write(b'1\\n\\xff\\n')", "row 1 cannot be read"),
        ("print(r'\"says \\u001b[31mred\"')", "says ?[31mred"),
        ("import sys; sys.stderr.write('x'); print('\"no\"')", "no"),
    ],
)
def test_whatever_the_process_apart_does_is_told_in_a_sentence(
    script: str, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataError) as refused:
        rows(script)
    assert str(refused.value).startswith("e.parquet")
    assert reason in str(refused.value)
    assert capfd.readouterr() == ("", "")


def test_a_process_that_says_nothing_is_given_up() -> None:
    begin = time.monotonic()
    with pytest.raises(DataError, match=r"e\.parquet took more than 0\.2 seconds for one row"):
        rows("print(2); import time; time.sleep(60)", Limits(patience_s=0.2))
    # It would sleep for a minute.
    assert time.monotonic() - begin < 50


def test_a_process_that_writes_without_end_is_given_up() -> None:
    with pytest.raises(DataError, match="row 1 is longer than 1000 bytes"):
        rows("import sys\nprint(1)\nwhile True: sys.stdout.write('x' * 1000)", Limits(example_bytes=1000))
    with pytest.raises(DataError, match="row 1 holds more than 10 lists and objects"):
        rows("print(1); print([[]] * 11)", Limits(example_brackets=10))
    with pytest.raises(DataError, match="unpacks to far more"):
        rows("print(1)\nwhile True: print('{}')", Limits(unpacked_bytes=1000, unpacked_ratio=1))


def test_a_slow_consumer_has_all_the_time() -> None:
    now = [0.0]
    script = "import time; print(2); print('{}', flush=True); time.sleep(0.1); print('{}')"
    command = [sys.executable, "-c", script]
    entries = rows_of(command, Path("e.parquet"), 100, Limits(patience_s=0.01), clock=lambda: now[0])
    assert next(entries).end == 50
    now[0] = 1000
    # Long enough for the watch to look several times.
    time.sleep(0.03)
    assert [entry.end for entry in entries] == [100]


def test_the_process_apart_ends_when_nobody_listens() -> None:
    script = "import os\nprint(9)\nprint('{\"pid\": %d}' % os.getpid(), flush=True)\nwhile True: pass"
    entries = cast("Any", rows_of([sys.executable, "-c", script], Path("e.parquet"), 100, DEFAULT))
    pid = next(entries).fields["pid"]
    os.kill(pid, 0)
    entries.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_process_apart_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "made-up")
    (entry,) = rows("import os, json; print(1); print(json.dumps(dict(os.environ)))")
    assert "PYTHONPATH" in entry.fields
    assert "OPENAI_API_KEY" not in entry.fields


def test_a_module_beside_the_file_is_not_taken_for_one_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table(tmp_path / "e.parquet", {"q": ["Hi"], "a": ["Hello"]})
    (tmp_path / "json.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    assert said(Reader(Path(path.name))) == [[("user", "Hi"), ("assistant", "Hello")]]


def test_the_process_apart_may_take_little() -> None:
    script = (
        "import json, resource\nfrom training.formats import parquet\n"
        "parquet._take_little()\nprint(1)\n"
        "print(json.dumps({name: resource.getrlimit(getattr(resource, name))[1]"
        " for name in ('RLIMIT_AS', 'RLIMIT_FSIZE', 'RLIMIT_CORE')}))"
    )
    (entry,) = rows(script)
    limits = cast("dict[str, int]", entry.value)
    assert 0 < limits["RLIMIT_AS"] <= 2 * 1024**3
    assert limits["RLIMIT_FSIZE"] == limits["RLIMIT_CORE"] == 0
