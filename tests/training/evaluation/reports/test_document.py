"""A comparison as a Markdown document."""

from markdown_it import MarkdownIt

from tests.training.evaluation.reports.kit import ATTACK, card, comparison, result, signs, trial
from training.evaluation.comparison import compared
from training.evaluation.reports import as_markdown


def sections(told: str) -> dict[str, str]:
    parts = told.split("\n## ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in parts}


def test_every_scenario_that_only_one_passes_is_named() -> None:
    parts = sections(as_markdown(comparison("+P--", "+F+-", categories=("locks", "air"))))
    assert parts["Only base passes, and one does not: 1"] == "- s-1 (air, critical)"
    assert parts["Only one passes, and base does not: 1"] == "- s-2 (locks)"
    assert parts["Critical scenarios that base fails: 0"] == "None."
    assert parts["Critical scenarios that one fails: 1"] == "- s-1 (air, critical)"


def test_the_difference_of_the_scores_stands_beside_the_verdict_with_its_interval() -> None:
    told = as_markdown(comparison("+-" * 40, "+" * 80))
    assert "Its score differs by +12.5 points (95% interval +" in told
    assert "paired bootstrap)." in told


def test_models_and_categories_stand_in_tables() -> None:
    told = as_markdown(comparison("+-" * 40, "+" * 80, "-+" * 40, categories=("locks", "air")))
    assert told.startswith("# one and two against base\n\n**one** is better than **base**, ")
    parts = sections(told)
    assert "| base | 50.0% | 39.3% to 60.7% | 87.5% | 0 of 0 |" in parts["Models, on 80 scenarios"]
    assert parts["Categories"].splitlines() == [
        "| category | of | base | one | two |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| air | 40 | 0.0% (0% to 9%) | 100.0% (91% to 100%) **better** | 100.0% (91% to 100%) **better** |",
        "| locks | 40 | 100.0% (91% to 100%) | 100.0% (91% to 100%) | 0.0% (0% to 9%) **worse** |",
    ]


def test_unknown_figures_are_called_unknown() -> None:
    told = as_markdown(compared([card("m", [result("s", trial("a", cost=None))])]))
    assert "| m | 100 ms | 100 ms | 10 | 5 | unknown |" in told


def test_names_act_on_nothing() -> None:
    name = f"# a | b {ATTACK} [l](http://evil.example)"
    told = as_markdown(compared([card(name, signs("F", (name,))), card("plain", signs("P", (name,)))]))
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(told)
    assert not any(tag in html for tag in ("<script", "<img", "<a ", "</style"))
    assert html.count("<table>") == 3
    assert "| b" in html
