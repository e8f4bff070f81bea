"""What neither a model, nor a customer, nor a stranger can do to the page."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from bot.assistant import Assistant
from bot.conversation import Answered, Event, Piece, Question, Started
from bot.platforms.web.door import COOKIE_AGE, Door
from bot.platforms.web.frame import frame_of
from tests.browser import Profiles
from tests.platforms.web_scene import PERSONA, customer, open_desk, open_scene, served

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


class Loose:
    """An assistant that lets everything through."""

    def __init__(self, assistant: Assistant, answer: str) -> None:
        self.unfinished = assistant.unfinished
        self.history = assistant.history
        self._answer = answer

    async def answer(self, question: Question) -> AsyncIterator[Event]:
        """Answer as told, in small pieces."""
        yield Started(1)
        for start in range(0, len(self._answer), 16):
            yield Piece(self._answer[start : start + 16])
            await asyncio.sleep(0)
        yield Answered(1, question.message_id, self._answer, "loose", on_topic=True, latency_ms=1, ratable=True)


@pytest_asyncio.fixture(loop_scope="session")
async def web(tmp_path: Path) -> AsyncIterator[str]:
    """Serve the page, and say where."""
    async with open_desk(tmp_path) as assistant, served(assistant) as url:
        yield url


async def _hello(scope: Scope, receive: Receive, send: Send) -> None:
    await HTMLResponse("<html><head></head><body>Hello.</body></html>")(scope, receive, send)


async def test_html_and_pictures_in_an_answer_are_shown_as_text_and_do_nothing(
    tmp_path: Path, browser: Profiles
) -> None:
    async with open_desk(tmp_path) as assistant:
        loose = Loose(assistant, ATTACK + PICTURES)
        async with served(loose, port=browser.port) as url, customer(browser, url) as alice:
            await alice.visit()
            await alice.say("my lamp is dark")
            await expect(alice.answers).to_contain_text(["<script>alert(2)</script>"])
            await expect(alice.answers).to_contain_text(["<img src=http://evil.example/q.png>"])
            await expect(alice.answers.locator("img, script, svg, iframe, div[style]")).to_have_count(0)
            assert [request for request in alice.requests if request.endswith("/x") or "evil" in request] == []


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
    async with open_desk(tmp_path) as assistant, served(assistant, odd, browser.port) as url:
        async with customer(browser, url) as alice:
            await alice.visit()
            await expect(alice.page.get_by_role("heading", name="J<b>uno")).to_be_visible()
            await expect(alice.page.get_by_text("Lumen & <Söhne> · AI assistant")).to_be_visible()
            await expect(alice.page.get_by_text("<i>Hi</i> & *hello*")).to_be_visible()
            await alice.page.get_by_role("button", name="<u>What?</u>").click()
            await expect(alice.questions).to_have_text(["<u>What?</u>"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/upload"),
        ("GET", "/gradio_api/file=/etc/passwd"),
        ("GET", "/gradio_api/file=https://evil.example"),
        ("GET", "/gradio_api/file/etc/passwd"),
        ("GET", "/gradio_api/proxy=https://evil.hf.space"),
        ("GET", "/gradio_api/info"),
        ("GET", "/gradio_api/openapi.json"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/config"),
        ("GET", "/monitoring"),
        ("GET", "/gradio_api/runs"),
        ("GET", "/gradio_api/deep_link"),
        ("POST", "/gradio_api/component_server"),
        ("POST", "/gradio_api/call/send"),
        ("POST", "/login"),
        ("GET", "/start-over"),
        ("DELETE", "/"),
        ("GET", "/assets/../routes.py"),
        ("GET", "/static/..%2f..%2f..%2froutes.py"),
    ],
)
async def test_what_the_page_does_not_need_is_not_there(web: str, method: str, path: str) -> None:
    async with httpx.AsyncClient() as client:
        assert (await client.request(method, web + path)).status_code in {403, 404, 405}


async def test_the_cookie_is_out_of_reach_and_lasts(web: str) -> None:
    async with httpx.AsyncClient() as client:
        first = await client.get(web)
        again = await client.get(web)
        assert "set-cookie" not in again.headers
        name, _, rest = first.headers["set-cookie"].partition("=")
        token, *attributes = rest.split("; ")
        assert name == "conversation"
        assert len(token) == 43
        assert attributes == [f"Max-Age={COOKIE_AGE}", "Path=/", "HttpOnly", "SameSite=Lax"]


async def test_a_made_up_token_is_replaced(web: str) -> None:
    async with httpx.AsyncClient(headers={"cookie": "conversation=alice"}) as client:
        assert "set-cookie" in (await client.get(web)).headers


async def test_behind_https_the_cookie_is_for_https_alone() -> None:
    door = Door(_hello, frame_of(PERSONA))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="https://lumen.example") as client:
        assert (await client.get("/")).headers["set-cookie"].endswith("; Secure")


async def test_the_page_is_kept_by_no_cache_and_framed_by_no_site(web: str) -> None:
    async with httpx.AsyncClient() as client:
        headers = (await client.get(web)).headers
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-eval" not in headers["content-security-policy"]


async def test_a_monitor_may_ask_whether_the_page_is_there(web: str) -> None:
    async with httpx.AsyncClient() as client:
        assert (await client.head(web)).status_code == 200


async def test_nothing_is_written_beside_the_database(
    tmp_path: Path, browser: Profiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    async with open_scene(tmp_path / "home", browser) as scene:
        await scene.alice.say("hello")
        await scene.alice.sees("Yes.")
    written = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert {name for name in written if not name.startswith("sarah.db")} == set()
