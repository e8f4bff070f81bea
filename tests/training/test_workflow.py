"""A run goes from its dataset to its registered model, and ends in one way."""

import pickle
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.training.workflow_kit import (
    BUSY,
    DONE,
    QUICK,
    RUNNING,
    STOP,
    Scripted,
    bench,
    conversations,
    free,
    keep,
    record,
    scene,
    start,
    told,
)
from training import registry
from training.provenance import Provenance
from training.providers import Hyperparameters, Progress, Provider, ProviderBusy, ProviderError
from training.providers.embedded import Embedded, read_embedded
from training.registry import Plan, Run, open_registry
from training.runs import steps
from training.runs.workbench import Price, Workbench, folder_of
from training.runs.worker import work
from training.settings import OPENAI
from training.spending import objection

STEPS = ["step:check", "step:split", "step:price", "step:upload", "step:create"]
WHOLE = [*STEPS, "e1", "e2", "step:watch", "step:collect", "step:register"]


def done(home: Path, provider: Provider, price: Price = free, limit: float = 1.0) -> tuple[Run, list[str]]:
    """Return how a run ended, and what it told."""
    with scene(home) as (registry, dataset):
        run = start(registry, dataset, limit=limit)
        work(bench(home, registry, provider, price))
        return registry.run(run.id), told(registry, run.id)


def test_the_steps_that_are_done_are_those_that_people_are_told_of() -> None:
    assert tuple(steps.STEPS) == registry.STEPS


def test_a_run_ends_with_a_registered_model(tmp_path: Path) -> None:
    provider = Scripted()
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        work(bench(tmp_path, registry, provider))
        ended, (model,) = registry.run(run.id), registry.models()
        assert (ended.state, ended.step, ended.model, ended.job) == ("succeeded", "done", model.id, "job-1")
        assert (ended.trained_tokens, ended.finishes_at) == (160, 99.0)
        assert (model.run, model.served_as, model.folder, model.stop) == (run.id, "ft:b:1", "", STOP)
        assert told(registry, run.id) == WHOLE
        assert [(m.step, m.name, m.value) for m in registry.metrics(run.id)] == [
            (10, "train_loss", 0.5),
            (20, "train_loss", 0.25),
        ]
    assert (tmp_path / "models" / run.id / "results.csv").exists()


def test_the_provider_is_asked_for_what_was_planned(tmp_path: Path) -> None:
    provider = Scripted()
    run, _ = done(tmp_path, provider)
    (order,) = provider.orders
    assert (order.run, order.base, order.stop, order.folder) == (run.id, "b", STOP, tmp_path / "models" / run.id)
    assert order.validation
    assert len(order.train.read_bytes().splitlines()) == 16


