"""A company's folder, read whole, with what its rules look at made easy to reach."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from training.evaluation.scenarios import Scenario, read_scenarios
from training.examples import Example, read_examples
from training.facts import Facts, read_facts
from training.handbook import Page, read_pages
from training.origins import Origin, read_origins
from training.topic import Topic, read_topics

# A later message of no more words and characters means nothing without the one before it.
_FRAGMENT_WORDS, _FRAGMENT_LENGTH = 3, 24


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
    scenarios: dict[str, tuple[Scenario, ...]]

    @cached_property
    def handbook(self) -> str:
        """All pages, one after another."""
        return "\n".join(page.body for page in self.pages)

    @cached_property
    def origin_of(self) -> dict[tuple[str, str], Origin]:
        """The origin of each example, by its file and its first question."""
        return {(origin.file, origin.question): origin for origin in self.origins}

    @cached_property
    def questions(self) -> dict[str, list[Question]]:
        """The customers' messages of each file of examples, those of all scenarios, and those of all topics."""
        asked = {
            file: [question for number, example in enumerate(examples, 1) for question in _asked(file, number, example)]
            for file, examples in self.examples.items()
        }
        asked["scenarios"] = [
            question
            for file, scenarios in self.scenarios.items()
            for scenario in scenarios
            for question in _tried(file, scenario)
        ]
        asked["topics"] = [
            Question(f"topics, {topic.form} {topic.kind}", topic.text, topic.previous) for topic in self.topics
        ]
        return asked

    @cached_property
    def training_questions(self) -> list[Question]:
        """What a model is trained on: the questions of the examples and the topics that are not held out."""
        examples = [question for file in self.examples for question in self.questions[file]]
        topics = zip(self.topics, self.questions["topics"], strict=True)
        return [*examples, *(question for topic, question in topics if not topic.held_out)]

    @cached_property
    def held_out_questions(self) -> list[Question]:
        """What no training may have seen: the questions of the scenarios and the topics that are held out."""
        topics = zip(self.topics, self.questions["topics"], strict=True)
        return [*self.questions["scenarios"], *(question for topic, question in topics if topic.held_out)]

    @cached_property
    def answers(self) -> list[Answer]:
        """Every answer of the examples, and every reference of the scenarios."""
        examples = (
            answer
            for file, examples in self.examples.items()
            for number, example in enumerate(examples, 1)
            for answer in self._said(file, number, example)
        )
        scenarios = (
            answer
            for file, scenarios in self.scenarios.items()
            for one in scenarios
            for answer in _references(file, one)
        )
        return [*examples, *scenarios]

    def _said(self, file: str, number: int, example: Example) -> Iterator[Answer]:
        told: list[str] = []
        for message in example.messages:
            if message.role == "user":
                told.append(message.content)
            elif message.role == "assistant":
                origin = self.origin_of.get((file, told[0])) if told else None
                pages, category, more = (origin.pages, origin.category, origin.worked_out) if origin else ((), "", ())
                yield Answer(
                    f"{file}, line {number}", message.content, "\n".join([*told, *more]), pages, category, taught=True
                )


def _asked(file: str, number: int, example: Example) -> Iterator[Question]:
    users = ["", *(message.content for message in example.messages if message.role == "user")]
    for before, text in itertools.pairwise(users):
        yield Question(f"{file}, line {number}", text, before)


def _tried(file: str, scenario: Scenario) -> Iterator[Question]:
    for before, text in itertools.pairwise(["", *(turn.user for turn in scenario.turns)]):
        yield Question(f"{file}, {scenario.id}", text, before)


def _references(file: str, scenario: Scenario) -> Iterator[Answer]:
    told = list(scenario.worked_out)
    for number, turn in enumerate(scenario.turns, 1):
        told.append(turn.user)
        place = f"{file}, {scenario.id}, turn {number}"
        yield Answer(place, turn.reference, "\n".join(told), tuple(scenario.pages), scenario.category, taught=False)


def read_company(folder: Path) -> Company:
    """Read a company's folder; raises DataError naming the file and the line that is not as it should be."""
    return Company(
        pages=tuple(read_pages(folder / "handbook")),
        facts=read_facts(folder / "facts.toml"),
        examples={path.name: tuple(read_examples(path)) for path in sorted((folder / "examples").glob("*.jsonl"))},
        origins=tuple(read_origins(folder / "examples" / "origins.csv")),
        topics=tuple(read_topics(folder / "topics")),
        scenarios={path.name: tuple(read_scenarios(path)) for path in sorted((folder / "scenarios").glob("*.jsonl"))},
    )
