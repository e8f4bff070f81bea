"""Forms in Discord: what they ask for, what comes back, and that they outlive the process that showed them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, cast

import pytest
from simcord.results import InteractionResult

from bot.admin.calls import Call, Upload
from bot.admin.forms import About, Form, command
from bot.admin.office import Office
from bot.admin.replies import Button, Reply
from bot.platforms.discord.clerk import LATE
from bot.platforms.discord.modals import modal_of
from tests.platforms.discord_files import open_cdn
from tests.platforms.discord_scene import Scene, buttons, examples, open_patient_scene, press, shown

Component = Mapping[str, object]
EXAMPLE = {"question": "How do I dim it?", "answer": "Turn the knob."}


@command("data", may="anyone")
async def note(  # noqa: PLR0913 - a field of each kind
    call: Call,
    office: Office,
    text: Annotated[str, About("What to note", long=True)],
    *,
    where: Annotated[Literal["shelf", "box"], About("Where it goes")] = "shelf",
    sure: Annotated[bool | None, About("Without asking")] = None,
    copies: Annotated[int, About("How many", least=1, most=9)] = 1,
    label: Annotated[str, About("What is written on it")] = "",
    by: Annotated[str, About("Who says so")] = "",
) -> Reply:
    """Note something down."""
    del office
    return Reply(repr((call.caller.name, text, where, sure, copies, label, by)))


@command("data", may="anyone")
async def offer(call: Call, office: Office) -> Reply:
    """Offer a button whose command lacks something."""
    del call, office
    noting = Button("Note it", "data note", {"by": "the office"})
    return Reply("Here.", buttons=(noting, Button("Write", "data add-example")))


@command("data", may="anyone")
async def pack(
    call: Call,
    office: Office,
    file: Annotated[Upload, About("What to pack")],
    text: Annotated[str, About("What is written on it", long=True)],
) -> Reply:
    """Pack a file."""
    del call, office
    return Reply(f"{file.name} {text}")


def fields(result: InteractionResult) -> dict[str, Component]:
    """Return what a form asks for, by the names of the fields."""
    assert result.modal
    found: dict[str, Component] = {}
    for label in cast("list[Component]", result.modal["components"]):
        item = cast("Component", label["component"])
        found[str(item["custom_id"])] = {**item, "about": label["description"], "label": label["label"]}
    return found


def words(field: Component) -> list[str]:
    """Return the options of a field."""
    return [str(option["label"]) for option in cast("list[Component]", field["options"])]


async def test_a_command_that_lacks_something_opens_its_form(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(note,)) as scene:
        result = await scene.boss().slash(scene.channel, "data note")
        asked = fields(result)
        assert result.modal
        assert result.modal["title"] == "Data note"
        assert list(asked) == ["text", "where", "sure", "copies", "label"]
        assert {name: field["type"] for name, field in asked.items()} == {
            "text": 4, "where": 3, "sure": 3, "copies": 4, "label": 4,
        }  # fmt: skip
        assert [name for name, field in asked.items() if field["required"]] == ["text"]
        assert {name: field.get("style") for name, field in asked.items() if field["type"] == 4} == {
            "text": 2, "copies": 1, "label": 1,
        }  # fmt: skip
        assert words(asked["where"]) == ["shelf", "box"]
        assert words(asked["sure"]) == ["yes", "no"]
        assert (asked["text"]["label"], asked["text"]["about"]) == ("Text", "What to note")


async def test_what_was_filled_in_and_what_was_given_before_arrive_together(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(note,)) as scene:
        olga = scene.boss()
        form = await olga.slash(scene.channel, "data note", by="Sam & Söhne")
        filled = {"text": "Line 1\nLine 2", "where": ["box"], "sure": ["yes"], "copies": "3"}
        done = await olga.submit_modal(form, filled)
        assert shown(done) == repr(("olga", "Line 1\nLine 2", "box", True, 3, "", "Sam & Söhne"))


async def test_what_is_left_empty_keeps_its_default(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(note,)) as scene:
        olga = scene.boss()
        done = await olga.submit_modal(await olga.slash(scene.channel, "data note"), {"text": "x"})
        assert shown(done) == repr(("olga", "x", "shelf", None, 1, "", ""))


async def test_a_button_whose_command_lacks_something_opens_the_form(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(note, offer)) as scene:
        olga = scene.boss()
        offered = await olga.slash(scene.channel, "data offer")
        form = await press(olga, offered.response, "Note it")
        assert shown(await olga.submit_modal(form, {"text": "x"})) == repr(
            ("olga", "x", "shelf", None, 1, "", "the office")
        )


async def test_a_form_that_was_shown_before_a_restart_is_done_all_the_same(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(note,)) as scene:
        olga = scene.boss()
        form = await olga.slash(scene.channel, "data note", by="Sam")
        await scene.env.restart_bot(scene.anew())
        assert shown(await olga.submit_modal(form, {"text": "x"})) == repr(("olga", "x", "shelf", None, 1, "", "Sam"))


async def test_a_form_is_done_once(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        olga = scene.boss()
        await olga.submit_modal(await olga.slash(scene.channel, "data add-example"), EXAMPLE)
        assert [line.action for line in scene.office.registry.audit_log(9)] == ["add example"]


async def test_two_people_with_the_same_form_do_not_get_each_others_words(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(note,)) as scene:
        olga, omar = scene.boss("olga"), scene.boss("omar")
        hers = await olga.slash(scene.channel, "data note")
        his = await omar.slash(scene.channel, "data note")
        assert "'hers'" in shown(await olga.submit_modal(hers, {"text": "hers", "label": "of hers"}))
        assert shown(await omar.submit_modal(his, {"text": "his"})) == repr(("omar", "his", "shelf", None, 1, "", ""))


async def test_rights_are_those_of_the_moment_in_which_a_form_is_submitted(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        olga = scene.boss()
        form = await olga.slash(scene.channel, "data add-example")
        scene.env.backend.edit_member(scene.guild.id, olga.id, {"role_ids": []})
        assert "Manage Server" in shown(await olga.submit_modal(form, EXAMPLE))


async def test_who_may_not_is_told_so_and_sees_no_form(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(offer,)) as scene:
        olga = scene.boss()
        offered = await olga.slash(scene.channel, "data offer")
        scene.env.backend.edit_member(scene.guild.id, olga.id, {"role_ids": []})
        result = await press(olga, offered.response, "Write")
        assert result.modal is None
        assert "Manage Server" in shown(result)


async def test_a_form_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(note,)) as scene:
        olga = scene.boss()
        form = await olga.slash(scene.channel, "data note")
        modal = form._interaction.modal  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - no other way to it
        assert modal
        modal["custom_id"] = "another bot's"
        before = len(scene.env.http_requests)
        await olga.submit_modal(form, {"text": "x"})
        assert len(scene.env.http_requests) == before


async def test_what_is_given_but_has_no_room_in_a_form_is_not_lost_silently(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(note,)) as scene:
        result = await scene.boss().slash(scene.channel, "data note", by="x" * 100)
        assert result.modal is None
        assert "`text` is missing" in shown(result)


async def test_a_form_that_comes_too_late_is_let_go(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(note,)) as scene:
        scene.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062)
        result = await scene.boss().slash(scene.channel, "data note")
        assert not result.acknowledged
        assert scene.env.errors == []


async def test_a_form_that_is_sent_off_too_late_is_not_done_and_its_author_is_told(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        olga = scene.boss()
        form = await olga.slash(scene.channel, "data add-example")
        scene.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062)
        await olga.submit_modal(form, EXAMPLE)
        assert scene.office.registry.audit_log(9) == []
        [told] = scene.said(olga.user.dm_channel)
        assert told == LATE.format(command="data add-example")


async def test_a_form_that_discord_brings_a_second_time_is_not_said_to_be_undone(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        olga = scene.boss()
        form = await olga.slash(scene.channel, "data add-example")
        scene.env.inject_error("POST", "/interactions/*/callback", status=400, code=40060)
        await olga.submit_modal(form, EXAMPLE)
        assert scene.requests("POST", "/messages") == []


async def test_a_better_answer_to_a_marked_one_is_written_in_a_form(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        olga = scene.boss()
        await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        await scene.alice.click(scene.written()[0], custom_id="rate:1:down")
        marked = await olga.slash(scene.channel, "sarah feedback")
        assert marked.response
        assert buttons(marked.response)["Better answer to #1"] == "do:data add-example?turn=1"
        form = await press(olga, marked.response, "Better answer")
        assert {"question", "answer"} <= set(fields(form))


def form_of(values: Mapping[str, str]) -> Form:
    """Return the form of our own command, with something in it already."""
    return Form(note, note.fields, dict(values), {})


def made(form: Form) -> dict[str, Component]:
    """Return the items of a form's modal."""
    modal = modal_of(replace(form, fields=form.fields[:5]))
    assert modal
    labels = cast("list[Component]", modal.to_dict()["components"])
    items = [cast("Component", label["component"]) for label in labels]
    return {str(item["custom_id"]): item for item in items}


