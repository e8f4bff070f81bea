"""A company's folder, read whole, with what its rules look at made easy to reach."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from training.evaluation.scenarios import Scenario, read_scenarios
from training.examples import Example, read_examples
from training.facts import Facts, read_facts
from training.handbook import Page, read_pages
from training.origins import Origin, read_origins
from training.topic import Topic, read_topics
from training.topic.material import CALIBRATION, MEASURED, read_apart

# A later message of no more words and characters means nothing without the one before it.
_FRAGMENT_WORDS, _FRAGMENT_LENGTH = 3, 24
# A way through menus, as a page shows it.
_MENU = re.compile(r"\*\*([^*\n]*?>[^*\n]*?)\*\*")


@dataclass(frozen=True, slots=True)
class Question:
    """A customer's message, the one before it or "", and where it stands."""

    place: str
    text: str
    before: str

    @property
    def fragment(self) -> bool:
        """Whether it means nothing without the message before."""
        short = len(self.text.split()) <= _FRAGMENT_WORDS and len(self.text) <= _FRAGMENT_LENGTH
        return bool(self.before) and short

    @property
    def compared(self) -> str:
        """The message; a fragment together with the message that gives it its meaning."""
        return f"{self.before} \u2026 {self.text}" if self.fragment else self.text


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: where it stands, what the customer had said by then, what it rests on, and whether it is taught."""

    place: str
    text: str
    told: str
    pages: tuple[str, ...]
    category: str
    taught: bool

    @property
    def compared(self) -> str:
        """The answer as it is."""
        return self.text


@dataclass(frozen=True)
class Company:
    """Everything in a company's folder but its persona."""

    pages: tuple[Page, ...]
    facts: Facts
    examples: dict[str, tuple[Example, ...]]
    origins: tuple[Origin, ...]
    topics: tuple[Topic, ...]
    calibration: tuple[Topic, ...]
    """Messages by which the guard's threshold is set."""
    measured: tuple[Topic, ...]
    """Messages with which the guard is measured."""
    scenarios: dict[str, tuple[Scenario, ...]]

    @cached_property
    def handbook(self) -> str:
        """All pages, one after another."""
        return "\n".join(page.body for page in self.pages)

    @cached_property
    def menu_steps(self) -> frozenset[tuple[str, str]]:
        """Each menu that the handbook shows, with what is tapped in it: `**Settings > People**` is one step."""
        ways = ([part.strip() for part in way.split(">")] for way in _MENU.findall(self.handbook))
        return frozenset(step for way in ways for step in itertools.pairwise(way))

    @cached_property
    def coined_words(self) -> frozenset[str]:
        """The names that begin with the brand, as `ZenHub` does, of which the handbook speaks."""
        return self.coined_words_of(self.handbook)

    def coined_words_of(self, text: str) -> frozenset[str]:
        """Return the names in a text that begin with the brand; none where the company has no such brand."""
        brand = re.escape(self.facts.brand)
        return frozenset(re.findall(rf"\b{brand}[A-Z]\w+", text) if brand else ())

    def each_example(self) -> Iterator[tuple[str, Example, Origin | None]]:
        """Yield every example with its place and its origin, if it has one."""
        origins = {(origin.file, origin.question): origin for origin in self.origins}
        for file, examples in self.examples.items():
            for number, example in enumerate(examples, 1):
                yield _line(file, number), example, origins.get((file, example.first_question))

    def each_scenario(self) -> Iterator[tuple[str, Scenario]]:
        """Yield every scenario with its place."""
        for file, scenarios in self.scenarios.items():
            for scenario in scenarios:
                yield f"{file}, {scenario.id}", scenario

    @cached_property
    def questions(self) -> dict[str, list[Question]]:
        """The customers' messages of each file of examples, of all scenarios, and of the topics by their use."""
        asked = {
            file: [
                question
                for number, example in enumerate(examples, 1)
                for question in _in_turn(_line(file, number), example.questions)
            ]
            for file, examples in self.examples.items()
        }
        asked["scenarios"] = [
            question
            for place, scenario in self.each_scenario()
            for question in _in_turn(place, [turn.user for turn in scenario.turns])
        ]
        for name, topics in (("topics", self.topics), (CALIBRATION, self.calibration), (MEASURED, self.measured)):
            asked[name] = [
                Question(f"{name}, {topic.form} {topic.kind}", topic.text, topic.previous) for topic in topics
            ]
        return asked

    @cached_property
    def training_questions(self) -> list[Question]:
        """What a model is trained on: the questions of the examples and the topics that are not held out."""
        examples = [question for file in self.examples for question in self.questions[file]]
        return [*examples, *self._topics(held_out=False)]

    @cached_property
    def held_out_questions(self) -> list[Question]:
        """What no training may have seen: the questions of the scenarios, and the topics that are not learned from."""
        apart = [*self.questions[CALIBRATION], *self.questions[MEASURED]]
        return [*self.questions["scenarios"], *self._topics(held_out=True), *apart]

    def _topics(self, *, held_out: bool) -> Iterator[Question]:
        for topic, question in zip(self.topics, self.questions["topics"], strict=True):
            if topic.held_out == held_out:
                yield question

    @cached_property
    def answers(self) -> list[Answer]:
        """Every answer of the examples, and every reference of the scenarios."""
        given = (answer for place, example, origin in self.each_example() for answer in _given(place, example, origin))
        references = (answer for place, scenario in self.each_scenario() for answer in _references(place, scenario))
        return [*given, *references]


def _line(file: str, number: int) -> str:
    return f"{file}, line {number}"


def _in_turn(place: str, questions: Sequence[str]) -> Iterator[Question]:
    """Yield the messages of one conversation, each with the one before it."""
    for before, text in itertools.pairwise(["", *questions]):
        yield Question(place, text, before)


def _given(place: str, example: Example, origin: Origin | None) -> Iterator[Answer]:
    """Yield the answers of an example."""
    pages, category, worked_out = (origin.pages, origin.category, origin.worked_out) if origin else ((), "", ())
    told = list(worked_out)
    for message in example.messages:
        if message.role == "user":
            told.append(message.content)
        elif message.role == "assistant":
            yield Answer(place, message.content, "\n".join(told), pages, category, taught=True)


def _references(place: str, scenario: Scenario) -> Iterator[Answer]:
    """Yield the reference of each turn of a scenario."""
    told = list(scenario.worked_out)
    for number, turn in enumerate(scenario.turns, 1):
        told.append(turn.user)
        where, pages = f"{place}, turn {number}", tuple(scenario.pages)
        yield Answer(where, turn.reference, "\n".join(told), pages, scenario.category, taught=False)


def read_company(folder: Path) -> Company:
    """Read a company's folder; raises DataError naming the file and the line that is not as it should be."""
    return Company(
        pages=tuple(read_pages(folder / "handbook")),
        facts=read_facts(folder / "facts.toml"),
        examples={path.name: tuple(read_examples(path)) for path in sorted((folder / "examples").glob("*.jsonl"))},
        origins=tuple(read_origins(folder / "examples" / "origins.csv")),
        topics=tuple(read_topics(folder / "topics")),
        calibration=tuple(read_apart(folder / "topics", CALIBRATION)),
        measured=tuple(read_apart(folder / "topics", MEASURED)),
        scenarios={path.name: tuple(read_scenarios(path)) for path in sorted((folder / "scenarios").glob("*.jsonl"))},
    )
