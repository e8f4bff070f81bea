"""`model`: what has been tuned, how good it is, and which model answers customers."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from bot.admin.calls import Call
from bot.admin.forms import About, command
from bot.admin.office import Office
from bot.admin.rehearsal import BASE
from bot.admin.replies import Button, Reply
from bot.admin.tables import table
from bot.models import ModelError
from training import promotion
from training.examples import DataError
from training.intake import scenario_folder
from training.promotion import EVALUATE, PromotionRefused
from training.quoting import one_line, quoted
from training.registry import Model, Promotion, Registry
from training.runs import discriminators
from training.wording import minute

ModelId = Annotated[str, About("The model's id, or its beginning", names="models")]
Over = Annotated[str, About("The champion that you saw: where another answers by now, nothing changes", names="models")]
Reason = Annotated[str, About("Why; kept in the history")]
# Characters of what is shown of one objection against a model.
LONGEST = 500


@command("model", may="home", name="list")
async def list_models(call: Call, office: Office) -> Reply:
    """List the models, the newest first; the champion answers customers."""
    return await office.apart(lambda: Reply(_table(office.registry)))


def _table(registry: Registry) -> str:
    models, champion = registry.models(), registry.champion()
    names = {dataset.id: dataset.name for dataset in registry.datasets()}
    if not models:
        return "There are no models yet: `train start` makes one. Until then what the settings name answers."
    crowned = champion.id if champion else ""
    rows = [
        (
            "*" if model.id == crowned else "",
            model.id,
            model.provider,
            model.base,
            names.get(model.dataset, model.dataset),
            minute(model.created_at),
        )
        for model in models
    ]
    answers = "The one with * answers customers." if crowned else "What the settings name answers customers."
    return table(("", "model", "provider", "base", "dataset", "made"), rows) + f"\n{answers}"


@command("model", may="home")
async def show(call: Call, office: Office, model: ModelId) -> Reply:
    """Show where a model came from: its run, its dataset, and the model that it was tuned from."""
    return await office.apart(lambda: _shown(office, model))


def _shown(office: Office, wanted: str) -> Reply:
    registry = office.registry
    model, now = registry.model(wanted), office.rehearsal.current()
    parts = [
        f"{'Tuned from ' if at else ''}{_told(ancestor, office.home)}"
        for at, ancestor in enumerate(registry.lineage(model.id))
    ]
    buttons = (
        Button("Promote", "model promote", {"model": model.id, "over": now}, "primary"),
        Button("Compare", "model compare", {"model": model.id}),
        Button("Try", "model try", {"model": model.id}),
    )
    return Reply("\n\n".join(parts), buttons=buttons[1:] if model.id == now else buttons)


def _told(model: Model, home: Path) -> str:
    learned = ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in asdict(model.hyperparameters).items() if value
    )
    facts = {
        "made": f"{minute(model.created_at)} by {model.run}",
        "dataset": model.dataset,
        "base": f"{model.provider} {quoted(model.base)}",
        "answers at": f"{model.base_url} as {quoted(model.served_as)}" if model.served_as else "",
        "files": model.folder,
        "learned with": learned or "the provider's own settings",
        "stops at": quoted(model.stop),
        "discriminator": discriminators.told(home, model.topic),
        "code": model.code_version,
    }
    return f"**{model.id}**\n" + "\n".join(f"- {name}: {value}" for name, value in facts.items() if value)


@command("model", may="home")
async def promote(  # noqa: PLR0913 - a form, field by field
    call: Call,
    office: Office,
    model: ModelId,
    *,
    reason: Annotated[str, About("Why; kept in the history", needed_with="force")] = "",
    force: Annotated[bool, About("In spite of what speaks against it; needs a reason")] = False,
    over: Over = "",
) -> Reply:
    """Let a model answer customers, from the next message on, unless its scorecard speaks against it."""

    def work() -> Promotion:
        return promotion.promote(
            office.registry,
            office.home,
            model,
            call.caller.who,
            office.clock(),
            scenarios=scenario_folder(office.settings),
            reason=reason,
            forced=force,
            over=_seen(over),
        )

    try:
        if not force:
            await _evaluated(office, model, over)
        return _answering(await office.apart(work))
    except PromotionRefused as refused:
        if not refused.objections:
            raise
        return await _refusal(office, model, refused)


async def _evaluated(office: Office, model: str, over: str) -> None:
    """Let a model and the champion answer the scenarios, where they have not; raises PromotionRefused if one cannot."""
    chosen = await office.rehearsal.known(model)
    champion = await office.apart(lambda: office.registry.see_champion(_seen(over)))
    now = champion.id if champion else BASE
    if chosen in {now, BASE}:
        return
    try:
        await office.rehearsal.cards([now, chosen])
    except (DataError, ModelError) as trouble:
        why = f"It cannot be evaluated: {trouble}"
        raise PromotionRefused(why, f"{why.rstrip('.')}.") from trouble


async def _refusal(office: Office, model: str, refused: PromotionRefused) -> Reply:
    """Say what speaks against a model, and offer to promote it all the same, for a reason that is asked for."""
    chosen, now = await office.rehearsal.known(model), await office.rehearsal.now()
    here = (objection.replace(EVALUATE, "model compare") for objection in refused.objections)
    against = "\n".join(f"- {one_line(objection, LONGEST)}" for objection in here)
    anyway = Button("Promote anyway", "model promote", {"model": chosen, "force": "yes", "over": now}, "danger")
    told = f"**{chosen}** is not promoted:\n{against}\n{refused.rests_on}".rstrip()
    return Reply(told, buttons=(anyway, Button("Compare", "model compare", {"model": chosen})))


@command("model", may="home")
async def rollback(call: Call, office: Office, *, reason: Reason = "", over: Over = "") -> Reply:
    """Let the model answer again that answered before the champion."""
    change = await office.apart(
        lambda: office.registry.rollback(call.caller.who, office.clock(), reason, over=_seen(over))
    )
    return _answering(change)


def _seen(over: str) -> str | None:
    """Return the champion that somebody saw: none where it was the base, and whoever it is where nothing is said."""
    return "" if over == BASE else over or None


def _answering(change: Promotion) -> Reply:
    who = f"**{change.model}**" if change.model else "No tuned model, only what the settings name,"
    back = Button("Roll back", "model rollback", {"over": change.model}, "danger")
    return Reply(f"{who} answers from the next message on.", buttons=(back,) if change.model else (), public=True)


@command("model", may="home", name="try")
async def attempt(
    call: Call,
    office: Office,
    model: ModelId,
    question: Annotated[str, About("What a customer could ask", long=True)],
) -> Reply:
    """Ask one model a question; only you see its answer, and nothing of it is kept."""
    answer = await office.rehearsal.tried(await office.rehearsal.known(model), question)
    said = "\n".join(f"> {line}" for line in answer.splitlines())
    return Reply(f"**{model}**, asked: {quoted(question)}\n{said}")
