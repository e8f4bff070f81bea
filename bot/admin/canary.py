"""`canary`: a candidate that answers a share of the conversations first, and how it does there."""

from typing import Annotated

import structlog

from bot.admin.board import Notice, ShowError
from bot.admin.calls import Call
from bot.admin.forms import About, command
from bot.admin.handing import support_for
from bot.admin.office import Office
from bot.admin.replies import Button, Reply
from bot.admin.tables import table
from bot.canary import SARAH
from bot.store import Canary
from training.evaluation.statistics import wilson
from training.wording import minute, number

FIGURES = Button("Figures", "canary show")
LEGEND = (
    "In brackets: 95 % intervals. Failed: another model had to answer, or nothing of its answer was about the product."
    " The median is of the answers that did not fail."
)
NONE_YET = "No canary was started yet: `canary start` gives a model a share of the conversations."


@command("canary", may="home")
async def show(call: Call, office: Office) -> Reply:  # noqa: ARG001 - a command is handed the call, whatever it needs
    """Show how the candidate does in its share of the conversations, beside the champion."""
    await office.canary.current()
    canary = await office.store.canaries.last()
    if canary is None:
        return Reply(NONE_YET)
    figures = await _figures(office, canary)
    if canary.ended_at:
        end = f"Ended {minute(canary.ended_at)} by {canary.ended_by}: {canary.why}"
        return Reply(f"{_about(canary)}\n{figures}\n{end}")
    return Reply(f"{_about(canary)}\n{figures}\n{_bounds(office)}", buttons=await _buttons(office, canary))


async def _buttons(office: Office, canary: Canary) -> tuple[Button, ...]:
    promoted = {"model": canary.model, "over": await office.rehearsal.now()}
    return Button("Promote", "model promote", promoted, "primary"), Button("Stop", "canary stop", {}, "danger")


@command("canary", may="home")
async def start(
    call: Call,
    office: Office,
    model: Annotated[str, About("The model's id, or its beginning", names="models")],
    *,
    share: Annotated[float, About("Percent of the conversations that it answers", least=0.1, most=100)] = 10.0,
) -> Reply:
    """Let a model answer a share of the conversations; given again, it changes the share."""
    known = await office.apart(lambda: office.registry.model(model).id)
    begun = await office.canary.start(known, share / 100, call.caller.who)
    await office.note(call.caller.who, "start canary", known, f"{_percent(begun.share)} of the conversations")
    told = (
        f"{_about(begun)}\n{_bounds(office)}\nWho asks notices nothing but the answers: a conversation stays with the"
        " model that has it, and one that had begun may have changed to it now."
    )
    return Reply(told, buttons=(FIGURES, Button("Stop", "canary stop", {}, "danger")), public=True)


@command("canary", may="home")
async def stop(call: Call, office: Office, *, reason: Annotated[str, About("Why; kept in the history")] = "") -> Reply:
    """Give all conversations back to the champion, from the next message on."""
    ended = await office.canary.stop(call.caller.who, reason or "stopped")
    await office.note(call.caller.who, "stop canary", ended.model, reason)
    return Reply(
        f"**{ended.champion}** answers everybody again, from the next message on.", (), (FIGURES,), public=True
    )


async def running(office: Office) -> str:
    """Return in a few words who has how much, and "none" where nobody has."""
    canary = await office.canary.current()
    return f"{canary.model} has {_percent(canary.share)} of the conversations" if canary else "none"


async def returned(office: Office, ended: Canary) -> None:
    """Write down that a canary was ended by itself, and tell people of the company."""
    await office.note(SARAH, "end canary", ended.model, ended.why)
    text = f"**{ended.model}** answers no share of the conversations any more. {ended.why}"
    # The page shows a notice for as long as it is news.
    notice = Notice(text, (FIGURES,), is_open=lambda: office.store.canaries.running is None)
    # It is about conversations of every platform, so any support channel will do.
    where = support_for("", office)
    if where is None:
        return
    platform, channel = where
    try:
        await office.posts[platform](channel, notice)
    except ShowError as error:
        structlog.get_logger().warning("canary.not_told", platform=platform, why=str(error))


def _about(canary: Canary) -> str:
    begun = f"since {minute(canary.started_at)} ({canary.started_by})"
    return (
        f"**{canary.model}** has {_percent(canary.share)} of the conversations {begun}, {canary.champion} the others."
    )


def _bounds(office: Office) -> str:
    bounds = office.canary.bounds
    fail = f"{bounds.errors:.0%} of its answers fail (judged from {bounds.turns} on)"
    down = f"{bounds.downs:.0%} of its ratings are thumbs-down (judged from {bounds.ratings} on)"
    return (
        f"It ends by itself at {number(bounds.in_a_row, 'failure')} in a row, and when surely more than {fail} or"
        f" {down} while the champion does better."
    )


async def _figures(office: Office, canary: Canary) -> str:
    sides = [await _side(office, canary, is_candidate=candidate) for candidate in (True, False)]
    names = ("answers", "failed", "refused as off topic", "thumbs up", "thumbs down", "median answer")
    rows = zip(names, *sides, strict=True)
    return table(("", "candidate", "the others"), rows) + f"\n{LEGEND}"


async def _side(office: Office, canary: Canary, *, is_candidate: bool) -> tuple[str, ...]:
    kept = office.store.canaries
    arm = await kept.arm(canary, is_candidate=is_candidate)
    median = await kept.median_ms(canary, arm, is_candidate=is_candidate)
    seconds = "" if median is None else f"{median / 1000:.1f} s"
    refused, downs = _of(arm.refusals, arm.refusals + arm.turns), _of(arm.downs, arm.ups + arm.downs)
    return f"{arm.turns:,}", _of(arm.failures, arm.turns), refused, f"{arm.ups:,}", downs, seconds


def _of(count: int, total: int) -> str:
    """Return a share with its interval; where there is nothing to share, the count alone."""
    if not total:
        return "0"
    low, high = wilson(count, total)
    return f"{count:,} ({count / total:.0%}; {low:.0%} to {high:.0%})"


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"
