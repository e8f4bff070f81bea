"""What comes before a run: everything must be there, its cost is told, and somebody agrees."""

import sys
from dataclasses import replace

import typer

from training.assembly import estimated, provider_for
from training.cli import shell
from training.cli.recording import record
from training.cli.showing import print_estimates
from training.datasets import Dataset, Datasets
from training.entries import Entry
from training.examples import read_jsonl
from training.providers import ProviderError
from training.registry import Plan, Registry
from training.settings import TrainingSettings
from training.spending import objection


def considered(settings: TrainingSettings, registry: Registry, plan: Plan, *, asking: bool, json: bool) -> Plan:
    """Return a plan whose dataset and base are there, which somebody has agreed to."""
    kept = Datasets(settings.sarah_home / "datasets").get(plan.dataset)
    _refuse_other_kind(plan, kept)
    record(registry, kept, shell.author(settings))
    plan = replace(plan, dataset=kept.id, base=_base(registry, plan))
    # Refused now rather than in the background, where there is nobody to put a key in.
    provider_for(settings)(plan)
    estimate = estimated(plan, kept)
    if not json:
        out = shell.out()
        sides = f"{shell.number(kept.train, 'example')} to learn from, {kept.validation:,} to validate with"
        out.print(f"{kept.id} ({kept.name}): {sides}.")
        print_estimates(out, [estimate], kept.vocabulary)
    # The run keeps to the limit by itself; nobody is asked about what it would refuse.
    if asking and (against := objection(plan, estimate.cost_usd)):
        shell.refuse(against)
    if asking and not _agreed(estimate.cost_usd):
        shell.refuse("Nothing was started: answer y, or give --yes where nobody can be asked.")
    return plan


def _refuse_other_kind(plan: Plan, kept: Dataset) -> None:
    """Refuse to learn from conversations as if they were preferences, or the other way; a dataset has one kind."""
    first = next((value for _, value in read_jsonl(kept.train_file)), None)
    if first is None:
        # The run itself says that there is nothing to learn from.
        return
    preferences = Entry(1, first).is_preference
    if preferences and plan.method != "dpo":
        shell.refuse(
            f"The dataset {kept.name!r} holds preferences, and the method {plan.method} learns from conversations: "
            "give --provider openai --method dpo, or name another dataset."
        )
    if not preferences and plan.method == "dpo":
        shell.refuse(
            f"The dataset {kept.name!r} holds conversations, and the method dpo learns from preferences: "
            "give --method supervised, or name another dataset."
        )


def _agreed(cost_usd: float | None) -> bool:
    cost = f"for {shell.usd(cost_usd)}" if cost_usd is not None else "at a cost that is not known"
    # Typer's own question would put a blank on standard output, which may be read by a program.
    typer.echo(f"Start it {cost}? [y/N] ", nl=False, err=True)
    answer = sys.stdin.readline() if sys.stdin else ""
    if not answer or not sys.stdin.isatty():
        # Nobody pressed Enter there.
        shell.remark("")
    return answer.strip().lower() in {"y", "yes"}


def _base(registry: Registry, plan: Plan) -> str:
    """Return the base model's name at its server: one of ours is known there by another."""
    if not plan.base.startswith("model-"):
        return plan.base
    ours = registry.model(plan.base)
    if not ours.served_as or ours.base_url != plan.base_url:
        raise ProviderError(f"{ours.id} is not at the server that is to tune it: name another --base or --base-url.")
    return ours.served_as
