"""The steps of a run, in order. Each may be done again after a crash, and then does the same thing once."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

from training.datasets import Dataset
from training.examples import DataError
from training.provenance import Provenance, covers
from training.providers import Files, Hyperparameters, ProviderError
from training.registry import Model, Plan, Registry, Run, Step, Tuned
from training.runs.code import code_version
from training.runs.watching import watch
from training.runs.workbench import Facts, Refused, Workbench, folder_of
from training.spending import objection

Do = Callable[[Workbench, Run, Facts], Facts]


def check(bench: Workbench, run: Run, _: Facts) -> Facts:
    """See that the dataset is what it was, and may still be learned from; raises DataError and Refused."""
    dataset = bench.dataset(run)
    bench.datasets.verify(dataset)
    now, permissions = bench.clock(), bench.registry.permissions()
    for origin in sorted(set(_chats(dataset)), key=str):
        if not any(covers(permission, origin, now) for permission in permissions):
            where = f" ({origin.workspace})" if origin.workspace else ""
            raise Refused(
                f"The dataset {dataset.name!r} has examples from {origin.source.capitalize()}{where} that no recorded"
                " permission covers any more: record one with `sarah data permit`, or tune with another dataset."
            )
    bench.tell(run.id, "step:check", f"The dataset {dataset.name!r} is whole, and may be learned from.")
    return {}


def _chats(dataset: Dataset) -> Iterator[Provenance]:
    """Yield the origins that need a permission, without what tells one example from another."""
    with dataset.origins_file.open("rb") as lines:
        for line in lines:
            told = json.loads(line)
            if told["source"] in {"discord", "slack"}:
                yield Provenance("", told["source"], workspace=told["workspace"])


def split(bench: Workbench, run: Run, _: Facts) -> Facts:
    """See that both parts of the dataset are there; raises Refused."""
    dataset = bench.dataset(run)
    if not dataset.train:
        raise Refused(f"The dataset {dataset.name!r} has nothing to learn from: add one with more examples.")
    validated = f"{dataset.validation} to validate with" if dataset.validation else "none to validate with"
    level = "info" if dataset.validation else "warning"
    bench.tell(run.id, "step:split", f"There are {dataset.train} examples to learn from, and {validated}.", level)
    return {}


def price(bench: Workbench, run: Run, _: Facts) -> Facts:
    """Keep to the spending limit; raises Refused."""
    cost, limit = bench.price(run.plan, bench.dataset(run)), run.plan.spending_limit_usd
    if against := objection(run.plan, cost):
        raise Refused(against)
    if cost is None:
        text = f"What {run.plan.base!r} costs here is not known, so the limit of ${limit:,.2f} cannot be kept for you."
        bench.tell(run.id, "step:price", text, "warning")
        return {}
    bench.registry.update_run(run.id, cost_usd=cost)
    bench.tell(run.id, "step:price", f"The run costs about ${cost:,.2f}, within the limit of ${limit:,.2f}.")
    return {}


def upload(bench: Workbench, run: Run, _: Facts) -> Facts:
    """Hand the files over."""
    files = bench.provider(run).upload(bench.order(run))
    bench.tell(run.id, "step:upload", f"{run.plan.provider} has the files.")
    return {"train_file": files.train, "validation_file": files.validation}


def create(bench: Workbench, run: Run, facts: Facts) -> Facts:
    """Have the job made."""
    files = Files(str(facts["train_file"]), str(facts["validation_file"]))
    job = bench.provider(run).create(bench.order(run), files)
    bench.registry.update_run(run.id, job=job)
    bench.tell(run.id, "step:create", f"{run.plan.provider} has the job {job}.")
    return {"job": job}


def collect(bench: Workbench, run: Run, facts: Facts) -> Facts:
    """Keep the result files, what they measured, and a discriminator; the model is there without them, too."""
    try:
        metrics = bench.provider(run).collect(str(facts["job"]), folder_of(bench.home, run.id))
    except ProviderError as refusal:
        bench.tell(run.id, "step:collect", f"The result files could not be kept: {refusal}", "warning")
    else:
        bench.registry.add_metrics(run.id, metrics)
        bench.tell(run.id, "step:collect", "The results are kept.")
    bench.show(run, last=True)
    return _refitted(bench, run)


def _refitted(bench: Workbench, run: Run) -> Facts:
    """Have the discriminator fitted that comes with the run's dataset; without one the company's judges."""
    if bench.refit is None:
        return {}
    try:
        topic = bench.refit(bench.dataset(run))
    except (DataError, OSError) as error:
        why = f"The discriminator could not be fitted, so the company's own judges for this model: {error}"
        bench.tell(run.id, "topic", why, "warning")
        return {}
    if not topic:
        return {}
    bench.tell(run.id, "topic", f"The discriminator {Path(topic).name} knows what this dataset's customers ask.")
    return {"topic": topic}


def register(bench: Workbench, run: Run, facts: Facts) -> Facts:
    """Register the model."""
    served_as = str(facts["served_as"])
    tuned = Tuned(
        run=run.id,
        served_as=served_as,
        # Within the home folder, which may be moved.
        folder="" if served_as else str(folder_of(Path(), run.id)),
        stop=bench.dataset(run).stop,
        hyperparameters=_used(run.plan.hyperparameters, facts),
        parent=_parent(bench.registry, run),
        code_version=code_version(),
        topic=str(facts.get("topic", "")),
    )
    # Told before, for the run ends by being registered, and then nobody takes it up again to tell it.
    bench.tell(run.id, "step:register", "The model is whole, and is registered.")
    return {"model": bench.registry.register(tuned, "worker", bench.clock()).id}


def _used(planned: Hyperparameters, facts: Facts) -> Hyperparameters:
    """Return what a model was tuned with: what its provider said, else what was planned."""
    said = {field.name: facts[field.name] for field in fields(planned) if field.name in facts}
    return replace(planned, **cast("dict[str, Any]", said))


def _parent(registry: Registry, run: Run) -> str:
    """Return the model that this run went on from, or ""."""
    return next((model.id for model in registry.models() if model.run != run.id and _is_base(model, run.plan)), "")


def _is_base(model: Model, plan: Plan) -> bool:
    """Tell whether a model is what a plan tunes: at a server it has a name there, on this machine its own id."""
    if plan.provider == "local":
        return model.id == plan.base
    return (model.served_as, model.base_url) == (plan.base, plan.base_url)


STEPS: Mapping[Step, Do] = {
    "check": check,
    "split": split,
    "price": price,
    "upload": upload,
    "create": create,
    "watch": watch,
    "collect": collect,
    "register": register,
}


def cancel(bench: Workbench, run: Run, facts: Facts) -> Facts:
    """Stop the job of a run that somebody cancelled, if there is one."""
    provider = bench.provider(run)
    # A crash while the job was being made may have left one that nobody was told of.
    job = str(facts.get("job", "")) or provider.find(run.id)
    if job:
        bench.registry.update_run(run.id, job=job)
        provider.cancel(job)
    return {}
