"""What was found in a file is told in one message, and as a whole in a table that runs nothing."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.cli_kit import BAD, GOOD, REPOSITORY, written
from training.checks import Problem
from training.distribution import Distribution
from training.entries import Entry
from training.findings import LARGEST, all_problems, findings
from training.inspection import Inspection
from training.intake import Request, looked_at
from training.pricing import estimates, read_prices
from training.quoting import coded, one_line, quoted
from training.settings import TrainingSettings


@pytest.fixture
def settings(tmp_path: Path) -> TrainingSettings:
    return TrainingSettings(sarah_home=tmp_path / "home", sarah_data=REPOSITORY / "data", sarah_model="")


def found(*problems: Problem, examples: int = 12) -> Inspection:
    """Return an inspection of so many examples that found these problems."""
    lengths = Distribution()
    for line in range(1, examples + 1):
        lengths.add(Entry(line, {"messages": []}), 10 * line)
    return Inspection(
        examples=examples,
        left_out=0,
        format="chat",
        counts=dict(Counter(problem.rule for problem in problems)),
        has_errors=any(problem.severity == "error" for problem in problems),
        distribution=lengths,
        vocabulary="o200k_base",
        billed=lengths.total,
        epochs=3,
        estimates=tuple(estimates(lengths, read_prices())),
        problems=lambda: iter(problems),
    )


def rows(table: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table.decode("utf-8"), newline="")))


def test_a_clean_file_is_told_with_its_tokens_and_prices(settings: TrainingSettings, tmp_path: Path) -> None:
    file = written(tmp_path / "good.jsonl", GOOD)
    with looked_at(settings, Request(file, epochs=2, least_question=16)) as inspection:
        told = findings(inspection).splitlines()
        total = inspection.distribution.total
        prices = {one.model: one for one in inspection.estimates}
    assert told[0] == "**2 examples** (chat, 10 left out as too short)"
    assert any(line.startswith(f"**{total:,} tokens** (`o200k_base`)") for line in told)
    mini = prices["gpt-4.1-mini-2025-04-14"]
    [line] = [line for line in told if f"`{mini.model}`" in line]
    assert line.startswith(f"- openai `{mini.model}`: $")
    assert f"(2 epochs, {2 * total:,} tokens, answers until {mini.retires})" in line
    assert sum("epoch" in line and line.startswith("- ") for line in told) == len(prices)


def test_no_problems_are_told_as_none() -> None:
    assert findings(found()).splitlines()[:3] == ["**12 examples** (chat)", "", "No problems."]


def test_problems_are_told_with_line_severity_rule_and_text(settings: TrainingSettings, tmp_path: Path) -> None:
    with looked_at(settings, Request(written(tmp_path / "bad.jsonl", BAD))) as inspection:
        told, problems = findings(inspection, most=3), list(inspection.problems())
    assert f"**{len(problems)} problems**: " in told
    assert "data\\_type 1" in told
    shown = [line for line in told.splitlines() if line.startswith("- line ")]
    assert len(shown) == 3
    for line, problem in zip(shown, problems, strict=False):
        assert line.startswith(f"- line {problem.line}, {problem.severity}, `{problem.rule}`: ")
    assert f"- ... and {len(problems) - 3} more" in told
    assert "Errors must be mended." in told


def test_a_problem_of_no_line_has_none_and_warnings_are_for_people() -> None:
    told = findings(found(Problem(0, "too_odd", "warning", "It is odd.")))
    assert "- warning, `too_odd`: It is odd." in told
    assert "Warnings are for you to judge." in told
    assert "more" not in told


def test_what_stands_in_a_file_acts_on_nothing(settings: TrainingSettings, tmp_path: Path) -> None:
    role = "alien\n# `x` **b** [a](https://evil.example) <@U1> @everyone ||s|| $$x$$ <b>"
    file = written(tmp_path / "odd.jsonl", [*GOOD, {"messages": [{"role": role, "content": "x"}]}])
    with looked_at(settings, Request(file)) as inspection:
        told = findings(inspection)
    [line] = [line for line in told.splitlines() if "unrecognized_role" in line and line.startswith("- ")]
    assert "alien" in line
    text = line.split("`: ", 1)[1]
    assert not re.search(r"(?<!\\)[`*_\[\]<>@|$~]", text)
    assert "https://" not in text


@pytest.mark.parametrize("length", [1, 50, 5000])
def test_it_fits_into_a_message_however_much_was_found(length: int) -> None:
    problems = [Problem(n, f"rule_{n % 40}_{'x' * 30}", "error", "*`[" * length) for n in range(1, 2001)]
    made = found(*problems)
    many = replace(made, estimates=made.estimates * 30)
    for inspection in (made, many):
        for most in (0, 10, 100):
            told = findings(inspection, most)
            assert len(told) <= 3500
            assert "**2,000 problems**" in told
            shown = sum(line.startswith("- line ") for line in told.splitlines())
            assert f"- ... and {2000 - shown:,} more" in told
            assert shown <= most
            assert "tokens** (" in told
    assert told.count("- ... and ") == 2, "prices that are left out are counted, too"


# The table.


def test_the_table_holds_every_problem(settings: TrainingSettings, tmp_path: Path) -> None:
    with looked_at(settings, Request(written(tmp_path / "bad.jsonl", BAD))) as inspection:
        told, problems = rows(all_problems(inspection)), list(inspection.problems())
    assert told[0] == ["line", "severity", "rule", "text"]
    assert told[1:] == [[str(one.line), one.severity, one.rule, " ".join(one.text.split())] for one in problems]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        (" \t=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("\u200b=1+1", "'=1+1"),
        ('a "b", c\r\nd;e', 'a "b", c d;e'),
        ("caf\u00e9\ud83d", "caf\u00e9"),
        ("two = 2", "two = 2"),
    ],
)
def test_a_cell_is_text_in_one_line_that_no_spreadsheet_runs(text: str, cell: str) -> None:
    _, row = rows(all_problems(found(Problem(3, "odd", "error", text))))
    assert row == ["3", "error", "odd", cell]


def test_a_table_that_would_be_too_large_says_that_it_was_cut() -> None:
    text = "x" * 900

    def problems() -> Iterator[Problem]:
        return (Problem(line, "odd", "error", text) for line in range(1, 10_001))

    table = all_problems(replace(found(), counts={"odd": 10_000}, problems=problems))
    assert 4_900_000 < len(table) <= LARGEST == 5_000_000
    told = rows(table)
    assert told[-2][0] == str(len(told) - 2)
    assert told[-1] == ["", "", "", f"... and {10_000 - (len(told) - 2):,} more problems: the list was cut at 5 MB."]


def test_a_table_that_fits_is_whole() -> None:
    problems: Sequence[Problem] = [Problem(line, "odd", "error", "x" * 900) for line in range(1, 5_001)]
    told = rows(all_problems(found(*problems)))
    assert (len(told), told[-1][0]) == (5_001, "5000")


# Quoting.


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It is on, at 8 a.m.: 50% (half).", "It is on, at 8 a\\.m.: 50% (half)."),
        ("a*b_c`d~e|f", "a\\*b\\_c\\`d\\~e\\|f"),
        ("[x](https://e.example)", "\\[x\\](https\\://e\\.example)"),
        ("www.evil.example a@b.c", "www\\.evil\\.example a\\@b\\.c"),
        ("<@U1> <b> &lt; $x$ :smile:", "\\<\\@U1\\> \\<b\\> \\&lt; \\$x\\$ \\:smile:"),
        ("a\n\n# b\u2028\x1b[2J\u202ec", "a # b \\[2J c"),
        ("# x", "\\# x"),
        ("- x", "\\- x"),
        ("12. x", "12\\. x"),
        ("> x", "\\> x"),
        ("a\\", "a\\\\"),
        ("", ""),
    ],
)
def test_quoted_text_is_shown_as_it_is(text: str, shown: str) -> None:
    assert quoted(text) == shown


def test_code_cannot_be_broken_out_of() -> None:
    assert coded("a`b\n```c") == "a'b '''c"
    assert coded("x" * 100, 10) == "x" * 9 + "\u2026"


@given(st.text(), st.integers(1, 40), st.booleans())
def test_a_line_is_one_line_that_fits_and_can_be_seen(text: str, most: int, at_word: bool) -> None:  # noqa: FBT001 - drawn
    line = one_line(text, most, at_word=at_word)
    assert len(line) <= most
    assert line.isprintable()
    assert one_line(line, most, at_word=at_word) == line


def test_what_is_longer_than_shown_says_so() -> None:
    assert one_line("ab  cd", 5) == "ab cd"
    assert one_line("abcdef", 5) == "abcd\u2026"
    assert one_line(" " * 1000 + "x", 5).endswith("\u2026")


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("the hub is dark", 15, "the hub is dark"),
        ("the hub is dark", 14, "the hub is\u2026"),
        ("the hub is dark", 11, "the hub is\u2026"),
        ("the hub is dark", 10, "the hub\u2026"),
        ("a configuration", 10, "a configu\u2026"),
        ("\u7167\u660e\u4e0d\u4eae", 3, "\u7167\u660e\u2026"),
    ],
)
def test_quoted_text_is_cut_after_a_word_unless_little_would_be_left(text: str, most: int, shown: str) -> None:
    assert quoted(text, most) == shown
