"""Pictures of an admin's loop on the web page and in a terminal, taken of the product as the stories run it."""

import io
import re
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser
from rich.console import Console
from rich.text import Text

from tests.browser import Profiles
from tests.kit import DATA
from tests.servers.tuning import TuningServer, tuning_server
from tests.stories import screen
from tests.stories.counter_terminal import open_counter
from tests.stories.counter_web import open_web

EXAMPLES = DATA / "examples" / "round2.jsonl"
WIDE, COLUMNS = 1200, 110
# The letters that pictures of terminals usually fetch from elsewhere.
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Setting:
    """A company that has not seen the examples yet, an empty home, and a server that tunes."""

    home: Path
    data: Path
    server: TuningServer


@contextmanager
def setting() -> Generator[Setting]:
    """Set everything up, for one picture."""
    with tempfile.TemporaryDirectory() as place, tuning_server() as server:
        home, data = Path(place) / "home", Path(place) / "data"
        home.mkdir()
        shutil.copytree(DATA, data)
        (data / "examples" / EXAMPLES.name).unlink()
        yield Setting(home, data, server)


async def photograph_admin(chromium: Browser, folder: Path) -> None:
    """Photograph the end of a run on the Admin tab, with its chart and its scorecard: `admin-tab.png`."""
    with setting() as there:
        async with open_web(there.home, there.data, there.server, Profiles(chromium), SARAH_GUARD="true") as counter:
            page = counter.page
            await page.set_viewport_size({"width": WIDE, "height": 800})
            await counter.upload(EXAMPLES.name, EXAMPLES.read_bytes())
            await counter.press("Start a run")
            await counter.press("Start it")
            await counter.until("It made")
            await page.get_by_role("link", name="run-").click()
            await counter.until("It made")
            await page.screenshot(path=folder / "admin-tab.png", full_page=True)


async def draw_terminal(folder: Path) -> None:
    """Draw what stands on a terminal's screen from an upload to a refused promotion: `terminal-loop.svg`."""
    told = {"SARAH_GUARD": "true", "SARAH_AUTHOR": "olga", "COLORTERM": "truecolor"}
    with setting() as there:
        async with open_counter(there.home, there.data, there.server, COLUMNS, **told) as counter:
            await counter.upload(EXAMPLES.name, EXAMPLES.read_bytes())
            await counter.press("Start a run")
            await counter.press("Start it")
            await counter.until("It made")
            await counter.press("Promote")
            raw = counter.terminal.raw
        # Where everything is kept unless somebody says otherwise.
        shown = "\n".join(screen.lines(raw)).replace(str(there.home), "var").rsplit("\n", 1)[0]
    console = Console(file=io.StringIO(), width=COLUMNS, record=True)
    console.print(Text.from_ansi(shown))
    (folder / "terminal-loop.svg").write_text(_FONTS.sub("", console.export_svg(title="sarah chat")), "utf-8")
