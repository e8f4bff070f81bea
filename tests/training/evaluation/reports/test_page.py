"""The page of a comparison: whole, without a network, and with nothing in it that acts."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser import Profiles
from tests.training.evaluation.reports.kit import ATTACK, card, comparison, result, trial
from training.evaluation.comparison import Comparison, compared
from training.evaluation.reports import as_html, write_reports

pytest_plugins = ("tests.browser",)
pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL = ["both", "base-only", "one-only", "none", "two-only"]
NOT_BOTH = "turn 2: says none of 'the hub'"


def house() -> Comparison:
    """Return three models over five scenarios in two categories; each outcome is among them."""
    good, bad = trial("It blinks.", "Use the hub."), trial("It blinks.", "No idea.", failures=(NOT_BOTH,))
    passes = {"both": "+++", "base-only": "+--", "one-only": "-+-", "none": "---", "two-only": "--+"}
    cards = [
        card(
            label,
            [
                result(
                    name,
                    good if passing[number] == "+" else bad,
                    category="locks" if name == "none" else "lights",
                    critical=name in ("none", "both"),
                    turns=2,
                )
                for name, passing in passes.items()
            ],
        )
        for number, label in enumerate(["base", "one", "two"])
    ]
    return compared(cards)


async def opened(page: Page, made: Comparison, folder: Path) -> list[str]:
    """Open a comparison's page as a file; returns what it asks for and what goes wrong, as it does."""
    noticed: list[str] = []
    page.on("request", lambda request: noticed.append(request.url))
    page.on("console", lambda message: noticed.append(message.text))
    page.on("pageerror", lambda error: noticed.append(str(error)))
    file = folder / "report.html"
    file.write_text(as_html(made), encoding="utf-8")
    await page.goto(file.as_uri())
    assert noticed.pop(0) == file.as_uri()
    return noticed


async def names(page: Page) -> list[str]:
    """Return the ids of the conversations that are shown."""
    return await page.locator("article:visible > details > summary > b").all_text_contents()


async def test_answers_stand_side_by_side_with_what_they_lack_below(tmp_path: Path, browser: Profiles) -> None:
    async with browser.profile() as profile:
        page = await profile.new_page()
        noticed = await opened(page, house(), tmp_path)
        turn = page.locator("#at-one-only section").nth(1)
        await expect(turn.locator(".asked")).to_have_text("one-only asks 2?")
        cells = turn.locator(".cell")
        await expect(cells).to_have_text([re.compile("A ✗No idea"), re.compile("B ✓Use the hub"), re.compile("C ✗No")])
        await expect(cells.first.locator("li")).to_have_text("says none of 'the hub'")
        boxes = [await cell.bounding_box() for cell in await cells.all()]
        assert all(boxes)
        assert [box and box["y"] for box in boxes] == [boxes[0] and boxes[0]["y"]] * 3
        assert [box and box["x"] for box in boxes] == sorted(box["x"] for box in boxes if box)
        good = turn.locator("> details")
        await expect(good.locator("p")).to_be_hidden()
        await good.locator("summary").click()
        await expect(good.locator("p")).to_have_text("one-only is told 2.")
        assert noticed == []


@pytest.mark.parametrize(
    ("outcome", "every", "only_one"),
    [
        ("all", ALL, ALL),
        ("differs", ["base-only", "one-only", "two-only"], ["base-only", "one-only"]),
        ("baseline", ["base-only"], ["base-only"]),
        ("candidate", ["one-only", "two-only"], ["one-only"]),
        ("fail", ["none"], ["none", "two-only"]),
        ("critical", ["none"], ["none"]),
    ],
)
async def test_outcomes_are_filtered_for_every_candidate_or_one(
    outcome: str, every: list[str], only_one: list[str], tmp_path: Path, browser: Profiles
) -> None:
    async with browser.profile() as profile:
        page = await profile.new_page()
        await opened(page, house(), tmp_path)
        await page.select_option("#outcome", outcome)
        assert await names(page) == every
        await expect(page.locator("#count")).to_have_text(f"{len(every)} of 5 conversations")
        await page.select_option("#candidate", "1")
        assert await names(page) == only_one
        chosen = page.locator(f"#outcome option[value={outcome}]")
        await expect(chosen).to_have_text(re.compile(rf" \({len(only_one)}\)$"))
        cells = page.locator("article:visible section").first.locator(".cell:visible .chip")
        await expect(cells).to_have_text(["A", "B"])


