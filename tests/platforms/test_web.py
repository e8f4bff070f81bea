"""A customer's chat on the web page."""

import asyncio
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect
from structlog.testing import capture_logs

from bot.models import ModelError
from bot.persona import read_persona
from tests.browser import Profiles
from tests.kit import PERSONA, ScriptedModel, Step, damage
from tests.platforms.web_scene import open_scene

pytest_plugins = ("tests.browser",)
pytestmark = pytest.mark.asyncio(loop_scope="session")

# CSS pixels.
PHONE = 390
# How far ink and paper are apart, of 255.
READABLE = 150
LIGHTNESS = "(part, name) => getComputedStyle(part).getPropertyValue(name).match(/\\d+/g)[0] * 1"


def _browserless(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, headers={"content-type": "application/json"})


async def test_a_customer_is_told_who_answers_and_that_it_is_a_program(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser) as scene:
        page = scene.alice.page
        assert await page.title() == "Juno · Lumen"
        await expect(page.get_by_role("heading", name="Juno")).to_be_visible()
        await expect(page.get_by_text("Lumen · AI assistant")).to_be_visible()
        await expect(page.get_by_text(PERSONA.greeting)).to_be_visible()
        await expect(page.get_by_text(PERSONA.disclosure)).to_be_visible()


async def test_an_answer_appears_as_it_is_written(tmp_path: Path, browser: Profiles) -> None:
    more, rest = asyncio.Event(), asyncio.Event()
    async with open_scene(tmp_path, browser, [more, "Hold the ", rest, "button."]) as scene:
        await scene.alice.say("my lamp is dark")
        await expect(scene.alice.questions).to_have_text(["my lamp is dark"])
        await scene.alice.sees("…")
        more.set()
        await scene.alice.sees("Hold the")
        rest.set()
        await scene.alice.sees("Hold the button.")
        await expect(scene.alice.page.get_by_text(PERSONA.disclosure)).to_be_visible()


async def test_a_follow_up_is_answered_with_what_was_said_before(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser, "Hold the button.", "Ten seconds.") as scene:
        await scene.alice.say("my lamp is dark")
        await scene.alice.sees("Hold the button.")
        await scene.alice.say("for how long?")
        await scene.alice.sees("Hold the button.", "Ten seconds.")
        history = scene.model.prompts[1].history
        assert [(turn.question, turn.answer) for turn in history] == [("my lamp is dark", "Hold the button.")]


async def test_a_suggestion_is_sent_when_it_is_chosen(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser, "Check the plug.") as scene:
        await scene.alice.page.get_by_role("button", name="My lamp is dark").click()
        await scene.alice.sees("Check the plug.")
        await expect(scene.alice.questions).to_have_text(["My lamp is dark"])
        assert scene.model.asked == ["My lamp is dark"]


async def test_a_message_that_is_sent_twice_is_answered_once(tmp_path: Path, browser: Profiles) -> None:
    thought = asyncio.Event()
    async with open_scene(tmp_path, browser, [thought, "Hold the button."]) as scene:
        await scene.alice.box.fill("my lamp is dark")
        await scene.alice.box.evaluate(
            """box => { for (const _ of [1, 2, 3])
               box.dispatchEvent(new KeyboardEvent("keypress", {key: "Enter", bubbles: true, cancelable: true})) }"""
        )
        await scene.alice.page.get_by_role("button", name="Send").dblclick()
        await expect(scene.alice.box).to_have_value("")
        thought.set()
        await scene.alice.sees("Hold the button.")
        assert scene.model.asked == ["my lamp is dark"]


async def test_what_she_writes_while_an_answer_grows_is_answered_after_it(tmp_path: Path, browser: Profiles) -> None:
    rest = asyncio.Event()
    async with open_scene(tmp_path, browser, ["Hold ", rest, "the button."], "Ten seconds.") as scene:
        await scene.alice.say("my lamp is dark")
        await scene.alice.sees("Hold")
        await scene.alice.box.fill("for how")
        rest.set()
        await scene.alice.sees("Hold the button.")
        await expect(scene.alice.box).to_have_value("for how")
        await scene.alice.box.press_sequentially(" long?")
        await scene.alice.box.press("Enter")
        await scene.alice.sees("Hold the button.", "Ten seconds.")
        assert scene.model.asked == ["my lamp is dark", "for how long?"]


