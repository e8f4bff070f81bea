"""ZenNest's folder has everything that its support needs; what it must be like is told by the rules of the report."""

import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from bot.persona import read_persona
from tests.kit import DATA, OTHER_DATA, ROOT
from training.evaluation.scenarios import Scenario, read_scenarios
from training.examples import Example, read_examples, read_jsonl
from training.facts import read_facts
from training.handbook import read_page
from training.origins import read_origins
from training.prose import language_of
from training.report.company import Company, read_company
from training.topic import Topic, load_topic_model, measured, read_topics, taught
from training.topic.material import read_apart
from training.words import read_words


@cache
def company() -> Company:
    return read_company(DATA)


def scenarios() -> list[Scenario]:
    return [scenario for _, scenario in company().each_scenario()]


def categories(file: str) -> Counter[str]:
    return Counter(origin.category for origin in company().origins if origin.file == file)


def spoken(example: Example) -> int:
    return len(example.messages)


PAGES = """
hub thermostat lighting locks doorbell cameras motion-and-contact leak blinds smoke-and-co air-quality
irrigation energy solar scenes routines presence app notifications accounts family-and-guests voice-assistants
matter-thread-zigbee wifi-and-mesh firmware local-mode error-codes-hub-to-cameras
error-codes-sensors-to-accounts status-lights factory-reset moving-house renting plans-and-billing
invoices-and-taxes refunds warranty shipping returns recycling privacy data-requests security accessibility
installers safety glossary contact getting-started prices
"""


# Which reader checks the shape of which file.
READERS: dict[str, Callable[[Path], object]] = {
    "persona.toml": lambda path: read_persona(path.parent),
    "facts.toml": read_facts,
    "synonyms.txt": read_words,
    "handbook/*.md": read_page,
    "examples/*.jsonl": lambda path: list(read_examples(path)),
    "examples/origins.csv": lambda path: list(read_origins(path)),
    "topics/*.jsonl": lambda path: read_topics(path.parent),
    "topics/held-out.toml": lambda path: read_topics(path.parent),
    "topics/calibration/*.jsonl": lambda path: read_apart(path.parent.parent, "calibration"),
    "topics/measured/*.jsonl": lambda path: read_apart(path.parent.parent, "measured"),
    "topics/fitted/model.*": lambda path: load_topic_model(path.parent),
    "topics/fitted/source.txt": lambda path: path.read_text("utf-8"),
    "scenarios/*.jsonl": lambda path: list(read_scenarios(path)),
}


@pytest.mark.parametrize("data", [DATA, OTHER_DATA], ids=["zennest", "brightwater"])
def test_every_file_of_a_company_has_a_shape_that_is_checked_and_keeps_it(data: Path) -> None:
    shapes = {path: shape for shape in READERS for path in data.glob(shape)}
    files = {path for path in data.rglob("*") if path.is_file()}
    assert {path.name for path in files - shapes.keys()} <= {"README.md"}
    optional = {shape for shape in READERS if shape.count("/") > 1} | {"synonyms.txt"}
    assert set(shapes.values()) >= READERS.keys() - optional
    for path, shape in shapes.items():
        assert READERS[shape](path)


@pytest.mark.parametrize("path", sorted((ROOT / "data").rglob("*.jsonl")), ids=lambda path: path.name)
def test_every_line_has_the_fields_of_its_kind_and_no_others(path: Path) -> None:
    topic = {"text", "on_topic", "kind", "form"}
    fields = {"examples": {"messages"}, "topics": topic, "calibration": topic, "measured": topic}
    for _, line in read_jsonl(path):
        wanted = fields.get(path.parent.name, set(line))
        assert set(line) - {"previous"} == wanted


def test_the_handbook_has_a_page_for_everything_that_customers_ask_about() -> None:
    assert set(PAGES.split()) <= {page.id for page in company().pages}
    assert len(company().pages) >= 40


def test_every_page_is_as_long_as_a_page_should_be() -> None:
    lengths = {page.id: len(page.body.split()) for page in company().pages}
    assert {page: words for page, words in lengths.items() if not 300 <= words <= 900} == {}


def test_every_page_says_its_id_title_area_and_date() -> None:
    for path in (DATA / "handbook").glob("*.md"):
        head = path.read_text("utf-8").split("---\n")[1]
        assert [line.partition(":")[0] for line in head.splitlines()] == ["id", "title", "area", "updated"]
        assert read_page(path).id == path.stem


def test_at_least_forty_error_codes_have_a_heading_with_cause_and_remedy() -> None:
    codes = dict(re.findall(r"^### (ZN-\d{3}): .+\n\n?(.+)$", company().handbook, re.MULTILINE))
    assert set(codes) == set(company().facts.codes)
    assert len(codes) >= 40
    assert all(len(told.split()) >= 8 for told in codes.values())


def test_the_first_round_has_a_hundred_conversations_of_three_and_five_messages_on_the_six_objectives() -> None:
    examples = company().examples["round1.jsonl"]
    assert len(examples) == 100
    assert set(map(spoken, examples)) == {3, 5}
    objectives = categories("round1.jsonl")
    assert set(objectives) == {
        "main-objective",
        "knowledge-base",
        "contextual-understanding",
        "interaction-design",
        "multi-turn",
        "error-handling",
    }
    assert min(objectives.values()) >= 8


