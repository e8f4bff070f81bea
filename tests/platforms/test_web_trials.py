"""The page on which admins talk to models: over real HTTP, and in a real browser, where answers grow side by side."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from bot.admin.choosing import TryingError, Wanted
from bot.admin.replies import Choice
from bot.admin.trying import Tried
from bot.conversation import PastTurn, Piece
from bot.platforms.web.bench import BUSY, MOST, Bench
from bot.platforms.web.entrance import STRANGE
from bot.platforms.web.sessions import LASTS, Sessions
from tests.admin_kit import Scene as Office
from tests.admin_kit import open_office
from tests.browser import Profiles
from tests.champions import promote
from tests.champions import served as tuned
from tests.kit import ScriptedModel, broken
from tests.platforms.web_scene import KEYS, Customer, customer, served
from tests.platforms.web_staff import OWN, Form, Member, at_the_desk, forms, shown, visiting
from tests.servers.openai import OpenAI, open_openai, says

pytest_plugins = ("tests.browser",)
pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = 390
HELLO = Wanted("Hello?", (Choice("base", "base"),))
SETTINGS = {"temperature": "0.3", "top-k": "0", "top-p": "1", "repetition-penalty": "1", "longest": "600"}


def patient(home: Path) -> AbstractAsyncContextManager[Office]:
    """Open an office that waits for a model so long that nothing ends by itself within a test."""
    return open_office(home, sarah_model_timeout=600, sarah_model_deadline=600)


async def form(olga: Member) -> Form:
    """Return the form as the page shows it."""
    page = await olga.see("/admin/try")
    return next(one for one in forms(page) if one.action == "/admin/try")


async def say(olga: Member, message: str, **filled: str) -> httpx.Response:
    """Fill the form in and send it."""
    return await olga.send(await form(olga), None, message=message, **filled)


async def over(bench: Bench) -> None:
    """Wait until nothing is being written."""
    async with asyncio.timeout(30):
        while bench.is_busy:
            await bench.bell.after(bench.bell.rings, 30)


async def until(olga: Member, text: str) -> httpx.Response:
    """Look at the newest answers until a text is among them."""
    async with asyncio.timeout(30):
        page = await olga.see("/admin/try/newest")
        while text not in page.text:
            await asyncio.sleep(0.02)
            page = await olga.see("/admin/try/newest")
        return page


async def test_two_models_answer_side_by_side_and_each_goes_on_from_its_own(tmp_path: Path) -> None:
    left, right = ScriptedModel("Left one.", "Left two."), ScriptedModel("Right one.", "Right two.", name="spare")
    async with open_office(tmp_path, left, right) as office, at_the_desk(office) as olga:
        assert 'href="/admin/try"' in (await olga.see("/admin")).text
        await say(olga, "One?", left="base", right="spare")
        await until(olga, "data-over")
        await say(olga, "Two?")
        text = shown(await until(olga, "data-over"))
        assert "Two?" in text
        assert text.index("Left two.") < text.index("Right two.")
        whole = shown(await olga.see("/admin/try"))
        assert [word in whole for word in ("Left one.", "Right one.", "Answered at once.")] == [True] * 3
        said = [[(turn.question, turn.answer) for turn in model.prompts[1].history] for model in (left, right)]
        assert said == [[("One?", "Left one.")], [("One?", "Right one.")]]


async def test_a_model_that_takes_anothers_place_has_not_said_what_that_one_said(tmp_path: Path) -> None:
    one, two = ScriptedModel(), ScriptedModel(name="spare")
    async with open_office(tmp_path, one, two) as office, at_the_desk(office) as olga:
        for message, left, right in (("One?", "base", ""), ("Two?", "spare", "base"), ("Three?", "base", "spare")):
            await say(olga, message, left=left, right=right)
            await until(olga, message)
            await until(olga, "data-over")
        heard = [[[turn.question for turn in prompt.history] for prompt in model.prompts] for model in (one, two)]
        # Each side is a conversation of its own.
        assert heard == [[[], [], ["One?"]], [[], []]]


async def test_the_form_begins_with_what_is_set_up_and_keeps_what_was_chosen(tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_office(tmp_path, model) as office:
        champion = tuned(tmp_path, "http://127.0.0.1:1/v1")
        newer = tuned(tmp_path, "http://127.0.0.1:1/v1")
        promote(tmp_path, champion)
        async with at_the_desk(office) as olga:
            first = await form(olga)
            assert {name: first.values[name] for name in SETTINGS} == SETTINGS
            assert first.options["left"][0].startswith(newer.id)
            assert first.options["right"][0] == "none"
            page = await olga.see("/admin/try")
            assert f'value="{champion.id}" selected>★ {champion.id}' in page.text
            assert 'max="2" value="0.3"' in page.text
            await say(olga, "Hello?", left="base", temperature="1.5", top_k="", guard="yes")
            again = await form(olga)
            assert (again.values["temperature"], again.values["top-k"], again.values["guard"]) == ("1.5", "", "yes")
            assert again.values["message"] == ""
            text = shown(await until(olga, "data-over"))
            assert "temperature 1.5, top-p 1, repetition penalty 1, longest answer 600, with the guard" in text


async def test_a_model_that_fails_says_so_in_its_column_and_the_other_answers(tmp_path: Path) -> None:
    models = ScriptedModel(broken()), ScriptedModel("Yes.", name="spare")
    async with open_office(tmp_path, *models) as office, at_the_desk(office) as olga:
        await say(olga, "Hello?", left="base", right="spare")
        page = await until(olga, "data-over")
        assert "base did not answer (it is down). The log has it under #" in shown(page).replace(" </strong>", "")
        assert page.text.count('class="reply wrong"') == 1
        assert "Yes." in shown(page)
        # What failed is no part of what its model goes on from.
        await say(olga, "And now?")
        await until(olga, "And now?")
        assert [len(model.prompts[-1].history) for model in models] == [0, 1]


async def test_a_message_that_cannot_be_asked_stays_in_the_form_with_the_reason(tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_office(tmp_path, model) as office, at_the_desk(office) as olga:
        for filled, why in (
            ({"message": "Hot?", "left": "base", "temperature": "9"}, "must be 2 or less"),
            ({"message": "", "left": "base"}, "is missing"),
            ({"message": "x" * 4001, "left": "base"}, "4,000 characters at most"),
            ({"message": "Who?", "left": "<script>alert(1)</script>"}, "There is no model"),
        ):
            page = await olga.send(await form(olga), None, **filled)
            assert page.status_code == HTTPStatus.BAD_REQUEST
            assert why in shown(page)
            assert "<script>alert" not in page.text
            sent = next(one for one in forms(page) if one.action == "/admin/try")
            assert sent.values["message"] == filled["message"]
        assert model.asked == []
        # Nor does any of it stand there the next time.
        assert (await form(olga)).values["temperature"] == "0.3"


async def test_a_second_message_waits_for_the_answers_to_the_first_and_a_double_click_is_one(tmp_path: Path) -> None:
    go_on = asyncio.Event()
    model = ScriptedModel(["Begun ", go_on, "and done."], "Second.")
    async with open_office(tmp_path, model) as office, at_the_desk(office) as olga:
        twice = await form(olga)
        pages = await asyncio.gather(*(olga.send(twice, message="First?", left="base") for _ in range(2)))
        assert [page.status_code for page in pages] == [HTTPStatus.OK] * 2
        await until(olga, "Begun")
        page = await say(olga, "Second?")
        assert page.status_code == HTTPStatus.BAD_REQUEST
        assert BUSY in shown(page)
        assert '<noscript><meta http-equiv="refresh"' in page.text
        go_on.set()
        await until(olga, "data-over")
        await say(olga, "Second?")
        await until(olga, "Second.")
        assert model.asked == ["First?", "Second?"]


async def test_an_answer_is_shown_as_soon_as_it_grows(tmp_path: Path) -> None:
    go_on = asyncio.Event()
    model = ScriptedModel(["Begun ", go_on, "and done."])
    async with open_office(tmp_path, model) as office, at_the_desk(office) as olga:
        await say(olga, "First?", left="base")
        page = await until(olga, "Begun")
        seen = page.text.partition('data-live="')[2].partition('"')[0]
        waiting = asyncio.create_task(olga.see(f"/admin/try/newest?seen={seen}"))
        # It is held back as long as nothing is new.
        assert await asyncio.wait([waiting], timeout=0.3) == (set(), {waiting})
        go_on.set()
        assert "Begun and done." in (await waiting).text


async def test_beginning_anew_forgets_what_was_said_and_ends_what_is_being_written(tmp_path: Path) -> None:
    model = ScriptedModel("Yes.", ["Begun ", asyncio.Event()], "New.")
    async with open_office(tmp_path, model) as office, at_the_desk(office) as olga:
        await say(olga, "First?", left="base", temperature="1.1")
        await until(olga, "data-over")
        await say(olga, "Second?")
        await until(olga, "Begun")
        there = await form(olga)
        page = await olga.client.post("/admin/try/anew", data=there.values, headers=OWN)
        assert "First?" not in page.text
        assert 'id="newest"' not in page.text
        assert (await form(olga)).values["temperature"] == "1.1"
        await say(olga, "Third?")
        await until(olga, "New.")
        assert model.prompts[-1].history == ()


async def test_an_answer_is_harmless_whatever_the_model_says(tmp_path: Path) -> None:
    said = "<script>alert(1)</script> <img src=x onerror=alert(2)> [x](javascript:alert(3)) https://evil.example @here"
    async with open_office(tmp_path, ScriptedModel(said)) as office, at_the_desk(office) as olga:
        await say(olga, "<b>bold</b>?", left="base")
        page = await until(olga, "data-over")
        assert [word in page.text for word in ("<script", "<img", "<b>", "evil.example", "@here", "href")] == [
            False
        ] * 6
        assert "&lt;b&gt;bold&lt;/b&gt;?" in page.text


# Who is let in, and for how long.


async def test_without_a_session_or_from_another_site_no_model_is_asked(tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_office(tmp_path, model) as office, served(office, keys=KEYS) as url, visiting(url) as someone:
        given = {"message": "Hello?", "left": "base"}
        for path in ("/admin/try", "/admin/try/anew"):
            assert (await someone.client.post(path, data=given, headers=OWN)).url.path == "/admin/sign-in"
        await someone.sign_in()
        for path in ("/admin/try", "/admin/try/anew"):
            for headers, secret in ((OWN, "guess"), ({"sec-fetch-site": "cross-site"}, (await form(someone)).values)):
                sent = secret if isinstance(secret, dict) else {"_secret": secret}
                refused = await someone.client.post(path, data={**sent, **given}, headers=headers)
                assert STRANGE in shown(refused)
        assert model.asked == []


async def test_another_admin_sees_nothing_of_it(tmp_path: Path) -> None:
    async with (
        open_office(tmp_path, ScriptedModel("Secret.")) as office,
        served(office, keys=KEYS) as url,
        visiting(url) as olga,
        visiting(url) as sam,
    ):
        await olga.sign_in()
        await sam.sign_in("Sam", KEYS["Sam"])
        await say(olga, "Hello?", left="base")
        await until(olga, "Secret.")
        assert "Secret." not in (await sam.see("/admin/try")).text
        assert "Secret." not in (await sam.see("/admin/try/newest")).text


async def test_signing_out_ends_an_answer_that_is_being_written(tmp_path: Path) -> None:
    async with open_openai(says("Begun ", asyncio.Event())) as server, patient(tmp_path) as office:
        model = tuned(tmp_path, server.url)
        async with at_the_desk(office) as olga:
            await say(olga, "First?", left=model.id)
            page = await until(olga, "Begun")
            seen = page.text.partition('data-live="')[2].partition('"')[0]
            looking = asyncio.create_task(olga.see(f"/admin/try/newest?seen={seen}"))
            await olga.press(await olga.see("/admin/try"), "Sign out")
            await asyncio.wait_for(server.left.wait(), 30)
            # Whoever still looks is shown the way in, and nothing else.
            answer = await looking
            assert (answer.url.path, "Begun" in answer.text) == ("/admin/sign-in", False)


async def test_nothing_goes_on_being_written_when_the_server_stops(tmp_path: Path) -> None:
    async with open_openai(says("Begun ", asyncio.Event())) as server, patient(tmp_path) as office:
        model = tuned(tmp_path, server.url)
        async with at_the_desk(office) as olga:
            await say(olga, "First?", left=model.id)
            await until(olga, "Begun")
        await asyncio.wait_for(server.left.wait(), 30)


async def test_an_answer_ends_with_the_session_that_it_is_written_for() -> None:
    now = [0.0]
    sessions = Sessions(KEYS, lambda: now[0])
    session = sessions.find(sessions.enter("Olga", KEYS["Olga"], "a"))
    assert session

    async def ask(model: str, past: Sequence[PastTurn], wanted: Wanted) -> AsyncGenerator[Piece | Tried]:
        del model, past, wanted
        for text in ("one", "two", "three"):
            now[0] += LASTS / 2
            yield Piece(text)

    session.bench.begin(HELLO, "", ask, lambda: sessions.is_on(session))
    await over(session.bench)
    assert session.bench.rounds[0].columns[0].text == "one"


async def test_of_many_messages_the_newest_are_kept_and_a_model_goes_on_from_them_alone() -> None:
    bench, heard = Bench(), list[int]()

    async def ask(model: str, past: Sequence[PastTurn], wanted: Wanted) -> AsyncGenerator[Piece | Tried]:
        heard.append(len(past))
        yield Tried("Yes.", PastTurn(1, wanted.message, model))

    for number in range(MOST + 5):
        bench.begin(HELLO, str(number), ask, lambda: True)
        with pytest.raises(TryingError, match="still being written"):
            bench.begin(HELLO, "another", ask, lambda: True)
        await over(bench)
    assert [one.number for one in bench.rounds] == list(range(6, MOST + 6))
    assert heard == [*range(MOST), *[MOST] * 5]


# In a browser.


@asynccontextmanager
async def at_the_page(office: Office, browser: Profiles, width: int = 1200) -> AsyncGenerator[Customer]:
    """Sign Olga in, and open the page by its card."""
    async with served(office, browser.port, keys=KEYS) as url, customer(browser, url) as olga:
        await olga.page.set_viewport_size({"width": width, "height": 844})
        await olga.page.goto(f"{url}/admin")
        await olga.page.get_by_label("Name").fill("Olga")
        await olga.page.get_by_label("Passphrase").fill(KEYS["Olga"])
        await olga.page.get_by_role("button", name="Sign in").click()
        await olga.page.get_by_role("link", name="Try models").click()
        yield olga


def box(page: Page) -> Locator:
    """Where messages are written."""
    return page.get_by_label("Your message to the models")


def answers(page: Page) -> Locator:
    """Every answer, the left before the right."""
    return page.locator("article")


def temperatures(server: OpenAI) -> list[object]:
    """Return the temperature of each request."""
    return [request.body["temperature"] for request in server.requests]


@pytest.mark.parametrize("width", [1200, PHONE])
async def test_an_admin_talks_to_two_models_side_by_side(tmp_path: Path, browser: Profiles, width: int) -> None:
    go_on = asyncio.Event()
    first = says("The Brook has ", go_on, "three years.")
    async with (
        open_openai(first, says("Four."), engine="vllm") as left,
        open_openai(says("Two years."), says("Five."), engine="openai") as right,
        open_office(tmp_path) as office,
    ):
        one, two = tuned(tmp_path, left.url), tuned(tmp_path, right.url)
        promote(tmp_path, one)
        async with at_the_page(office, browser, width) as olga:
            page = olga.page
            await expect(page.get_by_label("Model", exact=True)).to_have_value(one.id)
            await page.get_by_label("Beside it").select_option(two.id)
            await box(page).fill("How long is the warranty?")
            await box(page).press("Enter")
            # One is there in full while the other still grows, and nothing is loaded again.
            await expect(answers(page).nth(1)).to_contain_text("Two years.")
            await expect(answers(page).nth(0)).to_contain_text("The Brook has")
            await page.evaluate("window.kept = true")
            go_on.set()
            await expect(answers(page).nth(0)).to_contain_text("The Brook has three years.")
            await expect(answers(page).nth(1)).to_contain_text("No effect on this model: top-k and repetition penalty.")
            assert await page.evaluate("window.kept")
            await page.get_by_label("Temperature").fill("1.5")
            await box(page).fill("And the hub?")
            await box(page).press("Enter")
            await expect(answers(page)).to_contain_text(["The Brook", "Two years.", "Four.", "Five."])
            assert temperatures(left) == temperatures(right) == [0.3, 1.5]
            assert [role for role, _ in right.requests[1].messages] == ["system", "user", "assistant", "user"]
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            await expect(box(page)).to_be_focused()
            await page.get_by_role("button", name="Begin anew").click()
            await expect(answers(page)).to_have_count(0)
            await expect(page.get_by_label("Temperature")).to_have_value("1.5")


async def test_a_page_whose_session_ends_elsewhere_leads_to_the_sign_in(tmp_path: Path, browser: Profiles) -> None:
    model = ScriptedModel(["Begun ", asyncio.Event()])
    async with open_office(tmp_path, model) as office, at_the_page(office, browser) as olga:
        await box(olga.page).fill("First?")
        await olga.page.get_by_role("button", name="Send").click()
        await expect(answers(olga.page)).to_contain_text("Begun")
        other = await olga.context.new_page()
        await other.goto(f"{olga.url}/admin")
        await other.get_by_role("button", name="Sign out").click()
        await expect(olga.page.get_by_label("Passphrase")).to_be_visible()
