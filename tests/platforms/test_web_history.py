"""What a browser finds again: its conversation, answers that went on without it, and its thumbs."""

import asyncio
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Route, expect

from bot.conversation import Conversation, Question
from tests.admin_kit import open_office
from tests.browser import Profiles
from tests.kit import PERSONA, ScriptedModel
from tests.platforms.web_scene import customer, open_scene, served

pytest_plugins = ("tests.browser",)
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _without_cookies(route: Route) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(route.request.url)
    policy = {"content-security-policy": answer.headers["content-security-policy"]}
    await route.fulfill(body=answer.content, content_type="text/html", headers=policy)


async def test_a_customer_finds_her_conversation_after_a_reload(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser, "Hold the button.", "Ten seconds.") as scene:
        await scene.alice.say("my lamp is dark")
        await scene.alice.sees("Hold the button.")
        await scene.alice.page.reload()
        await scene.alice.sees("Hold the button.")
        await expect(scene.alice.questions).to_have_text(["my lamp is dark"])
        await expect(scene.alice.page.get_by_text(PERSONA.greeting)).to_have_count(0)
        await scene.alice.say("for how long?")
        await scene.alice.sees("Hold the button.", "Ten seconds.")


async def test_a_customer_finds_her_conversation_after_a_restart(tmp_path: Path, browser: Profiles) -> None:
    async with customer(browser) as alice:
        async with (
            open_office(tmp_path, ScriptedModel("Hold the button.")) as office,
            served(office, port=browser.port) as url,
        ):
            await alice.visit(url)
            await alice.say("my lamp is dark")
            await alice.sees("Hold the button.")
        async with open_office(tmp_path) as office, served(office, port=browser.port) as url:
            await alice.visit(url)
            await alice.sees("Hold the button.")


async def test_a_page_left_open_over_a_restart_comes_back_by_itself(tmp_path: Path, browser: Profiles) -> None:
    async with customer(browser) as alice:
        async with (
            open_office(tmp_path, ScriptedModel("Hold the button.")) as office,
            served(office, port=browser.port) as url,
        ):
            await alice.visit(url)
            await alice.say("my lamp is dark")
            await alice.sees("Hold the button.")
        model = ScriptedModel("Ten seconds.")
        async with open_office(tmp_path, model) as office, served(office, port=browser.port):
            async with alice.page.expect_event("load"):
                pass
            await alice.sees("Hold the button.")
            await alice.say("for how long?")
            await alice.sees("Hold the button.", "Ten seconds.")


async def test_two_browsers_never_see_each_others_conversation(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser, "For Alice.", "For Bob.") as scene:
        await scene.alice.say("I am Alice")
        await scene.alice.sees("For Alice.")
        bob = await scene.someone()
        await bob.sees()
        await bob.say("I am Bob")
        await bob.sees("For Bob.")
        for reader, answer in ((scene.alice, "For Alice."), (bob, "For Bob.")):
            await reader.page.reload()
            await reader.sees(answer)


async def test_two_tabs_of_one_browser_show_the_same_as_it_grows(tmp_path: Path, browser: Profiles) -> None:
    rest = asyncio.Event()
    async with open_scene(tmp_path, browser, ["Hold ", rest, "the button."]) as scene:
        tab = await scene.alice.tab()
        await scene.alice.say("my lamp is dark")
        await tab.sees("Hold")
        rest.set()
        await tab.sees("Hold the button.")
        await scene.alice.sees("Hold the button.")


async def test_starting_over_in_one_tab_starts_over_in_the_other(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser, "Hold the button.") as scene:
        await scene.alice.say("my lamp is dark")
        tab = await scene.alice.tab()
        await tab.sees("Hold the button.")
        await scene.alice.page.get_by_role("button", name="Start over").click()
        await scene.alice.sees()
        await tab.sees()
        await tab.say("hello again")
        await tab.sees("Yes.")
        await scene.alice.sees("Yes.")
        assert await scene.history(tab) == [("hello again", "Yes.")]


async def test_an_answer_goes_on_over_a_reload(tmp_path: Path, browser: Profiles) -> None:
    rest = asyncio.Event()
    async with open_scene(tmp_path, browser, ["Hold ", rest, "the button."]) as scene:
        await scene.alice.say("my lamp is dark")
        await scene.alice.sees("Hold")
        await scene.alice.page.reload()
        await scene.alice.sees("Hold")
        rest.set()
        await scene.alice.sees("Hold the button.")
        assert await scene.history(scene.alice) == [("my lamp is dark", "Hold the button.")]


