"""A picture of the page on which admins talk to two models side by side."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, expect

from bot.models.embedded import Embedded
from bot.persona import read_persona
from tests.admin_kit import open_office
from tests.browser import Profiles
from tests.kit import DATA, knowledge
from tests.platforms.web_scene import KEYS, customer, served
from tests.servers.openai import Stream, open_openai, says
from training.registry import Plan, Registry, Tuned

SIZE = 1200, 800
QUESTIONS = ("How many guest codes can my lock have?", "And do they work without internet?")
# What a tuned model could say, by the tests' own server, and the seconds that a word of it takes.
CODES = (
    "ZenLock Pro keeps up to 100 codes of 4 to 8 digits. Add one under **Locks > Codes > Add code**: always, on certain"
    " days and hours, or one-time."
)
OFFLINE = (
    "Yes. Codes are kept inside ZenLock Pro, so they work without the internet and without the hub. Only a new or a"
    " deleted code needs the lock to be online once."
)
PACE = 0.03


class Moment(asyncio.Event):
    """Comes a little after somebody began to wait for it."""

    async def wait(self) -> Literal[True]:
        """Wait for it."""
        asyncio.get_running_loop().call_later(PACE, self.set)
        return await super().wait()


def slowly(text: str) -> Stream:
    """Script an answer whose words take their time."""
    return says(*(step for word in text.split() for step in (Moment(), f"{word} ")))


def register(registry: Registry, url: str) -> str:
    """Register a tuned model that this server answers for, and let it answer customers."""
    now = time.time()
    registry.record_dataset("ds-1", "round2", 354, 283, 71, "pictures", now)
    base = "gpt-4.1-mini-2025-04-14"
    run = registry.start_run(Plan("ds-1", "openai", base, url), "pictures", now).id
    model = registry.register(Tuned(run, served_as="ft:zennest"), "pictures", now)
    registry.promote(model.id, "pictures", now)
    return model.id


async def photograph_trials(chromium: Browser, folder: Path, width: int = SIZE[0]) -> None:
    """Photograph two questions, each with two answers: `try-models.png`."""
    persona = read_persona(DATA)
    with tempfile.TemporaryDirectory() as home:
        async with (
            open_openai(says("Hello."), slowly(CODES), slowly(OFFLINE), engine="vllm") as server,
            open_office(Path(home), Embedded(knowledge()), persona=persona) as office,
        ):
            # Asked once, so that it is ready, as models are that have answered anybody.
            await office.give("model try", model=register(office.registry, server.url), question="Hello?")
            async with served(office, keys=KEYS) as url, customer(Profiles(chromium), url) as olga:
                await olga.page.set_viewport_size({"width": width, "height": SIZE[1]})
                await talk(olga.page, url)
                await olga.page.screenshot(path=folder / "try-models.png", full_page=True)


async def talk(page: Page, url: str) -> None:
    """Sign in, choose two models, and ask twice."""
    await page.goto(f"{url}/admin/try")
    await page.get_by_label("Name").fill("Olga")
    await page.get_by_label("Passphrase").fill(KEYS["Olga"])
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("Beside it").select_option("base")
    for number, question in enumerate(QUESTIONS, 1):
        await page.get_by_label("Top-k").fill("40")
        box = page.get_by_label("Your message to the models")
        await box.fill(question)
        await box.press("Enter")
        await expect(page.locator(".figures:not(:empty)")).to_have_count(2 * number)
