"""`sarah train`: from a dataset to a registered model, at a provider that is a real server on this machine."""

import json
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.discriminators import lend
from tests.kit import OTHER_DATA
from tests.servers.tuning import KEY, TuningServer, tuning_server
from tests.training.cli_kit import PATIENCE, Sarah, Told, has_open, interrupted, run_of, wait_for
from training.place import Place

PNG = b"\x89PNG\r\n\x1a\n"
EMBEDDED = ("train", "start", "seed", "--provider", "embedded", "--yes", "--wait")


@pytest.fixture
def sarah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sarah:
    commands = Sarah(tmp_path, monkeypatch)
    lend(commands.home)
    # This company's discriminator is fitted in a moment.
    monkeypatch.setenv("SARAH_DATA", str(OTHER_DATA))
    return commands


@pytest.fixture
def seed(sarah: Sarah) -> str:
    return sarah.dataset("seed")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Generator[TuningServer]:
    """Serve a provider, whose key is known here."""
    with tuning_server() as running:
        running.store.steps_at_a_poll = 10
        monkeypatch.setenv("SARAH_TUNING_URL", running.url)
        monkeypatch.setenv("SARAH_TUNING_KEY", KEY)
        yield running


def at(server: TuningServer, *options: str) -> tuple[str, ...]:
    return ("train", "start", "seed", "--provider", "openai", "--base-url", server.url, "--yes", *options)


def last(told: Told) -> dict[str, str]:
    """Return the last line, which scripts read."""
    return json.loads(told.out.splitlines()[-1])


# A whole run.


@pytest.mark.usefixtures("seed", "quick")
def test_the_embedded_model_is_tuned_and_registered(sarah: Sarah) -> None:
    told = sarah(*EMBEDDED, "--json")
    assert (told.code, told.err) == (0, "")
    assert set(told.json) == {"run", "state", "model"}
    assert told.json["state"] == "succeeded"
    [model] = sarah("model", "list", "--json").json
    assert (model["id"], model["run"], model["provider"]) == (told.json["model"], told.json["run"], "embedded")


@pytest.mark.usefixtures("quick")
def test_a_run_at_a_server_is_tuned_and_registered(sarah: Sarah, seed: str, server: TuningServer) -> None:
    told = sarah(*at(server, "--epochs", "2", "--suffix", "lumen", "--seed", "7", "--wait", "--json"))
    assert (told.code, told.json["state"]) == (0, "succeeded")
    [job] = server.jobs
    assert job.body["model"] == "gpt-4.1-mini-2025-04-14"
    assert (job.body["seed"], job.body["suffix"]) == (7, "lumen")
    [model] = sarah("model", "list", "--json").json
    assert (model["dataset"], model["served_as"], model["base_url"]) == (seed, job.model, server.url)
    assert model["hyperparameters"]["epochs"] == 2


@pytest.mark.usefixtures("seed", "quick")
def test_people_see_what_it_costs_and_how_it_goes(sarah: Sarah, server: TuningServer) -> None:
    told = sarah(*at(server, "--wait"))
    assert told.code == 0
    assert "gpt-4.1-mini-2025-04-14" in told.out
    assert "$0.17" in told.out
    assert "The model is whole, and is registered." in told.err
    assert " succeeded: openai gpt-4.1-mini-2025-04-14 on ds-" in told.out.splitlines()[-1]


@pytest.mark.usefixtures("seed", "quick")
def test_what_was_tuned_here_can_be_tuned_on(sarah: Sarah, server: TuningServer) -> None:
    first = sarah(*at(server, "--wait", "--json")).json["model"]
    second = sarah(*at(server, "--base", first, "--wait", "--json"))
    assert second.code == 0, second
    shown = sarah("model", "show", second.json["model"], "--json").json
    assert [one["id"] for one in shown] == [second.json["model"], first]
    assert server.jobs[1].body["model"] == server.jobs[0].model


@pytest.mark.usefixtures("seed", "quick")
def test_a_run_is_told_of_again(sarah: Sarah, server: TuningServer, tmp_path: Path) -> None:
    run = sarah(*at(server, "--wait", "--json")).json["run"]
    assert sarah("train", "list", "--json").json[0]["id"] == run
    assert sarah("train", "status", run, "--json").json["state"] == "succeeded"
    assert sarah("train", "status", "--json").json == [], "it has ended"
    assert f"{run} succeeded" in sarah("train", "status", run[:6]).out
    assert "training loss" in sarah("train", "status", run).out
    told = sarah("train", "events", run, "--json").json
    assert {"seq", "key", "at", "level", "text"} <= set(told[0])
    assert [event["text"] for event in told][-1] == "The model is whole, and is registered."
    assert len(sarah("train", "events", run).out.splitlines()) == len(told)
    picture = tmp_path / "made" / "chart.png"
    assert str(picture) in sarah("train", "chart", run, "-o", picture).out
    assert picture.read_bytes().startswith(PNG)


# What goes wrong.