async def test_an_answer_is_finished_for_a_customer_who_left(tmp_path: Path, browser: Profiles) -> None:
    rest = asyncio.Event()
    async with open_scene(tmp_path, browser, ["Hold ", rest, "the button."]) as scene:
        await scene.alice.say("my lamp is dark")
        await scene.alice.sees("Hold")
        await scene.alice.page.goto("about:blank")
        rest.set()
        await scene.alice.visit()
        await scene.alice.sees("Hold the button.")


async def test_an_answer_cut_short_by_a_stop_is_there_after_the_next_start(tmp_path: Path, browser: Profiles) -> None:
    async with customer(browser) as alice:
        cut = ScriptedModel(["Hold ", asyncio.Event()])
        async with open_office(tmp_path, cut) as office, served(office, port=browser.port) as url:
            await alice.visit(url)
            await alice.say("my lamp is dark")
            await alice.sees("Hold")
        model = ScriptedModel("Hold the button.")
        async with open_office(tmp_path, model) as office, served(office, port=browser.port) as url:
            await alice.visit(url)
            await alice.sees("Hold the button.")
            await expect(alice.questions).to_have_text(["my lamp is dark"])
            assert model.asked == ["my lamp is dark"]


async def test_what_a_killed_process_left_unfinished_grows_on_the_page(tmp_path: Path, browser: Profiles) -> None:
    rest = asyncio.Event()
    token = "a" * 43
    async with open_office(tmp_path) as office:
        killed = office.assistant.answer(Question(Conversation("web", "", token), token, "1", "my lamp is dark"))
        await anext(killed)
    async with (
        open_office(tmp_path, ScriptedModel(["Hold ", rest, "the button."])) as office,
        served(office, port=browser.port) as url,
        customer(browser, url) as alice,
    ):
        await alice.context.add_cookies([{"name": "conversation", "value": token, "url": url}])
        await alice.visit()
        await alice.sees("Hold")
        rest.set()
        await alice.sees("Hold the button.")


async def test_a_browser_that_keeps_no_cookies_has_a_conversation_too(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser, "Hold the button.", "Ten seconds.") as scene:
        await scene.alice.page.route(scene.url + "/", _without_cookies)
        await scene.alice.context.clear_cookies()
        await scene.alice.visit()
        assert await scene.alice.token() == ""
        await scene.alice.say("my lamp is dark")
        await scene.alice.sees("Hold the button.")
        await scene.alice.say("for how long?")
        await scene.alice.sees("Hold the button.", "Ten seconds.")
        assert len(scene.model.prompts[1].history) == 1


async def test_thumbs_are_kept_and_the_newest_counts(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser, "First.", "Second.") as scene:
        await scene.alice.say("one")
        await scene.alice.sees("First.")
        await scene.alice.say("two")
        await scene.alice.sees("First.", "Second.")
        token = await scene.alice.token()
        async with scene.alice.page.expect_response("**/run/*"):
            await scene.alice.thumb("Like", 1).click()
        assert await scene.ratings() == [(2, token, "up")]
        await expect(scene.alice.thumb("Liked")).to_be_visible()
        async with scene.alice.page.expect_response("**/run/*"):
            await scene.alice.thumb("Dislike", 1).click()
        assert await scene.ratings() == [(2, token, "down")]


async def test_an_answer_found_again_can_be_rated(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser, "First.", "Second.") as scene:
        for number, answer in enumerate(("First.", "Second.")):
            await scene.alice.say(str(number))
            await expect(scene.alice.answers.nth(number)).to_have_text(answer)
        await scene.alice.page.reload()
        await scene.alice.sees("First.", "Second.")
        async with scene.alice.page.expect_response("**/run/*"):
            await scene.alice.thumb("Dislike", 0).click()
        assert await scene.ratings() == [(1, await scene.alice.token(), "down")]


async def test_no_thumbs_are_offered_before_there_is_an_answer(tmp_path: Path, browser: Profiles) -> None:
    thought = asyncio.Event()
    async with open_scene(tmp_path, browser, [thought, "Hold the button."]) as scene:
        await scene.alice.say("my lamp is dark")
        await scene.alice.sees("…")
        await expect(scene.alice.thumb("Like")).not_to_be_visible()
        thought.set()
        await scene.alice.sees("Hold the button.")
        await expect(scene.alice.thumb("Like")).to_be_visible()