async def test_two_messages_at_once_are_answered_one_after_the_other(tmp_path: Path, browser: Profiles) -> None:
    first, second = asyncio.Event(), asyncio.Event()
    async with open_scene(tmp_path, browser, [first, "Hold the button."], [second, "Ten seconds."]) as scene:
        await scene.alice.say("my lamp is dark")
        await scene.alice.sees("…")
        await scene.alice.say("for how long?")
        await scene.alice.sees("…", "…")
        first.set()
        await scene.alice.sees("Hold the button.", "…")
        second.set()
        await scene.alice.sees("Hold the button.", "Ten seconds.")
        await expect(scene.alice.questions).to_have_text(["my lamp is dark", "for how long?"])


async def test_when_a_model_breaks_off_the_next_ones_answer_takes_its_place(tmp_path: Path, browser: Profiles) -> None:
    broke, went_on = asyncio.Event(), asyncio.Event()
    spare = ScriptedModel([went_on, "Hold the button."])
    answer: list[Step] = ["Throw it ", broke, ModelError("gone")]
    async with open_scene(tmp_path, browser, answer, spare=[spare]) as scene:
        await scene.alice.say("my lamp is dark")
        await scene.alice.sees("Throw it")
        broke.set()
        await scene.alice.sees("…")
        went_on.set()
        await scene.alice.sees("Hold the button.")


async def test_starting_over_forgets_the_conversation_and_begins_another(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser, "Hold the button.") as scene:
        await scene.alice.say("my lamp is dark")
        await scene.alice.sees("Hold the button.")
        old = await scene.alice.conversation()
        await scene.alice.page.get_by_role("button", name="Start over").click()
        await expect(scene.alice.page.get_by_text(PERSONA.greeting)).to_be_visible()
        await scene.alice.sees()
        assert await scene.assistant.history(old, 10) == []
        assert await scene.alice.conversation() != old
        await scene.alice.say("hello again")
        await scene.alice.sees("Yes.")
        assert scene.model.prompts[-1].history == ()


async def test_a_slow_answer_keeps_nobody_else_waiting(tmp_path: Path, browser: Profiles) -> None:
    thought = asyncio.Event()
    async with open_scene(tmp_path, browser, [thought, "Hold the button."], "Hello, Bob.") as scene:
        await scene.alice.say("my lamp is dark")
        await scene.alice.sees("…")
        bob = await scene.someone()
        await bob.say("hello")
        await bob.sees("Hello, Bob.")
        thought.set()
        await scene.alice.sees("Hold the button.")


async def test_a_customer_is_served_while_fifty_pages_are_open(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser) as scene, _browserless(scene.url) as client:
        for number in range(50):
            opened = f'{{"data": [], "fn_index": 0, "session_hash": "page{number}"}}'
            joined = await client.post("/gradio_api/queue/join", content=opened)
            assert joined.is_success
        await scene.alice.visit()
        await scene.alice.say("hello")
        await scene.alice.sees("Yes.")


async def test_words_that_cannot_be_answered_are_answered_with_a_sentence(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser) as scene:
        await scene.alice.say("   ")
        await expect(scene.alice.answers).to_contain_text([PERSONA.sentences.empty])
        await scene.alice.say("lamp " * 20_000)
        await expect(scene.alice.answers).to_contain_text([PERSONA.sentences.empty, PERSONA.sentences.too_long])
        assert scene.model.asked == []


async def test_an_empty_box_sends_nothing(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser) as scene:
        async with scene.alice.page.expect_response("**/run/*"):
            await scene.alice.box.press("Enter")
        await scene.alice.say("hello")
        await scene.alice.sees("Yes.")
        await expect(scene.alice.questions).to_have_text(["hello"])


