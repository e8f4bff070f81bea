"""Runs on the Admin tab: a page that changes by itself until the end, in a real browser and over a restart."""

import asyncio
import json
import re
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, Route, expect
from structlog.testing import capture_logs

from bot.admin.admin import Admin
from bot.admin.board import Board
from bot.admin.replies import Attachment, Report
from bot.platforms.web.boards import MOST, Boards
from bot.platforms.web.forms import Place
from bot.platforms.web.showing import progress_of
from tests.admin_kit import Scene as Office
from tests.admin_kit import open_office
from tests.browser import Profiles
from tests.platforms.web_scene import KEYS, customer, served
from tests.platforms.web_staff import Member, at_the_desk, forms, shown

pytest_plugins = ("tests.browser",)
pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = 390
LINES = [
    json.dumps({"messages": [{"role": "user", "content": f"Lamp {n}?"}, {"role": "assistant", "content": f"Yes {n}."}]})
    for n in range(20)
]
GOOD = "\n".join(LINES).encode()


async def begun(office: Office, channel: str = "admin") -> str:
    """Begin a run that nobody works on yet, as an earlier process left it, and return its id."""
    kept = await office.give("train start", dataset=office.registry.datasets()[0].id)
    proposal = str(kept.buttons[0].given["proposal"])
    run = (await asyncio.to_thread(office.registry.agree, proposal, "web:Olga", 1.0)).run
    await office.store.progress.begin(run, "web", "", channel)
    return run