async def test_category_and_search_narrow_it_down_and_one_button_shows_all(tmp_path: Path, browser: Profiles) -> None:
    async with browser.profile() as profile:
        page = await profile.new_page()
        await opened(page, house(), tmp_path)
        await page.select_option("#category", "locks")
        assert await names(page) == ["none"]
        await page.select_option("#category", "")
        await page.fill("#search", "ASKS only  hub")
        assert await names(page) == ["base-only", "one-only", "two-only"]
        await page.select_option("#category", "locks")
        await expect(page.locator("#nothing")).to_be_visible()
        await expect(page.locator("#count")).to_have_text("0 of 5 conversations")
        await page.get_by_role("button", name="Show all").click()
        await expect(page.locator("#count")).to_have_text("5 of 5 conversations")
        await expect(page.locator("#nothing")).to_be_hidden()


async def test_keys_search_walk_and_fold(tmp_path: Path, browser: Profiles) -> None:
    async with browser.profile() as profile:
        page = await profile.new_page()
        await opened(page, house(), tmp_path)
        await page.keyboard.press("/")
        await expect(page.locator("#search")).to_be_focused()
        await page.keyboard.type("jk/ only")
        await expect(page.locator("#search")).to_have_value("jk/ only")
        await page.fill("#search", "only")
        await page.locator("#search").blur()
        for key, name in (
            ("j", "base-only"),
            ("j", "one-only"),
            ("j", "two-only"),
            ("j", "two-only"),
            ("k", "one-only"),
        ):
            await page.keyboard.press(key)
            await expect(page.locator(f"#at-{name} > details > summary")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("#at-one-only section").first).to_be_hidden()
        await page.get_by_role("button", name="Fold or unfold all").click()
        await expect(page.locator("article details[open]")).to_have_count(0)


async def test_trials_stand_below_each_other_and_equal_ones_once(tmp_path: Path, browser: Profiles) -> None:
    bad = trial("No.", failures=("turn 1: says none of 'yes'", "it is odd"), judged=True)
    gone = trial(failures=("turn 1: there is no answer (the server is down)",))
    results = [result("s", trial("Yes.", judged=True), bad, trial("Yes.", judged=False), gone)]
    async with browser.profile() as profile:
        page = await profile.new_page()
        await opened(page, compared([card("base", results)]), tmp_path)
        said = page.locator("section .said")
        await expect(said).to_have_text(
            [
                re.compile(r"✓ trials 1, 3Yes\.$"),
                re.compile(r"✗ trial 2No\.says none of 'yes'$"),
                re.compile(r"✗ trial 4No answer\.there is no answer \(the server is down\)$"),
            ]
        )
        await expect(page.locator(".badge")).to_have_text("A passes 2 of 4")
        await expect(page.locator(".apart li")).to_have_text("it is odd")
        told = "Model judge on A, which decides nothing: passes, passes, fails, did not say"
        await expect(page.locator(".apart .judge")).to_have_text(told)
        await page.select_option("#trial", "2")
        await expect(page.locator("section .said:visible")).to_have_text(re.compile("trial 2"))


async def test_what_models_and_people_wrote_is_shown_and_does_nothing(tmp_path: Path, browser: Profiles) -> None:
    said = result(
        "s", trial(ATTACK, failures=(f"turn 1: says {ATTACK}", ATTACK)), category=f"c {ATTACK}", critical=True
    )
    made = compared([card(ATTACK, [said], model=f"m {ATTACK}", losses={ATTACK: 1.0}), card(f"b {ATTACK}", [said])])
    async with browser.profile() as profile:
        page = await profile.new_page()
        noticed = await opened(page, made, tmp_path)
        visible = ATTACK.replace("\u202e", "[U+202E]").replace("\u202c", "[U+202C]")
        await expect(page.locator("section .said p").first).to_have_text(visible)
        await expect(page.locator("section .said li").first).to_have_text(f"says {visible}")
        await expect(page.locator("img, iframe, a:not(.skip)")).to_have_count(0)
        await expect(page.locator("script")).to_have_count(1)
        assert await page.evaluate("typeof owned") == "undefined"
        assert noticed == []
        await page.select_option("#category", f"c {visible}")
        assert await names(page) == ["s"]