@pytest.mark.usefixtures("seed", "quick")
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_job_that_fails_is_told_with_its_reason(sarah: Sarah, server: TuningServer, options: tuple[str, ...]) -> None:
    server.doom("invalid_training_file", "The job failed due to an invalid training file.")
    told = sarah(*at(server, "--wait", *options))
    assert told.code == 1
    assert "invalid training file" in (told.err if options else told.out)
    if options:
        assert last(told) == {"run": last(told)["run"], "state": "failed", "model": ""}
        assert len(told.err.splitlines()) == 1
    assert sarah("model", "list", "--json").json == []


@pytest.mark.usefixtures("seed", "quick")
def test_more_than_the_spending_limit_is_refused_before_anything_is_uploaded(
    sarah: Sarah, server: TuningServer
) -> None:
    told = sarah(*at(server, "--limit", "0.01", "--wait", "--json"))
    assert (told.code, told.json["state"]) == (1, "failed")
    assert "more than its spending limit of $0.01" in told.err
    assert (server.requests, server.jobs) == ([], [])


@pytest.mark.usefixtures("seed", "quick")
def test_a_server_that_refuses_the_key_is_named(
    sarah: Sarah, server: TuningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SARAH_TUNING_KEY", "sk-wrong-key-9876543210")
    told = sarah(*at(server, "--wait", "--json"))
    assert (told.code, told.json["state"]) == (1, "failed")
    assert "refuses the key" in told.err
    assert "sk-wrong" not in told.err + told.out


@pytest.mark.usefixtures("seed")
def test_a_key_that_is_missing_is_told_before_anything_starts(sarah: Sarah, no_worker: list[Place]) -> None:
    told = sarah("train", "start", "seed", "--provider", "openai", "--yes", "--json")
    assert "There is no key for OpenAI: put SARAH_TUNING_KEY into .env" in told.refusal
    assert (sarah("train", "list", "--json").json, no_worker) == ([], [])


@pytest.mark.usefixtures("seed")
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--provider", "openai", "--base-url", "lumen"), "--base-url must be an address"),
        (("--base", "model-0a1b2c3d"), "There is no model 'model-0a1b2c3d'"),
    ],
)
def test_what_is_not_there_is_told_before_anything_starts(
    sarah: Sarah, no_worker: list[Place], options: tuple[str, ...], sentence: str
) -> None:
    assert sentence in sarah("train", "start", "seed", "--yes", *options).refusal
    assert (sarah("train", "list", "--json").json, no_worker) == ([], [])


@pytest.mark.parametrize(
    "words",
    [
        ("start",),
        ("start", "seed", "--provider", "nobody"),
        ("start", "seed", "--epochs", "0"),
        ("start", "seed", "--epochs", "many"),
        ("start", "seed", "--limit", "nan"),
        ("start", "seed", "--limit", "inf"),
        ("start", "seed", "--learning-rate", "nan"),
        ("start", "seed", "--seed", "-1"),
        ("chart", "run-1"),
        ("events",),
    ],
)
def test_a_form_that_is_wrong_is_refused(sarah: Sarah, words: tuple[str, ...]) -> None:
    told = sarah("train", *words)
    assert told.code == 2
    assert "Usage: " in told.out + told.err


def test_what_is_unknown_is_refused(sarah: Sarah) -> None:
    assert "There is no dataset 'x'" in sarah("train", "start", "x", "--yes").refusal
    for words in (("status", "x"), ("status", "x", "--watch"), ("events", "x"), ("cancel", "x"), ("pause", "x")):
        assert "There is no run 'x'" in sarah("train", *words).refusal
    assert "There is no run 'x'" in sarah("train", "chart", "x", "-o", "c.png").refusal
    assert "There is no run 'x'" in sarah("train", "resume", "x").refusal


def test_a_home_without_runs_says_how_to_begin(sarah: Sarah) -> None:
    assert sarah("train", "list").out == "There are no runs: sarah train start DATASET begins one.\n"
    assert sarah("train", "status").out == "No run is going on: sarah train list shows those that have ended.\n"
    assert sarah("train", "status", "--watch").refusal == "There are no runs: sarah train start DATASET begins one."
    assert sarah("train", "list", "--json").json == sarah("train", "status", "--json").json == []


@pytest.mark.usefixtures("seed")
@pytest.mark.parametrize("typed", ["", "n\n"])
def test_nothing_starts_unless_somebody_agrees(sarah: Sarah, no_worker: list[Place], typed: str) -> None:
    told = sarah("train", "start", "seed", "--json", typed=typed)
    assert (told.code, told.out) == (2, "")
    assert "Nothing was started: answer y, or give --yes" in told.err
    assert (sarah("train", "list", "--json").json, no_worker) == ([], [])


@pytest.mark.usefixtures("seed")
def test_a_run_starts_when_somebody_agrees(sarah: Sarah, no_worker: list[Place]) -> None:
    told = sarah("train", "start", "seed", "--json", typed="y\n")
    assert (told.code, told.json["state"], told.json["model"]) == (0, "queued", "")
    assert [place.home for place in no_worker] == [sarah.home]
    told = sarah("train", "start", "seed", "--yes")
    assert "It goes on without you: sarah train status run-" in told.out


