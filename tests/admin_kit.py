"""An office for tests: a real home, store and registry, real commands, and callers of every kind."""

import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.admin.admin import Admin
from bot.admin.board import Board, Notice
from bot.admin.calls import Call, Caller, Upload
from bot.admin.canary import returned
from bot.admin.catalogue import COMMANDS
from bot.admin.office import Office
from bot.admin.permission import Staff
from bot.admin.records import Records
from bot.admin.rehearsal import Company, Rehearsal
from bot.admin.replies import Reply, Report
from bot.admin.setups import circumstances
from bot.app import keeper_of, staff_of
from bot.assistant import Assistant, Clock, Policy
from bot.conversation import Conversation
from bot.guard import Guard, OpenGuard
from bot.metrics import Metrics
from bot.models import ChatModel
from bot.models.chain import Chain
from bot.models.champion import open_champion
from bot.models.library import open_library
from bot.models.making import topics, tuned
from bot.persona import Persona
from bot.settings import Settings
from bot.store import Store, open_store
from tests.discriminators import lend
from tests.kit import DATA, PERSONA, ScriptedModel, knowledge
from tests.training.workflow_kit import QUICK
from training.assembly import bench_of
from training.registry import Registry
from training.runs import worker

# The server that is a home, its support channel, and one that is none.
HOME, SUPPORT, ELSEWHERE = "100", "900", "200"
CHANNEL = "300"
OWNER = Caller("discord", HOME, "1", "Olga", manages=True, moderates=True)
SECOND = Caller("discord", HOME, "2", "Sam", manages=True, moderates=True)
MEMBER = Caller("discord", HOME, "3", "Mia")
HERE = Conversation("discord", HOME, CHANNEL)


