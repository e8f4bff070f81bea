"""Telling people of the company that a customer wants one of them."""

import structlog

from bot.admin.board import Notice, ShowError
from bot.admin.office import Office
from bot.admin.replies import Button
from bot.conversation import Handoff
from bot.store import StoreError

# By whom a conversation was handed back that nobody could be told of.
NOBODY_TOLD = "nobody was told"


def support_for(platform: str, office: Office) -> tuple[str, str] | None:
    """Return the platform and the channel where people are told: on the customer's own platform if there is one."""
    served = {name: channel for name, channel in office.support.items() if name in office.posts}
    if platform in served:
        return platform, served[platform]
    return next(iter(served.items()), None)


async def announce(office: Office, handoff: Handoff, platform: str, channel: str) -> None:
    """Tell people of a conversation that is theirs now; where that fails it is nobody's, and the failure is raised.

    Where a stop breaks that off, it stays theirs: the next process tells of it.
    """
    back = Button(f"Hand back to {office.persona.name}", "sarah hand-back", {"handoff": str(handoff.id)})
    place = f"\n{handoff.link}" if handoff.link else ""
    where = handoff.conversation.platform
    text = f"A customer on {where} asks for a person (conversation #{handoff.id}).{place}"
    try:
        posted = await office.posts[platform](channel, Notice(text, (back,), is_open=lambda: _is_open(office, handoff)))
    except Exception:
        # She would be silent for good, and nobody would know that somebody waits.
        await office.store.handoffs.end(handoff.id, NOBODY_TOLD, office.clock())
        raise
    # Where no message stands, the next process tells of it again.
    if posted:
        await office.store.handoffs.noticed(handoff.id, f"{platform}:{channel}:{posted}")


def _is_open(office: Office, handoff: Handoff) -> bool:
    known = office.store.handoffs.open_for(handoff.conversation)
    return known is not None and known.id == handoff.id


async def announce_left(office: Office, platform: str, before: float) -> None:
    """Tell people of the conversations for which an earlier process did not come to it."""
    for handoff in await office.store.handoffs.every_open():
        where = support_for(handoff.conversation.platform, office)
        if handoff.notice or handoff.asked_at >= before or where is None or where[0] != platform:
            continue
        try:
            await announce(office, handoff, *where)
        except (ShowError, StoreError) as error:
            structlog.get_logger().warning(
                "handoff.not_announced", handoff=handoff.id, platform=platform, why=str(error)
            )
