"""The pages beside the chat, assembled: for admins who sign in, and for what customers want beside answers."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from bot.admin.admin import Admin
from bot.conversation import Answers
from bot.persona import Persona
from bot.platforms.web.back_office import ROOT, BackOffice
from bot.platforms.web.boards import Boards
from bot.platforms.web.desk import Desk
from bot.platforms.web.entrance import Entrance
from bot.platforms.web.forms import Place
from bot.platforms.web.front_office import FrontOffice
from bot.platforms.web.links import Links
from bot.platforms.web.plain import Pages
from bot.platforms.web.sessions import Sessions
from bot.platforms.web.trials import Trials

# What is sent may be so much more than is taken, so that it can be refused with a sentence once it has arrived.
REFUSABLE = 10


class Offices:
    """Everything that the page's server offers beside the chat."""

    def __init__(  # noqa: PLR0913 - built once, in sight
        self,
        *,
        admin: Admin,
        assistant: Answers,
        desk: Desk,
        persona: Persona,
        keys: Mapping[str, str],
        address: str,
    ) -> None:
        pages, links = Pages(persona, has_admin=bool(keys)), Links(lambda: admin.open_handoffs("web"))
        self._admin = admin
        self._boards = Boards(admin)
        self._sessions = Sessions(keys)
        entrance = Entrance(self._sessions, pages)
        self._back = BackOffice(
            admin=admin, assistant=assistant, entrance=entrance, pages=pages, boards=self._boards, links=links
        )
        front = FrontOffice(
            admin=admin,
            assistant=assistant,
            desk=desk,
            persona=persona,
            pages=pages,
            links=links,
            address=address if keys else "",
        )
        trials = Trials(trying=admin.trying, entrance=entrance, pages=pages)
        self.routes = [*self._back.routes(), *trials.routes(), *front.routes()]

    @asynccontextmanager
    async def staffed(self) -> AsyncGenerator[None]:
        """Follow runs, and let people of the company be told, while the block lasts."""
        self._admin.serve("web", self._back.post)
        try:
            await self._boards.resume()
            yield
        finally:
            self._admin.leave("web")
            await self._boards.stop()
            await self._sessions.close()


def largest_posts(admin: Admin) -> dict[str, int]:
    """Return how many bytes may be sent to each command that takes a file."""
    taking = (command for command in admin.commands if any(field.kind == "file" for field in command.fields))
    return {Place(ROOT).of(command.title): REFUSABLE * admin.largest_upload for command in taking}
