"""Who may give which command: decided here, at every call and every press of a button."""

from collections.abc import Collection
from dataclasses import dataclass

from bot.admin.calls import Caller
from bot.admin.forms import May

# Where whoever sits at it is in the operator's own process, and has no workspace.
OWN = frozenset({"web", "terminal"})


@dataclass(frozen=True, slots=True)
class Staff:
    """Whom the settings name: admins as "discord:123", and home workspaces as "slack:T1"."""

    admins: frozenset[str] = frozenset()
    homes: frozenset[str] = frozenset()


def refusal(caller: Caller, may: May, staff: Staff) -> str:
    """Return why somebody may not give a command, in a sentence for them alone, or ""."""
    if caller.is_bot:
        return "Bots cannot give commands here: ask the person behind it to."
    if may == "anyone":
        return ""
    if caller.is_guest:
        return "Guests cannot do that: ask a full member who is an admin of this workspace."
    if not _is_admin(caller, staff):
        return _not_admin(caller)
    return _misplaced(caller, may, staff.homes)


def _misplaced(caller: Caller, may: May, homes: Collection[str]) -> str:
    """Return why a command cannot be given in this place, or ""."""
    if may == "home" and not is_at_home(caller, homes):
        return _not_at_home(caller)
    if not caller.workspace and caller.platform not in OWN:
        return "That is said of a server, and a direct message is in none: give the command there."
    return ""


def _is_admin(caller: Caller, staff: Staff) -> bool:
    return caller.manages or caller.who in staff.admins


def is_at_home(caller: Caller, homes: Collection[str]) -> bool:
    """Whether somebody is in one of the workspaces that the operator called home."""
    return caller.platform in OWN or (bool(caller.workspace) and f"{caller.platform}:{caller.workspace}" in homes)


def _not_admin(caller: Caller) -> str:
    if caller.platform == "discord":
        rights = "people who may Manage Server can do that, and those whom the operator named in SARAH_ADMINS"
    elif caller.platform == "slack":
        rights = "owners and admins of this workspace can do that, and those whom the operator named in SARAH_ADMINS"
    else:
        return "Only admins can do that: sign in first."
    return f"Only {rights} (you are {caller.who})."


def _not_at_home(caller: Caller) -> str:
    if not caller.workspace:
        return "That cannot be done in a direct message: give the command in one of the home servers."
    where = f"{caller.platform}:{caller.workspace}"
    return (
        "Datasets, runs and models belong to the home workspaces, and this is none of them:"
        f" the operator can make it one by adding {where} to SARAH_HOME_WORKSPACES."
    )
