"""Datasets and runs: what is kept of them, and what may still change."""

import math
import secrets
import traceback
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Literal

import pytest

from tests.training.registry_kit import DATASET, PLAN, actions, registered, started, without_audit
from training.place import Place
from training.providers import Event, Hyperparameters, Metric
from training.registry import Plan, Registry, RegistryError, RunState, Tuned, open_registry

ENDS: list[RunState] = ["succeeded", "failed", "cancelled"]


@pytest.fixture
def registry(place: Place) -> Generator[Registry]:
    with open_registry(place, clock=lambda: 50.0) as registry:
        yield registry


def rolled(dice: Iterator[str]) -> Callable[[int], str]:
    """Return chance as it was arranged."""

    def token_hex(nbytes: int) -> str:
        assert nbytes == 4
        return next(dice)

    return token_hex


def test_a_dataset_is_found_by_its_id_its_name_and_the_beginning_of_its_id(registry: Registry) -> None:
    registry.record_dataset(DATASET, "seed", 10, 8, 2, "ana", 1.0)
    found = [registry.dataset_named(name) for name in (DATASET, "seed", "0a1")]
    assert found == [registry.datasets()[0]] * 3
    assert (found[0].examples, found[0].train, found[0].validation, found[0].by, found[0].at) == (10, 8, 2, "ana", 1.0)


def test_recording_a_dataset_again_changes_nothing_but_its_name(registry: Registry) -> None:
    for name in ("seed", "seed", "", "first round"):
        registry.record_dataset(DATASET, name, 99, 9, 9, "bo", 5.0)
    assert [(row.name, row.examples, row.by) for row in registry.datasets()] == [("first round", 99, "bo")]
    assert actions(registry) == ["add dataset", "name dataset"]


def test_an_unknown_dataset_is_answered_with_near_names(registry: Registry) -> None:
    registry.record_dataset(DATASET, "first-round", 10, 8, 2, "ana", 1.0)
    with pytest.raises(RegistryError, match=r"no dataset 'first-rond': did you mean first-round\?"):
        registry.dataset_named("first-rond")
    for nothing_like_it in ("zzz", ""):
        with pytest.raises(RegistryError, match="`sarah data list` shows"):
            registry.dataset_named(nothing_like_it)


def test_a_name_that_two_datasets_have_is_refused_with_their_ids(registry: Registry) -> None:
    for name in ("aa11", "aa22"):
        registry.record_dataset(name, "seed", 10, 8, 2, "ana", 1.0)
    for ambiguous in ("seed", "aa"):
        with pytest.raises(RegistryError, match="aa11 or aa22"):
            registry.dataset_named(ambiguous)


def test_a_dataset_that_a_run_used_stays_and_another_goes(registry: Registry) -> None:
    run = started(registry)
    registry.record_dataset("unused", "", 10, 8, 2, "ana", 1.0)
    with pytest.raises(RegistryError, match=f"'seed' was used by {run.id}"):
        registry.remove_dataset(DATASET, "ana", 3.0)
    registry.remove_dataset("unused", "ana", 3.0)
    assert [row.id for row in registry.datasets()] == [DATASET]
    assert registry.audit_log(1)[0].action == "remove dataset"


def test_a_run_is_kept_with_all_of_its_plan(registry: Registry) -> None:
    plan = Plan(DATASET, "openai", "gpt-x", "http://h/v1", "dpo", Hyperparameters(3, None, 0.5), "zen", 2**62, math.inf)
    run = started(registry, plan)
    assert (run.plan, run.state, run.step, run.by, run.created_at) == (plan, "queued", "waiting", "ana", 2.0)
    assert registry.run(run.id) == run
    assert run.id.startswith("run-")
    assert len(run.id) == len("run-") + 8


def test_a_run_of_an_unknown_dataset_is_refused(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="'missing': add it first"):
        registry.start_run(replace(PLAN, dataset="missing"), "ana", 1.0)
    assert registry.runs() == []


