"""Who gives a command, as Slack describes them at this moment: rights are asked for each time and never kept."""

from bot.admin.calls import Caller
from bot.platforms.slack.api import Api, RefusedError
from bot.platforms.slack.incoming import Me
from bot.platforms.slack.wire import Json, string, table

_MANAGING = ("is_admin", "is_owner", "is_primary_owner")
_GUESTS = ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted")


class UnknownCallerError(Exception):
    """Slack did not say who somebody is; the text is one sentence for them."""


class Callers:
    """Looks people up."""

    def __init__(self, api: Api, me: Me) -> None:
        self._api = api
        self._me = me

    def customer(self, user: str, name: str) -> Caller:
        """Return somebody as a customer, of whom nothing needs to be looked up: what they have is kept here."""
        return Caller("slack", self._me.team, user, name)

    async def member(self, user: str) -> Caller:
        """Look somebody up; raises UnknownCallerError, for nobody is an admin of whom Slack does not say so."""
        try:
            found = table(await self._api.look("users.info", user=user), "user")
        except RefusedError as error:
            raise UnknownCallerError(
                f"Slack did not tell who you are ({error}), so nothing was done: try again, and if that does not help,"
                " ask the operator to paste slack-manifest.yaml again and to install the app anew."
            ) from None
        if string(found, "id") != user:
            raise UnknownCallerError("Slack did not tell who you are, so nothing was done: try again.")
        return self._described(found)

    def _described(self, found: Json) -> Caller:
        team = string(found, "team_id")
        return Caller(
            "slack",
            team,
            string(found, "id"),
            string(table(found, "profile"), "display_name") or string(found, "name"),
            # Who manages another workspace manages nothing in this one, though a channel is shared with it.
            manages=team == self._me.team and _any(found, _MANAGING),
            is_guest=_any(found, _GUESTS),
            is_bot=found.get("is_bot") is True,
        )


def _any(found: Json, flags: tuple[str, ...]) -> bool:
    return any(found.get(flag) is True for flag in flags)
