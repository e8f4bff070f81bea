"""The example in docs/example-report: `python -m tests.example_report` makes it anew.

The embedded model, first with the handbook alone, then tuned on one and on two rounds of examples, answers every
scenario of data/. All of it is computed here, by the code that the product runs; only what differs from machine to
machine is left out: how long an answer took, when, and the ids that a registry makes up.
"""

import asyncio
import math
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.admin.rehearsal import UNTRAINED
from bot.conversation import PastTurn
from bot.evaluation import open_rehearsal
from bot.guard import Guard, Subject
from bot.settings import Settings
from tests.kit import DATA, ROOT
from training import intake
from training.assembly import provider_for
from training.datasets import Dataset
from training.evaluation.comparison import Comparison, compared
from training.evaluation.reports import write_reports
from training.evaluation.scorecard import Scorecard, Trial
from training.providers import Order
from training.registry import Plan, Registry, Tuned, open_registry
from training.runs.workbench import folder_of
from training.topic import TopicModel

FOLDER = ROOT / "docs" / "example-report"
ROUNDS = {"round 1": ("round1.jsonl",), "round 2": ("round1.jsonl", "round2.jsonl")}
WHO = "example"


class Remembering:
    """Judges each thing once: three models are asked the same questions, and say many of the same sentences."""

    def __init__(self, guard: Guard) -> None:
        self.watches = guard.watches
        self._guard = guard
        self._subjects: dict[tuple[str, str, bool], Subject] = {}
        self._drifts: dict[str, bool] = {}

    async def subject(self, question: str, before: PastTurn | None) -> Subject:
        """Return whether the question is about the product."""
        key = question, before.question if before else "", bool(before and before.on_topic)
        if key not in self._subjects:
            self._subjects[key] = await self._guard.subject(question, before)
        return self._subjects[key]

    def drifts(self, sentence: str) -> bool:
        """Whether a sentence of an answer is off the subject."""
        if sentence not in self._drifts:
            self._drifts[sentence] = self._guard.drifts(sentence)
        return self._drifts[sentence]

    def by(self, topic: TopicModel | None) -> "Remembering":
        """Return itself: no model here has a discriminator of its own."""
        assert topic is None, "the example's models are registered without"
        return self


def main() -> None:
    """Write the example."""
    began = time.monotonic()
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    with TemporaryDirectory() as home:
        comparison = asyncio.run(worked_out(Path(home)))
    for path in write_reports(comparison, folder, answers=False):
        print(path)  # noqa: T201 - what a command line is for
    print(f"in {time.monotonic() - began:.0f} s")  # noqa: T201 - likewise


async def worked_out(home: Path, data: Path = DATA) -> Comparison:
    """Return what the three models make of the scenarios, the same on every machine."""
    settings = Settings(_env_file=None, sarah_home=home, sarah_data=data, sarah_model="")  # pyright: ignore[reportCallIssue] - pydantic-settings has it
    with open_registry(home) as registry:
        models = {UNTRAINED: UNTRAINED, **{name: _tuned(settings, registry, name) for name in ROUNDS}}
    async with open_rehearsal(settings, Remembering) as rehearsal:
        cards = await rehearsal.cards(list(models.values()))
    return compared([_lasting(card, label) for label, card in zip(models, cards, strict=True)])


def _tuned(settings: Settings, registry: Registry, name: str) -> str:
    """Tune the embedded model on the rounds up to this one, and return the id of what was registered."""
    file = settings.sarah_home / f"{name.replace(' ', '')}.jsonl"
    file.write_bytes(b"".join((settings.sarah_data / "examples" / one).read_bytes() for one in ROUNDS[name]))
    with intake.taken_in(settings, registry, intake.Request(file), WHO) as taken:
        dataset = taken.dataset
    assert dataset, "the rounds are without fault: data/README.md says so"
    plan = Plan(dataset.id, "embedded", "embedded")
    run = registry.start_run(plan, WHO, time.time()).id
    _learnt(settings, registry, plan, run, dataset)
    folder = str(folder_of(settings.sarah_home, run).relative_to(settings.sarah_home))
    return registry.register(Tuned(run, folder=folder), WHO, time.time()).id


def _learnt(settings: Settings, registry: Registry, plan: Plan, run: str, dataset: Dataset) -> None:
    provider = provider_for(settings)(plan)
    order = Order(run, plan.base, dataset.train_file, dataset.validation_file, folder_of(settings.sarah_home, run))
    job = provider.create(order, provider.upload(order))
    registry.add_metrics(run, provider.progress(job).metrics)


def _lasting(card: Scorecard, label: str) -> Scorecard:
    """Return a scorecard without what no other machine would find: times, and the id that its registry made up."""
    results = tuple(replace(result, trials=tuple(map(_untimed, result.trials))) for result in card.results)
    return replace(card, model=label, label=label, at=0.0, setup="", results=results)


def _untimed(trial: Trial) -> Trial:
    return replace(trial, answers=tuple(replace(given, latency_ms=math.nan) for given in trial.answers))


if __name__ == "__main__":
    main()