def test_an_id_that_is_taken_is_not_given_again(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = iter(["aaaaaaaa", "aaaaaaaa", "bbbbbbbb"])
    monkeypatch.setattr(secrets, "token_hex", rolled(dice))
    assert [started(registry).id for _ in range(2)] == ["run-aaaaaaaa", "run-bbbbbbbb"]


def test_a_run_is_found_by_a_beginning_that_only_it_has(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = iter(["12aa0000", "12ab0000", "%2ab0000"])
    monkeypatch.setattr(secrets, "token_hex", rolled(dice))
    first, second, odd = (started(registry).id for _ in range(3))
    assert [registry.run(name).id for name in ("run-12aa", "12ab", "run-%")] == [first, second, odd]
    with pytest.raises(RegistryError, match="could be run-12aa0000 or run-12ab0000: write more"):
        registry.run("12a")


def test_an_unknown_run_is_answered_with_near_ids_or_where_they_are_listed(registry: Registry) -> None:
    run = started(registry).id
    with pytest.raises(RegistryError, match=f"did you mean {run}"):
        registry.run(f"{run}0")
    for nothing in ("", "run-", "?", "\ud83d"):
        with pytest.raises(RegistryError, match=r"`sarah train list` shows|did you mean"):
            registry.run(nothing)


def test_runs_come_newest_first_and_unfinished_ones_oldest_first(registry: Registry) -> None:
    first, second, third = (started(registry, at=2.0).id for _ in range(3))
    registry.update_run(second, state="failed")
    assert [run.id for run in registry.runs()] == [third, second, first]
    assert [run.id for run in registry.unfinished()] == [first, third]


def test_a_run_goes_on_and_its_dates_are_filled_in(registry: Registry) -> None:
    run = started(registry).id
    running = registry.update_run(run, state="running", step="upload", finishes_at=99.0)
    assert (running.started_at, running.ended_at, running.finishes_at, running.ended) == (50.0, 0.0, 99.0, False)
    registry.update_run(run, state="paused", at=60.0)
    assert registry.update_run(run, state="running", at=70.0).started_at == 50.0
    failed = registry.update_run(run, state="failed", reason="No room.", cost_usd=1.5, trained_tokens=2**40, at=80.0)
    assert (failed.ended_at, failed.ended, failed.cost_usd, failed.trained_tokens) == (80.0, True, 1.5, 2**40)
    assert registry.run(run) == failed


@pytest.mark.parametrize("end", ENDS)
def test_a_run_that_ended_never_changes_again(registry: Registry, end: RunState) -> None:
    run = started(registry).id
    ended = registry.update_run(run, state=end, reason="so it went")
    for state in ("queued", "running", "paused", *ENDS):
        assert registry.update_run(run, state=state, job="j", cost_usd=9.0, reason="other") == ended
    assert registry.run(run) == ended
    assert actions(registry)[2:] == [f"run {end}"]


def test_the_audit_log_tells_of_a_new_state_or_job_and_not_of_every_step(registry: Registry) -> None:
    run = started(registry).id
    registry.update_run(run, state="running", by="ana", at=5.0)
    registry.update_run(run, step="upload")
    registry.update_run(run, trained_tokens=10)
    registry.update_run(run, job="ftjob-1")
    lines = registry.audit_log(2)
    assert [(line.action, line.by, line.at, line.subject, line.detail) for line in lines] == [
        ("run has its job", "worker", 50.0, run, "ftjob-1"),
        ("run running", "ana", 5.0, run, ""),
    ]


def test_what_is_wanted_of_a_run_is_kept_until_it_is_heeded(registry: Registry) -> None:
    run = started(registry).id
    assert registry.want_pause(run, "bo", 3.0).wanted == "pause"
    assert registry.want_resume(run, "bo", 4.0).wanted == "resume"
    # Somebody wanted something else while the run was pausing.
    assert registry.heeded(run, "pause").wanted == "resume"
    assert registry.heeded(run, "resume").wanted == ""
    cancelling = registry.want_cancel(run, "bo", 5.0)
    assert (cancelling.cancel_wanted, cancelling.state) == (True, "queued")
    assert actions(registry)[2:] == ["want pause", "want resume", "want cancel"]


Want = Literal["want_cancel", "want_pause", "want_resume"]


@pytest.mark.parametrize("want", ["want_cancel", "want_pause", "want_resume"])
@pytest.mark.parametrize(
    ("end", "told"), [("failed", "it failed (No room)"), ("cancelled", "it was cancelled"), ("succeeded", "succeeded")]
)
def test_nothing_can_be_wanted_of_a_run_that_ended(registry: Registry, want: Want, end: RunState, told: str) -> None:
    run = started(registry).id
    before = registry.update_run(run, state=end, reason="No room." if end == "failed" else "")
    with pytest.raises(RegistryError) as refused:
        getattr(registry, want)(run, "ana", 9.0)
    assert told in str(refused.value)
    assert registry.run(run) == before


def test_cancelling_a_run_that_made_a_model_tells_which(registry: Registry) -> None:
    model = registered(registry)
    with pytest.raises(RegistryError, match=f"it succeeded, and made {model.id}"):
        registry.want_cancel(model.run, "ana", 9.0)


def test_the_same_event_is_kept_once_and_events_come_in_order(registry: Registry) -> None:
    run, other = started(registry).id, started(registry).id
    first, second = Event("a", 1.0, "info", "Began."), Event("b", 0.5, "warning", "Slow.")
    assert registry.add_events(run, [first, first]) == 1
    assert registry.add_events(run, (event for event in (first, second))) == 1
    assert registry.add_events(other, [first]) == 1
    assert registry.add_events(run, []) == 0
    told = registry.events(run)
    assert [(event.key, event.at, event.level, event.text) for event in told] == [
        ("a", 1.0, "info", "Began."),
        ("b", 0.5, "warning", "Slow."),
    ]
    assert registry.events(run, after=told[0].seq) == told[1:]


def test_the_newest_value_of_a_step_wins_and_only_what_changed_is_counted(registry: Registry) -> None:
    run = started(registry).id
    first = [Metric(2, "train_loss", 2.0), Metric(1, "train_loss", 3.0), Metric(1, "valid_loss", 4.0)]
    assert registry.add_metrics(run, first) == 3
    assert registry.add_metrics(run, [*first[:2], Metric(1, "valid_loss", 3.5)]) == 1
    assert registry.add_metrics(run, []) == 0
    assert registry.metrics(run) == [
        Metric(1, "train_loss", 3.0),
        Metric(2, "train_loss", 2.0),
        Metric(1, "valid_loss", 3.5),
    ]


def test_a_loss_that_is_no_number_or_infinite_is_kept_as_it_is(registry: Registry) -> None:
    run = started(registry).id
    diverged = [Metric(1, "train_loss", math.inf), Metric(2, "train_loss", math.nan)]
    assert [registry.add_metrics(run, diverged) for _ in range(2)] == [2, 0]
    values = [metric.value for metric in registry.metrics(run)]
    assert values[0] == math.inf
    assert math.isnan(values[1])


@pytest.mark.parametrize("ask", ["events", "metrics", "add_events", "add_metrics"])
def test_what_an_unknown_run_told_is_refused(registry: Registry, ask: str) -> None:
    with pytest.raises(RegistryError, match="There is no run 'run-00'"):
        getattr(registry, ask)("run-00", *([[]] if ask.startswith("add") else []))


def test_text_that_no_database_takes_does_not_hold_a_run_up(registry: Registry) -> None:
    run = started(registry).id
    registry.add_events(run, [Event("k", 1.0, "info", "half \ud83d and nul \0.")])
    assert registry.events(run)[0].text == "half ? and nul ?."


def test_a_number_that_is_too_large_is_refused_and_nothing_is_changed(registry: Registry) -> None:
    run = started(registry).id
    with pytest.raises(RegistryError, match="takes no number this large"):
        registry.add_metrics(run, [Metric(1, "train_loss", 1.0), Metric(2**70, "train_loss", 1.0)])
    assert registry.metrics(run) == []


def test_a_model_belongs_to_a_run_that_succeeds_by_it_once(registry: Registry) -> None:
    plan = replace(PLAN, base="b", base_url="http://h/v1", hyperparameters=Hyperparameters(2))
    run = started(registry, plan)
    tuned = Tuned(run.id, "zen:1", "models/x", "**STOP**", Hyperparameters(3, 4, 0.5), "", "abc123", "topics/1")
    model = registry.register(tuned, "worker", 9.0)
    assert registry.register(replace(tuned, served_as="other"), "worker", 10.0) == model
    after = registry.run(run.id)
    assert (after.state, after.step, after.model, after.ended_at) == ("succeeded", "done", model.id, 9.0)
    assert (model.run, model.dataset, model.provider, model.base, model.base_url) == (
        run.id,
        DATASET,
        "embedded",
        "b",
        "http://h/v1",
    )
    assert (model.served_as, model.folder, model.stop) == ("zen:1", "models/x", "**STOP**")
    assert (model.hyperparameters, model.parent) == (Hyperparameters(3, 4, 0.5), "")
    assert (model.code_version, model.created_at, model.topic) == ("abc123", 9.0, "topics/1")
    assert model.id.startswith("model-")
    assert actions(registry)[2:] == ["register model"]


def test_a_run_that_succeeded_before_still_takes_its_model(registry: Registry) -> None:
    run = registry.update_run(started(registry).id, state="succeeded", at=4.0)
    model = registry.register(Tuned(run.id), "worker", 9.0)
    assert registry.run(run.id) == replace(run, model=model.id)


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_a_run_that_came_to_nothing_registers_no_model(registry: Registry, end: RunState) -> None:
    run = registry.update_run(started(registry).id, state=end)
    with pytest.raises(RegistryError, match="nothing of it is registered"):
        registry.register(Tuned(run.id), "worker", 9.0)
    assert registry.models() == []
    assert registry.run(run.id) == run


def test_a_model_knows_the_model_that_it_was_tuned_from(registry: Registry) -> None:
    parent = registered(registry)
    child = registered(registry, Tuned(started(registry).id, parent=parent.id))
    assert child.parent == parent.id
    assert [model.id for model in registry.models()] == [child.id, parent.id]
    orphan = started(registry)
    with pytest.raises(RegistryError, match="no model 'model-none'"):
        registry.register(Tuned(orphan.id, parent="model-none"), "worker", 9.0)
    assert registry.run(orphan.id) == orphan


# What goes wrong beneath it.


def test_an_error_tells_neither_the_statement_nor_what_was_to_be_kept(registry: Registry, place: Place) -> None:
    secret = "my door code is 4711"
    missing = r'no such table: audit|relation "audit" does not exist'
    with without_audit(place), pytest.raises(RegistryError, match=missing) as raised:
        registry.audit("ana", 1.0, "export", secret)
    told = "".join(traceback.format_exception(raised.value))
    assert secret not in told
    assert "INSERT" not in told


def test_what_fails_half_way_leaves_nothing_behind(registry: Registry, place: Place) -> None:
    run = started(registry)
    with without_audit(place):
        for refused in (
            lambda: registry.start_run(run.plan, "ana", 1.0),
            lambda: registry.update_run(run.id, state="running"),
            lambda: registry.want_cancel(run.id, "ana", 1.0),
            lambda: registered(registry),
        ):
            with pytest.raises(RegistryError):
                refused()
    assert registry.runs() == [run]
    assert registry.models() == []