def chosen(item: Component) -> list[str]:
    """Return the options that are chosen already."""
    return [str(option["label"]) for option in cast("list[Component]", item["options"]) if option["default"]]


def test_what_is_known_stands_in_the_form_already() -> None:
    items = made(form_of({"text": "as it was", "where": "box", "sure": "False", "copies": "2"}))
    assert items["text"]["value"] == "as it was"
    assert items["copies"]["value"] == "2"
    assert chosen(items["where"]) == ["box"]
    assert chosen(items["sure"]) == ["no"]


@pytest.mark.parametrize(("value", "answer"), [("True", ["yes"]), ("yes", ["yes"]), ("no", ["no"]), ("", [])])
def test_yes_or_no_is_chosen_as_it_is_known(value: str, answer: list[str]) -> None:
    assert chosen(made(form_of({"sure": value}))["sure"]) == answer


def test_a_text_that_has_no_room_is_not_offered_cut() -> None:
    assert made(form_of({"text": "x" * 4000}))["text"]["value"] == "x" * 4000
    assert "value" not in made(form_of({"text": "x" * 4001}))["text"]


async def upload(scene: Scene, **filled: object) -> InteractionResult:
    """Upload a file by the form."""
    olga = scene.boss()
    return await olga.submit_modal(await olga.slash(scene.channel, "data upload"), filled)


