"""However often a run asks for its job, and whatever breaks meanwhile, there is one job."""

import itertools
import random
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.servers.tuning import KEY, TuningServer, tuning_server
from tests.servers.tuning_faults import Cut, Fault, Garbled, Moment, Refusal, Slow, down, rate_limited
from tests.servers.tuning_kit import RUN, order, provider, started
from tests.servers.tuning_routes import Request, Route
from training.providers import Files, Order, ProviderBusy, ProviderError
from training.providers.openai import OpenAIProvider, client


@pytest.fixture
def server() -> Generator[TuningServer]:
    with tuning_server() as running:
        yield running


@pytest.fixture
def wanted(tmp_path: Path) -> Order:
    return order(tmp_path)


def test_a_second_call_returns_the_first_calls_job(server: TuningServer, wanted: Order) -> None:
    job = started(provider(server), wanted)
    assert started(provider(server), wanted) == job
    assert provider(server).find(RUN) == job
    assert len(server.jobs) == 1


def test_a_run_that_has_no_job_is_not_found(server: TuningServer, wanted: Order) -> None:
    started(provider(server), wanted)
    assert not provider(server).find("run-ffffffff")


@pytest.mark.parametrize(
    "fault",
    [Cut("after"), Garbled(), Garbled(b"[]"), Garbled(b"{}"), Garbled(b'{"id": ".."}'), Garbled(b"", status=502)],
)
def test_an_answer_lost_after_the_job_was_made_is_made_up_for_at_once(
    server: TuningServer, wanted: Order, fault: Fault
) -> None:
    at = provider(server, retries=2)
    files = at.upload(wanted)
    server.script("create", fault)
    assert at.create(wanted, files) == server.jobs[0].id
    assert at.create(wanted, files) == server.jobs[0].id
    assert (len(server.jobs), len(server.asked("create"))) == (1, 1)


@pytest.mark.parametrize("fault", [Cut("before"), down(500), down(503), down(504)])
def test_a_job_that_was_not_made_is_looked_for_and_asked_for_by_the_next_call(
    server: TuningServer, wanted: Order, fault: Fault
) -> None:
    waits: list[float] = []
    at = OpenAIProvider(server.url, KEY, retries=2, sleep=waits.append)
    files = at.upload(wanted)
    server.script("create", fault)
    with pytest.raises(ProviderBusy):
        at.create(wanted, files)
    assert (waits, len(server.asked("create")), len(server.jobs)) == ([0.0, 1.0, 3.0], 1, 0)
    assert at.create(wanted, files) == server.jobs[0].id


def test_a_refusal_for_now_is_not_looked_into(server: TuningServer, wanted: Order) -> None:
    at = provider(server, retries=2)
    files = at.upload(wanted)
    server.script("create", rate_limited("1"))
    with pytest.raises(ProviderBusy, match="HTTP 429 when asked to start the job"):
        at.create(wanted, files)
    assert len(server.asked("create")) == 1
    assert len(server.asked("jobs")) == 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_slower_than_our_patience_makes_one_job(server: TuningServer, wanted: Order, when: Moment) -> None:
    files = provider(server).upload(wanted)
    made = len(server.jobs)

    def wait(_: float) -> None:
        # As long as the server takes.
        for _ in range(1000):
            if len(server.jobs) > made:
                return
            provider(server).find(RUN)

    server.script("create", Slow(0.3, when))
    at = OpenAIProvider(server.url, KEY, retries=0, timeout=0.15, sleep=wait)
    for _ in range(20):
        try:
            at.create(wanted, files)
            break
        except ProviderBusy:
            continue
    assert len(server.jobs) == 1


def test_a_server_that_cannot_be_reached_is_busy(wanted: Order) -> None:
    with tuning_server() as gone:
        at = provider(gone)
    with pytest.raises(ProviderBusy, match=r"127\.0\.0\.1:\d+ cannot be reached to list the fine-tuning jobs"):
        at.create(wanted, Files("file-000001"))


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("filtered", [True, False])
def test_a_job_is_found_among_many_whatever_the_server_keeps(
    server: TuningServer, tmp_path: Path, *, kept: bool, filtered: bool
) -> None:
    server.store.keeps_metadata, server.store.filters_metadata = kept, filtered
    at = provider(server)
    first = order(tmp_path)
    job = started(at, first)
    for n in range(120):
        server.store.create(
            {**server.jobs[0].body, "metadata": {"run": f"run-{n}"}, "training_file": other_file(server)}
        )
    assert at.find(RUN) == job
    assert at.create(first, at.upload(first)) == job
    assert len(server.asked("create")) == 1


