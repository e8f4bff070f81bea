"""Customers who wait for a person of the Admin tab: shown to whoever signs in, until they are handed back."""

import asyncio
import re
from pathlib import Path

import pytest

from bot.admin.board import Notice, ShowError
from bot.admin.calls import Caller
from bot.conversation import Conversation, Question
from bot.platforms.web.markdown import as_html, linked
from bot.platforms.web.waiting import MOST, Waiting
from tests.admin_kit import Scene as Office
from tests.admin_kit import open_office
from tests.platforms.web_scene import KEYS, served
from tests.platforms.web_staff import OWN, Member, at_the_desk, forms, shown, visiting

SUPPORT = "web:admin"


async def calls(office: Office, name: str) -> None:
    """Let a customer of the page ask for a person."""
    reply = await office.give("human", Caller("web", "", name, "somebody"), Conversation("web", "", name))
    assert office.persona.sentences.handed_over in reply.text


async def told(member: Member, wanted: str) -> str:
    """Look at the Admin tab until it tells of somebody."""
    async with asyncio.timeout(60):
        while wanted not in (text := shown(await member.see("/admin"))):
            pass
    return text


async def test_who_waits_is_shown_again_after_every_restart_until_they_are_handed_back(tmp_path: Path) -> None:
    async with open_office(tmp_path, sarah_support_channels=SUPPORT) as office, at_the_desk(office) as olga:
        await calls(office, "w1")
        assert "(conversation #1)" in shown(await olga.see("/admin"))
    for _ in range(2):
        async with open_office(tmp_path, sarah_support_channels=SUPPORT) as office, at_the_desk(office) as olga:
            assert (await told(olga, "(conversation #1)")).count("(conversation #1)") == 1
    async with open_office(tmp_path, sarah_support_channels=SUPPORT) as office, at_the_desk(office) as olga:
        await told(olga, "(conversation #1)")
        assert "(#1)" in shown(await olga.press(await olga.see("/admin"), "Hand back"))
        assert "(conversation #1)" not in shown(await olga.see("/admin"))


async def test_the_address_of_a_customer_s_conversation_is_a_link(tmp_path: Path) -> None:
    async with (
        open_office(tmp_path, sarah_support_channels=SUPPORT) as office,
        served(office, keys=KEYS) as url,
        visiting(url) as olga,
        visiting(url) as alice,
    ):
        await alice.see("/")
        token = alice.client.cookies["conversation"]
        question = Question(Conversation("web", "", token), token, "m1", "my lamp is dark")
        async for _ in office.assistant.answer(question):
            pass
        await alice.client.post("/do/human", headers=OWN)
        [link] = re.findall(r'<a href="([^"]+)" rel="([^"]+)">([^<]+)</a>', (await olga.sign_in()).text)
        assert link == (link[2], "noopener noreferrer nofollow", link[2])
        assert link[2].startswith(f"{url}/admin/conversations/")
        assert "my lamp is dark Yes." in shown(await olga.see(link[0]))


def test_only_an_address_of_a_page_that_has_a_line_of_its_own_becomes_a_link() -> None:
    assert 'href="https://lumen.example/a?b=_1_&amp;c"' in as_html(linked("Come:\nhttps://lumen.example/a?b=_1_&c"))
    for text in ("see https://lumen.example", "javascript:alert(1)", "ftp://lumen.example", 'https://a"><b onclick=x>'):
        assert "<a" not in as_html(linked(text))
    assert "<a" not in as_html("https://lumen.example")


async def test_everybody_who_waits_is_shown_and_nobody_whose_wait_is_over(tmp_path: Path) -> None:
    async with open_office(tmp_path, sarah_support_channels=SUPPORT) as office, at_the_desk(office) as olga:
        for number in range(1, 26):
            await calls(office, f"w{number}")
        await office.give("sarah hand-back", handoff=2)
        home = await olga.see("/admin")
    waiting = [number for number in range(1, 26) if f"(conversation #{number})" in shown(home)]
    assert waiting == [1, *range(3, 26)]
    assert len([form for form in forms(home) if form.label.startswith("Hand back")]) == 24


def test_where_more_wait_than_anybody_reads_the_next_one_is_not_taken_and_nobody_is_let_go() -> None:
    waiting, over = Waiting(), set[int]()
    for number in range(MOST):
        waiting.keep(Notice(str(number), is_open=lambda number=number: number not in over))
    with pytest.raises(ShowError, match="are waiting"):
        waiting.keep(Notice("one more"))
    assert [notice.text for notice in waiting.newest()] == [str(number) for number in range(MOST)][::-1]
    over.add(0)
    waiting.keep(Notice("one more"))
    assert [notice.text for notice in waiting.newest()[:1]] == ["one more"]
    assert len(waiting.newest()) == MOST