async def test_a_run_that_an_earlier_process_showed_goes_on_after_the_restart(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        async with at_the_desk(office) as olga:
            await olga.fill("data upload", {"file": ("lamps.jsonl", GOOD)})
        run = await begun(office)
        async with at_the_desk(office) as olga:
            await until(olga, f"/admin/runs/{run}", "</strong>: queued")
            page = await olga.see(f"/admin/runs/{run}")
            assert "Cancel" in page.text
            assert '<noscript><meta http-equiv="refresh"' in page.text
            assert "data-over" not in page.text
            office.office.start_work()
            page = await until(olga, f"/admin/runs/{run}", "data-over")
            assert f"{run} : succeeded" in shown(page)
            assert page.text.count("<img") == 1
            refused = await olga.press(page, "Promote")
            assert "is not promoted" in shown(refused)
            form = forms(await olga.press(refused, "Promote anyway"))[-1]
            promoted = await olga.send(form, reason="It knows the lamps.")
            assert "answers from the next message on" in shown(promoted)
            assert (await olga.see("/admin/runs/run-0")).status_code == httpx.codes.NOT_FOUND
        assert await office.admin.following.unfinished("web") == []


async def test_a_run_that_is_not_over_is_left_to_the_next_start(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        async with at_the_desk(office) as olga:
            await olga.fill("data upload", {"file": ("lamps.jsonl", GOOD)})
        run = await begun(office)
        async with at_the_desk(office) as olga:
            await until(olga, f"/admin/runs/{run}", "</strong>: queued")
        assert [left.run for left in await office.admin.following.unfinished("web")] == [run]


async def test_a_picture_stands_until_the_next_one_and_old_runs_are_let_go(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        boards = Boards(office.admin)
        board = boards._board()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as follow() is handed it
        picture = Attachment("loss.png", b"1")
        assert await board.post(Report("one", picture), "run-1") == "run-1"
        assert await board.edit("run-1", Report("two"))
        assert boards.report("run-1") == Report("two", picture)
        for number in range(MOST):
            await board.post(Report("other"), f"other-{number}")
        assert boards.report("run-1") is None


class Broken(Admin):
    """An admin that cannot tell of any run."""

    async def follow(self, run: str, board: Board) -> None:
        """Fail as a fault of ours would."""
        raise ValueError(run, board)


async def test_a_run_of_which_nothing_more_is_told_is_logged_without_a_word_of_it(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        boards = Boards(Broken(office.office, office.admin.commands))
        with capture_logs() as logs:
            boards.follow("run-1")
            async with asyncio.timeout(180):
                while boards.is_followed("run-1"):  # noqa: ASYNC110 - its end gives no sign of its own
                    await asyncio.sleep(0)
    assert logs == [{"event": "web.task_failed", "log_level": "error", "run": "run-1", "error": "ValueError"}]


async def test_a_run_that_is_left_to_the_next_start_is_no_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_office(tmp_path) as office:
        async with at_the_desk(office) as olga:
            await olga.fill("data upload", {"file": ("lamps.jsonl", GOOD)})
        boards, run = Boards(office.admin), await begun(office)
        with capture_logs() as logs:
            boards.follow(run)
            await boards.stop()
        assert not boards.is_followed(run)
    assert [line for line in logs if line["event"] == "web.task_failed"] == []
    assert [line for line in caplog.records if line.name == "asyncio"] == []


async def test_a_part_that_is_the_same_has_the_same_version_and_a_changed_one_another() -> None:
    place = Place("/admin/do", "secret")
    versions = [progress_of(report, place).partition(">")[0] for report in (Report("a"), Report("a"), Report("b"))]
    assert versions[0] == versions[1] != versions[2]


async def _signed_in(page: Page, url: str) -> None:
    await page.goto(f"{url}/admin")
    await _let_in(page)
    await expect(page.get_by_role("heading", name="Admin")).to_be_visible()


async def _let_in(page: Page) -> None:
    await page.get_by_label("Name").fill("Olga")
    await page.get_by_label("Passphrase").fill(KEYS["Olga"])
    await page.get_by_role("button", name="Sign in").click()


async def _tuned(page: Page, file: Path) -> None:
    await page.get_by_role("link", name="Upload Check").click()
    await page.get_by_label("File").set_input_files(file)
    await page.get_by_role("button", name="Upload").click()
    await page.get_by_role("button", name="Start a run").click()
    await page.get_by_role("button", name="Start it").click()


async def _fits(page: Page, width: int) -> bool:
    return bool(await page.evaluate("document.scrollingElement.scrollWidth") <= width)


@pytest.mark.parametrize("width", [1280, PHONE])
async def test_an_admin_tunes_a_model_in_a_browser_and_watches_it_without_a_reload(
    tmp_path: Path, browser: Profiles, width: int
) -> None:
    file = tmp_path / "lamps.jsonl"
    file.write_bytes(GOOD)
    async with (
        open_office(tmp_path / "home") as office,
        served(office, browser.port, keys=KEYS) as url,
        customer(browser, url) as olga,
    ):
        page, refused = olga.page, list[str]()
        page.on("console", lambda said: refused.append(said.text) if "Content Security" in said.text else None)
        await page.set_viewport_size({"width": width, "height": 800})
        await _signed_in(page, url)
        assert await _fits(page, width)
        await _tuned(page, file)
        await expect(page).to_have_url(re.compile(r"/admin/runs/run-[\w-]+\?reply="))
        await expect(page.get_by_text("is started; its progress is told here.")).to_be_visible()
        opened = await page.evaluate("performance.timeOrigin")
        await expect(page.locator("[data-over] img")).to_be_visible(timeout=180_000)
        await expect(page.get_by_text("succeeded")).to_be_visible()
        assert await page.evaluate("performance.timeOrigin") == opened
        assert await _fits(page, width)
        await page.get_by_role("button", name="Promote").click()
        await page.get_by_role("button", name="Promote anyway").click()
        await expect(page.get_by_label("Reason")).to_be_visible()
        assert await _fits(page, width)
        await page.get_by_label("Reason").fill("It knows the lamps.")
        await page.get_by_role("button", name="Promote").click()
        await expect(page.get_by_text("answers from the next message on")).to_be_visible()
        assert refused == []


async def test_an_open_page_leads_over_the_sign_in_to_the_run_s_end_after_a_restart(
    tmp_path: Path, browser: Profiles
) -> None:
    async with open_office(tmp_path) as office, customer(browser) as olga:
        async with at_the_desk(office) as member:
            await member.fill("data upload", {"file": ("lamps.jsonl", GOOD)})
        run, page = await begun(office), olga.page
        async with served(office, browser.port, keys=KEYS) as url:
            await _signed_in(page, url)
            await page.goto(f"{url}/admin/runs/{run}?reply=unknown")
            await expect(page.get_by_role("button", name="Cancel")).to_be_visible()
        async with served(office, browser.port, keys=KEYS):
            await expect(page.get_by_label("Passphrase")).to_be_visible()
            office.office.start_work()
            await _let_in(page)
            await expect(page).to_have_url(f"{url}/admin/runs/{run}")
            await expect(page.locator("[data-over]")).to_contain_text("succeeded", timeout=180_000)


async def test_an_open_page_stays_while_something_before_the_server_says_that_it_is_away(
    tmp_path: Path, browser: Profiles
) -> None:
    async with open_office(tmp_path) as office, customer(browser) as olga:
        async with at_the_desk(office) as member:
            await member.fill("data upload", {"file": ("lamps.jsonl", GOOD)})
        run, page = await begun(office), olga.page
        async with served(office, browser.port, keys=KEYS) as url:
            await _signed_in(page, url)
            await page.goto(f"{url}/admin/runs/{run}")
            opened = await page.evaluate("performance.timeOrigin")
            await page.route("**/admin/runs/*", _away, times=1)
            async with page.expect_response(lambda answer: answer.status == HTTPStatus.BAD_GATEWAY):
                pass
            async with page.expect_response(lambda answer: answer.status == HTTPStatus.OK):
                pass
            await expect(page.get_by_role("button", name="Cancel")).to_be_visible()
            assert await page.evaluate("performance.timeOrigin") == opened


async def _away(route: Route) -> None:
    await route.fulfill(status=HTTPStatus.BAD_GATEWAY, body="Nobody is there.")


async def until(member: Member, path: str, wanted: str) -> httpx.Response:
    """Open a page until it shows something, as its script does."""
    async with asyncio.timeout(180):
        while wanted not in (page := await member.see(path)).text:
            pass
    return page
