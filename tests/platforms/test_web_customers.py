"""What customers of the page may want beside answers: a person, what is kept, a copy of it, and its end."""

import json
import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bot.admin.admin import Admin
from bot.admin.calls import Call
from bot.admin.forms import command
from bot.admin.office import Office as Means
from bot.admin.replies import Reply
from bot.conversation import Conversation, Question
from bot.platforms.web.door import new_token
from bot.platforms.web.links import MOST, Links
from tests.admin_kit import Scene as Office
from tests.admin_kit import Wall, open_office
from tests.platforms.web_scene import KEYS, served
from tests.platforms.web_staff import OWN, Member, at_the_desk, forms, shown, visiting


async def talked(office: Office, someone: Member, text: str = "my lamp is dark") -> Conversation:
    """Let somebody open the page and say something, and return the conversation."""
    await someone.see("/")
    token = someone.client.cookies["conversation"]
    where = Conversation("web", "", token)
    async for _ in office.assistant.answer(Question(where, token, text, text)):
        pass
    return where


async def wants(someone: Member, what: str, **headers: str) -> httpx.Response:
    """Press one of the buttons below the chat."""
    return await someone.client.post(f"/do/{what}", headers={**OWN, **headers})


async def test_the_chat_has_a_button_for_everything_a_customer_may_want(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, served(office) as url, visiting(url) as someone:
        page = (await someone.see("/")).text
        buttons = re.findall(r'formaction="do/([\w-]+)">([^<]+)<', page)
        privacy = await wants(someone, "privacy")
        assert "Export what is kept of me" in privacy.text
    assert buttons == [
        ("human", "Talk to a person"),
        ("privacy", "Privacy"),
        ("export-me", "Export"),
        ("forget-me", "Forget me"),
    ]


async def test_a_customer_gets_a_file_of_what_is_kept_and_of_nobody_else(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, served(office) as url, visiting(url) as alice, visiting(url) as bob:
        await talked(office, alice)
        await talked(office, bob, "my plug is hot")
        file = await wants(alice, "export-me")
        assert file.headers["content-disposition"].startswith("attachment;")
        assert "my lamp is dark" in json.dumps(file.json())
        assert "plug" not in file.text


async def test_who_wants_to_be_forgotten_is_asked_once_and_then_is(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, served(office) as url, visiting(url) as alice, visiting(url) as bob:
        where, other = await talked(office, alice), await talked(office, bob)
        page = await wants(alice, "forget-me")
        assert await office.assistant.history(where, 5)
        page = await alice.press(page, "Erase it all")
        assert "Done: 1 message" in shown(page)
        assert await office.assistant.history(where, 5) == []
        assert len(await office.assistant.history(other, 5)) == 1
        assert "Nothing is kept of you here." in shown(await wants(alice, "export-me"))


async def test_a_person_is_told_with_an_address_that_does_not_give_the_conversation_away(tmp_path: Path) -> None:
    wall = Wall()
    async with (
        open_office(tmp_path) as office,
        served(office, keys=KEYS) as url,
        visiting(url) as alice,
        visiting(url) as olga,
    ):
        office.office.posts["discord"] = wall.notice
        where = await talked(office, alice)
        assert office.persona.sentences.handed_over in shown(await wants(alice, "human", host="evil.example"))
        (_, notice) = wall.notices[0]
        address = next(word for word in notice.text.split() if word.startswith("http"))
        assert address.startswith(f"{url}/admin/conversations/")
        assert where.channel not in notice.text
        assert "Passphrase" in shown(await alice.see(address))
        await olga.sign_in()
        page = await olga.see(address)
        assert "my lamp is dark Yes." in shown(page)
        await olga.press(page, "Hand back")
        assert office.assistant.silence(where) == ""
        assert "Hand back" not in (await olga.see(address)).text
        assert (await olga.see("/admin/conversations/unknown")).status_code == httpx.codes.NOT_FOUND


async def test_what_a_customer_wants_arrives_with_the_act_and_the_conversation(tmp_path: Path) -> None:
    calls: list[Call] = []

    @command("", may="anyone")
    async def privacy(call: Call, office: Means) -> Reply:  # noqa: ARG001 - as commands have it
        """Say nothing."""
        calls.append(call)
        return Reply("")

    async with open_office(tmp_path) as opened:
        office = replace(opened, admin=Admin(opened.office, [privacy]))
        async with served(office, keys=KEYS) as url, visiting(url) as alice:
            where = await talked(office, alice)
            await alice.client.post("/do/privacy", data={"_act": "a1"}, headers=OWN)
    [call] = calls
    assert (call.message_id, call.conversation, call.caller.user) == ("a1", where, where.channel)
    assert (call.link, call.place) == ("", "")


async def test_where_nobody_can_sign_in_a_person_is_told_no_address(tmp_path: Path) -> None:
    wall = Wall()
    async with open_office(tmp_path) as office, served(office) as url, visiting(url) as alice:
        office.office.posts["discord"] = wall.notice
        await talked(office, alice)
        await wants(alice, "human")
    assert "http" not in wall.notices[0][1].text


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
async def test_another_site_can_do_nothing_in_a_customer_s_name(tmp_path: Path, headers: dict[str, str]) -> None:
    async with open_office(tmp_path) as office, served(office) as url, visiting(url) as alice:
        where = await talked(office, alice)
        answer = await alice.client.post("/do/forget-me", data={"sure": "yes"}, headers=headers)
        assert answer.status_code == httpx.codes.NOT_FOUND
        assert len(await office.assistant.history(where, 5)) == 1


@pytest.mark.parametrize("what", ["ask", "reset", "nothing", "data"])
async def test_nothing_else_can_be_done_there(tmp_path: Path, what: str) -> None:
    async with open_office(tmp_path) as office, served(office) as url, visiting(url) as alice:
        await alice.see("/")
        assert (await wants(alice, what)).status_code == httpx.codes.NOT_FOUND


async def test_without_a_cookie_there_is_nothing_to_be_done_and_that_is_said(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, served(office) as url, visiting(url) as stranger:
        page = await wants(stranger, "forget-me")
        assert "There is no conversation of yours yet" in shown(page)
        assert not [form for form in forms(page) if form.action.startswith("/do/")]


async def test_the_address_of_a_conversation_outlives_a_restart_while_a_person_has_it(tmp_path: Path) -> None:
    wall = Wall()
    async with open_office(tmp_path) as office:
        office.office.posts["discord"] = wall.notice
        async with served(office, keys=KEYS) as url, visiting(url) as alice:
            where = await talked(office, alice)
            await wants(alice, "human")
        path = wall.notices[0][1].text.rpartition("/admin/")[2]
    async with open_office(tmp_path) as office, at_the_desk(office) as olga:
        page = await olga.see(f"/admin/{path}")
        assert "my lamp is dark Yes." in shown(page)
        assert office.persona.sentences.handed_back in shown(await olga.press(page, "Hand back"))
        assert office.assistant.silence(where) == ""
    async with open_office(tmp_path) as office, at_the_desk(office) as olga:
        page = await olga.see(f"/admin/{path}")
        assert page.status_code == httpx.codes.NOT_FOUND
        assert "was handed back" in shown(page)


async def test_nobody_is_called_by_a_cookie_that_stands_for_no_conversation(tmp_path: Path) -> None:
    wall = Wall()
    async with open_office(tmp_path) as office, served(office, keys=KEYS) as url, visiting(url) as forger:
        office.office.posts["discord"] = wall.notice
        for _ in range(2):
            page = await wants(forger, "human", cookie=f"conversation={new_token()}")
            assert page.status_code == httpx.codes.OK
            assert office.persona.handoff in shown(page)
            assert office.persona.sentences.handed_over not in shown(page)
        assert wall.notices == []
        assert await office.store.handoffs.every_open() == []
        await talked(office, forger)
        assert office.persona.sentences.handed_over in shown(await wants(forger, "human"))
        assert len(wall.notices) == 1


async def test_the_address_of_a_conversation_stays_the_same_and_old_ones_are_let_go() -> None:
    token, waiting = new_token(), list[Conversation]()

    async def open_handoffs() -> list[Conversation]:
        return waiting

    links = Links(open_handoffs)
    key = links.to(token)
    assert links.to(token) == key == Links(open_handoffs).to(token)
    assert await links.token(key) == token
    assert key not in token
    for _ in range(MOST):
        links.to(new_token())
    assert await links.token(key) is None
    waiting.append(Conversation("web", "", token))
    assert await links.token(key) == token
    assert await links.token(key[:-1]) is None
