"""What a judge says stands in every report, apart from what the graders decide, and nowhere without verdicts."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from tests.training.evaluation.reports.kit import ATTACK, card, comparison, result, trial
from training.evaluation.comparison import Comparison, compared
from training.evaluation.reports import as_html, as_json, as_markdown, as_message, as_rich
from training.evaluation.reports.judging import TITLE
from training.evaluation.trials import JudgedBy

WISE = JudgedBy("wise-1", "http://127.0.0.1:9/v1")
# What the judge says of a trial, and whether the graders let it pass.
PAIRS = {"base": ["++", "+-", "--", "++", "?+"], "one": ["-+", "++", "--", "--", "?-"]}


def judged(judge: JudgedBy | None = WISE) -> Comparison:
    """Return two models with a trial for each pair; of the last no verdict came."""
    verdicts = {"+": True, "-": False, "?": None}
    cards = [
        card(
            name,
            [
                result(f"s-{at}", trial("a", failures=() if graded == "+" else ("turn 1: x",), judged=verdicts[said]))
                for at, (said, graded) in enumerate(pairs)
            ],
        )
        for name, pairs in PAIRS.items()
    ]
    return compared([replace(one, judge=judge) for one in cards])


def plain(judge: JudgedBy | None = None) -> Comparison:
    """Return two models of which nobody judged any answer."""
    made = comparison("+-", "++")
    return replace(made, cards=tuple(replace(one, judge=judge) for one in made.cards))


def terminal(made: Comparison) -> str:
    """Return what a terminal shows."""
    file = io.StringIO()
    Console(file=file, width=100).print(as_rich(made))
    return file.getvalue()


def test_programs_are_told_who_judged_and_how_far_that_agrees() -> None:
    told = json.loads(as_json(judged()))["judge"]
    assert told["by"] == [{"model": "wise-1", "url": "http://127.0.0.1:9/v1"}]
    counts = {"both": 3, "judge_only": 1, "graders_only": 1, "neither": 3}
    assert {name: told[name] for name in counts} == counts
    assert (told["trials"], told["agree"], told["kappa"]) == (8, 6, pytest.approx(0.5))
    assert [(each["label"], each["trials"], each["agree"]) for each in told["models"]] == [
        ("base", 4, 3),
        ("one", 4, 3),
    ]


def test_a_terminal_shows_a_table_of_its_own() -> None:
    told = terminal(judged())
    assert max(map(len, told.splitlines())) <= 100
    before, apart = told.split(TITLE)
    assert "judge" not in before
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in apart.splitlines() if "│" in line]
    assert rows == [
        ["base", "3 of 4", "3 of 4", "0.50", "1", "0"],
        ["one", "1 of 4", "3 of 4", "0.50", "0", "1"],
        ["all", "4 of 8", "6 of 8", "0.50", "1", "1"],
    ]
    assert "The judge wise-1 and the graders agree on 6 of 8 trials (kappa 0.50)" in " ".join(apart.split())


def test_a_document_has_a_section_of_its_own() -> None:
    sections = as_markdown(judged()).split("\n## ")
    [apart] = [section for section in sections if section.startswith(TITLE)]
    assert "| all | 4 of 8 | 6 of 8 | 0.50 | 1 | 1 |" in apart
    assert "The judge wise-1 and the graders agree on 6 of 8 trials (kappa 0.50); only the judge passes 1" in apart
    assert "(Cohen 1960)" in apart
    assert not any("judge pass" in section for section in sections if section is not apart)


def test_a_page_has_a_section_of_its_own() -> None:
    page = as_html(judged())
    apart = page.split(f"<h2>{TITLE}</h2>")[1].split("</header>")[0]
    assert "<p class=judge>The judge wise-1 and the graders agree on 6 of 8 trials (kappa 0.50)" in apart
    assert "<th scope=row>all</th><td>4 of 8</td><td>6 of 8</td><td>0.50</td><td>1</td><td>1</td>" in apart


def test_a_message_has_a_line() -> None:
    lines = as_message(judged()).splitlines()
    assert (
        "The judge **wise-1** and the graders agree on 6 of 8 trials (kappa 0.50); only the judge passes 1, only the "
        "graders 1. It decides nothing."
    ) in lines


def test_a_judge_of_which_nobody_knows_the_name_is_the_judge() -> None:
    assert "\nThe judge and the graders agree on 6 of 8 trials" in as_markdown(judged(None))


def test_where_neither_told_trials_apart_kappa_is_unknown() -> None:
    alike = [result("s", trial("a", judged=True))]
    assert "(kappa unknown)" in as_message(compared([card("m", alike)]))
    assert json.loads(as_json(compared([card("m", alike)])))["judge"]["kappa"] is None


@pytest.mark.parametrize("judge", [None, WISE])
def test_nothing_is_said_of_a_judge_without_verdicts(judge: JudgedBy | None) -> None:
    made = plain(judge)
    assert "judge" not in json.loads(as_json(made))
    assert "judge" not in terminal(made)
    assert "judge" not in as_message(made)
    for page in (as_markdown(made), as_html(made)):
        assert TITLE not in page
        assert "wise-1" not in page


def test_a_judges_name_acts_on_nothing() -> None:
    made = judged(JudgedBy(ATTACK, ""))
    assert "<script>owned" not in as_html(made)
    assert "<script>" not in as_markdown(made)
    assert "\u202e" not in terminal(made)
