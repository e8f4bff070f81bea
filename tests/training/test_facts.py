"""A number that is in no fact is found."""

from pathlib import Path

import pytest

from training.examples import DataError
from training.facts import Facts, contradictions, read_facts

TABLE = """
brand = "Zen"
contacts = ["help@zen.example"]

[everywhere]
phone = "1-800-555-0142"
plan = "$6.99 a month"

[products]
"ZenLock Pro" = { model = "ZN-K500", price = "$229" }
"ZenLock Lite" = { model = "ZN-K300", price = "$149" }

[codes]
ZN-301 = "Lock battery low"

[facts.locks]
uses = ["hub"]
codes = "100 codes of 4 to 8 digits"
pause = "3 minutes"
rating = "IP65"

[facts.hub]
restart = "10 seconds"
"""


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    (tmp_path / "facts.toml").write_text(TABLE, "utf-8")
    return read_facts(tmp_path / "facts.toml")


@pytest.mark.parametrize(
    "text",
    [
        "It stores 100 codes and pauses for three minutes.",
        "Hold it for 10 seconds.",
        "Call 1-800-555-0142; ZN-301 means low batteries.",
        "ZenLock Pro (ZN-K500) costs $229, rated IP65.",
        "The plan is $6.99, the ZenLock Lite $149.",
    ],
)
def test_what_the_facts_hold_is_no_contradiction(facts: Facts, text: str) -> None:
    assert list(contradictions(facts, text, ["locks"])) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("It stores 250 codes.", "250 is in no fact of the page locks"),
        ("It pauses for 3 hours.", "3 hour is in no fact"),
        ("Code ZN-399 means low batteries.", "ZN-399 is no model or code"),
        ("Order the ZN-K900.", "ZN-K900 is no model or code"),
        ("It is rated IP67.", "IP67 is in no fact"),
        ("ZenLock Pro costs $149.", "ZenLock Pro does not cost $149"),
        ("ZenLock Lite costs $99.", r"\$99 is in no fact"),
    ],
)
def test_what_no_fact_holds_is_told(facts: Facts, text: str, complaint: str) -> None:
    (problem,) = contradictions(facts, text, ["locks"])
    assert problem.startswith(complaint.replace("\\", ""))


def test_a_fact_holds_on_its_own_page_and_on_those_that_use_it(facts: Facts) -> None:
    assert list(contradictions(facts, "Wait for 3 minutes.", ["hub"])) == ["3 minute is in no fact of the page hub"]
    assert list(contradictions(facts, "Wait for 10 seconds.", [])) == [
        "10 second is in no fact of any page, since none is named"
    ]


def test_what_the_customer_said_may_be_repeated(facts: Facts) -> None:
    assert list(contradictions(facts, "Seven ft is too far; 7 ft it is.", ["locks"], "it is 7 feet away")) == []


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("x = ", "cannot be read"),
        ("products = 3", "'products' is not a table"),
        ('[products]\n"A" = { cost = "$1" }', "unknown entry 'cost'"),
        ('contacts = "help@zen.example"', "contacts is not a list"),
        ('[facts.hub]\nuses = "locks"', "uses under .facts.hub. is not a list"),
        ("[facts.hub]\nrestart = 10", "'restart' under .facts.hub. is not a text"),
    ],
)
def test_a_wrong_table_is_refused_by_name(tmp_path: Path, table: str, complaint: str) -> None:
    (tmp_path / "facts.toml").write_text(table, "utf-8")
    with pytest.raises(DataError, match=complaint):
        read_facts(tmp_path / "facts.toml")


def test_a_missing_table_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"facts\.toml cannot be read"):
        read_facts(tmp_path / "facts.toml")


def test_what_is_written_like_a_label_is_no_number(facts: Facts) -> None:
    assert facts.quantities("ZN-301 on the ZN-K500, or ZN-399 on zn-k501") == []
    assert facts.labels_in("zn-301 on the ZN-K501") == {"ZN-301", "ZN-K501"}


def test_a_company_without_models_and_codes_has_no_labels(tmp_path: Path) -> None:
    (tmp_path / "facts.toml").write_text('[facts.care]\ncups = "200 cups"', "utf-8")
    facts = read_facts(tmp_path / "facts.toml")
    assert facts.labels_in("BE-1 and ZN-301") == set()
    assert list(contradictions(facts, "After 200 cups.", ["care"])) == []
