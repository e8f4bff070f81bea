"""`train`: a run is priced, agreed to, started once, watched, and ended by whoever tunes or by us."""

import asyncio
import re
from collections.abc import Generator
from pathlib import Path

import pytest

from bot.admin.replies import Reply
from tests.admin.kit import audited, examples, followed, idle, open_small, started, until, uploaded
from tests.admin_kit import HERE, MEMBER, OWNER, SECOND, Scene, Wall, file
from tests.servers.tuning import KEY, TuningServer, tuning_server
from tests.servers.tuning_faults import closed_to_the_organisation, down, rate_limited
from tests.training.local_kit import LAUNCH, lend_extra, take_extra
from training.providers import Event
from training.quoting import quoted


@pytest.fixture
def server() -> Generator[TuningServer]:
    with tuning_server() as running:
        running.store.steps_at_a_poll = 10
        yield running


def at(server: TuningServer, **changes: object) -> dict[str, object]:
    """Return the settings of an office whose runs are worked on there."""
    return {"sarah_tuning_url": server.url, "sarah_tuning_key": KEY, **changes}


# Starting.


async def test_a_run_is_priced_before_anybody_is_asked_to_start_it(home: Path) -> None:
    async with idle(home) as scene:
        reply = await scene.give("train start", dataset="lamps")
        assert "**embedded** tunes **embedded** on **lamps**" in reply.text
        assert "430 an epoch, 1 epoch, 430 in all. Cost: $0.00. Time: about" in reply.text
        assert [button.label for button in reply.buttons] == ["Start it for $0.00"]
        assert not reply.run
        assert scene.registry.unfinished() == []
        assert audited(scene)[0] == (OWNER.who, "propose run")


async def test_who_agrees_starts_it_and_its_progress_is_told_in_this_channel(home: Path) -> None:
    async with idle(home) as scene:
        asked = await scene.give("train start", dataset="lamps", epochs="4")
        reply = await scene.press(asked, "Start")
        [run] = scene.registry.unfinished()
        assert reply.run == run.id
        assert (run.by, run.plan.hyperparameters.epochs) == (OWNER.who, 4)
        assert (OWNER.who, "agree to run") in audited(scene)


async def test_two_who_press_start_at_once_start_one_run(home: Path) -> None:
    async with idle(home) as scene:
        asked = await scene.give("train start", dataset="lamps")
        replies = await asyncio.gather(*(scene.press(asked, "Start", who) for who in (OWNER, SECOND, OWNER)))
        [run] = scene.registry.unfinished()
        assert sorted(reply.run for reply in replies) == ["", "", run.id]
        late = [reply.text for reply in replies if not reply.run]
        assert all(f"was started already by {run.by}, as {run.id}" in text for text in late)


async def test_the_same_run_that_another_proposed_is_not_started_a_second_time(home: Path) -> None:
    async with idle(home) as scene:
        first = await scene.give("train start", OWNER, dataset="lamps")
        second = await scene.give("train start", SECOND, dataset="lamps")
        run = (await scene.press(first, "Start", OWNER)).run
        refused = await scene.press(second, "Start", SECOND)
        assert f"goes on already: {run}, started by {OWNER.who}" in refused.text
        assert len(scene.registry.unfinished()) == 1


async def test_a_price_of_yesterday_starts_nothing(home: Path) -> None:
    now = [1_000_000.0]
    async with idle(home, clock=lambda: now[0]) as scene:
        asked = await scene.give("train start", dataset="lamps")
        now[0] += 24 * 3600 + 1
        assert "older than a day" in (await scene.press(asked, "Start")).text
        assert scene.registry.unfinished() == []


