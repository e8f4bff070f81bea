"""Every command, and everybody who may or may not give it."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pytest
import pytest_asyncio

from bot.admin.calls import Caller
from bot.admin.catalogue import COMMANDS
from bot.admin.replies import Reply
from bot.conversation import Conversation
from tests.admin.kit import answered, examples, files, forced, idle, marked, rows, started
from tests.admin_kit import HERE, OWNER, Scene, Wall, file

# The home workspace of each platform, and one that is none.
HOMES = {"discord": "100", "slack": "T1"}
ELSEWHERE = {"discord": "200", "slack": "T2"}
EVERYBODY = frozenset(
    ["owner", "named admin", "member", "guest", "bot", "ex-admin", "admin of another workspace", "admin in a message"]
)
PEOPLE = EVERYBODY - {"bot"}
# A direct message of Discord's is in no workspace, one of Slack's is in that of whoever writes it.
HOME_ADMINS = {
    "discord": frozenset(["owner", "named admin"]),
    "slack": frozenset(["owner", "named admin", "admin in a message"]),
}
ADMINS = {name: admins | {"admin of another workspace"} for name, admins in HOME_ADMINS.items()}
# In a channel of Discord's, which is everybody's, those who moderate it; in a thread of Slack's, whoever is in it.
RESETTING = {"discord": frozenset(["owner", "admin of another workspace", "admin in a message"]), "slack": PEOPLE}
EVERY_PERSON = dict.fromkeys(HOMES, PEOPLE)

MAY = {
    "ask": EVERY_PERSON,
    "human": EVERY_PERSON,
    "privacy": EVERY_PERSON,
    "forget-me": EVERY_PERSON,
    "export-me": EVERY_PERSON,
    "reset": RESETTING,
    "data upload": HOME_ADMINS,
    "data list": HOME_ADMINS,
    "data show": HOME_ADMINS,
    "data check": HOME_ADMINS,
    "data delete": HOME_ADMINS,
    "data add-example": HOME_ADMINS,
    "data draft": HOME_ADMINS,
    "data freeze": HOME_ADMINS,
    "data export": HOME_ADMINS,
    "train start": HOME_ADMINS,
    "train agree": HOME_ADMINS,
    "train status": HOME_ADMINS,
    "train list": HOME_ADMINS,
    "train cancel": HOME_ADMINS,
    "train events": HOME_ADMINS,
    "model list": HOME_ADMINS,
    "model show": HOME_ADMINS,
    "model compare": HOME_ADMINS,
    "model evaluate": HOME_ADMINS,
    "model report": HOME_ADMINS,
    "model promote": HOME_ADMINS,
    "model rollback": HOME_ADMINS,
    "model try": HOME_ADMINS,
    "canary show": HOME_ADMINS,
    "canary start": HOME_ADMINS,
    "canary stop": HOME_ADMINS,
    "sarah status": HOME_ADMINS,
    "sarah channel": ADMINS,
    "sarah limits": HOME_ADMINS,
    "sarah audit": HOME_ADMINS,
    "sarah feedback": ADMINS,
    # Of a conversation that somebody else has handed over.
    "sarah hand-back": HOME_ADMINS,
}
# What leaves something else than it found, if only a line that tells of it.
CHANGING = [
    "data upload",
    "data delete",
    "data add-example",
    "data draft",
    "data freeze",
    "data export",
    "train start",
    "train agree",
    "train cancel",
    "canary start",
    "canary stop",
    "model evaluate",
    "model promote",
    "model rollback",
    "sarah channel",
    "sarah limits",
    "sarah hand-back",
]
# These are customers' own, whose names are in no log that outlives `forget-me`.
CHANGING_FOR_ONESELF = ["ask", "forget-me", "human", "reset"]


@dataclass(frozen=True)
class Things:
    """What there is to give commands about, by the names under which commands know it."""

    models: tuple[str, ...]
    run: str
    proposal: str
    handoff: int

    def given(self, title: str) -> dict[str, object]:
        """Return what makes a command do all that it can."""
        first, second = self.models
        told: dict[str, dict[str, object]] = {
            "ask": {"question": "How do I descale it?"},
            "forget-me": {"sure": "yes"},
            "data upload": {"file": file("new.jsonl", examples(12, "fan"))},
            "data show": {"dataset": "lamps"},
            "data check": {"file": file("new.jsonl", examples(12, "fan"))},
            "data delete": {"dataset": "spare", "sure": "yes"},
            "data add-example": {"question": "Does it whistle?", "answer": "It hums."},
            "data draft": {"draft": "ready", "remove": 1},
            "data freeze": {"draft": "ready"},
            "data export": {"dataset": "lamps"},
            "train start": {"dataset": "lamps"},
            "train agree": {"proposal": self.proposal},
            "train status": {"run": self.run, "follow": "yes"},
            "train cancel": {"run": self.run},
            "train events": {"run": self.run},
            "model show": {"model": first},
            "model compare": {"model": first},
            "model evaluate": {"model": "untrained"},
            "model report": {"models": first},
            "model promote": {"model": second, "force": "yes", "reason": "For a test."},
            "model try": {"model": first, "question": "How do I descale it?"},
            "canary start": {"model": second},
            "sarah channel": {"on": "no", "instructions": "Be brief."},
            "sarah limits": {"per_minute": 3},
            "sarah hand-back": {"handoff": self.handoff},
        }
        return told.get(title, {})


@dataclass(frozen=True)
class Stage:
    """A scene with everything in it that commands are about."""

    scene: Scene
    things: Things
    home: Path

    async def do(self, title: str, caller: Caller, where: Conversation) -> Reply:
        """Let somebody give a command."""
        return await self.scene.give(title, caller, where, **self.things.given(title))

    def state(self) -> tuple[dict[str, list[str]], dict[str, bytes]]:
        """Return everything that is kept."""
        return rows(self.home), files(self.home)


def callers(platform: str) -> dict[str, tuple[Caller, Conversation]]:
    """Return everybody, each where they give their commands."""
    here, channel = Caller(platform, HOMES[platform], "1", "Olga"), Conversation(platform, HOMES[platform], "300", "7")
    rights = {"manages": True, "moderates": True}
    away = Conversation(platform, ELSEWHERE[platform], "400", "8")
    alone = Conversation(platform, "" if platform == "discord" else HOMES[platform], "500")
    return {
        "owner": (replace(here, user="1", **rights), channel),
        "named admin": (replace(here, user="5"), channel),
        "member": (replace(here, user="3"), channel),
        # The operator named this one by mistake, and the workspace made it an admin.
        "guest": (replace(here, user="6", is_guest=True, manages=True), channel),
        "bot": (replace(here, user="7", is_bot=True, **rights), channel),
        # Who did all that is prepared, and has lost the right since.
        "ex-admin": (replace(here, user="2"), channel),
        "admin of another workspace": (replace(here, workspace=away.workspace, user="8", **rights), away),
        "admin in a message": (
            replace(here, workspace=alone.workspace, user="5", moderates=True, manages=platform == "slack"),
            alone,
        ),
    }


async def furnish(scene: Scene) -> Things:
    """Put everything into a scene that commands are about."""
    ex_admin = replace(OWNER, user="2")
    second, first = (model.id for model in scene.registry.models())
    await forced(scene, first, ex_admin)
    for number in range(11):
        said = {"question": f"Is {number} the volume?", "answer": f"{number} is loud enough.", "draft": "ready"}
        await scene.give("data add-example", ex_admin, HERE, **said)
    await marked(scene, "It is dark in here.")
    for platform in HOMES:
        for caller, where in callers(platform).values():
            await answered(scene, "Where is my order?", caller.user, where)
    await scene.give("human", replace(OWNER, user="3"), replace(HERE, channel="600"))
    [handoff] = await scene.store.handoffs.every_open()
    proposed = await scene.give("train start", ex_admin, dataset="lamps")
    run = await started(scene, "lamps", epochs=2)
    return Things((first, second), run, proposed.buttons[0].given["proposal"], handoff.id)


@asynccontextmanager
async def staged(home: Path) -> AsyncGenerator[Stage]:
    """Open a furnished scene in which nobody works on runs, so that nothing changes by itself."""
    named = ", ".join(f"{platform}:{user}" for platform, user in product(HOMES, "567"))
    async with idle(home, sarah_admins=named, sarah_per_minute=0) as scene:
        for platform in HOMES:
            scene.admin.serve(platform, Wall().notice)
        yield Stage(scene, await furnish(scene), home)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def for_denied(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    async with staged(shutil.copytree(prepared, tmp_path_factory.mktemp("denied") / "home")) as stage:
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def for_allowed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    async with staged(shutil.copytree(prepared, tmp_path_factory.mktemp("allowed") / "home")) as stage:
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def for_changes(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    async with staged(shutil.copytree(prepared, tmp_path_factory.mktemp("changes") / "home")) as stage:
        yield stage


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("title", [command.title for command in COMMANDS])
@pytest.mark.parametrize("who", sorted(EVERYBODY))
@pytest.mark.parametrize("platform", HOMES)
async def test_a_command_is_done_for_those_who_may_and_has_no_effect_at_all_for_all_others(
    for_denied: Stage, for_allowed: Stage, platform: str, who: str, title: str
) -> None:
    caller, where = callers(platform)[who]
    if who in MAY[title][platform]:
        await see_allowed(for_allowed, title, caller, where)
    else:
        await see_denied(for_denied, title, caller, where)


async def see_denied(stage: Stage, title: str, caller: Caller, where: Conversation) -> None:
    log_before = stage.scene.registry.audit_log(10_000)
    rows_before, files_before = stage.state()
    reply = await stage.do(title, caller, where)
    rows_after, files_after = stage.state()
    [line, *others] = stage.scene.registry.audit_log(10_000)
    assert (line.by, line.action, line.subject) == (caller.who, "refused", title)
    assert others == log_before
    assert line.detail.endswith(reply.text)
    assert reply.text.count(". ") == 0
    assert (reply.public, reply.attachments, reply.buttons, reply.run) == (False, (), (), "")
    assert {name: rows_after[name] for name in rows_after if not _is_log(name)} == {
        name: rows_before[name] for name in rows_before if not _is_log(name)
    }
    assert files_after == files_before


def _is_log(table: str) -> bool:
    return table in {"registry.db audit", "registry.db sqlite_sequence"}


async def see_allowed(stage: Stage, title: str, caller: Caller, where: Conversation) -> None:
    refused_before = refusals(stage.scene)
    reply = await stage.do(title, caller, where)
    assert reply.text
    assert "the fault is ours" not in reply.text
    assert refusals(stage.scene) == refused_before


def refusals(scene: Scene) -> int:
    """Return how often anybody was refused."""
    return sum(line.action == "refused" for line in scene.registry.audit_log(10_000))


# One after the other on the same stage: what comes later is not undone by what came before.
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("title", CHANGING_FOR_ONESELF + CHANGING)
async def test_what_others_are_denied_changes_something_and_is_in_the_log_with_who_did_it(
    for_changes: Stage, title: str
) -> None:
    owner, channel = callers("discord")["owner"]
    before, logged = for_changes.state(), len(for_changes.scene.registry.audit_log(1000))
    reply = await for_changes.do(title, owner, channel)
    assert for_changes.state() != before, reply.text
    lines = for_changes.scene.registry.audit_log(1000)
    assert (owner.who in {line.by for line in lines[: len(lines) - logged]}) == (title in CHANGING)


def test_the_table_has_every_command_and_no_other() -> None:
    assert [command.title for command in COMMANDS] == list(MAY)