async def test_a_file_in_a_form_is_fetched_and_kept(tmp_path: Path) -> None:
    async with open_cdn() as files, open_patient_scene(tmp_path, files=files) as scene:
        done = await upload(scene, file=("lamps.jsonl", examples().encode()), name="porch")
        assert "Kept as **porch**" in shown(done)
        assert len(files.asked) == 1
        assert [dataset.name for dataset in scene.office.registry.datasets()] == ["porch"]


async def test_a_file_beside_a_command_needs_no_form(tmp_path: Path) -> None:
    async with open_cdn() as files, open_patient_scene(tmp_path, files=files) as scene:
        done = await scene.boss().slash(scene.channel, "data upload", file=("lamps.jsonl", examples().encode()))
        assert "Kept as **lamps**" in shown(done)


async def test_a_file_that_was_sent_already_is_not_lost_in_a_form(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(pack,)) as scene:
        result = await scene.boss().slash(scene.channel, "data pack", file=("lamps.jsonl", b"{}"))
        assert result.modal is None
        assert "`text` is missing" in shown(result)


async def test_a_file_that_is_not_where_discord_keeps_files_is_not_fetched(tmp_path: Path) -> None:
    async with open_cdn() as files, open_patient_scene(tmp_path) as scene:
        done = await upload(scene, file=("lamps.jsonl", examples().encode()))
        assert "not where this platform keeps its files" in shown(done)
        assert files.asked == []


async def test_a_file_that_arrives_short_is_refused(tmp_path: Path) -> None:
    async with open_cdn() as files, open_patient_scene(tmp_path, files=files) as scene:
        files.give = lambda _: b"{}"
        done = await upload(scene, file=("lamps.jsonl", examples().encode()))
        assert "did not arrive whole" in shown(done)
        assert scene.office.registry.datasets() == []


async def test_a_file_of_another_kind_is_refused_before_it_is_fetched(tmp_path: Path) -> None:
    async with open_cdn() as files, open_patient_scene(tmp_path, files=files) as scene:
        assert "is not taken" in shown(await upload(scene, file=("lamps.exe", b"MZ")))
        assert files.asked == []