async def test_the_base_that_completion_offers_is_the_providers_own(home: Path) -> None:
    async with idle(home) as scene:
        run = await started(scene, "lamps", base="base")
        assert scene.registry.run(run).plan.base == "embedded"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"provider": "openai"}, "SARAH_TUNING_KEY"),
        ({"provider": "elsewhere"}, "`provider` must be one of embedded, openai, local"),
        ({"provider": "local", "base": "/nowhere"}, "There is no model in '/nowhere': name a preset"),
        ({"provider": "local", "base": "modren"}, "There is no preset 'modren': did you mean modern?"),
        ({"base": "gpt-4.1-mini"}, "The embedded provider tunes itself"),
        ({"epochs": 0}, "`epochs` must be 1 or more"),
        ({"learning_rate": "fast"}, "`learning-rate` must be a number"),
        ({"method": "dpo"}, "holds conversations"),
        ({"dataset": "lambs"}, "lamps"),
    ],
)
async def test_what_cannot_be_started_is_said_and_proposes_nothing(
    home: Path, given: dict[str, object], told: str
) -> None:
    async with idle(home) as scene:
        reply = await scene.give("train start", OWNER, HERE, **{"dataset": "lamps", **given})
        assert told in reply.text
        assert reply.buttons == ()
        assert audited(scene)[0] != (OWNER.who, "propose run")


async def test_what_costs_more_than_a_run_may_is_not_even_proposed(home: Path, server: TuningServer) -> None:
    async with idle(home, **at(server, sarah_spending_limit=0.001)) as scene:
        reply = await scene.give("train start", dataset="lamps", provider="openai")
        assert "SARAH_SPENDING_LIMIT" in reply.text
        assert reply.buttons == ()


# Approval.


async def proposed(scene: Scene) -> Reply:
    """Propose a run that costs more than one admin may decide, and agree to it oneself."""
    asked = await scene.give("train start", dataset="lamps", provider="openai")
    assert "a second admin has to approve it" in asked.text
    return await scene.press(asked, "Start")


async def test_above_the_set_price_a_second_admin_starts_the_run(home: Path, server: TuningServer) -> None:
    async with idle(home, **at(server, sarah_approval_above=0.001)) as scene:
        wanted = await proposed(scene)
        assert wanted.public
        assert f"{OWNER.who} wants **openai** to tune" in wanted.text
        assert [button.label for button in wanted.buttons] == ["Approve and start"]
        assert wanted.run == ""
        assert scene.registry.unfinished() == []
        reply = await scene.press(wanted, "Approve", SECOND)
        [run] = scene.registry.unfinished()
        assert reply.run == run.id
        assert (SECOND.who, "approve run") in audited(scene)


async def test_nobody_approves_the_own_run(home: Path, server: TuningServer) -> None:
    async with idle(home, **at(server, sarah_approval_above=0.001)) as scene:
        wanted = await proposed(scene)
        assert "ask another to approve" in (await scene.press(wanted, "Approve", OWNER)).text
        assert scene.registry.unfinished() == []


async def test_nobody_who_is_no_admin_approves_a_run(home: Path, server: TuningServer) -> None:
    async with idle(home, **at(server, sarah_approval_above=0.001)) as scene:
        wanted = await proposed(scene)
        assert "Manage Server" in (await scene.press(wanted, "Approve", MEMBER)).text
        assert scene.registry.unfinished() == []


async def test_nobody_approves_what_its_proposer_has_not_agreed_to(home: Path, server: TuningServer) -> None:
    async with idle(home, **at(server, sarah_approval_above=0.001)) as scene:
        asked = await scene.give("train start", dataset="lamps", provider="openai")
        assert f"{OWNER.who} has to agree" in (await scene.press(asked, "Start", SECOND)).text
        assert scene.registry.unfinished() == []


async def test_up_to_the_set_price_one_admin_is_enough(home: Path, server: TuningServer) -> None:
    async with idle(home, **at(server, sarah_approval_above=1.0)) as scene:
        asked = await scene.give("train start", dataset="lamps", provider="openai")
        assert "second admin" not in asked.text
        assert (await scene.press(asked, "Start", SECOND)).run


# Whoever tunes.


async def test_a_provider_that_refuses_ends_the_run_with_its_sentence(home: Path, server: TuningServer) -> None:
    server.script("create", closed_to_the_organisation())
    async with open_small(home, **at(server)) as scene:
        run = await started(scene, "lamps", provider="openai")
        wall = await asyncio.wait_for(followed(scene, run), 180)
        last = wall.shown["m1"]
        assert last.is_last
        assert scene.registry.run(run).state == "failed"
        assert last.text.endswith(quoted(scene.registry.run(run).reason, 1000))
        assert "no longer available" in last.text
        assert last.buttons == ()
        assert KEY not in last.text