def test_a_model_that_was_tuned_on_from_another_names_it_as_its_parent(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        for base in ("b", "ft:b:1"):
            start(registry, dataset, base=base)
            work(bench(tmp_path, registry, Scripted()))
        child, parent = registry.models()
        assert (child.parent, parent.parent) == (parent.id, "")


def test_a_model_that_was_tuned_on_from_another_on_this_machine_names_it_as_its_parent(tmp_path: Path) -> None:
    here = Scripted(replace(DONE, model=""))
    with scene(tmp_path) as (registry, dataset):
        start(registry, dataset, provider="local", base="modern")
        work(bench(tmp_path, registry, here))
        [parent] = registry.models()
        start(registry, dataset, provider="local", base=parent.id)
        work(bench(tmp_path, registry, here))
        # An id says nothing at a server, which knows models by other names.
        start(registry, dataset, base=parent.id)
        work(bench(tmp_path, registry, Scripted()))
        stranger, child, _ = registry.models()
        assert (child.parent, parent.parent, stranger.parent) == (parent.id, "", "")
        assert child.folder == f"models/{child.run}"


def test_a_dataset_that_was_changed_is_not_learnt(tmp_path: Path) -> None:
    provider = Scripted()
    with scene(tmp_path) as (registry, dataset):
        dataset.train_file.write_bytes(dataset.train_file.read_bytes().replace(b"off", b"on"))
        run = start(registry, dataset)
        work(bench(tmp_path, registry, provider))
        ended = registry.run(run.id)
        assert (ended.state, ended.step) == ("failed", "check")
        assert "train.jsonl is not what it was when it was kept" in ended.reason
        assert [event.level for event in registry.events(run.id)] == ["error"]
    assert not provider.asked


def test_a_dataset_whose_permission_was_withdrawn_is_not_learnt(tmp_path: Path) -> None:
    with open_registry(tmp_path) as registry:
        granted = registry.permit("slack", "T1", "mail", "Ann", "kim", 1.0)
        dataset = keep(tmp_path, conversations(), Provenance("Ann", "slack", workspace="T1"), (granted,))
        record(registry, dataset)
        first = start(registry, dataset)
        work(bench(tmp_path, registry, Scripted()))
        registry.withdraw(granted.id, "kim", 2.0)
        second = start(registry, dataset)
        work(bench(tmp_path, registry, Scripted()))
        assert registry.run(first.id).state == "succeeded"
        ended = registry.run(second.id)
        assert ended.state == "failed"
        assert "examples from Slack (T1) that no recorded permission covers" in ended.reason


def test_a_run_that_costs_more_than_its_limit_is_refused(tmp_path: Path) -> None:
    provider = Scripted()
    run, _ = done(tmp_path, provider, price=lambda _plan, _dataset: 2.5, limit=2.0)
    assert (run.state, run.step) == ("failed", "price")
    assert run.reason.startswith("The run would cost about $2.50, more than its spending limit of $2.00:")
    assert not provider.asked


def test_a_run_that_costs_what_it_may_goes_on(tmp_path: Path) -> None:
    run, _ = done(tmp_path, Scripted(), price=lambda _plan, _dataset: 2.0, limit=2.0)
    assert (run.state, run.cost_usd) == ("succeeded", 2.0)


def test_a_price_that_nobody_knows_is_a_warning(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        work(bench(tmp_path, registry, Scripted(), price=lambda _plan, _dataset: None))
        warnings = [event.text for event in registry.events(run.id) if event.level == "warning"]
        assert registry.run(run.id).state == "succeeded"
        assert warnings == ["What 'b' costs here is not known, so the limit of $1.00 cannot be kept for you."]


def test_a_price_that_nobody_knows_is_refused_where_nothing_may_be_spent(tmp_path: Path) -> None:
    provider = Scripted()
    run, _ = done(tmp_path, provider, price=lambda _plan, _dataset: None, limit=0.0)
    assert (run.state, provider.asked) == ("failed", [])
    assert run.reason.startswith("What 'b' costs is not known, so the spending limit of $0.00 cannot be kept")


def test_a_price_that_nobody_knows_is_refused_at_openai() -> None:
    at_openai = Plan("ds-1", "openai", "gpt-9", OPENAI, spending_limit_usd=5.0)
    assert "'gpt-9' costs is not known" in objection(at_openai, None)
    assert not objection(replace(at_openai, base_url="http://127.0.0.1:9/v1"), None)


def test_a_model_names_what_it_was_really_tuned_with(tmp_path: Path) -> None:
    chosen = Hyperparameters(epochs=3, batch_size=1, learning_rate_multiplier=1.8)
    with scene(tmp_path) as (registry, dataset):
        start(registry, dataset)
        work(bench(tmp_path, registry, Scripted(RUNNING, replace(DONE, hyperparameters=chosen))))
        assert [model.hyperparameters for model in registry.models()] == [chosen]


@pytest.mark.parametrize("step", ["upload", "create", "progress"])
def test_a_refusal_of_the_provider_ends_the_run_with_its_sentence(tmp_path: Path, step: str) -> None:
    run, keys = done(tmp_path, Scripted(**{step: [ProviderError("No more jobs: ask for access.")]}))
    assert (run.state, run.reason) == ("failed", "No more jobs: ask for access.")
    assert keys.count("end") == 1


def test_a_model_is_registered_even_if_its_result_files_are_gone(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        work(bench(tmp_path, registry, Scripted(collect=[ProviderError("The file is gone.")])))
        warnings = [event.text for event in registry.events(run.id) if event.level == "warning"]
        assert registry.run(run.id).state == "succeeded"
        assert warnings == ["The result files could not be kept: The file is gone."]


def test_a_model_names_the_code_that_made_it_and_the_folder_within_its_home(tmp_path: Path) -> None:
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset, provider="embedded", base="embedded")
        work(bench(tmp_path, registry, Embedded(partial(folder_of, tmp_path))))
        (model,) = registry.models()
    assert model.folder == f"models/{run.id}"
    assert read_embedded(tmp_path / model.folder)
    assert re.fullmatch(r"[\d.]+\+[0-9a-f]{8}", model.code_version)


def test_a_provider_that_cannot_be_met_ends_the_run_with_a_sentence(tmp_path: Path) -> None:
    def nobody(_: Plan) -> Provider:
        raise ProviderError("There is no key for it.")

    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        work(Workbench(tmp_path, registry, nobody, free, QUICK))
        assert (registry.run(run.id).state, registry.run(run.id).reason) == ("failed", "There is no key for it.")


def test_a_job_that_failed_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    run, _ = done(tmp_path, Scripted(RUNNING, Progress("failed", reason="The file is too short: add examples.")))
    assert (run.state, run.step, run.reason) == ("failed", "watch", "The file is too short: add examples.")


def test_a_job_that_was_cancelled_elsewhere_ends_the_run_as_cancelled(tmp_path: Path) -> None:
    run, keys = done(tmp_path, Scripted(RUNNING, Progress("cancelled")))
    assert run.state == "cancelled"
    assert keys[-2:] == ["step:watch", "end"]


@pytest.mark.parametrize("step", ["upload", "create", "progress", "collect"])
def test_a_busy_provider_is_asked_again_and_told_of_once(tmp_path: Path, step: str) -> None:
    busy = [ProviderBusy(f"The provider is busy (request {number})") for number in range(4)]
    provider = Scripted(**{step: busy})
    run, keys = done(tmp_path, provider)
    assert run.state == "succeeded"
    assert provider.asked.count(step) >= 5
    assert len([key for key in keys if key.startswith("busy:")]) == 1
    assert len(provider.jobs) == 1


def test_a_busy_provider_is_given_up_when_patience_ends(tmp_path: Path) -> None:
    provider = Scripted(upload=[BUSY] * 1000)
    with scene(tmp_path) as (registry, dataset):
        run = start(registry, dataset)
        pace = replace(QUICK, patience=0.05, longest_retry=0.01)
        work(bench(tmp_path, registry, provider, pace=pace))
        ended = registry.run(run.id)
    assert ended.state == "failed"
    assert ended.reason.endswith("so the run was given up. The provider is busy (429).")
    assert 1 < len(provider.asked) < 100


def test_what_nobody_thought_of_ends_the_run_with_a_sentence_and_stands_in_the_log(tmp_path: Path) -> None:
    run, _ = done(tmp_path, Scripted(create=[ZeroDivisionError("secret detail")]))
    reference = run.reason.partition("look for ")[2][:8]
    assert run.state == "failed"
    assert run.reason.startswith("Something unexpected happened at create (ZeroDivisionError): look for ")
    assert "secret detail" not in run.reason
    log = (tmp_path / "training.log").read_text("utf-8")
    assert f"{reference}: {run.id} failed at create" in log
    assert "ZeroDivisionError: secret detail" in log


def test_a_full_disk_ends_the_run_with_a_sentence(tmp_path: Path) -> None:
    full = OSError(28, "No space left on device", "results.csv")
    run, _ = done(tmp_path, Scripted(collect=[full]))
    assert run.reason.startswith("results.csv: No space left on device: mend that or make room there")


def rows(home: Path, query: str) -> Sequence[tuple[object, ...]]:
    with closing(sqlite3.connect(home / "runs.db")) as database:
        return database.execute(query).fetchall()


def test_a_long_watch_keeps_few_rows(tmp_path: Path) -> None:
    provider = Scripted(*[RUNNING] * 60, DONE)
    run, _ = done(tmp_path, provider)
    assert run.state == "succeeded"
    assert provider.asked.count("progress") > 60
    kept = rows(tmp_path, "SELECT function_name, output FROM operation_outputs")
    assert [name for name, _ in kept] == ["check", "split", "price", "upload", "create", *["watch"] * 2, *LAST]
    assert max(len(str(output)) for _, output in kept) < 200


LAST = ["collect", "register", "end"]


def test_nothing_in_the_database_was_pickled(tmp_path: Path) -> None:
    boom = ZeroDivisionError("boom")
    provider = Scripted(upload=[BUSY], create=[boom])
    run, _ = done(tmp_path, provider)
    assert run.state == "failed"
    formats = rows(
        tmp_path, "SELECT serialization FROM workflow_status UNION SELECT serialization FROM operation_outputs"
    )
    assert set(formats) == {("portable_json",)}
    with closing(sqlite3.connect(tmp_path / "runs.db")) as database:
        content = "\n".join(database.iterdump())
    # What pickle writes begins with its protocol, and DBOS would keep it in base 64.
    assert pickle.PROTO not in content.encode()
    for start_of_pickle in ("gASV", "gAWV", "gARV"):
        assert start_of_pickle not in content
