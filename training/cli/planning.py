"""What the command line shows and asks before a run."""

import sys

import typer

from training import planning, wording
from training.cli import shell
from training.cli.showing import print_estimates
from training.planning import OtherKind
from training.registry import Plan, Registry
from training.settings import TrainingSettings

_OPTIONS = {"dpo": "--method dpo with --provider openai or local", "supervised": "--method supervised"}


def considered(settings: TrainingSettings, registry: Registry, plan: Plan, *, asking: bool, json: bool) -> Plan:
    """Return a plan whose dataset and base are there, which somebody has agreed to."""
    try:
        run = planning.considered(settings, registry, plan, settings.author())
    except OtherKind as other:
        shell.refuse(f"{other.fact}: give {_OPTIONS[other.way_out]}, or name another dataset.")
    kept, estimate = run.dataset, run.estimate
    if not json:
        out = shell.out()
        sides = f"{wording.number(kept.train, 'example')} to learn from, {kept.validation:,} to validate with"
        out.print(f"{kept.id} ({kept.name}): {sides}.")
        print_estimates(out, [estimate], kept.vocabulary)
    # The run keeps to the limit by itself; nobody is asked about what it would refuse.
    if asking and run.objection:
        shell.refuse(run.objection)
    if asking and not _agreed(estimate.cost_usd):
        shell.refuse("Nothing was started: answer y, or give --yes where nobody can be asked.")
    return run.plan


def _agreed(cost_usd: float | None) -> bool:
    cost = f"for {wording.usd(cost_usd)}" if cost_usd is not None else "at a cost that is not known"
    # Typer's own question would put a blank on standard output, which may be read by a program.
    typer.echo(f"Start it {cost}? [y/N] ", nl=False, err=True)
    answer = sys.stdin.readline() if sys.stdin else ""
    if not answer or not sys.stdin.isatty():
        # Nobody pressed Enter there.
        shell.remark("")
    return answer.strip().lower() in {"y", "yes"}
