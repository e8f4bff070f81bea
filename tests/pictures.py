"""Take the pictures in docs/pictures again: `python -m tests.pictures`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright, expect

from bot.models.embedded import Embedded
from bot.persona import read_persona
from tests.admin_kit import open_office
from tests.browser import FLAGS, MISSING, Profiles, find_chromium
from tests.kit import DATA, ROOT, knowledge
from tests.pictures_admin import draw_terminal, photograph_admin
from tests.pictures_chats import draw
from tests.pictures_trials import photograph_trials
from tests.platforms.web_scene import Customer, customer, served

PICTURES = ROOT / "docs" / "pictures"
CONVERSATION = ("How many guest codes can my lock have?", "And do they work without internet?")
SIZE = 1200, 860


async def main() -> None:
    """Start Chromium, and take every picture."""
    path = find_chromium() or sys.exit(MISSING)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        await photograph(Profiles(chromium))
        await photograph_admin(chromium, PICTURES)
        await photograph_trials(chromium, PICTURES)
        await draw_terminal(PICTURES)
        await draw(chromium, PICTURES)


async def photograph(browser: Profiles) -> None:
    """Photograph a conversation of two turns with the embedded model."""
    persona = read_persona(DATA)
    with tempfile.TemporaryDirectory() as home:
        async with (
            open_office(Path(home), Embedded(knowledge()), persona=persona) as office,
            served(office) as url,
            customer(browser, url) as someone,
        ):
            await someone.visit()
            await talk(someone)
            await someone.page.screenshot(path=PICTURES / "web-page.png")


async def talk(someone: Customer) -> None:
    """Ask twice, and thank once."""
    await someone.page.set_viewport_size({"width": SIZE[0], "height": SIZE[1]})
    for number, question in enumerate(CONVERSATION):
        await someone.say(question)
        await expect(someone.thumb("Like", number)).to_be_visible()
    await someone.thumb("Like", len(CONVERSATION) - 1).click()
    await someone.box.focus()
    # Until the page has scrolled and the thumb is filled.
    await someone.page.wait_for_timeout(800)


if __name__ == "__main__":
    asyncio.run(main())
