"""`train`: tune a model on a dataset, and follow it."""

from collections.abc import Sequence
from typing import Annotated, Literal

from bot.admin.calls import Call
from bot.admin.forms import About, command
from bot.admin.office import Office
from bot.admin.progress import drawn, look, summary
from bot.admin.rehearsal import BASE
from bot.admin.replies import Button, Reply
from bot.admin.tables import table
from training.examples import DataError
from training.planning import Considered, considered, plan_from
from training.providers import Method
from training.quoting import quoted
from training.registry import Proposal, Run
from training.wording import minute, number, span, usd

ProviderName = Literal["embedded", "openai", "local"]
RunId = Annotated[str, About("The run", names="runs")]
# Events and runs that are shown.
MOST_EVENTS = 25
MOST_RUNS = 20
UNKNOWN = "an unknown price"
NEAR = "near, not exact: the model counts them in another way"
# Runs to be approved that are listed, each with a button.
MOST_WAITING = 5


@command("train", may="home")
async def start(  # noqa: PLR0913 - a form, field by field
    call: Call,
    office: Office,
    dataset: Annotated[str, About("The dataset's name or id", names="datasets")],
    *,
    provider: Annotated[ProviderName, About("Who tunes")] = "embedded",
    base: Annotated[str, About("The model to be tuned, or one tuned here; local: or a preset", names="bases")] = "",
    epochs: Annotated[int | None, About("How often each example is learned", least=1, most=50)] = None,
    learning_rate: Annotated[float | None, About("The learning rate multiplier", least=1e-6, most=1000)] = None,
    batch_size: Annotated[int | None, About("Examples learned at once", least=1, most=256)] = None,
    suffix: Annotated[str, About("Put into the tuned model's name")] = "",
    method: Annotated[Method, About("How it learns")] = "supervised",
) -> Reply:
    """Tune a model: shows tokens, cost and time, and asks once."""

    def work() -> Reply:
        plan = plan_from(
            office.settings,
            dataset=dataset,
            provider=provider,
            # Completion offers it, and it is no name that a provider knows.
            base="" if base == BASE else base,
            method=method,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            suffix=suffix,
        )
        return _proposed(office, call.caller.who, considered(office.settings, office.registry, plan, call.caller.who))

    return await office.apart(work)


def _proposed(office: Office, by: str, asked: Considered) -> Reply:
    """Keep what somebody wants, and ask whether to start it at that price."""
    if asked.objection:
        raise DataError(asked.objection)
    cost = asked.estimate.cost_usd
    needs_second = cost is None or cost > office.settings.sarah_approval_above
    proposal = office.registry.propose(asked.plan, cost, by, office.clock(), needs_second=needs_second)
    lines = [_described(asked)]
    if asked.estimate.retires:
        lines.append(f"What is tuned from it answers until {asked.estimate.retires}.")
    if needs_second:
        lines.append(f"At more than {usd(office.settings.sarah_approval_above)} a second admin has to approve it.")
    label = "Start it" if cost is None else f"Start it for {usd(cost)}"
    return Reply("\n".join(lines), buttons=(Button(label, "train agree", {"proposal": proposal.id}, "primary"),))


def _described(asked: Considered) -> str:
    plan, dataset, estimate = asked.plan, asked.dataset, asked.estimate
    steps = f" ({number(estimate.steps, 'step')})" if estimate.steps else ""
    near = estimate.vocabulary != dataset.vocabulary
    return (
        f"**{plan.provider}** tunes **{quoted(plan.base)}** on **{dataset.name}** (`{dataset.id}`):"
        f" {number(dataset.train, 'example')} to learn from, {dataset.validation:,} to validate with.\n"
        f"Tokens: {estimate.billed_tokens:,} an epoch, {number(estimate.epochs, 'epoch')}{steps},"
        f" {estimate.total_tokens:,} in all{f' ({NEAR})' if near else ''}."
        f" Cost: {usd(estimate.cost_usd, UNKNOWN)}. Time: {_time(asked.seconds)}."
    )


def _time(seconds: float | None) -> str:
    return "not known, for no run like it has ended yet" if seconds is None else f"about {span(seconds)}"


