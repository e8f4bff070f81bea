"""The Admin tab of the web page, and a customer's page beside it, each in a browser of its own."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import FilePayload, Locator, Page, expect

from bot.app import serve
from bot.settings import Settings, read_settings
from tests.browser import Profiles
from tests.platforms.terminal_scene import variables
from tests.platforms.web_scene import Customer, customer
from tests.servers.tuning import TuningServer
from tests.stories.offices import Counter
from tests.stories.processes import around, settings, with_runs

NAME, PASSPHRASE = "Olga", "open-sesame-please"
# Milliseconds until a run must show what is waited for.
PATIENCE = 180_000


class WebCounter:
    """An admin at the Admin tab, and a customer at the chat, of one process."""

    def __init__(self, settings: Settings, admin: Page, ann: Customer) -> None:
        self._settings = settings
        self.page = admin
        self._ann = ann
        self._asked = 0
        self._run = ""
        self._url = ""
        self._serving: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Serve the page, with everything that stands around it."""
        address: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def tell(part: str, phrase: str) -> None:
            if part == "web":
                address.set_result(phrase)

        self._serving = asyncio.create_task(serve(self._settings, tell))
        await asyncio.wait((self._serving, address), return_when=asyncio.FIRST_COMPLETED)
        self._url = await address if address.done() else str(await self._serving)

    async def close(self) -> None:
        """End that in order."""
        # Pages that stay open would load themselves again, in the middle of what comes next.
        for page in (self._ann.page, self.page):
            await page.goto("about:blank")
        if self._serving:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)

    async def upload(self, name: str, content: bytes) -> str:
        """Choose a file in the form of `data upload`, and send it."""
        await self._see("/admin/do/data/upload")
        file = FilePayload(name=name, mimeType="application/jsonl", buffer=content)
        await self.page.get_by_label("File").set_input_files(file)
        await self.page.get_by_role("button", name="Upload").click()
        return await self._reply()

    async def start(self, dataset: str, provider: str) -> str:
        """Fill the form of `train start` in, and send it."""
        await self._see("/admin/do/train/start")
        await self.page.get_by_label("Dataset").fill(dataset)
        await self.page.get_by_label("Provider").select_option(provider)
        await self.page.get_by_role("button", name="Start").click()
        return await self._reply()

    async def press(self, label: str) -> str:
        """Press a button of the page that is open, and read the page that it leads to."""
        before = self.page.url
        await self.page.get_by_role("button", name=label).click()
        await self.page.wait_for_url(lambda url: url != before)
        if await self._progress.count():
            [link] = await self.page.get_by_role("link", name="run-").all()
            self._run = await link.inner_text()
            return ""
        return await self._reply()

    async def progress(self) -> str:
        """Read the part of a page that tells of a run."""
        return await self._progress.inner_text() if await self._progress.count() else ""

    async def messages(self) -> int:
        """Count the parts of a page that tell of a run."""
        return await self._progress.count()

    async def has_chart(self) -> bool:
        """Whether there is a picture in it, of some size."""
        chart = self._progress.get_by_role("img")
        return await chart.count() == 1 and bool(await chart.evaluate("img => img.naturalWidth"))

    async def give(self, text: str) -> str:
        """Choose a command on the Admin tab, and send its form where it has one."""
        await self._see("/admin")
        path = f"/admin/do/{text.replace(' ', '/')}"
        card = self.page.locator(f'a.card[href="{path}"], form[action="{path}"] button.card')
        has_form = await card.get_attribute("href")
        await card.click()
        if has_form:
            await self.page.locator(f'form[action="{path}"] button').click()
        return await self._reply()

    async def ask(self, question: str) -> str:
        """Let the customer write, and read her newest answer."""
        if not self._asked:
            await self._ann.visit(self._url)
        await self._ann.say(question)
        await expect(self._ann.thumb("Like", self._asked)).to_be_visible()
        self._asked += 1
        return await self._ann.answers.last.inner_text()

    async def restart(self) -> None:
        """End everything and begin it anew; sign in again to the run's page."""
        await self.close()
        await self.open()
        await self._ann.visit()
        await self._see(f"/admin/runs/{self._run}")

    async def until(self, words: str) -> str:
        """Wait until the page shows these words of a run, by itself."""
        await expect(self._progress).to_contain_text(words, timeout=PATIENCE)
        return await self.progress()

    @property
    def _progress(self) -> Locator:
        return self.page.locator("[data-live]")

    async def _see(self, path: str) -> None:
        """Open a page, and sign in where that is asked for."""
        await self.page.goto(f"{self._url}{path}")
        if "/admin/sign-in" in self.page.url:
            await self.page.get_by_label("Name").fill(NAME)
            await self.page.get_by_label("Passphrase").fill(PASSPHRASE)
            await self.page.get_by_role("button", name="Sign in").click()
            await self.page.wait_for_url(f"**{path}")

    async def _reply(self) -> str:
        await self.page.wait_for_url("**/admin/replies/*")
        return await self.page.locator(".reply").first.inner_text()


@asynccontextmanager
async def on_the_page(home: Path, data: Path, server: TuningServer, browser: Profiles) -> AsyncGenerator[Counter]:
    """Open the Admin tab and the chat."""
    async with open_web(home, data, server, browser) as counter:
        yield counter


@asynccontextmanager
async def open_web(
    home: Path, data: Path, server: TuningServer, browser: Profiles, **changes: str
) -> AsyncGenerator[WebCounter]:
    """Do the same, and hand the admin's page out too; `changes` are variables of the product."""
    own = {
        "SARAH_WEB_PORT": str(browser.port),
        "SARAH_WEB_ADMINS": f"{NAME}={PASSPHRASE}",
        "SARAH_HTTP_PORT": "0",
    }
    with around(variables(home, **{**settings(data, server), **own, **changes})):
        async with with_runs(home), customer(browser) as ann, customer(browser) as admin:
            counter = WebCounter(read_settings(), admin.page, ann)
            try:
                await counter.open()
                yield counter
            finally:
                await counter.close()