async def test_what_gets_past_everything_else_is_stopped_by_the_policy(tmp_path: Path, browser: Profiles) -> None:
    html = as_html(house())
    hole = "<main><img src=http://evil.example/x.png onerror='owned = 1'><script>owned = 2</script>"
    holed = html.replace("<main>", hole)
    file = tmp_path / "holed.html"
    file.write_text(holed, encoding="utf-8")
    async with browser.profile() as profile:
        page = await profile.new_page()
        refused: list[str] = []
        page.on("console", lambda message: refused.append(message.text))
        await page.goto(file.as_uri())
        await expect(page.locator("#count")).to_have_text("5 of 5 conversations")
        assert await page.evaluate("typeof owned") == "undefined"
        assert [word for text in refused for word in ("img-src", "script-src") if word in text].count("script-src") >= 2
        assert any("http://evil.example/x.png" in text for text in refused)


async def test_right_to_left_answers_keep_their_own_direction(tmp_path: Path, browser: Profiles) -> None:
    made = compared([card("base", [result("s", trial("שלום עולם"))]), card("one", [result("s", trial("hello"))])])
    async with browser.profile() as profile:
        page = await profile.new_page()
        await opened(page, made, tmp_path)
        answers = page.locator("section .said p")
        directions = await answers.evaluate_all("all => all.map(one => getComputedStyle(one).direction)")
        assert directions == ["rtl", "ltr"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_shows_answers_below_each_other_in_either_light(
    scheme: str, tmp_path: Path, browser: Profiles
) -> None:
    async with browser.profile() as profile:
        page = await profile.new_page()
        await page.set_viewport_size({"width": 360, "height": 780})
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        await opened(page, house(), tmp_path)
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        cells = await page.locator("#at-both section").first.locator(".cell").all()
        tops = [box["y"] for cell in cells if (box := await cell.bounding_box())]
        assert tops == sorted(set(tops))
        paper = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 24, 27)"}[scheme]


async def test_a_model_alone_has_a_page_too(tmp_path: Path, browser: Profiles) -> None:
    async with browser.profile() as profile:
        page = await profile.new_page()
        noticed = await opened(page, comparison("+-P"), tmp_path)
        await expect(page.locator("#candidate")).to_have_count(0)
        await page.select_option("#outcome", "fail")
        assert await names(page) == ["s-1"]
        assert noticed == []


async def test_as_many_conversations_as_a_company_has_stay_small_and_fluid(tmp_path: Path, browser: Profiles) -> None:
    answer, names_ = "word " * 50, [f"category-{number}" for number in range(14)]
    results = [
        result(f"s-{number}", trial(answer, answer, answer), category=names_[number % 14], turns=3)
        for number in range(266)
    ]
    made = compared([card(label, results) for label in ("base", "one", "two")])
    assert len(as_html(made).encode()) < 3_000_000
    async with browser.profile() as profile:
        page = await profile.new_page()
        await opened(page, made, tmp_path)
        spent = await page.evaluate(
            """() => { const began = performance.now(); const search = document.getElementById("search");
               search.value = "s-17"; search.dispatchEvent(new Event("input", { bubbles: true }));
               document.body.offsetHeight; return performance.now() - began; }"""
        )
        assert len(await names(page)) == 11
        assert spent < 1_000, "milliseconds, on the slowest of machines"


async def test_all_four_reports_are_written(tmp_path: Path) -> None:
    written = write_reports(comparison("+-", "++"), tmp_path / "out")
    assert [path.name for path in written] == ["report.md", "report.json", "report.png", "report.html"]
    begins = [path.read_bytes()[:5] for path in written]
    assert begins == [b"# one", b'{\n "v', b"\x89PNG\r", b"<!doc"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in written)
