"""`model compare`, `evaluate` and `report`: how good models are on the held-out scenarios."""

import re
from collections.abc import Sequence
from typing import Annotated

import structlog

from bot.admin.board import Notice, ShowError
from bot.admin.calls import Call
from bot.admin.forms import About, command
from bot.admin.office import Office
from bot.admin.rehearsal import BASE, Errand
from bot.admin.replies import Attachment, Button, Reply
from bot.models import ModelError
from training.examples import DataError
from training.registry import RegistryError
from training.wording import number, usd

ModelId = Annotated[str, About("The model's id or its beginning, base, or untrained", names="models")]
Trials = Annotated[
    int | None,
    About("How often each scenario is gone through; 3 for models that sample, 1 for others", least=1, most=20),
]
# Seconds for which a scorecard that was posted stands where notices are taken back by themselves.
STANDS = 3600.0


@command("model", may="home")
async def compare(
    call: Call,
    office: Office,
    model: ModelId,
    *,
    to: Annotated[str, About("Another; the champion unless told, and base where there is none", names="models")] = "",
    also: Annotated[str, About("More of them, with commas in between", names="models")] = "",
) -> Reply:
    """Let models answer the held-out scenarios, and set their scores side by side."""
    distinct = await _distinct(office, [to or await office.rehearsal.now(), *_named(also), model])
    text = await office.rehearsal.compared(distinct)
    candidate, now = distinct[-1], await office.rehearsal.now()
    button = Button("Promote", "model promote", {"model": candidate, "over": now}, "primary")
    return Reply(text, buttons=(button,) if candidate.startswith("model-") and candidate != now else ())


@command("model", may="home")
async def evaluate(call: Call, office: Office, model: ModelId, *, trials: Trials = None) -> Reply:
    """Let a model answer the held-out scenarios in the background, and post its scorecard here."""
    rehearsal = office.rehearsal
    [errand] = await rehearsal.errands([model], trials)
    if not errand.questions:
        return Reply(await rehearsal.compared([errand.model], trials))
    again = {"model": errand.model, **({"trials": str(trials)} if trials else {})}
    button = Button("Show the scorecard", "model evaluate", again)
    if (answered := rehearsal.answered(errand)) is not None:
        return Reply(
            f"**{errand.model}** has answered {answered:,} of {errand.questions:,} questions.", buttons=(button,)
        )
    rehearsal.see_affordable(errand)
    await office.note(call.caller.who, "evaluate", errand.model, _told(errand))
    rehearsal.begin(errand, _posted(call, office, errand))
    return Reply(f"**{errand.model}** answers {_told(errand)}.", buttons=(button,))


@command("model", may="home")
async def report(
    call: Call,
    office: Office,
    models: Annotated[str, About("Models; the first is the one that the others are held against", long=True)],
) -> Reply:
    """Hand out the comparison of models as a page with every answer, and as a picture."""
    wanted = _named(models)
    distinct = await _distinct(office, wanted if len(wanted) > 1 else [await office.rehearsal.now(), *wanted])
    cards = await office.rehearsal.cards(distinct)

    def work() -> Reply:
        # A second, for whoever wants a report.
        from training.evaluation.comparison import compared  # noqa: PLC0415
        from training.evaluation.reports import as_html, as_message, as_png  # noqa: PLC0415

        comparison = compared(cards)
        page, picture = as_html(comparison).encode(), as_png(comparison)
        return Reply(as_message(comparison), (Attachment("report.html", page), Attachment("report.png", picture)))

    return await office.heavily(work)


def _named(text: str) -> list[str]:
    return [name for name in re.split(r"[\s,]+", text) if name]


async def _distinct(office: Office, wanted: Sequence[str]) -> list[str]:
    """Return the ids of models, each once; where there is but one, the base stands beside it."""
    ids = [await office.rehearsal.known(one) for one in wanted]
    return list(dict.fromkeys(ids if len(set(ids)) > 1 else [BASE, *ids]))


def _told(errand: Errand) -> str:
    price = usd(errand.cost_usd, "an unknown price") if errand.cost_usd != 0 else "nothing"
    return f"{number(errand.questions, 'question')} for {price}"


async def _posted(call: Call, office: Office, errand: Errand) -> None:
    """Work a scorecard out, and post it where somebody asked for it, if the platform can."""
    try:
        text = await office.rehearsal.compared([errand.model], errand.trials)
    except (DataError, ModelError, RegistryError) as error:
        text = f"**{errand.model}** could not be evaluated: {error}"
    here = call.conversation
    post, until = office.posts.get(here.platform), office.clock() + STANDS
    if post is None:
        return
    try:
        await post(call.place or here.channel, Notice(text, is_open=lambda: office.clock() < until))
    except ShowError as error:
        structlog.get_logger().warning("evaluation.not_posted", model=errand.model, why=str(error))
