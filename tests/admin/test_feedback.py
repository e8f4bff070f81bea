"""Feedback becomes data only through a person, and never from a chat that must not be learned from."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.admin.calls import Caller
from bot.conversation import Conversation
from tests.admin.kit import SLACK, WEB, answered, audited, marked, open_small, uploaded
from tests.admin_kit import ELSEWHERE, HERE, HOME, OWNER, Scene
from tests.kit import ScriptedModel

ASKED = "My lamp is dark since noon."
SAID = "It is the fuse."


@asynccontextmanager
async def opened(home: Path, clock: Callable[[], float] | None = None, sarah_admins: str = "") -> AsyncGenerator[Scene]:
    """Open an office in which every answer is the same."""
    model = ScriptedModel(*[SAID] * 50)
    async with open_small(home, model, sarah_admins=sarah_admins, **({"clock": clock} if clock else {})) as scene:
        yield scene


async def prefilled(scene: Scene, turn: int) -> dict[str, str]:
    """Press "better answer" beside a turn, and return what stands in its form."""
    form = await scene.admin.form(scene.call("data add-example", turn=str(turn)))
    assert form
    assert form.carried == {"turn": str(turn)} or "turn" in {field.name for field in form.fields}
    return {name: value for name, value in form.values.items() if name in {"question", "answer"}}


def drafted(home: Path, draft: str = "draft") -> list[dict[str, object]]:
    """Return the examples of a draft as they are kept."""
    return [json.loads(line) for line in (home / "drafts" / f"{draft}.jsonl").read_text("utf-8").splitlines()]


async def permitted(scene: Scene, workspace: str = "T1", until: float | None = None) -> str:
    """Record that a Slack workspace may be learned from, and return the permission's id."""
    at = scene.office.clock()
    return scene.registry.permit("slack", workspace, "contract 7", "Ann of Slack", OWNER.who, at, until).id


