"""Every rule of the report finds what it is there for, and the folders that come with the product break none."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from tests.kit import DATA, OTHER_DATA
from training.examples import read_examples, read_jsonl
from training.report.__main__ import main
from training.report.company import Question, read_company
from training.report.figures import lengths, openings, vocabulary_growth
from training.report.rules import problems


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OTHER_DATA, tmp_path / "company"))


def lines(path: Path) -> list[dict[str, object]]:
    return [dict(line) for _, line in read_jsonl(path)]


def rewrite(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert re.search(old, text)
    path.write_text(re.sub(old, lambda _: new, text, count=1), "utf-8")


def answer_with(text: str) -> Callable[[Path], None]:
    """Return what makes this the last answer of the second example, the first that rests on a page."""

    def spoil(folder: Path) -> None:
        path = folder / "examples" / "round1.jsonl"
        first, second, *others = lines(path)
        messages = second["messages"]
        assert isinstance(messages, list)
        messages[-1] = {"role": "assistant", "content": text}
        rewrite(path, [first, second, *others])

    return spoil


def say_twice(folder: Path) -> None:
    path = folder / "examples" / "round1.jsonl"
    rows = lines(path)
    rewrite(path, [*rows, rows[1]])


def answer_all_alike(folder: Path) -> None:
    path = folder / "examples" / "round1.jsonl"
    rows = lines(path)
    for row in rows:
        messages = row["messages"]
        assert isinstance(messages, list)
        messages[-1] = {"role": "assistant", "content": "Please look at the light first and tell me its color."}
    rewrite(path, rows)


def swap_turns(folder: Path) -> None:
    path = folder / "examples" / "round1.jsonl"
    first, *others = lines(path)
    messages = first["messages"]
    assert isinstance(messages, list)
    rewrite(path, [first | {"messages": messages[::-1]}, *others])


def forget_origin(folder: Path) -> None:
    path = folder / "examples" / "origins.csv"
    head, _, *rest = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([head, *rest]) + "\n", "utf-8")


def leak(folder: Path) -> None:
    examples = read_examples(folder / "examples" / "round1.jsonl")
    question = next(question for one in examples for _, question, _ in one.exchanges() if len(question) > 30)
    (scenarios,) = (folder / "scenarios").glob("*.jsonl")
    first, *others = lines(scenarios)
    first["turns"][0]["user"] = question  # type: ignore[index]
    rewrite(scenarios, [first, *others])


def expect(**wanted: object) -> Callable[[Path], None]:
    """Return what makes the first scenario expect this of its first turn."""

    def spoil(folder: Path) -> None:
        (scenarios,) = (folder / "scenarios").glob("*.jsonl")
        first, *others = lines(scenarios)
        first["turns"][0]["expect"] |= wanted  # type: ignore[index]
        rewrite(scenarios, [first, *others])

    return spoil


def same_scenario_name(folder: Path) -> None:
    (scenarios,) = (folder / "scenarios").glob("*.jsonl")
    first, second, *others = lines(scenarios)
    rewrite(scenarios, [first, second | {"id": first["id"]}, *others])


def try_no_injection(folder: Path) -> None:
    (scenarios,) = (folder / "scenarios").glob("*.jsonl")
    rewrite(
        scenarios, [row | {"category": "other"} if row["category"] == "injection" else row for row in lines(scenarios)]
    )


def forget_pages(folder: Path) -> None:
    path = folder / "examples" / "origins.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(row | {"pages": row["pages"].replace("descaling", "care")} for row in rows)


def begin_alike(folder: Path) -> None:
    (folder / "topics" / "more.jsonl").write_text(
        "".join(f'{{"text": "tell me about {word}", "on_topic": false}}\n' for word in "abcdefghijklmnopqrstuvwxyz"),
        "utf-8",
    )


def page(old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: change(folder / "handbook" / "descaling.md", old, new)


def facts(old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: change(folder / "facts.toml", old, new)


SPOILT = {
    "front-matter": page("area: care\n", ""),
    "page-length": page(r"## How to descale a Brook", "word " * 900 + "\n\n## How to descale a Brook"),
    "facts": page("about 200 cups", "about 300 cups"),
    "stale-fact": facts(r"\[facts\.descaling\]\n", '[facts.descaling]\nold = "77 cups"\n'),
    "turns": swap_turns,
    "same-id": same_scenario_name,
    "origins": forget_origin,
    "unknown-page": forget_pages,
    "unused-page": forget_pages,
    "untried-risk": try_no_injection,
    "unanswered-code": facts(r"\[facts\.descaling\]\n", '[codes]\nZN-999 = "Lost"\n\n[facts.descaling]\n'),
    "answer-length": answer_with("One. Two. Three. Four. Five. Six. Seven."),
    "invented-menu": answer_with("Tap Settings > Coffee and wait."),
    "invented-product": answer_with("Buy the BrookMini and try again."),
    "unknown-link": answer_with("Look at https://coffee.example/help first."),
    "servile": answer_with("Great question! Press the cup button."),
    "pretended": answer_with("I've sent you a new machine; open the box."),
    "no-next-step": answer_with("That is how these machines are."),
    "reference": expect(facts=[["a spoonful of sugar"]]),
    "repeated-question": say_twice,
    "repeated-answer": answer_all_alike,
    "same-answer-twice": answer_all_alike,
    "same-opening": begin_alike,
    "leakage": leak,
}


@pytest.mark.parametrize(
    ("spoil", "place", "complaint"),
    [
        (page("about 200 cups", "about 300 cups"), "descaling", "300 is in no fact of the page descaling"),
        (answer_with("Wait for 77 minutes."), "round1.jsonl, line 2", "77 minute is in no fact"),
        (expect(facts=[["77 liters"]]), "scenarios.jsonl", "expects what is not so: 77 is in no fact"),
    ],
)
def test_no_page_answer_or_expectation_contradicts_a_fact(
    folder: Path, spoil: Callable[[Path], None], place: str, complaint: str
) -> None:
    spoil(folder)
    found = [problem for problem in problems(read_company(folder)) if problem.rule == "facts"]
    assert any(problem.place.startswith(place) and complaint in problem.text for problem in found)


# ZenNest's folder takes a minute.
FOLDERS = [
    pytest.param(DATA, id="zennest", marks=pytest.mark.slow(seconds=60)),
    pytest.param(OTHER_DATA, id="brightwater"),
]


@pytest.mark.parametrize("data", FOLDERS)
def test_the_folders_that_come_with_the_product_have_no_problem(data: Path) -> None:
    assert problems(read_company(data)) == []


@pytest.mark.parametrize("rule", SPOILT)
def test_a_spoilt_folder_is_found_out_by_the_rule_that_is_there_for_it(folder: Path, rule: str) -> None:
    SPOILT[rule](folder)
    found = problems(read_company(folder))
    assert rule in {problem.rule for problem in found}
    assert all(problem.place and problem.text for problem in found)


def report(*arguments: str) -> Result:
    app = Typer()
    app.command()(main)
    return CliRunner().invoke(app, list(arguments))


def test_the_report_shows_what_there_is_and_ends_well(folder: Path) -> None:
    result = report(str(folder))
    assert result.exit_code == 0
    shown = " ".join(result.output.split())
    for part in (
        "5 pages with",
        "examples by category",
        "topics held out",
        "critical scenarios",
        "Lengths in words",
        "most common openings",
        "words after 1/4",
        "Closest questions of scenarios",
        "Closest answers (",
        "Held-out questions nearest to training",
        "0 problems",
    ):
        assert part in shown


def test_the_report_lists_every_problem_and_ends_badly(folder: Path) -> None:
    answer_with("Great question! Tap Settings > Coffee and wait.")(folder)
    forget_origin(folder)
    result = report(str(folder))
    assert result.exit_code == 1
    assert {"servile", "invented-menu", "origins"} <= set(re.findall(r": ([a-z-]+):", result.output))
    assert re.search(r"^\d+ problems$", result.output, re.MULTILINE)


def test_a_folder_that_cannot_be_read_gets_one_sentence(tmp_path: Path) -> None:
    result = report(str(tmp_path))
    assert result.exit_code == 1
    assert result.output.startswith("There is no handbook page in ")
    assert "Traceback" not in result.output


def test_the_figures_say_what_they_are_called() -> None:
    row = lengths("texts", ["one", "one two three", "one two"])
    assert (row.count, row.least, row.median, row.mean, row.most) == (3, 1, 2, 2, 3)
    asked = [Question("here", text, "") for text in ("My hub is red", "my hub is blue", "the lock", "Red hub")]
    assert openings(asked, 1) == [("my hub is", 0.5)]
    assert vocabulary_growth(asked) == [4, 5, 7, 7]
