"""What neither a model, nor a customer, nor a stranger can do to the page."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser import Profiles
from tests.kit import PERSONA, Step
from tests.platforms.web_scene import open_scene

pytest_plugins = ("tests.browser",)
pytestmark = pytest.mark.asyncio(loop_scope="session")

ATTACK = (
    "<img src=x onerror=alert(1)> <script>alert(2)</script> <svg onload=alert(3)></svg> "
    '<a href="javascript:alert(4)">a</a> <iframe src="http://evil.example"></iframe> '
    '<div style="background:url(http://evil.example/d.png)">d</div>'
)
PICTURES = (
    "![p](http://evil.example/p.png) ![q][r] <img src=http://evil.example/q.png>\n\n[r]: http://evil.example/r.png"
)


async def test_html_and_pictures_in_an_answer_are_shown_as_text_and_do_nothing(
    tmp_path: Path, browser: Profiles
) -> None:
    # A link outside the company's own would be struck out before the page sees it.
    trusting = replace(PERSONA, links=("evil.example",))
    answer: list[Step] = [*(ATTACK + PICTURES).partition("iframe")]
    async with open_scene(tmp_path, browser, answer, persona=trusting) as scene:
        await scene.alice.say("my lamp is dark")
        await expect(scene.alice.answers).to_contain_text(["<script>alert(2)</script>"])
        await expect(scene.alice.answers).to_contain_text(["<img src=http://evil.example/q.png>"])
        await expect(scene.alice.answers.locator("img, script, svg, iframe, div[style]")).to_have_count(0)
        assert [url for url in scene.alice.requests if url.endswith("/x") or "evil" in url] == []


async def test_html_in_a_question_is_shown_and_does_nothing(tmp_path: Path, browser: Profiles) -> None:
    question = f"{ATTACK} **bold** _so_ [l](http://evil.example) `code` &lt; 1 | 2 ~~no~~ {PICTURES}"
    async with open_scene(tmp_path, browser) as scene:
        await scene.alice.say(question)
        await scene.alice.sees("Yes.")
        await expect(scene.alice.questions).to_have_text([" ".join(question.split())])
        inside = "img, script, svg, iframe, strong, em, code, del, table, div[style]"
        await expect(scene.alice.questions.locator(inside)).to_have_count(0)
        await scene.alice.page.reload()
        await scene.alice.sees("Yes.")
        await expect(scene.alice.questions).to_have_text([" ".join(question.split())])


async def test_markdown_in_an_answer_is_shown_as_meant_and_links_open_elsewhere(
    tmp_path: Path, browser: Profiles
) -> None:
    answer = "**Hold** the button:\n\n1. `a < b`\n2. [help](https://lumen.example/help)\n\nIs 5 < 7 & 3?"
    async with open_scene(tmp_path, browser, answer) as scene:
        await scene.alice.say("my lamp is dark")
        shown = scene.alice.answers
        await expect(shown.locator("strong")).to_have_text("Hold")
        await expect(shown.locator("ol li code")).to_have_text("a < b")
        await expect(shown.locator("p").last).to_have_text("Is 5 < 7 & 3?")
        link = shown.get_by_role("link", name="help")
        assert await link.get_attribute("target") == "_blank"
        assert "noopener" in str(await link.get_attribute("rel"))


async def test_what_gets_past_everything_else_is_stopped_by_the_browser(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser) as scene:
        page = scene.alice.page
        refused: list[str] = []
        page.on("console", lambda message: refused.append(message.text))
        await page.evaluate(
            """() => { document.body.insertAdjacentHTML("beforeend", "<img src='data:,' onerror='window.owned = 1'>");
               const script = document.createElement("script");
               script.textContent = "window.owned = 2";
               document.body.append(script); }"""
        )
        await expect(page.locator("body > img")).to_be_attached()
        await page.wait_for_function("performance.now() > 0")
        assert await page.evaluate("window.owned") is None
        assert [text for text in refused if "Content Security Policy" in text] != []


async def test_everything_on_the_page_comes_from_the_page_s_own_server(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser) as scene:
        refused: list[str] = []
        scene.alice.page.on("console", lambda message: refused.append(message.text))
        await scene.alice.visit()
        await scene.alice.say("hello")
        await scene.alice.sees("Yes.")
        assert [url for url in scene.alice.requests if not url.startswith((scene.url, "data:"))] == []
        assert [text for text in refused if "Content Security Policy" in text] == []


async def test_the_page_speaks_of_nobody_else(tmp_path: Path, browser: Profiles) -> None:
    async with open_scene(tmp_path, browser) as scene:
        await expect(scene.alice.page.get_by_text("Gradio")).to_have_count(0)
        await expect(scene.alice.page.get_by_text("API")).to_have_count(0)
        await expect(scene.alice.page.get_by_text("Settings")).to_have_count(0)
        await expect(scene.alice.page.locator("input[type=file]")).to_have_count(0)
        head = await scene.alice.page.locator("head").inner_html()
        assert 'property="og:' not in head
        assert 'name="twitter:' not in head


async def test_a_persona_with_angle_brackets_is_shown_as_it_is(tmp_path: Path, browser: Profiles) -> None:
    odd = replace(
        PERSONA,
        name="J<b>uno",
        company="Lumen & <Söhne>",
        greeting="<i>Hi</i> & *hello*",
        suggestions=("<u>What?</u>",),
    )
    async with open_scene(tmp_path, browser, persona=odd) as scene:
        page = scene.alice.page
        await expect(page.get_by_role("heading", name="J<b>uno")).to_be_visible()
        await expect(page.get_by_text("Lumen & <Söhne> · AI assistant")).to_be_visible()
        await expect(page.get_by_text("<i>Hi</i> & *hello*")).to_be_visible()
        await page.get_by_role("button", name="<u>What?</u>").click()
        await expect(scene.alice.questions).to_have_text(["<u>What?</u>"])


async def test_nothing_is_written_beside_the_database(
    tmp_path: Path, browser: Profiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with open_scene(tmp_path / "home", browser) as scene:
        await scene.alice.say("hello")
        await scene.alice.sees("Yes.")
    files = {f"{name}.db{end}" for name in ("sarah", "registry") for end in ("", "-wal", "-shm")}
    assert _files(tmp_path) <= files | {"registry.lock"}


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}
