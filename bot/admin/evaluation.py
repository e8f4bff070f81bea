"""`model compare`, `evaluate` and `report`: how good models are on the held-out scenarios."""

from collections.abc import Sequence
from typing import Annotated

import structlog

from bot.admin import labels
from bot.admin.board import Notice, ShowError
from bot.admin.calls import Call
from bot.admin.errands import Errand, told_of_judge
from bot.admin.forms import About, command
from bot.admin.judging import ModelJudge, judge_of, silence
from bot.admin.labels import Named
from bot.admin.office import Office
from bot.admin.rehearsal import BASE, message
from bot.admin.replies import Attachment, Button, Reply
from bot.models import ModelError
from training.evaluation.scorecard import Scorecard
from training.examples import DataError
from training.quoting import quoted
from training.registry import RegistryError

ModelId = Annotated[str, About("The model's id or its beginning, base, or untrained", names="models")]
Trials = Annotated[
    int | None,
    About("How often each scenario is gone through; 3 for models that sample, 1 for others", least=1, most=20),
]
WithJudge = Annotated[bool, About("Let the model of SARAH_JUDGE_MODEL judge, too: shown apart, it decides nothing")]
# Seconds for which a scorecard that was posted stands where notices are taken back by themselves.
STANDS = 3600.0


@command("model", may="home")
async def compare(  # noqa: PLR0913 - a form, field by field
    call: Call,
    office: Office,
    model: ModelId,
    *,
    to: Annotated[str, About("Another; the champion unless told, and base where there is none", names="models")] = "",
    also: Annotated[str, About("More, with commas in between; LABEL=MODEL says what to call one", names="models")] = "",
    trials: Trials = None,
    judge: WithJudge = False,
) -> Reply:
    """Let models answer the held-out scenarios, and set their scores side by side."""
    now = await office.rehearsal.now()
    models = await _distinct(office, [labels.named(to or now), *labels.several(also), labels.named(model)])
    text = await _side_by_side(office, models, trials, _judge(office, wanted=judge))
    candidate, now = models[-1].model, await office.rehearsal.now()
    button = Button("Promote", "model promote", {"model": candidate, "over": now}, "primary")
    return Reply(text, buttons=(button,) if candidate.startswith("model-") and candidate != now else ())


@command("model", may="home")
async def evaluate(
    call: Call, office: Office, model: ModelId, *, trials: Trials = None, judge: WithJudge = False
) -> Reply:
    """Let a model answer the held-out scenarios in the background, and post its scorecard here."""
    rehearsal, by = office.rehearsal, _judge(office, wanted=judge)
    [errand] = await rehearsal.errands([model], trials, by)
    if errand.is_done:
        return Reply(await _side_by_side(office, [Named(errand.model)], trials, by))
    given = {"model": errand.model, "trials": str(trials or ""), "judge": "yes" if judge else ""}
    again = {name: value for name, value in given.items() if value}
    button = Button("Show the scorecard", "model evaluate", again)
    if (answered := rehearsal.answered(errand)) is not None:
        return Reply(_underway(errand, answered), buttons=(button,))
    rehearsal.see_affordable([errand])
    judges = told_of_judge([errand])
    await office.note(call.caller.who, "evaluate", errand.model, "; ".join(filter(None, (errand.told, judges))))
    rehearsal.begin(errand, _posted(call, office, errand, by))
    told = [f"**{errand.model}** answers {errand.told}."] if errand.questions else []
    return Reply(" ".join([*told, quoted(judges)]).rstrip(), buttons=(button,))


@command("model", may="home")
async def report(
    call: Call,
    office: Office,
    models: Annotated[str, About("MODEL or LABEL=MODEL, commas between; the others are held to the first", long=True)],
    *,
    trials: Trials = None,
    judge: WithJudge = False,
) -> Reply:
    """Hand out the comparison of models: a page with every answer, a picture, Markdown and JSON."""
    wanted, by = labels.several(models), _judge(office, wanted=judge)
    first = [] if len(wanted) > 1 else [Named(await office.rehearsal.now())]
    cards = await _cards(office, await _distinct(office, [*first, *wanted]), trials, by)

    def work() -> Reply:
        # A second, for whoever wants a report.
        from training.evaluation.comparison import compared  # noqa: PLC0415
        from training.evaluation.reports import as_files, as_message  # noqa: PLC0415

        comparison = compared(cards)
        files = (Attachment(name, content) for name, content in as_files(comparison).items())
        return Reply("\n".join((as_message(comparison), *silence(cards, by))), tuple(files))

    return await office.heavily(work)


def _judge(office: Office, *, wanted: bool) -> ModelJudge | None:
    """Return the judge where one is wanted; raises SettingsError where none is named."""
    return judge_of(office.settings) if wanted else None


async def _cards(
    office: Office, models: Sequence[Named], trials: int | None, judge: ModelJudge | None
) -> list[Scorecard]:
    """Return the scorecards of models under the names that readers know."""
    cards = await office.rehearsal.cards([one.model for one in models], trials, judge=judge)
    return labels.labelled(cards, models)


async def _side_by_side(office: Office, models: Sequence[Named], trials: int | None, judge: ModelJudge | None) -> str:
    cards = await _cards(office, models, trials, judge)
    return "\n".join((await office.apart(lambda: message(cards)), *silence(cards, judge)))


async def _distinct(office: Office, wanted: Sequence[Named]) -> list[Named]:
    """Return models by their ids, each once; where there is but one, the base stands before it.

    Raises DataError where one has two labels, or two have the same.
    """
    distinct = dict[tuple[str, str], Named]()
    models = await labels.found(wanted, office.rehearsal.known)
    known = {one.model: one.label for one in models if one.label}
    for one in models:
        label = one.label or known.get(one.model, "")
        distinct.setdefault((one.model, label), Named(one.model, label))
    found = list(distinct.values())
    beside = [Named(BASE)] if len(found) == 1 and found[0].model != BASE else []
    labels.see_distinct([*beside, *found])
    return [*beside, *found]


def _underway(errand: Errand, answered: int) -> str:
    if not errand.questions:
        return f"**{errand.model}** has answered, and {quoted(errand.judge, 80)} judges its answers."
    return f"**{errand.model}** has answered {answered:,} of {errand.questions:,} questions."


async def _posted(call: Call, office: Office, errand: Errand, judge: ModelJudge | None) -> None:
    """Work a scorecard out, and post it where somebody asked for it, if the platform can."""
    try:
        text = await _side_by_side(office, [Named(errand.model)], errand.trials, judge)
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