async def test_marked_answers_are_shown_the_newest_first_with_a_better_answer_beside_each(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        first = await marked(scene, ASKED)
        second = await marked(scene, "And the fan?", rating="up")
        reply = await scene.give("sarah feedback")
        assert reply.text.index(f"#{second}") < reply.text.index(f"#{first}")
        assert "👎" in reply.text
        assert "👍" in reply.text
        assert "My lamp is dark" in reply.text
        assert "It is the fuse" in reply.text
        assert [(button.command, dict(button.given)) for button in reply.buttons] == [
            ("data add-example", {"turn": str(second)}),
            ("data add-example", {"turn": str(first)}),
        ]


async def test_verdicts_are_counted(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        turn = await marked(scene, ASKED)
        await scene.assistant.rate(turn, "4", "down")
        await scene.assistant.rate(turn, "5", "up")
        assert "1 good, 2 bad" in (await scene.give("sarah status")).text
        assert "👍 👎👎" in (await scene.give("sarah feedback")).text


async def test_earlier_ones_are_a_page_further(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        turns = [await marked(scene, f"Where is lamp {number}?") for number in range(7)]
        page = await scene.give("sarah feedback")
        assert [button.given.get("turn") for button in page.buttons][:5] == [str(turn) for turn in turns[:1:-1]]
        further = await scene.press(page, "Earlier")
        assert [button.given["turn"] for button in further.buttons] == [str(turn) for turn in turns[1::-1]]
        last = await scene.give("sarah feedback", before=turns[0])
        assert last.text == "There are none before that."


async def test_where_nobody_marked_anything_that_is_said(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        await answered(scene, ASKED)
        reply = await scene.give("sarah feedback")
        assert reply.text == "Customers have marked no answer yet."


async def test_an_admin_of_another_workspace_sees_what_its_own_customers_said_and_nothing_else(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        away = Conversation("discord", ELSEWHERE, "400")
        await marked(scene, "A secret of home.")
        turn = await marked(scene, "A question of theirs.", away)
        admin = Caller("discord", ELSEWHERE, "8", "Stan", manages=True)
        reply = await scene.give("sarah feedback", admin, away)
        assert "A question of theirs" in reply.text
        assert "A secret of home" not in reply.text
        assert "answered by" not in reply.text
        assert "answered by scripted" in (await scene.give("sarah feedback")).text
        assert reply.buttons == ()
        assert f"#{turn}" not in (await scene.give("sarah feedback")).text


async def test_at_home_what_was_said_in_direct_messages_and_on_the_page_is_seen_too(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        for where in (Conversation("discord", "dm", "7"), WEB):
            await marked(scene, f"A question on {where.platform}.", where)
        text = (await scene.give("sarah feedback")).text
    assert "A question on discord" in text
    assert "A question on web" in text


async def test_nobody_reads_customers_words_in_a_direct_message(tmp_path: Path) -> None:
    async with opened(tmp_path, sarah_admins="discord:5") as scene:
        await marked(scene, "A secret of home.")
        reply = await scene.give(
            "sarah feedback", Caller("discord", "", "5", "Ned"), Conversation("discord", "dm", "9")
        )
    assert "secret" not in reply.text
    assert "a direct message is in none" in reply.text


async def test_a_draft_is_shown_with_numbers_and_an_example_is_taken_out_by_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        for number in (1, 2):
            said = {"question": f"Is bulb {number} warm?", "answer": f"Bulb {number} is cold."}
            await scene.give("data add-example", OWNER, HERE, **said)
        shown = await scene.give("data draft")
        assert shown.text.index("1. Is bulb 1 warm?") < shown.text.index("2. Is bulb 2 warm?")
        assert "Is bulb 1 warm?" in (await scene.give("data draft", remove=1)).text
        assert "bulb 1" not in (await scene.give("data draft")).text
        assert "give a number from 1 to 1" in (await scene.give("data draft", remove=2)).text
        assert (OWNER.who, "remove example") in audited(scene)


async def test_nothing_of_discords_stands_in_the_form(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        assert await prefilled(scene, await marked(scene, ASKED)) == {}
        scene.registry.permit("discord", "*", "contract", "Discord", OWNER.who, scene.office.clock())
        assert await prefilled(scene, await marked(scene, ASKED)) == {}


@pytest.mark.parametrize("where", [WEB, Conversation("terminal", "", "t1")])
async def test_what_was_said_on_our_own_page_stands_in_the_form(tmp_path: Path, where: Conversation) -> None:
    async with opened(tmp_path) as scene:
        assert await prefilled(scene, await marked(scene, ASKED, where)) == {"question": ASKED, "answer": SAID}


async def test_what_was_said_in_slack_stands_in_the_form_only_while_a_permission_holds(tmp_path: Path) -> None:
    now = [1_000_000.0]
    async with opened(tmp_path, lambda: now[0]) as scene:
        turn = await marked(scene, ASKED, SLACK)
        assert await prefilled(scene, turn) == {}
        await permitted(scene, "T9")
        assert await prefilled(scene, turn) == {}
        await permitted(scene, until=now[0] + 60)
        assert await prefilled(scene, turn) == {"question": ASKED, "answer": SAID}
        now[0] += 61
        assert await prefilled(scene, turn) == {}
        again = await permitted(scene)
        assert await prefilled(scene, turn) == {"question": ASKED, "answer": SAID}
        scene.registry.withdraw(again, OWNER.who, now[0])
        assert await prefilled(scene, turn) == {}


@pytest.mark.parametrize("turn", ["99", "0", "x", "-1", "9" * 30, "9" * 5000, "²"])
async def test_a_turn_that_there_is_not_leaves_the_form_empty(tmp_path: Path, turn: str) -> None:
    async with opened(tmp_path) as scene:
        form = await scene.admin.form(scene.call("data add-example", turn=turn))
        assert form
        assert "question" not in form.values


@pytest.mark.parametrize("copied", [ASKED, "my  LAMP is dark\nsince noon", "My lamp is dark, since noon!"])
@pytest.mark.parametrize("where", [HERE, SLACK])
async def test_a_customers_own_words_from_a_chat_are_refused(tmp_path: Path, where: Conversation, copied: str) -> None:
    async with opened(tmp_path) as scene:
        turn = await marked(scene, ASKED, where)
        reply = await scene.give("data add-example", question=copied, answer="A fuse.", turn=turn)
        assert "write the question in your words" in reply.text
        assert audited(scene)[0] == (OWNER.who, "refused")
        assert not (tmp_path / "drafts").exists()


async def test_a_question_in_ones_own_words_is_kept_with_who_wrote_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        turn = await marked(scene, ASKED)
        said = {"question": "A light went out, why?", "answer": "A fuse.", "category": "power", "turn": turn}
        reply = await scene.give("data add-example", OWNER, HERE, **said)
        assert "1 example now" in reply.text
        [example] = drafted(tmp_path)
        kept = {name: example[name] for name in ("question", "author", "source", "workspace", "permission", "turn")}
        assert kept == {
            "question": "A light went out, why?",
            "author": OWNER.who,
            "source": "written",
            "workspace": "",
            "permission": "",
            "turn": turn,
        }
        assert audited(scene)[0] == (OWNER.who, "add example")


async def test_what_is_learned_from_slack_carries_its_workspace_and_the_permission(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        permission, turn = await permitted(scene), await marked(scene, ASKED, SLACK)
        await scene.give("data add-example", question=ASKED, answer="A fuse.", turn=turn)
        [example] = drafted(tmp_path)
        assert (example["source"], example["workspace"], example["permission"]) == ("slack", "T1", permission)


async def test_an_answer_that_is_gone_cannot_be_bettered(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        turn = await marked(scene, ASKED)
        await scene.store.people.forget("discord", HOME, "3")
        reply = await scene.give("data add-example", question="A light?", answer="A fuse.", turn=turn)
        assert f"There is no answer {turn} any more" in reply.text


async def test_the_same_example_is_not_kept_twice(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        said = {"question": "A light went out, why?", "answer": "A fuse."}
        await scene.give("data add-example", OWNER, HERE, **said)
        assert "says the same already" in (await scene.give("data add-example", OWNER, HERE, **said)).text
        assert len(drafted(tmp_path)) == 1


async def fill_draft(scene: Scene, amount: int, draft: str = "draft") -> None:
    """Write examples of one's own into a draft."""
    for number in range(amount):
        said = {"question": f"How loud is dimmer {number}?", "answer": f"Dimmer {number} hums at {number} decibels."}
        await scene.give("data add-example", OWNER, HERE, **said, draft=draft)


async def test_a_draft_of_ten_becomes_a_dataset_and_is_empty_then(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        await fill_draft(scene, 10)
        reply = await scene.give("data freeze", draft="draft", name="better", stop="**END**")
        [kept] = scene.registry.datasets()
        assert (kept.name, kept.examples, kept.by) == ("better", 10, OWNER.who)
        assert reply.text.startswith("Kept as **better**")
        assert not (tmp_path / "drafts" / "draft.jsonl").exists()
        assert (OWNER.who, "freeze draft") in audited(scene)
        origins = [json.loads(line) for line in (tmp_path / "datasets" / kept.id / "origins.jsonl").open()]
        assert {(one["supplied_by"], one["source"]) for one in origins} == {(OWNER.who, "written")}


async def test_a_draft_of_nine_stays_and_the_problem_is_named(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        await fill_draft(scene, 9)
        reply = await scene.give("data freeze", draft="draft")
        assert reply.text.startswith("**Nothing was kept** of draft")
        assert "10" in reply.text
        assert "the draft is still there" in reply.text
        assert [attached.name for attached in reply.attachments] == ["problems.csv"]
        assert len(drafted(tmp_path)) == 9
        assert scene.registry.datasets() == []


async def test_a_draft_is_put_onto_a_dataset(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        before = await uploaded(scene)
        await fill_draft(scene, 2)
        reply = await scene.give("data freeze", draft="draft", onto="lamps", name="lamps2")
        assert reply.text.startswith("Kept as **lamps2**")
        assert {one.name: one.examples for one in scene.registry.datasets()} == {"lamps": 12, "lamps2": 14}
        assert (tmp_path / "datasets" / before / "train.jsonl").is_file()


async def test_an_example_from_slack_whose_permission_was_withdrawn_is_not_frozen(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        permission = await permitted(scene)
        await fill_draft(scene, 10)
        turn = await marked(scene, ASKED, SLACK)
        await scene.give("data add-example", question=ASKED, answer="A fuse.", turn=turn)
        scene.registry.withdraw(permission, OWNER.who, scene.office.clock())
        reply = await scene.give("data freeze", draft="draft")
        assert reply.text.startswith("**Nothing was kept**")
        assert b"unpermitted_origin" in reply.attachments[0].content
        assert scene.registry.datasets() == []
        assert len(drafted(tmp_path)) == 11


async def test_a_draft_that_there_is_not_is_named(tmp_path: Path) -> None:
    async with opened(tmp_path) as scene:
        await fill_draft(scene, 1, "dimmers")
        assert "dimmers" in (await scene.give("data freeze", draft="dimers")).text
        assert "64 letters" in (await scene.give("data freeze", draft="../../etc")).text
