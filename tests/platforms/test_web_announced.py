"""What one admin does on the Admin tab and all others are to know: above all commands, for an hour."""

import json
import time
from pathlib import Path

from bot.admin.calls import Call, Caller
from bot.admin.replies import Button, Reply
from bot.platforms.web.announced import HOUR, MOST, Announced
from bot.platforms.web.back_office import HERE
from tests.admin_kit import Scene as Office
from tests.admin_kit import file, open_office
from tests.platforms.web_scene import KEYS, served
from tests.platforms.web_staff import forms, shown, visiting

OLGA = Caller("web", "", "Olga", "Olga", manages=True)
LINES = [
    json.dumps({"messages": [{"role": "user", "content": f"Lamp {n}?"}, {"role": "assistant", "content": f"Yes {n}."}]})
    for n in range(20)
]


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell the time, in seconds."""
        return self.now


def agreeing(proposal: str) -> Call:
    """Return what the button of a proposal does."""
    return Call(OLGA, "train agree", HERE, {"proposal": proposal})


def wanted(proposal: str) -> Reply:
    """Return what is told to everybody of a proposal that somebody else has to approve."""
    button = Button("Approve and start", "train agree", {"proposal": proposal}, "primary")
    return Reply(f"Olga wants {proposal}.", buttons=(button,), public=True)


async def dear(office: Office) -> str:
    """Let Olga propose a run that a second admin has to approve, and return the proposal's id."""
    await office.give("data upload", file=file("lamps.jsonl", "\n".join(LINES)))
    asked = await office.give("train start", dataset=office.registry.datasets()[0].id)
    plan = office.registry.proposal(str(asked.buttons[0].given["proposal"])).plan
    return office.registry.propose(plan, 2.0, "web:Olga", time.time(), needs_second=True).id


async def test_a_run_that_needs_a_second_admin_is_shown_to_all_until_somebody_starts_it(tmp_path: Path) -> None:
    async with (
        open_office(tmp_path) as office,
        served(office, keys=KEYS) as url,
        visiting(url) as olga,
        visiting(url) as sam,
    ):
        proposal = await dear(office)
        await olga.sign_in()
        home = await sam.sign_in("Sam", KEYS["Sam"])
        assert "web:Olga wants" not in shown(home)
        await olga.fill("train agree", proposal=proposal)
        assert "ask another to approve" in shown(await olga.press(await olga.see("/admin"), "Approve and start"))
        home = await sam.see("/admin")
        assert shown(home).index("web:Olga wants") < shown(home).index("Upload")
        page = await sam.press(home, "Approve and start")
        assert "is started" in shown(page)
        assert office.registry.proposal(proposal).approved_by == "web:Sam"
        for member in (olga, sam):
            home = await member.see("/admin")
            assert "web:Olga wants" not in shown(home)
            assert "Approve and start" not in [form.label for form in forms(home)]


async def test_what_is_told_to_one_admin_alone_is_shown_to_no_other(tmp_path: Path) -> None:
    async with (
        open_office(tmp_path) as office,
        served(office, keys=KEYS) as url,
        visiting(url) as olga,
        visiting(url) as sam,
    ):
        await olga.sign_in()
        page = await olga.fill("sarah limits", waiting="7")
        told = shown(page).partition("All commands ")[2]
        assert "waiting : 7" in told
        assert told not in shown(await sam.sign_in("Sam", KEYS["Sam"]))


def test_what_everybody_is_to_know_is_shown_for_an_hour_the_newest_first() -> None:
    clock = Clock()
    announced = Announced(clock)
    announced.heed(agreeing("one"), wanted("one"))
    clock.now += 1
    announced.heed(agreeing("two"), wanted("two"))
    assert announced.newest() == [wanted("two"), wanted("one")]
    clock.now += HOUR - 1
    assert announced.newest() == [wanted("two")]
    clock.now += 1
    assert announced.newest() == []


def test_a_button_that_did_nothing_leaves_what_it_stands_under() -> None:
    announced = Announced(Clock())
    announced.heed(agreeing("one"), wanted("one"))
    announced.heed(agreeing("one"), Reply("A second admin has to approve it."))
    announced.heed(agreeing("two"), Reply("run-2 is started.", run="run-2"))
    assert announced.newest() == [wanted("one")]
    announced.heed(agreeing("one"), Reply("run-1 is started.", run="run-1"))
    assert announced.newest() == []


def test_the_newest_twenty_are_kept() -> None:
    announced = Announced(Clock())
    for number in range(MOST + 1):
        announced.heed(agreeing(str(number)), wanted(str(number)))
    assert MOST == 20
    assert [reply.text for reply in announced.newest()] == [wanted(str(number)).text for number in range(MOST, 0, -1)]
