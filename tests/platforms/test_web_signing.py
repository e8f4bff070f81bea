"""Who gets to the Admin tab, and for how long."""

import re
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from bot.platforms.web.sessions import FEW, LASTS, MANY, MINUTE, SOME, TOO_OFTEN, WRONG, Sessions, SignInError
from tests.admin_kit import open_office
from tests.platforms.web_scene import KEYS, served
from tests.platforms.web_staff import OWN, at_the_desk, forms, shown, visiting

PASSPHRASE = KEYS["Olga"]
PAGES = (
    "/admin",
    "/admin/do/data/upload",
    "/admin/replies/abc",
    "/admin/replies/abc/0",
    "/admin/runs/run-1",
    "/admin/try",
    "/admin/try/newest",
)
_CHANGING = re.compile(r'value="[^"]*"|nonce="[^"]*"')


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell the time, in seconds."""
        return self.now


def refused(sessions: Sessions, name: str, passphrase: str, address: str = "a") -> str:
    """Return why somebody is not let in."""
    with pytest.raises(SignInError) as why:
        sessions.enter(name, passphrase, address)
    return str(why.value)


def test_who_guesses_too_often_waits_a_minute_even_with_the_right_passphrase() -> None:
    clock = Clock()
    sessions = Sessions(KEYS, clock)
    assert {refused(sessions, "Olga", "guess") for _ in range(FEW)} == {WRONG}
    assert refused(sessions, "Olga", PASSPHRASE) == TOO_OFTEN
    assert sessions.enter("Olga", PASSPHRASE, "another address")
    assert sessions.enter("Sam", KEYS["Sam"], "a")
    clock.now += MINUTE
    assert sessions.enter("Olga", PASSPHRASE, "a")


def test_who_guesses_under_many_names_waits_too_and_nobody_waits_elsewhere() -> None:
    clock = Clock()
    sessions = Sessions(KEYS, clock)
    assert {refused(sessions, f"name {number}", "guess") for number in range(SOME)} == {WRONG}
    assert refused(sessions, "Olga", PASSPHRASE) == TOO_OFTEN
    assert {refused(sessions, "Sam", "guess") for _ in range(MANY)} == {TOO_OFTEN}
    assert refused(sessions, "Olga", "mistyped", "another address") == WRONG
    assert sessions.enter("Olga", PASSPHRASE, "another address")
    clock.now += MINUTE
    assert sessions.enter("Olga", PASSPHRASE, "a")


def test_all_addresses_of_one_connection_are_one_and_mapped_ones_are_told_apart() -> None:
    sessions = Sessions(KEYS, Clock())
    assert {refused(sessions, f"name {at}", "guess", f"2001:db8::{at}") for at in range(SOME)} == {WRONG}
    assert refused(sessions, "Olga", PASSPHRASE, "2001:db8::ffff:1") == TOO_OFTEN
    assert sessions.enter("Olga", PASSPHRASE, "2001:db8:0:1::1")
    assert {refused(sessions, f"name {at}", "guess", "::ffff:192.0.2.1") for at in range(SOME)} == {WRONG}
    assert refused(sessions, "Olga", PASSPHRASE, "192.0.2.1") == TOO_OFTEN
    assert sessions.enter("Olga", PASSPHRASE, "::ffff:192.0.2.2")


def test_guessing_from_everywhere_slows_those_who_guess_and_keeps_nobody_else_out() -> None:
    clock = Clock()
    sessions = Sessions(KEYS, clock)
    for number in range(MANY):
        assert refused(sessions, "Olga", "guess", f"address {number}") == WRONG
    assert refused(sessions, "Olga", PASSPHRASE, "address 0") == TOO_OFTEN
    assert sessions.enter("Olga", PASSPHRASE, "elsewhere")
    clock.now += MINUTE
    assert sessions.enter("Olga", PASSPHRASE, "address 0")


def test_a_session_ends_after_eight_hours() -> None:
    clock = Clock()
    sessions = Sessions(KEYS, clock)
    token = sessions.enter("Olga", PASSPHRASE, "a")
    clock.now += LASTS - 1
    assert sessions.find(token)
    clock.now += 1
    assert sessions.find(token) is None
    assert LASTS == 8 * 60 * 60


def test_a_session_ends_when_its_name_is_taken_away() -> None:
    keys = dict(KEYS)
    sessions = Sessions(keys)
    token = sessions.enter("Olga", PASSPHRASE, "a")
    del keys["Olga"]
    assert sessions.find(token) is None
    assert refused(sessions, "Olga", PASSPHRASE) == WRONG


async def test_a_wrong_name_and_a_wrong_passphrase_read_the_same(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, served(office, keys=KEYS) as url, visiting(url) as someone:
        answers = [await someone.sign_in("Olga", "guess"), await someone.sign_in("Nobody", PASSPHRASE)]
    assert {answer.status_code for answer in answers} == {httpx.codes.UNAUTHORIZED}
    assert WRONG in shown(answers[0])
    assert len({_CHANGING.sub("", answer.text) for answer in answers}) == 1


async def test_a_passphrase_is_never_logged_and_neither_is_what_was_typed_for_a_name(tmp_path: Path) -> None:
    with capture_logs() as lines:
        async with open_office(tmp_path) as office, served(office, keys=KEYS) as url, visiting(url) as someone:
            await someone.sign_in("hunter two", "hunter three")
            await someone.sign_in()
    assert [line["event"] for line in lines if "sign" in line["event"]] == ["web.sign_in_refused"]
    assert not any(word in str(lines) for word in ("hunter", PASSPHRASE))


async def test_without_a_session_every_page_leads_to_the_sign_in(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, served(office, keys=KEYS) as url, visiting(url) as stranger:
        for path in PAGES:
            page = await stranger.see(path)
            assert page.url.path == "/admin/sign-in"
            assert "Passphrase" in shown(page)
        answer = await stranger.client.post("/admin/do/sarah/limits", data={"waiting": "9"}, headers=OWN)
        assert answer.url.path == "/admin/sign-in"
        assert office.store.limits.values == {}


async def test_signing_in_leads_to_the_page_that_was_wanted_and_never_elsewhere(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, served(office, keys=KEYS) as url, visiting(url) as olga:
        assert (await olga.sign_in(to="/admin/do/data/upload")).url.path == "/admin/do/data/upload"
        olga.client.cookies.clear()
        olga.client.follow_redirects = False
        for elsewhere in ("//evil.example/admin", "https://evil.example/admin/runs/run-1", "/do/human", "/admin/../do"):
            assert (await olga.sign_in(to=elsewhere)).headers["location"] == "/admin"
            olga.client.cookies.clear()


async def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, at_the_desk(office) as olga:
        home = await olga.see("/admin")
        copy = olga.client.cookies["admin"]
        await olga.press(home, "Sign out")
        olga.client.cookies.set("admin", copy, path="/admin")
        assert "Passphrase" in shown(await olga.see("/admin"))


@pytest.mark.parametrize(("scheme", "secure"), [("http", []), ("https", ["Secure"])])
async def test_the_cookie_is_for_the_admin_pages_of_this_site_alone(
    tmp_path: Path, scheme: str, secure: list[str]
) -> None:
    async with (
        open_office(tmp_path) as office,
        served(office, keys=KEYS) as url,
        visiting(url, **{"x-forwarded-proto": scheme}) as olga,
    ):
        olga.client.follow_redirects = False
        page = await olga.see("/admin/sign-in")
        # The client itself speaks HTTP and would keep a secure cookie back.
        form_cookie = page.headers["set-cookie"].partition(";")[0]
        given = {**forms(page)[-1].values, "name": "Olga", "passphrase": PASSPHRASE}
        answer = await olga.client.post("/admin/sign-in", data=given, headers={**OWN, "cookie": form_cookie})
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert re.fullmatch(r"admin=[\w-]{43}", name)
    assert sorted(attributes) == sorted(["HttpOnly", "Path=/admin", "SameSite=strict", *secure])


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}],
)
async def test_a_form_from_another_site_does_nothing(tmp_path: Path, headers: dict[str, str]) -> None:
    async with open_office(tmp_path) as office, at_the_desk(office) as olga:
        form = forms(await olga.see("/admin/do/sarah/limits"))[-1]
        answer = await olga.client.post(form.action, data={**form.values, "waiting": "9"}, headers=headers)
        assert answer.status_code == httpx.codes.FORBIDDEN
        assert office.store.limits.values == {}


async def test_a_form_without_the_session_s_own_secret_does_nothing(tmp_path: Path) -> None:
    async with (
        open_office(tmp_path) as office,
        served(office, keys=KEYS) as url,
        visiting(url) as olga,
        visiting(url) as sam,
    ):
        await olga.sign_in()
        await sam.sign_in("Sam", KEYS["Sam"])
        form = forms(await sam.see("/admin/do/sarah/limits"))[-1]
        answers = [await olga.send(form, waiting="9")]
        del form.values["_secret"]
        answers.append(await olga.send(form, waiting="9"))
        assert [answer.status_code for answer in answers] == [httpx.codes.FORBIDDEN] * 2
        assert office.store.limits.values == {}


async def test_the_sign_in_form_itself_is_good_in_the_browser_alone_that_was_shown_it(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, served(office, keys=KEYS) as url, visiting(url) as someone:
        form = forms(await someone.see("/admin/sign-in"))[-1]
        someone.client.cookies.clear()
        answer = await someone.send(form, name="Olga", passphrase=PASSPHRASE)
        assert answer.status_code == httpx.codes.FORBIDDEN
        assert "admin" not in someone.client.cookies


async def test_a_link_from_another_site_asks_once_more_so_that_the_cookie_comes_along(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, served(office, keys=KEYS) as url, visiting(url) as someone:
        page = await someone.client.get("/admin", headers={"sec-fetch-site": "cross-site"})
        assert '<meta http-equiv="refresh" content="0">' in page.text
        page = await someone.client.get("/admin", headers=OWN)
        assert "Passphrase" in shown(page)


async def test_without_passphrases_there_is_no_admin_tab_and_nothing_behind_it(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, served(office) as url, visiting(url) as someone:
        assert "/admin" not in (await someone.see("/")).text
        for path in (*PAGES, "/admin/sign-in"):
            assert (await someone.see(path)).status_code == httpx.codes.NOT_FOUND
        answer = await someone.client.post("/admin/sign-in", data={"name": "", "passphrase": ""}, headers=OWN)
        assert answer.status_code == httpx.codes.NOT_FOUND


async def test_with_passphrases_the_chat_leads_to_the_admin_tab_and_back(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, at_the_desk(office) as olga:
        assert '<a href="/admin">Admin</a>' in (await olga.see("/")).text
        assert '<a href="/">Chat</a>' in (await olga.see("/admin")).text