@pytest.mark.slow
async def test_a_provider_that_is_busy_for_a_while_only_takes_longer(home: Path, server: TuningServer) -> None:
    server.script("upload", rate_limited(), down(503))
    server.script("create", rate_limited(), down(500))
    server.script("job", down(500), rate_limited(), down(502))
    async with open_small(home, **at(server)) as scene:
        run = await started(scene, "lamps", provider="openai")
        wall = await asyncio.wait_for(followed(scene, run), 180)
        assert scene.registry.run(run).state == "succeeded", scene.registry.run(run).reason
        assert len(server.jobs) == 1
        assert wall.shown["m1"].picture
        assert "loss" in wall.shown["m1"].text


async def test_a_provider_that_changes_its_mind_is_followed(home: Path, server: TuningServer) -> None:
    server.store.steps_at_a_poll = 0
    wall = Wall()
    async with open_small(home, **at(server)) as scene:
        run = await started(scene, "lamps", provider="openai")
        told = asyncio.create_task(followed(scene, run, wall))
        await until(lambda: server.jobs and wall.posted)
        job = server.jobs[0].id
        for status, state in (("running", "running"), ("paused", "paused"), ("queued", "running")):
            server.set_status(job, status)
            await until(lambda state=state: f"{run}**: {state}" in wall.shown["m1"].text)
        server.fail(job, "server_error", "The training run has been lost.")
        await asyncio.wait_for(told, 180)
    assert "failed" in wall.shown["m1"].text
    assert "lost" in wall.shown["m1"].text
    assert list(wall.shown) == ["m1"]


async def test_a_run_is_cancelled_at_the_provider_too(home: Path, server: TuningServer) -> None:
    server.store.steps_at_a_poll = 0
    wall = Wall()
    async with open_small(home, **at(server)) as scene:
        run = await started(scene, "lamps", provider="openai")
        told = asyncio.create_task(followed(scene, run, wall))
        await until(lambda: server.jobs and wall.posted)
        reply = await scene.press(wall.posted[0], "Cancel", SECOND)
        assert "is to stop" in reply.text
        await asyncio.wait_for(told, 180)
        assert server.jobs[0].status == "cancelled"
        assert (SECOND.who, "want cancel") in audited(scene)
    assert wall.shown["m1"].text.endswith("It was cancelled: nothing was registered.")


# On the machine itself.


@pytest.fixture
def extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lend_extra(tmp_path / "extra", monkeypatch)


@pytest.mark.usefixtures("extra")
async def test_what_is_tuned_on_this_machine_costs_nothing_and_needs_nobody_else(home: Path) -> None:
    async with idle(home, sarah_approval_above=0.0, sarah_spending_limit=0.0) as scene:
        asked = await scene.give("train start", dataset="lamps", provider="local", base="gpt-neo-1.3b")
        assert "**local** tunes **gpt-neo-1.3b** on **lamps**" in asked.text
        # 500 steps of 16 examples, of which there are ten.
        assert "800 epochs (500 steps), " in asked.text
        assert (
            "in all (near, not exact: the model counts them in another way). Cost: $0.00. Time: not known" in asked.text
        )
        assert "second admin" not in asked.text
        run = (await scene.press(asked, "Start it for $0.00")).run
        assert scene.registry.run(run).plan.base == "gpt-neo-1.3b"


@pytest.mark.usefixtures("extra")
async def test_a_base_that_is_left_out_is_the_one_of_the_settings(home: Path) -> None:
    async with idle(home, sarah_local_base="modern=Qwen/Qwen3-4B") as scene:
        for base in ("", "base"):
            asked = await scene.give("train start", dataset="lamps", provider="local", base=base)
            assert "**local** tunes **modern=Qwen/Qwen3-4B** on" in asked.text


async def test_without_the_extra_nothing_is_proposed_and_the_way_to_it_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_extra(monkeypatch)
    async with idle(home) as scene:
        reply = await scene.give("train start", dataset="lamps", provider="local")
        assert "pip install '.[local]'" in reply.text
        assert reply.buttons == ()


