"""`sarah`: how she is, how she behaves in a channel, what customers thought, and who changed what."""

import platform
from importlib.metadata import version
from typing import Annotated

from bot.admin import canary
from bot.admin.calls import Call
from bot.admin.forms import About, command
from bot.admin.office import REFUSED, Office, Refusal
from bot.admin.permission import OWN, is_at_home, refusal
from bot.admin.replies import Button, Reply
from bot.store import ChannelChanges, ChannelRules, Marked
from training.examples import DataError
from training.quoting import quoted
from training.registry import Registry
from training.wording import minute, number, usd

MONTH = 30 * 24 * 3600
# Marked answers on one page, each with a button; Discord has room for 25, people for fewer.
PAGE = 5
MOST_LINES = 100
# Where customers are in no workspace: those who write to her directly on Discord, on the page, and in the terminal.
NOBODYS = (("discord", "dm"), ("web", ""), ("terminal", ""))
LONGEST_INSTRUCTIONS = 2000
LIMITS = {
    "per_minute": "messages a minute from one customer (0: any number)",
    "longest_question": "characters of the longest message that is answered",
    "waiting": "messages of a conversation that may wait while one is answered",
}


@command("sarah", may="home")
async def status(call: Call, office: Office) -> Reply:
    """Say how she is: platforms, who answers, what is going on, what was spent, and the versions."""
    said = await office.store.people.counts()
    waiting = await office.store.handoffs.every_open()
    told = await office.apart(lambda: _of_training(office))
    states = ", ".join(f"{name} {state}" for name, state in office.platforms.items()) or "none"
    lines = [
        f"- platforms: {states}",
        f"- answers: {office.answering() or 'what the settings name'}",
        *told,
        f"- canary: {await canary.running(office)}",
        f"- customers said: {said.ups:,} good, {said.downs:,} bad; waiting for a person: {len(waiting)}",
        f"- versions: sarah {version('sarah')}, Python {platform.python_version()}",
    ]
    buttons = tuple(
        Button(f"Hand back #{one.id}", "sarah hand-back", {"handoff": str(one.id)}) for one in waiting[:PAGE]
    )
    return Reply("\n".join(lines), buttons=buttons)


def _of_training(office: Office) -> list[str]:
    registry, settings = office.registry, office.settings
    champion, going_on, limit = registry.champion(), registry.unfinished(), settings.sarah_spending_limit
    runs = ", ".join(f"{run.id} {run.state} at {run.step}" for run in going_on) or "none"
    return [
        f"- champion: {champion.id if champion else 'none promoted'}",
        f"- runs going on: {runs}",
        f"- spent on runs in 30 days: about {usd(_spent(registry, office.clock()))}",
        f"- one run may cost {usd(limit)}; above {usd(settings.sarah_approval_above)} a second admin approves",
        f"- kept: {number(len(registry.datasets()), 'dataset')}, {number(len(registry.models()), 'model')}",
    ]


def _spent(registry: Registry, now: float) -> float:
    """Return what runs of the last thirty days cost, as it was estimated; one that no provider took costs nothing."""
    return sum(run.cost_usd for run in registry.runs() if run.job and now - run.created_at < MONTH)


@command("sarah", may="workspace")
async def channel(  # noqa: PLR0913 - a form, field by field
    call: Call,
    office: Office,
    *,
    on: Annotated[bool | None, About("Whether she answers in this channel")] = None,
    instructions: Annotated[str, About("What she is told besides in this channel; - for nothing", long=True)] = "",
    model: Annotated[str, About("The model that answers here; - for the champion", names="models")] = "",
    follow_threads: Annotated[bool | None, About("Whether she goes on in threads without being mentioned")] = None,
) -> Reply:
    """Show or change how she behaves in this channel."""
    where = call.conversation
    if where.platform in OWN:
        raise DataError("There are no channels here: give this command in a channel of Discord or Slack.")
    changes = _changes(on, instructions, follow_threads)
    if model:
        changes["model"] = await _model(call, office, model)
    if changes:
        await office.store.channels.change(where, call.caller.who, office.clock(), **changes)
        detail = ", ".join(f"{name}: {value}"[:200] for name, value in changes.items())
        place = f"{where.platform}:{where.workspace}:{where.channel}"
        await office.note(call.caller.who, "change channel", place, detail)
    since = "From now on in" if changes else "In"
    return Reply(f"{since} this channel:\n{_listed(office.store.channels.rules(where))}")


def _changes(on: bool | None, instructions: str, follow_threads: bool | None) -> ChannelChanges:  # noqa: FBT001 - a form's fields
    """Return what is said of a channel, but for its model."""
    changes: ChannelChanges = {}
    if on is not None:
        changes["is_on"] = on
    if follow_threads is not None:
        changes["follows_threads"] = follow_threads
    if instructions:
        changes["instructions"] = _instructions(instructions)
    return changes


def _listed(rules: ChannelRules) -> str:
    return (
        f"- answers: {'yes' if rules.is_on else 'no'}\n"
        f"- goes on in threads: {'yes' if rules.follows_threads else 'only where mentioned'}\n"
        f"- model: {rules.model or 'the champion'}\n"
        f"- told besides: {quoted(rules.instructions, 1500) or 'nothing'}"
    )


def _instructions(text: str) -> str:
    if text.strip() == "-":
        return ""
    if len(text) > LONGEST_INSTRUCTIONS:
        raise DataError(f"The instructions have {len(text):,} characters, and {LONGEST_INSTRUCTIONS:,} are read.")
    return text.strip()


