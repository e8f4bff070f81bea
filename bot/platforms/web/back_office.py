"""The Admin tab: every command as a page with its form, every reply and every run as a page of its own."""

from html import escape
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.admin.admin import Admin
from bot.admin.board import Notice
from bot.admin.calls import Call, UploadError
from bot.admin.forms import Command
from bot.admin.replies import Button, Reply
from bot.conversation import Answers, Conversation
from bot.platforms.web.announced import Announced
from bot.platforms.web.boards import CHANNEL, Boards
from bot.platforms.web.desk import conversation_of
from bot.platforms.web.entrance import Entrance, Handler, same
from bot.platforms.web.forms import Filling, Place, form_of, press, presses
from bot.platforms.web.handing import handed_out
from bot.platforms.web.links import Links
from bot.platforms.web.markdown import as_html, linked
from bot.platforms.web.plain import Pages
from bot.platforms.web.receiving import ACT, PRESSED, SECRET, posted
from bot.platforms.web.sessions import Session
from bot.platforms.web.shelf import Shown
from bot.platforms.web.showing import progress_of, reply_of
from bot.platforms.web.waiting import Waiting

ROOT = "/admin/do"
HERE = Conversation("web", "", CHANNEL)
HOME = '<p class="trail"><a href="/admin">← All commands</a></p>'
GROUPS = {
    "data": "Data",
    "train": "Training",
    "model": "Models",
    "canary": "Canary",
    "sarah": "Answers and settings",
}
# A page of its own among the commands of that group.
OF_ITS_OWN = {
    "model": '<a class="card" href="/admin/try"><b>Try models</b><span>Talk to one, or to two side by side</span></a>'
}
# The page has no channels.
ELSEWHERE = frozenset({"sarah channel"})
# The customer's conversation that a form is about, where it is about one.
ABOUT = "_about"
# The reply that led to a run's page.
REPLY = "reply"
TURNS_SHOWN = 20
GONE = "That conversation was handed back, or never handed over: “Status” of “Answers and settings” tells who waits."