async def test_words_from_right_to_left_are_shown_so(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser, "שלום, במה אפשר לעזור?") as scene:
        await scene.alice.say("המנורה חשוכה")
        await scene.alice.sees("שלום, במה אפשר לעזור?")
        text = scene.alice.answers.locator("p")
        assert await text.evaluate("p => getComputedStyle(p).unicodeBidi") == "plaintext"
        assert scene.model.asked == ["המנורה חשוכה"]


async def test_the_chat_works_by_keyboard(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser, "Hold the button.") as scene:
        keyboard = scene.alice.page.keyboard
        await expect(scene.alice.box).to_be_focused()
        await keyboard.type("my lamp is dark")
        await keyboard.press("Tab")
        await expect(scene.alice.page.get_by_role("button", name="Send")).to_be_focused()
        await keyboard.press("Enter")
        await scene.alice.sees("Hold the button.")
        await scene.alice.box.focus()
        await keyboard.press("Shift+Tab")
        await expect(scene.alice.thumb("Like")).to_be_focused()
        ring = await scene.alice.thumb("Like").evaluate("button => getComputedStyle(button).outlineStyle")
        assert ring == "solid"


async def test_the_page_fits_a_phone(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(
        tmp_path, browser, f"See {'lamp' * 60}.\n\n| a | b |\n|---|---|\n| {'c' * 90} | d |"
    ) as scene:
        bob = await scene.someone(width=PHONE)
        await bob.say("my lamp is dark " * 20)
        await expect(bob.answers).to_contain_text(["See"])
        for part in (bob.page.get_by_role("button", name="Start over"), bob.box, bob.thumb("Like")):
            await expect(part).to_be_in_viewport(ratio=1)
        assert await bob.page.evaluate("document.scrollingElement.scrollWidth") <= PHONE
        assert await bob.page.get_by_role("log").evaluate("log => log.scrollWidth - log.clientWidth") == 0


async def test_the_page_is_dark_where_the_reader_prefers_that(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser, "Yes.", "Yes.") as scene:
        bob = await scene.someone(scheme="dark")
        for reader, dark in ((scene.alice, False), (bob, True)):
            await reader.say("hello")
            await reader.sees("Yes.")
            ink = await reader.answers.locator("p").evaluate(LIGHTNESS, "color")
            paper = await reader.page.locator("body").evaluate(LIGHTNESS, "background-color")
            assert (ink > paper) is dark
            assert abs(ink - paper) > READABLE


async def test_an_assistant_that_breaks_costs_one_sentence_and_one_line(tmp_path: Path, browser: Profiles) -> None:
    with capture_logs() as lines:
        async with open_scene(tmp_path, browser, ["Hold ", RuntimeError("secret")]) as scene:
            await scene.alice.say("my lamp is dark")
            await scene.alice.sees(f"{PERSONA.sentences.failed} {PERSONA.handoff} (#r1)")
            await expect(scene.alice.page.get_by_text("secret")).to_have_count(0)
    assert [(line["event"], line["reference"]) for line in lines if line["log_level"] == "error"] == [
        ("turn.broken", "r1")
    ]


async def test_without_a_database_a_customer_gets_an_apology_and_the_log_its_id(
    tmp_path: Path, browser: Profiles
) -> None:
    with capture_logs() as lines:
        async with open_scene(tmp_path, browser) as scene:
            await damage(tmp_path)
            await scene.alice.say("my lamp is dark")
            await scene.alice.sees(f"{PERSONA.sentences.failed} {PERSONA.handoff} (#r1)")
    assert [line["reference"] for line in lines if line["event"] == "turn.not_taken"] == ["r1"]


async def test_another_company_moves_in_with_its_own_words(tmp_path: Path, browser: Profiles) -> None:
    otto = read_persona(Path(__file__).parents[1] / "data" / "brightwater")
    async with open_scene(tmp_path, browser, persona=otto) as scene:
        page = scene.alice.page
        assert await page.title() == f"{otto.name} · {otto.company}"
        await expect(page.get_by_text(otto.greeting)).to_be_visible()
        await expect(page.get_by_role("button", name=otto.suggestions[0])).to_be_visible()
        source = await page.content()
        assert "Sarah" not in source
        assert "ZenNest" not in source