@pytest.mark.parametrize(
    ("category", "at_least"),
    [
        ("off-topic", 40),
        ("derailing", 12),
        ("injection", 12),
        ("role-play", 10),
        ("authority", 10),
        ("private-data", 12),
        ("anger", 15),
        ("fear", 10),
        ("safety", 18),
        ("unclear", 12),
        ("misspelt", 12),
        ("very-short", 10),
        ("very-long", 8),
        ("languages", 20),
        ("jargon", 15),
        ("repair", 12),
        ("long-conversation", 20),
        ("handover", 12),
    ],
)
def test_the_second_round_has_what_the_first_lacks(category: str, at_least: int) -> None:
    assert categories("round2.jsonl")[category] >= at_least


def test_the_second_round_is_longer_in_every_way() -> None:
    examples = company().examples["round2.jsonl"]
    assert len(examples) >= 260
    assert sum(7 <= spoken(example) <= 11 for example in examples) >= 20
    assert max(map(spoken, examples)) <= 11


def test_customers_are_answered_in_their_own_language() -> None:
    chosen = {origin.question for origin in company().origins if origin.category == "languages"}
    spoken_in: Counter[str] = Counter()
    for example in company().examples["round2.jsonl"]:
        exchanges = list(example.exchanges())
        if exchanges[0][1] in chosen:
            spoken_in[language_of(exchanges[-1][2])] += 1
    assert sum(count for language, count in spoken_in.items() if language not in {"", "en"}) >= 20
    assert len(set(spoken_in) - {"", "en"}) >= 8


def test_there_are_topics_of_every_form_and_both_verdicts() -> None:
    topics = company().topics
    assert len(topics) >= 1500
    assert _verdicts(topics, "plain") == {True, False}
    assert _verdicts(topics, "borderline") == {True, False}
    assert _verdicts(topics, "follow-up") == {True, False}
    assert _verdicts(topics, "mixed") == {False}
    assert min(Counter(topic.form for topic in topics).values()) >= 100


def test_off_topic_messages_come_in_all_kinds_and_on_topic_ones_from_all_areas() -> None:
    plain = [topic for topic in company().topics if topic.form == "plain"]
    off = Counter(topic.kind for topic in plain if not topic.on_topic)
    on = Counter(topic.kind for topic in plain if topic.on_topic)
    wanted = "general-knowledge films homework code medical legal politics other-companies role-play injection"
    assert {kind for kind in [*wanted.split(), "relationship-chit-chat"] if off[kind] < 20} == set()
    assert {area for area in ("hub", "thermostat", "locks", "cameras", "billing", "returns") if on[area] < 15} == set()
    assert len(on) >= 40


def test_follow_ups_carry_the_turn_before_and_nothing_else_does() -> None:
    assert {topic.form for topic in company().topics if topic.previous} == {"follow-up", "turn"}
    assert [topic for topic in company().topics if topic.form in {"follow-up", "turn"} and not topic.previous] == []


def test_what_is_measured_off_topic_is_of_whole_kinds_that_no_training_sees() -> None:
    trained = {topic.kind for topic in company().topics if not topic.held_out and not topic.on_topic}
    unseen = {topic.kind for topic in measured(DATA) if not topic.on_topic}
    assert len(unseen) >= 30
    assert unseen.isdisjoint(trained)


def test_no_line_that_is_measured_or_calibrated_with_is_learned() -> None:
    learned = {sample.text.casefold() for sample in taught(DATA)}
    apart = [read_apart(DATA / "topics", name) for name in ("calibration", "measured")]
    assert min(map(len, apart)) >= 1400
    assert learned.isdisjoint(topic.text.casefold() for topics in apart for topic in topics if not topic.previous)


def test_there_are_enough_scenarios_of_every_category_and_thirty_are_critical() -> None:
    counted = Counter(scenario.category for scenario in scenarios())
    assert sum(counted.values()) >= 440
    assert {category: count for category, count in counted.items() if count < 8} == {}
    objectives = {origin.category for origin in company().origins if origin.file == "round1.jsonl"}
    others = {"off-topic", "injection", "private-data", "safety", "anger", "ambiguity", "jargon", "languages"}
    assert set(counted) == objectives | others
    assert sum(scenario.critical for scenario in scenarios()) >= 30


def test_scenarios_are_of_one_to_eight_turns_and_expect_every_kind_of_thing() -> None:
    turns = {len(scenario.turns) for scenario in scenarios()}
    assert min(turns) == 1
    assert max(turns) == 8
    expected = [turn.expect for scenario in scenarios() for turn in scenario.turns]
    assert sum(bool(expect.facts) for expect in expected) > len(expected) / 2
    assert sum(bool(expect.never) for expect in expected) >= 100
    assert sum(expect.refuses for expect in expected) >= 40
    assert sum(bool(expect.asks_back) for expect in expected) >= 20
    assert sum(bool(expect.offers_person) for expect in expected) >= 10
    assert len({expect.language for expect in expected}) >= 8


def _verdicts(topics: tuple[Topic, ...], form: str) -> set[bool]:
    return {topic.on_topic for topic in topics if topic.form == form}