@pytest.mark.usefixtures("extra")
async def test_a_run_on_this_machine_tells_how_fast_it_learns_and_when_it_ends(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding, wall = tmp_path / "hold", Wall()
    holding.touch()
    monkeypatch.setenv("TRAINER_HOLDS", str(holding))
    async with open_small(home, sarah_local_launch=LAUNCH) as scene:
        run = await started(scene, "lamps", provider="local")
        told = asyncio.create_task(followed(scene, run, wall))
        await until(lambda: wall.posted and "tokens learned" in wall.shown["m1"].text)
        assert (
            "training loss 2.0000 at step 1 · validation loss 2.1000 at step 1 · 1,234 tokens a second ·"
            " 5.1 GB of memory · cost about $0.00, 100 tokens learned · for "
        ) in wall.shown["m1"].text
        assert re.search(r", about \d min \d+ s left$", wall.shown["m1"].text, re.MULTILINE)
        assert "> Qwen/Qwen3-1.7B is loaded." in wall.shown["m1"].text
        holding.unlink()
        await asyncio.wait_for(told, 180)
        [model] = [one for one in scene.registry.models() if one.run == run]
        assert (model.provider, model.folder) == ("local", f"models/{run}")
        assert f"It made **{model.id}**" in wall.shown["m1"].text
        assert "left" not in wall.shown["m1"].text.partition("\n\n")[0]
        assert wall.shown["m1"].picture


# Looking.


async def test_runs_are_listed_the_newest_first(home: Path) -> None:
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        text = (await scene.give("train list")).text
        ids = [one.id for one in scene.registry.runs()]
        assert ids[0] == run
        assert [text.index(one) for one in ids] == sorted(text.index(one) for one in ids)
        assert "queued" in text
        assert "succeeded" in text


async def test_where_there_are_none_the_way_to_one_is_told(tmp_path: Path) -> None:
    async with idle(tmp_path) as scene:
        assert "`train start` begins one" in (await scene.give("train list")).text
        assert "`train list` shows" in (await scene.give("train status")).text


async def test_status_tells_what_goes_on_and_where_one_run_stands(home: Path) -> None:
    async with idle(home) as scene:
        [ended, *_] = scene.registry.runs()
        run = await started(scene, "lamps")
        assert run in (await scene.give("train status")).text
        assert ended.id not in (await scene.give("train status")).text
        going_on = await scene.give("train status", run=run)
        assert [button.label for button in going_on.buttons] == ["Cancel", "Follow it here"]
        done = await scene.give("train status", run=ended.id)
        assert [picture.name for picture in done.attachments] == ["loss.png"]
        assert [dict(button.given) for button in done.buttons] == [{"model": ended.model}]


async def test_events_are_told_with_the_newest_last(home: Path) -> None:
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        assert "has told nothing yet" in (await scene.give("train events", run=run)).text
        scene.registry.add_events(run, [Event(f"e{at}", float(at), "info", f"Step {at:03}") for at in range(40)])
        text = (await scene.give("train events", run=run)).text
        assert "... and 15 before these" in text
        assert "Step 014" not in text
        assert text.endswith("Step 039")


async def test_a_run_that_has_ended_is_not_cancelled_any_more(home: Path) -> None:
    async with idle(home) as scene:
        ended = scene.registry.runs()[0]
        reply = await scene.give("train cancel", run=ended.id)
        assert f"it succeeded, and made {ended.model}" in reply.text


async def test_a_dataset_may_be_replaced_while_a_run_learns_from_it_and_both_stay(home: Path) -> None:
    async with idle(home) as scene:
        run = await started(scene, "lamps")
        await scene.give("data upload", file=file("more.jsonl", examples(30, "lamps")), name="lamps2")
        await uploaded(scene, "third")
        assert scene.registry.run(run).plan.dataset == scene.registry.dataset_named("lamps").id
        assert len(scene.registry.datasets()) == 4
        assert (await scene.give("train status", OWNER, HERE, run=run)).text.startswith(f"**{run}**")
