"""Commands on the Admin tab: their forms, their replies, their files and their buttons."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import httpx

from bot.admin.admin import Admin
from bot.admin.board import Notice
from bot.admin.calls import Call, Caller, Upload
from bot.admin.forms import About, command
from bot.admin.office import Office
from bot.admin.replies import Attachment, Button, Reply
from bot.conversation import Conversation
from bot.platforms.web.back_office import HERE
from bot.platforms.web.shelf import HEAVIEST, MOST, Shelf, Shown
from tests.admin_kit import Scene as Desk
from tests.admin_kit import open_office
from tests.platforms.web_staff import OWN, at_the_desk, forms, lists, shown

LINES = [
    json.dumps({"messages": [{"role": "user", "content": f"Lamp {n}?"}, {"role": "assistant", "content": f"Yes {n}."}]})
    for n in range(20)
]
GOOD = "\n".join(LINES).encode()
BAD = "\n".join([*LINES, '{"messages": [{"role": "robot", "content": "x"}]}']).encode()
PNG = b"\x89PNG\r\n\x1a\n picture"
STRANGE = (
    "**bold** <script>alert(1)</script> <img src=x onerror=alert(2)> ![p](http://evil.example/p.png)\n"
    "[bad](javascript:alert(3)) [data](data:text/html,x) [good](https://lumen.example) [own](/admin)\n\n"
    "| a | b |\n|---|--:|\n| 1 | 2 |\n\n```\ncode  here\n```"
)


@dataclass
class Work:
    """What commands of these tests were called with."""

    calls: list[Call] = field(default_factory=list[Call])


WORK = Work()


async def _known(call: Call, office: Office) -> dict[str, str]:  # noqa: ARG001 - as commands have it
    return {"text": "Written <before>"}


@command("data", may="home", prefill=_known)
async def everything(  # noqa: PLR0913 - a field of every kind
    call: Call,
    office: Office,  # noqa: ARG001 - as commands have it
    text: Annotated[str, About("What to say", long=True)],
    *,
    dataset: Annotated[str, About("Which dataset", names="datasets")] = "",
    count: Annotated[int | None, About("How many", least=1, most=50)] = None,
    learning_rate: Annotated[float | None, About("How fast")] = None,
    method: Annotated[Literal["slow", "fast"], About("How")] = "slow",
    sure: Annotated[bool, About("Without asking")] = False,
    secret: Annotated[str, About("What goes along")] = "",
) -> Reply:
    """Take a field of every kind."""
    WORK.calls.append(call)
    return Reply(f"{text!r} {dataset!r} {count} {learning_rate} {method} {sure} {secret!r}")


@command("data", may="home")
async def show_off(call: Call, office: Office) -> Reply:  # noqa: ARG001 - as commands have it
    """Answer with everything that there is."""
    WORK.calls.append(call)
    files = (Attachment("lengths.png", PNG), Attachment('a "b"\r\nc.csv', b"<b>1</b>"))
    return Reply(STRANGE, files, (Button("Go on", "data everything", {"secret": "s & <t>"}, "primary"),))


@command("data", may="home")
async def weigh(call: Call, office: Office, file: Annotated[Upload, About("A file")]) -> Reply:  # noqa: ARG001
    """Save a file and say what arrived."""
    path = office.home / "weighed"
    await file.save(path)
    return Reply(f"{file.name} {file.content_type} {file.size} {path.read_bytes() == b'x' * file.size}")


def with_own(office: Desk) -> Desk:
    """Return an office with the commands of these tests."""
    WORK.calls.clear()
    return replace(office, admin=Admin(office.office, [everything, show_off, weigh]))


async def test_a_form_says_what_each_field_is_for_and_completes_names(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        await office.give("data upload", file=_file("lamps.jsonl", GOOD))
        async with at_the_desk(with_own(office)) as olga:
            page = await olga.see("/admin/do/data/everything")
    form = forms(page)[-1]
    about = form.about
    assert form.label == "Everything"
    assert "Learning rate How fast." in shown(page)
    assert "Text * What to say." in shown(page)
    assert {name: said["tag"] for name, said in about.items()} == {
        "text": "textarea",
        "dataset": "input",
        "count": "input",
        "learning-rate": "input",
        "method": "select",
        "sure": "select",
        "secret": "input",
    }
    assert [name for name, said in about.items() if "required" in said] == ["text"]
    assert (about["count"]["type"], about["count"]["min"], about["count"]["max"]) == ("number", "1", "50")
    assert (about["count"]["step"], about["learning-rate"]["step"]) == ("1", "any")
    assert form.options["method"] == ["as usual", "slow", "fast"]
    assert form.options["sure"] == ["as usual", "yes", "no"]
    assert form.values["text"] == "Written <before>"
    assert len(lists(page)[about["dataset"]["list"]]) == 1
    assert all(said["aria-describedby"] == f"{said['id']}-about" for said in about.values())


async def test_what_is_filled_in_arrives_with_who_sent_it(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, at_the_desk(with_own(office)) as olga:
        page = await olga.fill("data everything", text="one\r\ntwo", count="7", sure="yes")
        assert "'one\\ntwo' '' 7 None slow True ''" in shown(page)
        (call,) = WORK.calls
        assert call.caller == Caller("web", "", "Olga", "Olga", manages=True)
        assert call.conversation == HERE


async def test_a_form_that_is_sent_twice_is_the_same_act_and_another_one_is_not(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, at_the_desk(with_own(office)) as olga:
        form = forms(await olga.see("/admin/do/data/everything"))[-1]
        await olga.send(form, text="a")
        await olga.send(form, text="a")
        await olga.fill("data everything", text="a")
    first, again, other = [call.message_id for call in WORK.calls]
    assert first == again != other
    assert first


async def test_a_reply_is_safe_whatever_stands_in_it(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, at_the_desk(with_own(office)) as olga:
        page = await olga.press(await olga.see("/admin"), "Show off")
        text = page.text.partition("<main")[2]
        assert "<strong>bold</strong>" in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert text.count("<img") == text.count('<img src="data:image/png;') == 1
        assert 'href="https://lumen.example" rel="noopener noreferrer nofollow"' in text
        assert 'href="/admin"' in text
        assert 'href="javascript' not in text
        assert 'href="data:' not in text
        assert '<td class="right">2</td>' in text
        assert "<code>code  here\n</code>" in text
        assert "style=" not in text
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"


async def test_pictures_are_shown_and_other_files_are_handed_out(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, at_the_desk(with_own(office)) as olga:
        page = await olga.press(await olga.see("/admin"), "Show off")
        assert '<img src="data:image/png;base64,' in page.text
        file = await olga.see(f"{page.url.path}/1")
        assert file.content == b"<b>1</b>"
        assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20%22b%22%0D%0Ac.csv"
        assert file.headers["content-type"] == "application/octet-stream"
        assert file.headers["x-content-type-options"] == "nosniff"
        assert f'href="{page.url.path}/1"' in page.text
        assert (await olga.see(f"{page.url.path}/7")).status_code == httpx.codes.NOT_FOUND
        olga.client.cookies.clear()
        assert "Passphrase" in shown(await olga.see(f"{page.url.path}/1"))


async def test_a_button_that_lacks_something_leads_to_its_form_with_what_is_known(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, at_the_desk(with_own(office)) as olga:
        page = await olga.press(await olga.press(await olga.see("/admin"), "Show off"), "Go on")
        form = forms(page)[-1]
        assert form.values["text"] == "Written <before>"
        assert form.values["secret"] == "s & <t>"
        assert "secret" not in form.about
        await olga.send(form, text="more")
    assert WORK.calls[-1].given == {"text": "more", "secret": "s & <t>"}


async def test_a_reply_is_found_again_until_twenty_newer_ones_came(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, at_the_desk(with_own(office)) as olga:
        first = await olga.fill("data everything", text="first")
        assert "first" in shown(await olga.see(first.url.path))
    shelf = Shelf()
    keys = [shelf.keep(Shown(str(number), Reply(""))) for number in range(MOST + 1)]
    assert [key for key in keys if shelf.find(key) is None] == keys[:1]
    heavy = Reply("", (Attachment("a", b"x" * (HEAVIEST // 2 + 1)),))
    one, other = shelf.keep(Shown("", heavy)), shelf.keep(Shown("", heavy))
    assert shelf.find(one) is None
    assert shelf.find(other)


async def test_a_file_arrives_as_it_is_and_too_large_a_one_is_refused_in_a_sentence(tmp_path: Path) -> None:
    async with open_office(tmp_path, sarah_largest_upload_mb=3) as office, at_the_desk(with_own(office)) as olga:
        page = await olga.fill("data weigh", {"file": ("lamps.jsonl", b"x" * 2_999_999)})
        assert "lamps.jsonl application/octet-stream 2999999 True" in shown(page)
        for size in (3_000_001, 9_000_000):
            page = await olga.fill("data weigh", {"file": ("lamps.jsonl", b"x" * size)})
            assert "larger than 3 MB: split it." in shown(page)
        form = forms(await olga.see("/admin/do/data/weigh"))[-1]
        large = {"file": ("lamps.jsonl", b"x" * 31_000_000)}
        assert (await olga.send(form, large)).status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
        form = forms(await olga.see("/admin/do/data/everything"))[-1]
        assert (await olga.send(form, text="x" * 2_000_000)).status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE


async def test_a_dataset_s_problems_are_shown_with_their_file_and_a_good_one_leads_on(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, at_the_desk(office) as olga:
        page = await olga.fill("data upload", {"file": ("lamps.jsonl", BAD)})
        assert "Nothing was kept" in shown(page)
        assert "problems.csv" in shown(page)
        assert b"robot" in (await olga.see(f"{page.url.path}/0")).content
        page = await olga.fill("data upload", {"file": ("lamps.jsonl", GOOD)})
        assert "Kept as lamps" in shown(page)
        assert "Start it for $0.00" in (await olga.press(page, "Start a run")).text
        assert "web:Olga" in (await olga.fill("sarah audit")).text


async def test_every_command_of_a_group_is_offered_and_none_that_works_elsewhere_alone(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, at_the_desk(office) as olga:
        home = await olga.see("/admin")
        titles = {one.title for one in office.admin.commands if one.group} - {"sarah channel"}
        offered = {form.action for form in forms(home) if form.action.startswith("/admin/do/")}
        offered |= {
            f"/admin/do/{title.replace(' ', '/')}"
            for title in titles
            if f'href="/admin/do/{title.replace(" ", "/")}"' in home.text
        }
        assert offered == {f"/admin/do/{title.replace(' ', '/')}" for title in titles}
        for path in ("/admin/do/data/nothing", "/admin/do/ask/ask"):
            assert (await olga.see(path)).status_code == httpx.codes.NOT_FOUND
            assert (await olga.client.post(path, headers=OWN)).status_code == httpx.codes.NOT_FOUND


async def test_what_people_are_to_know_stands_above_all_commands_with_its_buttons(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, at_the_desk(office) as olga:
        back = Button("Hand back", "sarah hand-back", {"handoff": "1"})
        await office.office.posts["web"]("admin", Notice("Somebody waits <here>.", (back,)))
        home = await olga.see("/admin")
        assert shown(home).index("Somebody waits &lt;here&gt;.") < shown(home).index("Upload")
        where = Conversation("web", "", "token")
        await office.store.handoffs.begin(where, "token", 1.0, "")
        assert "(#1)" in shown(await olga.press(home, "Hand back"))
        assert office.store.handoffs.open_for(where) is None
    assert "web" not in office.office.posts


def _file(name: str, content: bytes) -> Upload:
    async def save(path: Path) -> None:
        path.write_bytes(content)  # noqa: ASYNC240 - a few bytes

    return Upload(name, "", len(content), save)