@command("train", may="home")
async def agree(
    call: Call, office: Office, proposal: Annotated[str, About("The proposed run, as the price was told with it")]
) -> Reply:
    """Start a run whose price was told, or approve one that somebody else wants."""
    by, where = call.caller.who, call.conversation
    wanted = await office.apart(lambda: office.registry.proposal(proposal))
    # Before the run is there: whatever ends this process in between, the next one knows where to tell of it.
    await office.store.progress.begin(wanted.id, where.platform, where.workspace, call.place or where.channel)
    agreed = await office.apart(lambda: office.registry.agree(wanted.id, by, office.clock()))
    if not agreed.run:
        return Reply(_wanted(agreed), buttons=(_approving(agreed),), public=True)
    await office.apart(office.start_work)
    return Reply(f"{agreed.run} is started; its progress is told here.", run=agreed.run)


def _wanted(proposal: Proposal) -> str:
    plan = proposal.plan
    return (
        f"{proposal.by} wants **{plan.provider}** to tune **{quoted(plan.base)}** on `{plan.dataset}` for"
        f" {usd(proposal.cost_usd, UNKNOWN)}: a second admin has to approve it."
    )


def _approving(proposal: Proposal, label: str = "Approve and start") -> Button:
    return Button(label, "train agree", {"proposal": proposal.id}, "primary")


@command("train", may="home")
async def status(
    call: Call,
    office: Office,
    *,
    run: Annotated[str, About("A run; all that have not ended unless told", names="runs")] = "",
    follow: Annotated[bool, About("Tell its progress in this channel from now on")] = False,
) -> Reply:
    """Say where a run stands, with a chart of its losses."""
    if not run:
        none = "No run is going on: `train list` shows those that have ended."
        return await office.apart(lambda: _listed(office.registry.unfinished(), office, none))
    return await office.apart(lambda: _stands(office, run, follow=follow))


def _stands(office: Office, wanted: str, *, follow: bool) -> Reply:
    run, metrics, newest, dataset = look(office.registry, wanted)
    picture = drawn(run, dataset, metrics)
    text = summary(run, dataset, metrics, newest, office.clock())
    buttons = [] if run.ended else [Button("Cancel", "train cancel", {"run": run.id}, "danger")]
    if not run.ended and not follow:
        buttons.append(Button("Follow it here", "train status", {"run": run.id, "follow": "yes"}))
    if run.model:
        buttons.append(Button("Show the model", "model show", {"model": run.model}))
    return Reply(
        text if not run.reason else f"{text}\n{quoted(run.reason)}",
        (picture,) if picture else (),
        tuple(buttons),
        run=run.id if follow else "",
    )


@command("train", may="home", name="list")
async def list_runs(call: Call, office: Office) -> Reply:
    """List the runs, the newest first, and those that a second admin has to approve."""
    none = "There are no runs: `train start` begins one."
    listed = await office.apart(lambda: _listed(office.registry.runs()[:MOST_RUNS], office, none))
    proposals = await office.apart(lambda: office.registry.proposals(office.clock()))
    waiting = [one for one in proposals if one.needs_second and one.agreed_at][:MOST_WAITING]
    if not waiting:
        return listed
    text = "\n".join([listed.text, *map(_wanted, waiting)])
    return Reply(text, buttons=tuple(_approving(one, f"Approve {one.id}") for one in waiting))


def _listed(runs: Sequence[Run], office: Office, none: str) -> Reply:
    if not runs:
        return Reply(none)
    now = office.clock()
    rows = [
        (
            run.id,
            run.state if run.ended else f"{run.state}, {run.step}",
            run.plan.provider if run.plan.base == run.plan.provider else run.plan.base,
            run.plan.dataset,
            usd(run.cost_usd),
            span((run.ended_at if run.ended else now) - run.created_at),
            minute(run.created_at),
        )
        for run in runs
    ]
    return Reply(table(("run", "state", "base", "dataset", "cost", "time", "started"), rows))


@command("train", may="home")
async def cancel(call: Call, office: Office, run: RunId) -> Reply:
    """Stop a run for good, its job at the provider included."""
    asked = await office.apart(lambda: office.registry.want_cancel(run, call.caller.who, office.clock()))
    await office.apart(office.start_work)
    return Reply(f"{asked.id} is to stop: its message says when it has.")


@command("train", may="home")
async def events(call: Call, office: Office, run: RunId) -> Reply:
    """List what a run told, the newest last."""
    wanted = await office.apart(lambda: office.registry.run(run))
    told = await office.apart(lambda: office.registry.events(wanted.id))
    if not told:
        return Reply(f"{wanted.id} has told nothing yet.")
    earlier = f"... and {len(told) - MOST_EVENTS:,} before these\n" if len(told) > MOST_EVENTS else ""
    lines = (f"- {minute(event.at)} {quoted(event.text, 300)}" for event in told[-MOST_EVENTS:])
    return Reply(f"**{wanted.id}**\n{earlier}" + "\n".join(lines))