def test_a_dataset_that_the_registry_lost_can_be_learned(sarah: Sarah, seed: str, no_worker: list[Place]) -> None:
    (sarah.home / "registry.db").unlink()
    assert sarah("train", "start", "seed", "--yes", "--json").code == 0
    assert [place.home for place in no_worker] == [sarah.home]
    assert sarah("train", "list", "--json").json[0]["plan"]["dataset"] == seed


# Cancelled, held, gone on with.


@pytest.mark.usefixtures("seed", "no_worker", "quick")
def test_a_run_that_is_cancelled_while_it_waits_never_reaches_the_provider(sarah: Sarah, server: TuningServer) -> None:
    run = sarah(*at(server, "--json")).json["run"]
    assert sarah("train", "cancel", run, "--json").json["run"] == run
    assert "to be cancelled" in sarah("train", "status", run).out
    told = sarah("train", "resume", run, "--wait", "--json")
    assert (told.code, told.json["state"], server.jobs) == (1, "cancelled", [])
    assert told.err == f"sarah: {run} was cancelled.\n"
    assert "has ended" in sarah("train", "cancel", run).refusal
    assert "has ended" in sarah("train", "resume", run).refusal


@pytest.mark.slow
@pytest.mark.usefixtures("seed")
def test_another_process_cancels_a_run_and_its_job(sarah: Sarah, server: TuningServer) -> None:
    server.store.steps_at_a_poll = 0
    with sarah.begun(*at(server, "--wait", "--json")) as process:
        wait_for(lambda: server.jobs)
        [run] = sarah("train", "list", "--json").json
        assert sarah.apart("train", "cancel", run["id"]).code == 0
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, err
    assert json.loads(out) == {"run": run["id"], "state": "cancelled", "model": ""}
    assert server.jobs[0].status == "cancelled"


@pytest.mark.slow
@pytest.mark.usefixtures("seed")
def test_a_run_is_held_and_goes_on(sarah: Sarah, server: TuningServer) -> None:
    server.store.steps_at_a_poll = 0
    run = sarah(*at(server, "--json")).json["run"]
    wait_for(lambda: server.jobs)
    sarah("train", "pause", run)
    wait_for(lambda: run_of(sarah, run).state == "paused")
    server.store.steps_at_a_poll = 10
    sarah("train", "resume", run)
    wait_for(lambda: run_of(sarah, run).ended)
    assert run_of(sarah, run).state == "succeeded"


@pytest.mark.slow
@pytest.mark.usefixtures("seed")
def test_a_run_in_the_background_is_watched_to_its_end(sarah: Sarah, server: TuningServer) -> None:
    run = sarah(*at(server, "--json")).json["run"]
    watched = sarah.apart("train", "status", "--watch")
    assert (watched.code, watched.err) == (0, "")
    assert "The model is whole, and is registered." in watched.out
    assert f"{run} succeeded" in watched.out.splitlines()[-1]
    assert sarah.apart("train", "status", run, "--watch", "--json").json["state"] == "succeeded"


@pytest.mark.slow
@pytest.mark.usefixtures("seed")
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_ctrl_c_leaves_a_run_to_the_next_start(sarah: Sarah, server: TuningServer, options: tuple[str, ...]) -> None:
    server.store.steps_at_a_poll = 0
    with sarah.begun(*at(server, "--wait", *options)) as process:
        wait_for(lambda: server.jobs)
        told = interrupted(process)
    [run] = sarah("train", "list", "--json").json
    assert told.code == 130
    assert "Traceback" not in told.err
    assert told.err.splitlines()[-1].startswith(f"{run['id']} is not over: sarah train resume goes on with it")
    assert told.out == "" or not options
    server.store.steps_at_a_poll = 10
    assert sarah.apart("train", "resume", run["id"], "--wait", "--json").json["state"] == "succeeded"
    assert len(server.jobs) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("seed")
def test_ctrl_c_ends_watching_and_not_the_run(sarah: Sarah, server: TuningServer) -> None:
    server.store.steps_at_a_poll = 0
    run = sarah(*at(server, "--json")).json["run"]
    wait_for(lambda: server.jobs)
    with sarah.begun("train", "status", run, "--watch", "--json") as process:
        wait_for(lambda: has_open(process.pid, "registry.db"))
        told = interrupted(process)
    assert (told.code, told.out, told.err.strip()) == (130, "", "")
    server.store.steps_at_a_poll = 10
    wait_for(lambda: run_of(sarah, run).ended)
    assert run_of(sarah, run).state == "succeeded"


@pytest.mark.slow
@pytest.mark.usefixtures("seed")
def test_a_run_whose_process_is_killed_goes_on(sarah: Sarah, server: TuningServer) -> None:
    server.store.steps_at_a_poll = 0
    with sarah.begun(*at(server, "--wait", "--json")) as process:
        wait_for(lambda: server.jobs)
        process.send_signal(signal.SIGKILL)
        process.wait()
    server.store.steps_at_a_poll = 10
    [run] = sarah("train", "status", "--json").json
    assert "No run" not in sarah.apart("train", "resume").out
    wait_for(lambda: run_of(sarah, run["id"]).ended)
    assert run_of(sarah, run["id"]).state == "succeeded"
    assert len(server.jobs) == 1
