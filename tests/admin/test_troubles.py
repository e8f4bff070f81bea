"""Whatever breaks, whoever gave a command gets one sentence, and the log what an operator needs."""

import asyncio
import errno
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pytest
from structlog.testing import capture_logs

from bot.admin.admin import Admin
from bot.admin.calls import Call
from bot.admin.catalogue import COMMANDS
from bot.admin.forms import About, command
from bot.admin.names import names
from bot.admin.office import Office
from bot.admin.records import Records
from bot.admin.replies import Reply
from tests.admin.kit import audited, examples, followed, forced, open_small, started
from tests.admin_kit import HERE, MEMBER, Scene, file
from training.examples import DataError
from training.registry import Registry, RegistryError

SECRET = "the customer's words"


def failing(scene: Scene, error: Exception) -> Admin:
    """Return commands of which one fails."""

    @command("lamp", may="home")
    async def mend(call: Call, office: Office, lamp: Annotated[str, About("The lamp")]) -> Reply:
        """Mend a lamp."""
        del call, office, lamp
        raise error

    return Admin(scene.office, [mend])


@pytest.mark.parametrize("error", [ValueError(SECRET), KeyError(SECRET), ExceptionGroup(SECRET, [ValueError(SECRET)])])
async def test_what_nobody_expected_is_a_sentence_with_an_id_that_the_log_has_without_the_text(
    tmp_path: Path, error: Exception
) -> None:
    async with open_small(tmp_path) as scene:
        with capture_logs() as logs:
            reply = await failing(scene, error).do(scene.call("lamp mend", lamp=SECRET))
        [line] = [line for line in logs if line["event"] == "admin.broken"]
        assert reply.text == f"That did not work, and the fault is ours: the log tells more under #{line['reference']}."
        assert (line["command"], line["error"]) == ("lamp mend", type(error).__name__)
        assert "test_troubles.py" in str(line["at"])
        assert SECRET not in repr(logs)
        assert SECRET not in repr(reply)