class Crew:
    """Works on runs in a thread, as the background process does; stops when told."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._settings = settings
        self._registry = registry
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def start(self) -> None:
        """Go on with the runs, unless somebody does or there are none."""
        if (self._thread and self._thread.is_alive()) or not self._registry.unfinished():
            return
        bench = replace(bench_of(self._settings, self._registry), pace=QUICK, stop=self._stop)
        if self._settings.sarah_data == DATA:
            # Its discriminator takes ten seconds to fit, that of the other company none.
            bench = replace(bench, refit=None)
        self._thread = threading.Thread(target=worker.work, args=(bench,), name="crew", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop at once, as at a restart."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=30)


@dataclass(frozen=True, slots=True)
class Scene:
    """An office at work, with everything around it."""

    settings: Settings
    office: Office
    admin: Admin
    assistant: Assistant
    registry: Registry
    store: Store
    crew: Crew
    persona: Persona

    async def give(self, command: str, caller: Caller = OWNER, where: Conversation = HERE, **given: object) -> Reply:
        """Give a command; a field such as `learning-rate` is written `learning_rate`."""
        return await self.admin.do(self.call(command, caller, where, **given))

    def call(self, command: str, caller: Caller = OWNER, where: Conversation = HERE, **given: object) -> Call:
        """Return a call, as a platform would make it."""
        said = {name.replace("_", "-"): value for name, value in given.items()}
        return Call(caller, command, where, said, message_id=f"m{time.monotonic_ns()}")  # pyright: ignore[reportArgumentType]

    async def press(self, reply: Reply | Report, label: str, caller: Caller = OWNER) -> Reply:
        """Press the button of that label."""
        button = next(button for button in reply.buttons if button.label.startswith(label))
        return await self.admin.do(Call(caller, button.command, HERE, dict(button.given)))


def settings_for(home: Path, data: Path = DATA, **changes: object) -> Settings:
    """Return the settings of an office with one home on Discord and one on Slack, whatever the environment says."""
    told = {
        "sarah_home": home,
        "sarah_data": data,
        "sarah_home_workspaces": f"discord:{HOME}, slack:T1",
        "sarah_support_channels": f"discord:{SUPPORT}",
    }
    return Settings(_env_file=None, **told | changes)  # pyright: ignore[reportCallIssue, reportArgumentType]


@asynccontextmanager
async def open_office(  # noqa: PLR0913 - what a test changes, by name
    home: Path,
    *models: ChatModel,
    persona: Persona = PERSONA,
    data: Path = DATA,
    guard: Guard | None = None,
    staff: Staff | None = None,
    clock: Callable[[], float] = time.time,
    **changes: object,
) -> AsyncGenerator[Scene]:
    """Open an office over a home folder; without models a scripted one answers."""
    settings = settings_for(lend(home), data, **changes)
    numbers = iter(range(1, 1_000_000))
    answering = models or (ScriptedModel(),)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(home / "sarah.db"))
        records = stack.enter_context(Records(home))
        registry = records.open()
        topic_of = topics(settings)
        library = await stack.enter_async_context(
            open_library(home, lambda model, opened: tuned(settings, model, opened), topic_of=topic_of)
        )
        champion = await stack.enter_async_context(
            open_champion(home, lambda model, opened: tuned(settings, model, opened), topic_of=topic_of)
        )
        metrics = Metrics()
        judge = guard or OpenGuard()
        canary = keeper_of(settings, store, answering[0].name, library)
        assistant = Assistant(
            store=store,
            persona=persona,
            knowledge=knowledge(data),
            guard=judge,
            chain=Chain(answering, metrics, champion, library=library),
            policy=Policy(can_hand_over=True),
            metrics=metrics,
            clock=Clock(reference=lambda: f"r{next(numbers)}"),
            canary=canary,
        )
        crew = Crew(settings, registry)
        stack.callback(crew.stop)
        contacts = ("lumen.example",)
        company = Company(persona, knowledge(data), judge, data / "scenarios", contacts, **circumstances(settings))
        office = Office(
            settings=settings,
            records=records,
            store=store,
            assistant=assistant,
            persona=persona,
            rehearsal=Rehearsal(company, library, answering[0], records, spare=answering[1:]),
            canary=canary,
            staff=staff or staff_of(settings),
            start_work=crew.start,
            clock=clock,
            support=dict(settings.listed(settings.sarah_support_channels)),
        )
        admin = Admin(office, COMMANDS)
        stack.push_async_callback(admin.close)
        canary.tell(lambda ended: returned(office, ended))
        stack.push_async_callback(canary.close)
        yield Scene(settings, office, admin, assistant, registry, store, crew, persona)


def file(name: str, content: bytes | str, content_type: str = "application/octet-stream") -> Upload:
    """Return a file that somebody sends."""
    data = content.encode() if isinstance(content, str) else content

    async def save(path: Path) -> None:
        path.write_bytes(data)  # noqa: ASYNC240 - a few kilobytes

    return Upload(name, content_type, len(data), save)


@dataclass(slots=True)
class Wall:
    """A channel in memory: what was posted and how it was changed; `gone` messages cannot be edited."""

    platform: str = "discord"
    workspace: str = HOME
    channel: str = CHANNEL
    posted: list[Report] = field(default_factory=list[Report])
    shown: dict[str, Report] = field(default_factory=dict[str, Report])
    gone: set[str] = field(default_factory=set[str])
    notices: list[tuple[str, Notice]] = field(default_factory=list[tuple[str, Notice]])
    unrecorded: Mapping[str, str] = field(default_factory=dict[str, str])

    def board(self) -> Board:
        """Return how a run is shown here."""

        async def post(report: Report, _: str) -> str:
            self.posted.append(report)
            self.shown[f"m{len(self.posted)}"] = report
            return f"m{len(self.posted)}"

        async def edit(message: str, report: Report) -> bool:
            if message in self.gone:
                return False
            # Without a new picture the one before stays, as in an edited message of a platform.
            self.shown[message] = replace(report, picture=report.picture or self.shown[message].picture)
            return True

        async def find(run: str) -> str:
            return self.unrecorded.get(run, "")

        return Board(self.platform, self.workspace, self.channel, post, edit, find)

    async def notice(self, channel: str, notice: Notice) -> str:
        """Take a notice."""
        self.notices.append((channel, notice))
        return f"n{len(self.notices)}"