async def _model(call: Call, office: Office, wanted: str) -> str:
    """Return the id of a model for a channel, which only admins of a home may choose."""
    if why := refusal(call.caller, "home", office.staff):
        raise Refusal(why)
    return "" if wanted == "-" else await office.apart(lambda: office.registry.model(wanted).id)


@command("sarah", may="home")
async def limits(
    call: Call,
    office: Office,
    *,
    per_minute: Annotated[int | None, About("Messages a minute from one customer; 0: any number", least=0)] = None,
    longest_question: Annotated[
        int | None, About("Characters of the longest message that is answered", least=100, most=100_000)
    ] = None,
    waiting: Annotated[int | None, About("Messages that may wait while one is answered", least=0, most=100)] = None,
) -> Reply:
    """Show or change how much customers may ask; changes hold at once, and after a restart."""
    asked = {"per_minute": per_minute, "longest_question": longest_question, "waiting": waiting}
    changes = {name: value for name, value in asked.items() if value is not None}
    for name, value in changes.items():
        await office.store.limits.set(name, float(value), call.caller.who, office.clock())
    if changes:
        detail = ", ".join(f"{name}: {value}" for name, value in changes.items())
        await office.note(call.caller.who, "change limits", "customers", detail)
    kept = office.store.limits.values
    rows = (
        f"- `{name.replace('_', '-')}`: {kept.get(name, getattr(office.settings, f'sarah_{name}')):,.0f} {meaning}"
        for name, meaning in LIMITS.items()
    )
    return Reply("\n".join(rows))


@command("sarah", may="home")
async def audit(
    call: Call,
    office: Office,
    *,
    most: Annotated[int, About("Lines that are shown", least=1, most=MOST_LINES)] = 20,
    refusals: Annotated[bool, About("Whether refusals are listed, of which there may be many")] = True,
) -> Reply:
    """List who changed what, and who was refused, the newest first."""
    lines = await office.apart(lambda: office.registry.audit_log(most, "" if refusals else REFUSED))
    told = (
        f"- {minute(line.at)} {line.by}: **{line.action}** {quoted(line.subject, 80)}"
        f"{f' ({quoted(line.detail, 200)})' if line.detail else ''}"
        for line in lines
    )
    return Reply("\n".join(told) or "Nobody has changed anything yet.")


@command("sarah", may="workspace")
async def feedback(
    call: Call,
    office: Office,
    *,
    before: Annotated[int, About("Only answers marked before this one", least=0)] = 0,
) -> Reply:
    """Show what customers marked, the newest first, with a better answer to be written beside each."""
    at_home = is_at_home(call.caller, office.staff.homes)
    last = await office.store.people.turn(before) if before else None
    marked = await office.store.people.feedback(
        PAGE, before=(last.rated_at, last.turn) if last else None, workspaces=_workspaces(call, office)
    )
    if not marked:
        return Reply("Customers have marked no answer yet." if not before else "There are none before that.")
    buttons = [
        Button(f"Better answer to #{one.turn}", "data add-example", {"turn": str(one.turn)})
        for one in marked
        if at_home
    ]
    if len(marked) == PAGE:
        buttons.append(Button("Earlier ones", "sarah feedback", {"before": str(marked[-1].turn)}))
    return Reply("\n\n".join(_told(one, with_model=at_home) for one in marked), buttons=tuple(buttons))


def _workspaces(call: Call, office: Office) -> list[tuple[str, str]]:
    """Return whose customers' words somebody may read: their own workspace's, and at home those of all homes."""
    caller = call.caller
    if not is_at_home(caller, office.staff.homes):
        return [(caller.platform, caller.workspace)]
    homes = [tuple(home.split(":", 1)) for home in sorted(office.staff.homes)]
    return [*((place, workspace) for place, workspace in homes), *NOBODYS]


def _told(marked: Marked, *, with_model: bool) -> str:
    """Return a turn with its verdicts; models are spoken of at home alone."""
    by = f", answered by {marked.model}" if with_model else ""
    thumbs = " ".join(filter(None, ["👍" * min(marked.ups, 3), "👎" * min(marked.downs, 3)]))
    where = f"{marked.conversation.platform}"
    return (
        f"**#{marked.turn}** {thumbs} {minute(marked.rated_at)}, {where}{by}\n"
        f"> {quoted(marked.question)}\n> **Answer**: {quoted(marked.answer)}"
    )


@command("sarah", may="anyone")
async def hand_back(
    call: Call,
    office: Office,
    *,
    handoff: Annotated[int, About("The number of the conversation that was handed over", least=0)] = 0,
) -> Reply:
    """Let the assistant answer again in a conversation that a person took over."""
    open_here = office.store.handoffs.open_for(call.conversation)
    wanted = await office.store.handoffs.get(handoff) if handoff else open_here
    if wanted is None:
        raise DataError("No person has this conversation: there is nothing to hand back.")
    is_own = open_here is not None and open_here.id == wanted.id
    _see_entitled(call, office, is_own=is_own)
    by = call.caller.who
    if await office.store.handoffs.end(wanted.id, by, office.clock()) is None:
        raise DataError(f"Conversation #{wanted.id} was handed back before.")
    if not is_own:
        # A customer's own act is in no log: it would outlive `forget-me`.
        await office.note(by, "hand back", f"conversation #{wanted.id}")
    return Reply(f"{office.persona.sentences.handed_back} (#{wanted.id})", public=True)


def _see_entitled(call: Call, office: Office, *, is_own: bool) -> None:
    """See that somebody is in that conversation, in the support channel, or an admin; raises Refusal."""
    in_support = not call.caller.is_guest and office.support.get(call.caller.platform) == call.conversation.channel
    if not (is_own or in_support):
        why = refusal(call.caller, "home", office.staff)
        if why:
            raise Refusal(why)
