"""Platforms side by side: what one does when it starts, breaks, refuses or is stopped is no other's trouble."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from bot.conversation import StartupError, UnreachableError
from bot.http import open_http
from bot.metrics import Metrics
from bot.serving import PAUSES, Serving

# Seconds after which a test gives up.
PATIENCE = 60
# No pause at all between two attempts.
AT_ONCE = (0.0,)


@dataclass(frozen=True, slots=True)
class Up:
    """The platform says where customers find it."""

    where: str = "here"


@dataclass(frozen=True, slots=True)
class End:
    """The platform returns, which none should."""


Step = Up | End | Exception | asyncio.Event


@dataclass
class ScriptedPlatform:
    """Goes through one list of steps each time it is run; after the last step it serves until cancelled."""

    name: str
    runs: list[Sequence[Step]]
    diary: list[str] = field(default_factory=list[str])
    # What it fails with when it is stopped.
    last_words: Exception | None = None
    # Turns of the loop that it takes to stop.
    farewell: int = 1

    async def run(self, ready: Callable[[str], None]) -> None:
        """Go through the next list."""
        self.diary.append(f"{self.name} runs")
        try:
            for step in self.runs.pop(0):
                if isinstance(step, End):
                    return
                await self._go(step, ready)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            for _ in range(self.farewell):
                await asyncio.sleep(0)
            self.diary.append(f"{self.name} stopped")
            if self.last_words:
                raise self.last_words from None
            raise

    async def _go(self, step: Up | Exception | asyncio.Event, ready: Callable[[str], None]) -> None:
        if isinstance(step, Up):
            ready(step.where)
        elif isinstance(step, Exception):
            raise step
        else:
            await step.wait()


class Process:
    """Platforms that are being served, and what was told about them."""

    def __init__(self, *platforms: ScriptedPlatform, pauses: Sequence[float] = AT_ONCE) -> None:
        self.told: list[tuple[str, str]] = []
        self.metrics = Metrics()
        self.serving = Serving(platforms, self.metrics, lambda name, where: self.told.append((name, where)), pauses)
        self.diary: list[str] = []
        for platform in platforms:
            platform.diary = self.diary

    async def until(self, **states: str) -> None:
        """Wait until the platforms are in these states."""
        async with asyncio.timeout(PATIENCE):
            while self.serving.states() != states:  # noqa: ASYNC110 - whoever asks over HTTP polls too
                await asyncio.sleep(0)


@asynccontextmanager
async def serving(process: Process) -> AsyncGenerator[asyncio.Task[None]]:
    """Serve until the block ends, then stop as SIGTERM does."""
    task = asyncio.create_task(process.serving.run())
    try:
        yield task
    finally:
        task.cancel()
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait([task])


def place(name: str, *runs: Sequence[Step], last_words: Exception | None = None, farewell: int = 1) -> ScriptedPlatform:
    return ScriptedPlatform(name, list(runs), last_words=last_words, farewell=farewell)


async def test_each_platform_is_starting_until_it_is_up_and_then_says_where() -> None:
    go = asyncio.Event()
    process = Process(place("web", [Up("http://here")]), place("slack", [go, Up("Slack")]))
    assert process.serving.states() == {"web": "starting", "slack": "starting"}
    async with serving(process):
        await process.until(web="up", slack="starting")
        assert process.told == [("web", "http://here")]
        go.set()
        await process.until(web="up", slack="up")
        assert process.told == [("web", "http://here"), ("slack", "Slack")]


async def test_a_refusal_at_the_start_ends_everything_with_its_sentence() -> None:
    go = asyncio.Event()
    process = Process(
        place("web", [Up()], farewell=50), place("slack", [go, StartupError("SLACK_BOT_TOKEN is wrong.")])
    )
    async with serving(process) as task:
        await process.until(web="up", slack="starting")
        assert not task.done()
        go.set()
        with pytest.raises(StartupError, match=r"^SLACK_BOT_TOKEN is wrong\.$"):
            await asyncio.wait_for(task, PATIENCE)
    assert process.diary == ["web runs", "slack runs", "web stopped"]


async def test_a_refusal_after_the_start_ends_that_platform_only() -> None:
    go = asyncio.Event()
    refused = StartupError("DISCORD_TOKEN was reset.")
    process = Process(place("web", [Up()]), place("discord", [Up(), go, refused]))
    with capture_logs() as lines:
        async with serving(process) as task:
            await process.until(web="up", discord="up")
            go.set()
            await process.until(web="up", discord="down")
            assert not task.done()
            assert "web stopped" not in process.diary
    assert lines == [
        {"event": "platform.refused", "log_level": "error", "platform": "discord", "why": "DISCORD_TOKEN was reset."}
    ]


async def test_when_the_last_platform_has_refused_the_process_ends_with_every_sentence() -> None:
    process = Process(place("web", [Up(), StartupError("One.")]), place("slack", [Up(), StartupError("Two.")]))
    async with serving(process) as task:
        with pytest.raises(StartupError, match=r"^One\. Two\.$"):
            await asyncio.wait_for(task, PATIENCE)


@pytest.mark.parametrize("trouble", [ConnectionError("gone"), End()], ids=["an error", "an end"])
async def test_a_platform_that_breaks_is_started_again_beside_the_others(trouble: Step) -> None:
    go, back = asyncio.Event(), asyncio.Event()
    process = Process(place("web", [Up()]), place("slack", [Up("there"), go, trouble], [back, Up("there")]))
    with capture_logs() as lines:
        async with serving(process):
            await process.until(web="up", slack="up")
            go.set()
            await process.until(web="up", slack="down")
            back.set()
            await process.until(web="up", slack="up")
    assert [(line["event"], line["platform"]) for line in lines] == [
        ("platform.broke", "slack"),
        ("platform.back", "slack"),
    ]
    assert process.diary.count("web runs") == 1
    # Whoever started it was told where it is, and that has not changed.
    assert process.told == [("web", "here"), ("slack", "there")]


async def test_a_platform_that_breaks_before_it_was_up_says_where_it_is_once_it_is() -> None:
    process = Process(place("discord", [ConnectionError("no network")], [Up("there")]))
    async with serving(process):
        await process.until(discord="up")
    assert process.told == [("discord", "there")]


async def test_a_platform_that_is_out_of_reach_is_tried_again_and_costs_one_line_without_a_traceback() -> None:
    process = Process(place("slack", [UnreachableError("Slack cannot be reached")], [Up("there")]))
    with capture_logs() as lines:
        async with serving(process):
            await process.until(slack="up")
    (line, _) = lines
    assert (line["event"], line["log_level"], line["why"]) == (
        "platform.unreachable",
        "warning",
        "Slack cannot be reached",
    )
    assert "exc_info" not in line


async def test_the_pauses_between_attempts_grow_and_the_last_repeats() -> None:
    troubles = [[ConnectionError(f"{number}")] for number in range(4)]
    process = Process(place("slack", *troubles, [Up()]), pauses=(0.0, 0.001, 0.002))
    with capture_logs() as lines:
        async with serving(process):
            await process.until(slack="up")
    assert [line["again_in_s"] for line in lines if "again_in_s" in line] == [0.0, 0.001, 0.002, 0.002]
    assert all(line["exc_info"] for line in lines if "again_in_s" in line)
    assert sorted(PAUSES) == list(PAUSES)
    assert min(PAUSES) >= 1


async def test_no_attempt_is_made_before_its_pause_is_over() -> None:
    process = Process(place("slack", [ConnectionError("gone")]), pauses=(PATIENCE * 100.0,))
    async with serving(process):
        await process.until(slack="down")
        for _ in range(100):
            await asyncio.sleep(0)
        assert process.diary == ["slack runs"]


async def test_stopped_every_platform_has_ended_before_it_is_over() -> None:
    process = Process(place("web", [Up()]), place("slack", [Up()], farewell=50), place("discord", []))
    async with serving(process) as task:
        await process.until(web="up", slack="up", discord="starting")
    assert task.cancelled()
    assert process.diary == [
        *("web runs", "slack runs", "discord runs"),
        *("web stopped", "discord stopped", "slack stopped"),
    ]


async def test_stopped_a_platform_that_waits_to_come_back_is_over_at_once() -> None:
    process = Process(place("slack", [ConnectionError("gone")]), pauses=(PATIENCE * 100.0,))
    async with serving(process) as task:
        await process.until(slack="down")
    assert task.cancelled()


async def test_a_platform_that_fails_as_it_is_stopped_is_told_and_not_started_again() -> None:
    process = Process(place("slack", [Up()], last_words=ConnectionError("gone")), place("web", [Up()]))
    with capture_logs() as lines:
        async with serving(process) as task:
            await process.until(slack="up", web="up")
    assert task.cancelled()
    assert [(line["event"], line["platform"]) for line in lines] == [("platform.stopped_badly", "slack")]
    assert process.diary == ["slack runs", "web runs", "slack stopped", "web stopped"]


async def asked(url: str) -> tuple[int, dict[str, str], dict[str, float]]:
    """Return what a balancer and a Prometheus are told: the status, the states, and the gauges."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/readyz") as ready:
            status, states = ready.status, json.loads(await ready.text())["platforms"]
        async with session.get(f"{url}/metrics") as metrics:
            families = text_string_to_metric_families(await metrics.text())
    samples = [sample for family in families for sample in family.samples if sample.name == "sarah_platform_up"]
    return status, states, {sample.labels["platform"]: sample.value for sample in samples}


async def test_the_health_page_follows_a_platform_down_and_up_again() -> None:
    start, trouble, back = asyncio.Event(), asyncio.Event(), asyncio.Event()
    slack = place("slack", [start, Up(), trouble, ConnectionError("gone")], [back, Up()])
    process = Process(place("web", [Up()]), slack)
    async with (
        open_http("127.0.0.1", 0, process.serving.states, process.metrics, []) as url,
        serving(process),
    ):
        await process.until(web="up", slack="starting")
        assert await asked(url) == (503, {"web": "up", "slack": "starting"}, {"web": 1, "slack": 0})
        start.set()
        await process.until(web="up", slack="up")
        assert await asked(url) == (200, {"web": "up", "slack": "up"}, {"web": 1, "slack": 1})
        trouble.set()
        await process.until(web="up", slack="down")
        assert await asked(url) == (503, {"web": "up", "slack": "down"}, {"web": 1, "slack": 0})
        back.set()
        await process.until(web="up", slack="up")
        assert await asked(url) == (200, {"web": "up", "slack": "up"}, {"web": 1, "slack": 1})