async def test_a_full_disk_is_said_with_the_way_out(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        error = OSError(errno.ENOSPC, "No space left on device", "/var/secret/path")
        reply = await failing(scene, error).do(scene.call("lamp mend", lamp="x"))
        assert "No space left on device" in reply.text
        assert "make room" in reply.text
        assert "/var/secret" not in reply.text


async def test_a_fault_that_has_a_sentence_is_told_as_it_is(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        reply = await failing(scene, DataError("It is dark: switch it on.")).do(scene.call("lamp mend", lamp="x"))
        assert reply == Reply("It is dark: switch it on.")


@pytest.mark.parametrize("title", ["data burn", "", "do", "data", "x" * 500, "`data`"])
async def test_a_command_that_there_is_not_leads_to_those_that_there_are(tmp_path: Path, title: str) -> None:
    async with open_small(tmp_path) as scene:
        reply = await scene.give(title)
        assert reply.text.startswith("There is no command")
        assert len(reply.text) < 200


async def test_a_number_that_no_database_takes_is_a_fault_of_the_field(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        assert (await scene.give("sarah hand-back", handoff=10**30)).text == "`handoff` must be a smaller number."
        assert (await scene.give("sarah feedback", before=10**30)).text == "`before` must be a smaller number."


async def test_a_refusal_holds_where_it_cannot_be_written_down(home: Path) -> None:
    async with open_small(home) as scene:
        with closing(sqlite3.connect(home / "registry.db")) as database:
            database.execute("ALTER TABLE audit RENAME TO elsewhere")
            database.commit()
        with capture_logs() as logs:
            reply = await scene.give("data delete", MEMBER, dataset="spare", sure="yes")
        assert "Manage Server" in reply.text
        assert "admin.not_recorded" in {line["event"] for line in logs}
        assert [one.name for one in scene.registry.datasets()].count("spare") == 1


async def test_a_rollback_waits_for_no_upload(home: Path) -> None:
    held, begun = threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        begun.release()
        held.wait(20)

    async with open_small(home) as scene:
        await forced(scene, scene.registry.models()[0].id)
        uploads = [asyncio.create_task(scene.office.heavily(hold)) for _ in range(3)]
        try:
            await asyncio.to_thread(begun.acquire)
            reply = await asyncio.wait_for(scene.give("model rollback"), 60)
        finally:
            held.set()
            await asyncio.gather(*uploads)
        assert "answers from the next message on" in reply.text


async def test_two_uploads_are_worked_on_at_a_time_and_the_third_after_them(tmp_path: Path) -> None:
    at_work, most = [0], [0]
    lock, held = threading.Lock(), threading.Event()

    def work() -> None:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        held.wait(0.05)
        with lock:
            at_work[0] -= 1

    async with open_small(tmp_path) as scene:
        await asyncio.gather(*(scene.office.heavily(work) for _ in range(6)))
    assert most == [2]


class Locked(Records):
    """A registry that another process keeps for itself."""

    def open(self) -> Registry:
        """Refuse."""
        raise RegistryError("Another process has been writing for ten seconds: try again.")


async def test_what_was_done_stands_though_it_cannot_be_written_down(tmp_path: Path) -> None:
    async with open_small(tmp_path) as opened:
        office = replace(opened.office, records=Locked(tmp_path))
        scene = replace(opened, office=office, admin=Admin(office, COMMANDS))
        with capture_logs() as logs:
            said = await scene.give("data add-example", question="Does it hum?", answer="It does.")
            await scene.give("sarah channel", on="no")
            assert "`per-minute`: 7" in (await scene.give("sarah limits", per_minute=7)).text
        assert said.text.startswith("Kept in the draft")
        assert not scene.store.channels.rules(HERE).is_on
        missing = [line["action"] for line in logs if line["event"] == "admin.not_recorded"]
        assert missing == ["add example", "change channel", "change limits"]


async def test_the_registry_is_opened_beside_the_loop_for_it_may_be_locked_for_seconds(home: Path) -> None:
    threads: set[threading.Thread] = set()

    class Watched(Records):
        def open(self) -> Registry:
            threads.add(threading.current_thread())
            return super().open()

    async with open_small(home) as opened:
        with Watched(home) as records:
            office = replace(opened.office, records=records)
            scene = replace(opened, office=office, admin=Admin(office, COMMANDS))
            for each in COMMANDS:
                if not any(field.required for field in each.fields):
                    await scene.give(each.title)
            for kind in ("datasets", "drafts", "runs", "models"):
                assert await names(office, kind) or kind in {"drafts", "runs"}
            assert "lamps" in (await scene.give("train start", dataset="lamps")).text
    assert threads
    assert threading.main_thread() not in threads


async def test_a_run_is_told_of_while_files_are_being_checked(home: Path) -> None:
    async with open_small(home) as scene:
        async with scene.office.desks, scene.office.desks:
            wall = await followed(scene, await started(scene, "lamps"))
        assert wall.shown["m1"].picture


async def test_nothing_is_completed_where_the_registry_cannot_be_read(home: Path) -> None:
    async with open_small(home) as scene:
        with closing(sqlite3.connect(home / "registry.db")) as database:
            database.execute("ALTER TABLE models RENAME TO elsewhere")
            database.commit()
        assert await scene.admin.complete(scene.call("model show"), "model", "m") == []
        reply = await scene.give("model list")
        assert "Traceback" not in reply.text
        assert "registry" in reply.text


async def test_a_form_opens_where_what_should_stand_in_it_cannot_be_read(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        with closing(sqlite3.connect(tmp_path / "sarah.db")) as database:
            database.execute("ALTER TABLE feedback RENAME TO elsewhere")
            database.commit()
        form = await scene.admin.form(scene.call("data add-example", turn="1"))
        assert form
        assert "question" not in form.values


async def test_an_upload_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    async def save(path: Path) -> None:
        path.write_text(examples())  # noqa: ASYNC240 - a moment
        raise asyncio.CancelledError

    async with open_small(tmp_path) as scene:
        sent = replace(file("lamps.jsonl", examples()), save=save)
        with pytest.raises(asyncio.CancelledError):
            await scene.give("data upload", file=sent)
        assert list((tmp_path / "uploads").iterdir()) == []
        assert audited(scene) == []