class BackOffice:
    """Serves the pages of the Admin tab."""

    def __init__(  # noqa: PLR0913 - built once, in sight
        self, *, admin: Admin, assistant: Answers, entrance: Entrance, pages: Pages, boards: Boards, links: Links
    ) -> None:
        self._admin = admin
        self._assistant = assistant
        self._entrance = entrance
        self._pages = pages
        self._boards = boards
        self._links = links
        self._waiting = Waiting()
        self._announced = Announced()

    def routes(self) -> list[Route]:
        """Return every page, each for those alone who are signed in."""
        pages: dict[str, Handler] = {
            "/admin": self._home,
            "/admin/do/{group}/{name}": self._command,
            "/admin/replies/{key}": self._reply,
            "/admin/replies/{key}/{at:int}": self._file,
            "/admin/runs/{run}": self._run,
            "/admin/conversations/{key}": self._conversation,
        }
        own = [Route(path, self._entrance.guarded(page)) for path, page in pages.items()]
        doing = Route("/admin/do/{group}/{name}", self._entrance.guarded(self._do), methods=["POST"])
        return [*self._entrance.routes(), *own, doing]

    async def post(self, _: str, notice: Notice) -> str:
        """Tell people of the company something: it stands above all commands; raises ShowError."""
        self._waiting.keep(notice)
        # There is no message that would outlive this process: the next one is told again.
        return ""

    async def _home(self, _: Request, session: Session) -> Response:
        caller, place = session.caller, Place(ROOT, session.secret)
        groups: dict[str, list[Command]] = {}
        for command in self._admin.commands:
            if command.group and command.title not in ELSEWHERE and self._admin.may(caller, command.title):
                groups.setdefault(command.group, []).append(command)
        waiting = (Notice(linked(notice.text), notice.buttons) for notice in self._waiting.newest())
        announced = (Notice(reply.text, reply.buttons) for reply in self._announced.newest())
        body = "".join(_told(notice, place) for notice in (*waiting, *announced))
        for group, commands in groups.items():
            cards = "".join(_card(command, place) for command in commands) + OF_ITS_OWN.get(group, "")
            title = GROUPS.get(group, group.capitalize())
            body += f'<h2>{escape(title)}</h2><div class="cards">{cards}</div>'
        return self._pages.show("Admin", body, session=session)

    async def _command(self, request: Request, session: Session) -> Response:
        """Show the form of a command."""
        title = _title(request)
        command = self._offered(title, session)
        if command is None:
            return self._missing(session, f"There is no command {title}.")
        return await self._form(command, session, Call(session.caller, title, HERE))

    async def _do(self, request: Request, session: Session) -> Response:
        """Do a command, or ask for what a button did not bring."""
        title = _title(request)
        command = self._offered(title, session)
        if command is None:
            return self._missing(session, f"There is no command {title}.")
        has_file = any(field.kind == "file" for field in command.fields)
        try:
            async with posted(request, self._admin.largest_upload if has_file else 0) as form:
                # Asked again: the session may have ended while a large file arrived.
                if self._entrance.session(request) is None or not same(form.ours.get(SECRET, ""), session.secret):
                    return self._entrance.strange(session)
                where = await self._where(form.ours.get(ABOUT, ""))
                call = Call(session.caller, title, where, form.given, message_id=form.ours.get(ACT, ""))
                if PRESSED in form.ours and await self._admin.form(call):
                    return await self._form(command, session, call)
                reply = await self._admin.do(call)
                self._announced.heed(call, reply)
        except UploadError as refused:
            reply = Reply(str(refused))
        key = session.shelf.keep(Shown(title, reply))
        if reply.run:
            self._boards.follow(reply.run)
            # The address outlives this process, other than that of a reply.
            return RedirectResponse(f"/admin/runs/{reply.run}?{REPLY}={key}", HTTPStatus.SEE_OTHER)
        return RedirectResponse(f"/admin/replies/{key}", HTTPStatus.SEE_OTHER)

    async def _form(self, command: Command, session: Session, call: Call) -> Response:
        form = await self._admin.form(call)
        completed = {
            field.name: await self._admin.complete(call, field.name, "") for field in command.fields if field.names
        }
        values, carried = (form.values, form.carried) if form else ({}, {})
        filling = Filling(values, carried, completed)
        body = f"{HOME}<p>{escape(command.about)}.</p>{form_of(command, Place(ROOT, session.secret), filling)}"
        return self._pages.show(command.title.capitalize(), body, session=session)

    async def _reply(self, request: Request, session: Session) -> Response:
        key = request.path_params["key"]
        shown = session.shelf.find(key)
        if shown is None:
            return self._missing(session, "That reply is no longer kept: give the command again.")
        body = f"{HOME}{reply_of(shown, key, Place(ROOT, session.secret))}"
        return self._pages.show(shown.title.capitalize(), body, session=session)

    async def _file(self, request: Request, session: Session) -> Response:
        shown, at = session.shelf.find(request.path_params["key"]), int(request.path_params["at"])
        if shown is None or at >= len(shown.reply.attachments):
            return self._missing(session, "That file is no longer kept: give the command again.")
        return handed_out(shown.reply.attachments[at])

    async def _run(self, request: Request, session: Session) -> Response:
        run = request.path_params["run"]
        report = self._boards.report(run)
        if report is None and not self._boards.is_followed(run):
            return self._missing(session, f"Nothing is told here of a run {run}: “Status” under Training finds runs.")
        place, key, begun = Place(ROOT, session.secret), request.query_params.get(REPLY, ""), ""
        if shown := session.shelf.find(key):
            begun = f'{reply_of(shown, key, place)}<h2><a href="/admin/runs/{run}">{run}</a></h2>'
        body = f"{HOME}{begun}{progress_of(report, place)}"
        return self._pages.show(f"Run {run}", body, session=session, is_live=not (report and report.is_last))

    async def _conversation(self, request: Request, session: Session) -> Response:
        """Show a customer's conversation to whoever was called to it."""
        token = await self._links.token(request.path_params["key"])
        if token is None:
            return self._missing(session, GONE)
        turns = await self._assistant.history(conversation_of(token), TURNS_SHOWN)
        said = "".join(
            f'<div class="said"><p class="asked">{escape(turn.question)}</p>{as_html(turn.answer)}</div>'
            for turn in turns
        )
        back = self._hand_back(token, Place(ROOT, session.secret, {ABOUT: request.path_params["key"]}))
        body = f"{HOME}{said or '<p>Nothing was said yet.</p>'}{back}"
        return self._pages.show("A conversation", body, session=session)

    def _hand_back(self, token: str, place: Place) -> str:
        """Return the button by which she answers again, where a person has the conversation."""
        if not self._assistant.silence(conversation_of(token)):
            return ""
        return presses([Button("Hand back", "sarah hand-back", style="primary")], place)

    async def _where(self, about: str) -> Conversation:
        """Return the conversation that a form is about: a customer's, or none."""
        token = await self._links.token(about)
        return conversation_of(token) if token else HERE

    def _offered(self, title: str, session: Session) -> Command | None:
        return self._admin.command(title) if self._admin.may(session.caller, title) else None

    def _missing(self, session: Session, why: str) -> Response:
        body = f"{HOME}<p>{escape(why)}</p>"
        return self._pages.show("Not found", body, session=session, status=HTTPStatus.NOT_FOUND)


def _title(request: Request) -> str:
    return f"{request.path_params['group']} {request.path_params['name']}"


def _card(command: Command, place: Place) -> str:
    inside = f"<b>{escape(command.name.replace('-', ' ').capitalize())}</b><span>{escape(command.about)}</span>"
    if command.fields:
        return f'<a class="card" href="{place.of(command.title)}">{inside}</a>'
    return press(Button("", command.title), place).replace(
        "<button type='submit'></button>", f'<button class="card" type="submit">{inside}</button>'
    )


def _told(notice: Notice, place: Place) -> str:
    return f'<div class="reply">{as_html(notice.text)}{presses(notice.buttons, place)}</div>'
