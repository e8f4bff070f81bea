"""Which requests get to the page, and what each browser is given."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from bot.platforms.web.door import COOKIE_AGE, LARGEST, TOKEN, Door
from bot.platforms.web.frame import frame_of
from tests.kit import PERSONA

pytestmark = pytest.mark.asyncio


async def _anything(scope: Scope, receive: Receive, send: Send) -> None:
    page = '<html><head><meta property="og:title" content="X"></head><body>Hello.<script>1</script></body></html>'
    await HTMLResponse(page)(scope, receive, send)


def browser(scheme: str = "http") -> httpx.AsyncClient:
    """Return a browser before a door that leads to an application with an answer to everything."""
    door = httpx.ASGITransport(Door(_anything, frame_of(PERSONA)))
    return httpx.AsyncClient(transport=door, base_url=f"{scheme}://lumen.example")


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
        ("GET", "/do/human"),
        ("POST", "/do/human/more"),
        ("POST", "/admin"),
        ("GET", "/admin/"),
        ("GET", "/admin/sign-out"),
        ("GET", "/admin/do/data"),
        ("GET", "/admin/do/data/upload/more"),
        ("POST", "/admin/do/../upload"),
        ("POST", "/admin/runs/run-1"),
        ("GET", "/admin/anything"),
        ("GET", "/admin/try/anew"),
        ("POST", "/admin/try/newest"),
        ("GET", "/administration"),
        ("DELETE", "/"),
    ],
)
async def test_what_the_page_does_not_need_is_not_there(method: str, path: str) -> None:
    async with browser() as client:
        assert (await client.request(method, path)).status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/favicon.ico"),
        ("GET", "/theme.css"),
        ("GET", "/assets/index-1.js"),
        ("GET", "/static/js/frame.js"),
        ("GET", "/gradio_api/queue/data"),
        ("GET", "/gradio_api/app_id"),
        ("POST", "/gradio_api/queue/join"),
        ("POST", "/gradio_api/run/predict"),
        ("POST", "/start-over"),
        ("POST", "/do/human"),
        ("GET", "/admin"),
        ("GET", "/admin/sign-in"),
        ("POST", "/admin/sign-in"),
        ("POST", "/admin/sign-out"),
        ("GET", "/admin/do/data/upload"),
        ("POST", "/admin/do/data/add-example"),
        ("GET", "/admin/replies/a_b-1/0"),
        ("GET", "/admin/runs/run-1"),
        ("GET", "/admin/conversations/a_b-1"),
        ("GET", "/admin/try"),
        ("POST", "/admin/try"),
        ("GET", "/admin/try/newest"),
        ("POST", "/admin/try/anew"),
    ],
)
async def test_what_the_page_needs_is_there(method: str, path: str) -> None:
    async with browser() as client:
        assert (await client.request(method, path)).is_success


async def test_a_query_leads_to_the_page_without_it() -> None:
    async with browser() as client:
        answer = await client.get("/?view=api")
    assert answer.is_redirect
    assert answer.headers["location"] == "./"


async def test_more_than_a_message_is_refused() -> None:
    async with browser() as client:
        large = await client.post("/gradio_api/run/predict", content="x" * (LARGEST + 1))
        endless = await client.post("/gradio_api/run/predict", content=_without_end())
    assert large.status_code == endless.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE


async def test_where_a_file_is_sent_and_only_there_more_is_let_in() -> None:
    door = httpx.ASGITransport(Door(_anything, frame_of(PERSONA), {"/admin/do/data/upload": LARGEST + 2}))
    async with httpx.AsyncClient(transport=door, base_url="http://lumen.example") as client:
        sent = [
            (await client.post(path, content="x" * (LARGEST + size))).status_code
            for path, size in (("/admin/do/data/upload", 2), ("/admin/do/data/upload", 3), ("/admin/do/data/check", 1))
        ]
    assert sent == [200, 413, 413]


async def _without_end() -> AsyncIterator[bytes]:
    while True:
        yield b"x"


async def test_the_cookie_is_out_of_reach_and_lasts() -> None:
    async with browser() as client:
        first = await client.get("/")
        again = await client.get("/")
    assert "set-cookie" not in again.headers
    name, _, rest = first.headers["set-cookie"].partition("=")
    token, *attributes = rest.split("; ")
    assert name == "conversation"
    assert TOKEN.fullmatch(token)
    assert attributes == [f"Max-Age={COOKIE_AGE}", "Path=/", "HttpOnly", "SameSite=Lax"]


async def test_two_browsers_are_given_different_tokens() -> None:
    async with browser() as alice, browser() as bob:
        assert (await alice.get("/")).headers["set-cookie"] != (await bob.get("/")).headers["set-cookie"]


async def test_a_made_up_token_is_replaced() -> None:
    async with browser() as client:
        answer = await client.get("/", headers={"cookie": "conversation=alice"})
    assert "set-cookie" in answer.headers


async def test_behind_https_the_cookie_is_for_https_alone() -> None:
    async with browser("https") as client:
        assert (await client.get("/")).headers["set-cookie"].endswith("; Secure")


async def test_the_page_is_kept_by_no_cache_and_framed_by_no_site() -> None:
    async with browser() as client:
        headers = (await client.get("/")).headers
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-eval" not in headers["content-security-policy"]


async def test_the_page_s_own_scripts_are_vouched_for_anew_each_time() -> None:
    async with browser() as client:
        first, second = await client.get("/"), await client.get("/")
    assert first.text != second.text
    nonce = first.text.partition('<script nonce="')[2].partition('"')[0]
    assert f"'nonce-{nonce}'" in first.headers["content-security-policy"]
    assert "og:title" not in first.text


async def test_assets_are_kept_and_the_rest_is_not() -> None:
    async with browser() as client:
        assert "immutable" in (await client.get("/assets/index-1.js")).headers["cache-control"]
        assert "cache-control" not in (await client.get("/theme.css")).headers