def other_file(server: TuningServer) -> str:
    content = next(iter(server.store.files.values())).content
    return server.store.keep("other.jsonl", "fine-tune", content).id


def test_a_server_that_refuses_to_choose_by_metadata_lists_all_its_jobs(server: TuningServer, wanted: Order) -> None:
    def refuse(request: Request) -> Fault | None:
        filtered = any(name.startswith("metadata") for name in request.query)
        return Refusal(422, "", "Extra inputs are not permitted", "metadata") if filtered else None

    server.on("jobs", refuse)
    at = provider(server)
    assert started(at, wanted) == started(at, wanted)
    assert len(server.jobs) == 1


def test_a_server_that_lists_no_jobs_is_asked_for_none(server: TuningServer, wanted: Order) -> None:
    server.on("jobs", lambda _: Refusal(404, "unknown_url", "No such URL."))
    at = provider(server)
    with pytest.raises(ProviderError, match="cannot list the fine-tuning jobs"):
        at.create(wanted, at.upload(wanted))
    assert not server.jobs


def test_a_server_that_keeps_equal_files_once_does_not_mix_two_runs_up(server: TuningServer, tmp_path: Path) -> None:
    at = provider(server)
    files = at.upload(order(tmp_path))
    jobs = {at.create(order(tmp_path, run=f"run-{n}", suffix=f"s{n}"), files) for n in range(3)}
    server.store.keeps_metadata = False
    jobs |= {at.create(order(tmp_path, run=f"run-{n}", suffix=f"s{n}"), files) for n in range(5)}
    assert len(jobs) == len(server.jobs) == 5


def test_of_two_jobs_of_a_run_the_first_is_its_own(server: TuningServer, wanted: Order) -> None:
    job = started(provider(server), wanted)
    server.store.create(server.jobs[0].body)
    assert provider(server).find(RUN) == job


def test_a_server_that_sends_the_same_page_again_and_again_has_one_page(server: TuningServer) -> None:
    page = b'{"object": "list", "data": [{"id": "ftjob-1"}], "has_more": true}'
    server.script("jobs", *[Garbled(page)] * 4)
    assert not provider(server).find(RUN)
    assert len(server.asked("jobs")) == 4


def test_a_list_that_never_ends_is_given_up(server: TuningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MOST_PAGES", 5)
    numbers = itertools.count()
    server.on("jobs", lambda _: Garbled(b'{"data": [{"id": "ftjob-%d"}]}' % next(numbers)))
    with pytest.raises(ProviderError, match="does not come to an end when asked to list the fine-tuning jobs"):
        provider(server).find(RUN)


SPOILABLE: tuple[Route, ...] = ("files", "upload", "jobs", "create")


@pytest.mark.parametrize("seed", range(5))
def test_two_hundred_calls_with_cuts_at_random_moments_make_one_job(
    server: TuningServer, wanted: Order, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - chance that can be repeated
    faults: tuple[Fault, ...] = (Cut("before"), Cut("after"), Garbled(), down(), down(503), rate_limited())

    def spoil(_: Request) -> Fault | None:
        return chance.choice(faults) if chance.random() < 0.4 else None

    for route in SPOILABLE:
        server.on(route, spoil)
    found: set[str] = set()
    at = provider(server)
    for call in range(40):
        if call % 10 == 0:
            # As after a restart.
            at = provider(server)
        try:
            found.add(at.create(wanted, at.upload(wanted)))
        except ProviderBusy:
            continue
    assert found == {job.id for job in server.jobs}
    assert len(server.jobs) == 1
    assert len(server.store.files) == 2


CLIENT = """
import sys
from pathlib import Path
from training.providers import Order
from training.providers.openai import OpenAIProvider, client
url, key, run, base, train = sys.argv[1:]
order = Order(run, base, Path(train), None, Path("."))
provider = OpenAIProvider(url, key)
provider.create(order, provider.upload(order))
"""


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("route", SPOILABLE)
def test_a_client_killed_in_the_middle_of_a_request_leaves_one_job(
    server: TuningServer, tmp_path: Path, route: Route, when: Moment
) -> None:
    wanted = order(tmp_path, validation=None)
    clients: list[subprocess.Popen[bytes]] = []
    server.on(route, lambda _: clients[0].kill(), when)
    command = [sys.executable, "-c", CLIENT, server.url, KEY, RUN, wanted.base, str(wanted.train)]
    clients.append(subprocess.Popen(command))  # noqa: S603 - our own lines
    assert clients[0].wait(60) == -signal.SIGKILL
    job = started(provider(server), wanted)
    assert [made.id for made in server.jobs] == [job]
    assert len(server.store.files) == 1
