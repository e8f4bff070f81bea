"""What a job tells is read whatever it looks like, and its result files are kept whole."""

from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers.tuning import KEY, TuningServer, tuning_server
from tests.servers.tuning_faults import Garbled, Patched, Refusal, down, rate_limited
from tests.servers.tuning_kit import order, provider, started
from training.providers import Event, Hyperparameters, Metric, ProviderBusy, ProviderError
from training.providers.openai.orders import used
from training.providers.openai.provider import RESULT_LIMIT
from training.providers.openai.reading import checkpoint_row, measured, told
from training.providers.openai.results import keep


@pytest.fixture
def server() -> Generator[TuningServer]:
    with tuning_server() as running:
        running.store.steps_at_a_poll = 0
        yield running


@pytest.fixture
def job(server: TuningServer, tmp_path: Path) -> str:
    return started(provider(server), order(tmp_path, suffix="zen"))


def test_a_job_is_followed_from_its_files_to_its_model(server: TuningServer, job: str) -> None:
    at, states = provider(server), list[str]()
    server.store.steps_at_a_poll = 1
    for _ in range(6):
        states.append(at.progress(job).state)
    assert states == ["queued", "queued", "running", "running", "running", "succeeded"]
    ended = at.progress(job)
    assert ended.model == server.jobs[0].model == "ft:gpt-4.1-mini-2025-04-14:zennest:zen:000003"
    assert ended.trained_tokens == len(server.jobs[0].train.content) // 4
    assert [event.key for event in ended.events] == [event["id"] for event in server.jobs[0].events]
    assert (ended.events[0].text, ended.events[0].level) == (f"Created fine-tuning job: {job}", "info")
    assert ended.events[0].at == server.jobs[0].events[0]["created_at"]
    assert list(ended.metrics) == [
        Metric(step, name, value)
        for step, row in enumerate(
            (
                {"train_loss": 1.0, "train_mean_token_accuracy": 0.5},
                {
                    "full_valid_loss": 0.8,
                    "train_loss": 0.6667,
                    "train_mean_token_accuracy": 0.6667,
                    "valid_loss": 0.8333,
                    "valid_mean_token_accuracy": 0.6,
                },
            ),
            1,
        )
        for name, value in row.items()
    ] + [metric for metric in ended.metrics if metric.step > 2]
    assert max(metric.step for metric in ended.metrics) == 6


def test_a_running_job_says_when_it_expects_to_end(server: TuningServer, job: str) -> None:
    server.advance(job, 3)
    assert provider(server).progress(job).finishes_at == server.jobs[0].created_at + 3600


def test_every_event_of_a_long_job_is_told_once_oldest_first(server: TuningServer, job: str) -> None:
    for n in range(250):
        server.jobs[0].tell(f"note {n}")
    events = provider(server).progress(job).events
    assert [event.text for event in events[-250:]] == [f"note {n}" for n in range(250)]
    assert len({event.key for event in events}) == len(events) == 252


@pytest.mark.parametrize("status", ["paused", "Paused"])
def test_a_paused_job_is_paused(server: TuningServer, job: str, status: str) -> None:
    server.set_status(job, status)
    assert provider(server).progress(job).state == "paused"


def test_an_unknown_status_runs_and_is_told_under_one_key(server: TuningServer, job: str) -> None:
    server.set_status(job, "future_state")
    first, second = provider(server).progress(job), provider(server).progress(job)
    assert first.state == "running"
    assert first.events[-1] == second.events[-1]
    assert first.events[-1].key == "status-future_state"
    assert first.events[-1].level == "warning"
    assert first.events[-1].at == 5.0
    assert first.events[-1].text.endswith(
        "calls the job 'future_state', which is no status that we know: taken as running."
    )


def test_missing_fields_and_numbers_as_text_are_read(server: TuningServer, job: str) -> None:
    server.finish(job)
    odd = {"trained_tokens": "1200", "estimated_finish": "1790000000.5", "error": None, "metadata": None, "seed": None}
    server.script("job", Patched(odd))
    found = provider(server).progress(job)
    assert (found.state, found.trained_tokens, found.finishes_at) == ("succeeded", 1200, 1790000000.5)
    server.script("job", Garbled(b'{"trained_tokens": "many", "estimated_finish": NaN}'))
    found = provider(server).progress(job)
    assert (found.state, found.model, found.trained_tokens, found.finishes_at) == ("running", "", 0, 0.0)


@pytest.mark.parametrize(
    "events",
    [
        b"[1, 2]",
        b"null",
        b'[{"id": 5}, {"message": ["x"]}, null, {"created_at": 1e999}]',
        b'[{"data": "x", "created_at": "soon"}, {"data": {"step": "x", "train_loss": true}}]',
    ],
)
def test_events_of_any_shape_are_no_reason_to_fail(server: TuningServer, job: str, events: bytes) -> None:
    server.script("events", Garbled(b'{"data": ' + events + b"}"))
    server.script("checkpoints", Garbled(b'{"data": ' + events + b"}"))
    assert provider(server).progress(job).state == "queued"


def test_an_event_without_an_id_has_the_same_key_each_time(server: TuningServer, job: str) -> None:
    page = Garbled(b'{"data": [{"message": "b", "created_at": 2, "level": "warn"}, {"message": "a", "created_at": 2}]}')
    server.script("events", page, page)
    first, second = provider(server).progress(job).events, provider(server).progress(job).events
    assert first == second
    assert [(event.text, event.level) for event in first] == [("a", "info"), ("b", "warning")]
    assert first[0].key != first[1].key


def test_a_server_without_checkpoints_tells_what_its_events_tell(server: TuningServer, job: str) -> None:
    server.finish(job)
    server.store.has_checkpoints = False
    names = {metric.name for metric in provider(server).progress(job).metrics}
    assert names == {"train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy"}


def test_a_job_that_names_no_model_is_known_by_its_last_checkpoint(server: TuningServer, job: str) -> None:
    server.finish(job)
    server.script("job", Patched({"fine_tuned_model": None}))
    assert provider(server).progress(job).model.endswith(":ckpt-step-6")
    server.script("job", Patched({"fine_tuned_model": None}))
    server.store.has_checkpoints = False
    found = provider(server).progress(job)
    assert found.state == "failed"
    assert found.reason.endswith("names no model that came out of the job: ask there.")


def test_what_a_server_says_reaches_a_terminal_as_one_plain_line(server: TuningServer, job: str) -> None:
    server.jobs[0].tell(f"\x1b[31mred\x1b[0m\nand {KEY} \ud800" + "x" * 5000, level="error")
    event = provider(server).progress(job).events[-1]
    assert event.text.startswith("?[31mred?[0m and *** ?xxx")
    assert len(event.text) == 300
    assert event.level == "error"


def test_reads_are_tried_again_by_the_library(server: TuningServer, job: str) -> None:
    server.script("job", down(), rate_limited())
    assert provider(server, retries=2).progress(job).state == "queued"
    assert len(server.asked("job")) == 3
    server.script("job", down(), down(), down())
    with pytest.raises(ProviderBusy, match=r"is busy or down \(HTTP 500 when asked to show the job\)"):
        provider(server, retries=2).progress(job)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"a":' + b"9" * 5000 + b"}"])
def test_an_answer_that_is_no_json_object_is_busy(server: TuningServer, job: str, content: bytes) -> None:
    server.script("job", Garbled(content))
    with pytest.raises(ProviderBusy, match="answers what is no JSON object when asked to show the job"):
        provider(server).progress(job)


NUMBERS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ROWS = st.lists(
    st.dictionaries(st.sampled_from(["step", "step_number", "train_loss", "valid_loss", "id", "x"]), NUMBERS),
    max_size=8,
)


@settings(deadline=None)
@given(ROWS)
def test_any_rows_give_finite_metrics_with_a_step_each_once(rows: list[dict[str, object]]) -> None:
    metrics = measured(rows)
    assert len({(metric.step, metric.name) for metric in metrics}) == len(metrics)
    assert all(metric.step >= 0 and metric.value - metric.value == 0 for metric in metrics)
    assert all(metric.name in {"train_loss", "valid_loss"} for metric in metrics)


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(["id", "created_at", "level", "message", "data"]), NUMBERS), max_size=8)
)
def test_any_list_of_events_is_told_in_order(listed: list[dict[str, object]]) -> None:
    events = told(listed, KEY)
    assert len(events) == len(listed)
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert all(event.key and event.level == "info" for event in events)


def test_events_of_one_second_keep_the_lists_order() -> None:
    listed = [{"id": name, "created_at": 1, "message": name} for name in "cba"]
    assert told(listed, "") == tuple(Event(name, 1.0, "info", name) for name in "abc")


def test_a_checkpoint_may_tell_its_step_beside_its_metrics() -> None:
    assert measured([checkpoint_row({"step_number": "4", "metrics": {"valid_loss": "0.25"}})]) == (
        Metric(4, "valid_loss", 0.25),
    )


# Result files.


@pytest.mark.parametrize("form", ["csv", "base64"])
def test_result_files_are_kept_whole_and_read(server: TuningServer, tmp_path: Path, form: str) -> None:
    server.store.form = "base64" if form == "base64" else "csv"
    at = provider(server)
    job = started(at, order(tmp_path))
    made = server.finish(job)
    metrics = at.collect(job, tmp_path / "results")
    assert (tmp_path / "results" / "results-1.csv").read_bytes() == made.result()
    # What the server calls the file is no path of ours.
    assert [file.name for file in (tmp_path / "results").iterdir()] == ["results-1.csv"]
    assert metrics[:2] == (Metric(1, "train_loss", 1.0), Metric(1, "train_mean_token_accuracy", 0.5))
    assert [metric for metric in metrics if metric.name == "valid_loss"] == [
        Metric(2, "valid_loss", 0.8333),
        Metric(4, "valid_loss", 0.5),
        Metric(6, "valid_loss", 0.3571),
    ]
    assert at.collect(job, tmp_path / "results") == metrics


def test_a_result_file_beyond_the_limit_is_not_kept(server: TuningServer, job: str, tmp_path: Path) -> None:
    server.finish(job)
    server.script("content", Garbled(b"step,train_loss\n" + b"1,2\n" * (RESULT_LIMIT // 4), kind="text/csv"))
    with pytest.raises(ProviderError, match="larger than 50 MB: fetch it from there yourself"):
        provider(server).collect(job, tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_a_result_file_that_breaks_off_is_not_kept(server: TuningServer, job: str, tmp_path: Path) -> None:
    server.finish(job)
    headers = {"Content-Length": "1000"}
    server.script("content", Garbled(b"step,train_loss\n1,2\n", kind="text/csv", headers=headers))
    with pytest.raises(ProviderBusy, match="when asked to hand a result file out"):
        provider(server, timeout=0.2).collect(job, tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_a_result_file_that_is_gone_is_told(server: TuningServer, job: str, tmp_path: Path) -> None:
    server.finish(job)
    server.store.files.clear()
    with pytest.raises(ProviderError, match="cannot hand a result file out, because it has no such thing"):
        provider(server).collect(job, tmp_path / "results")


@pytest.mark.parametrize("named", [None, [], "file-1", [None, 5, ""]])
def test_a_job_without_result_files_measured_nothing(
    server: TuningServer, job: str, tmp_path: Path, named: object
) -> None:
    server.script("job", Patched({"result_files": named}))
    assert provider(server).collect(job, tmp_path) == ()


def test_result_files_named_as_objects_are_fetched(server: TuningServer, job: str, tmp_path: Path) -> None:
    made = server.finish(job)
    server.script("job", Patched({"result_files": [{"id": made.results[0]}]}))
    assert provider(server).collect(job, tmp_path / "results")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ()),
        (b"\xff\x00\xfe,", ()),
        (b"step,train_loss\n1,\n,2\nx,3\n4,nan\n", ()),
        (b"\xef\xbb\xbfstep, train_loss ,note\r\n1.0,2.5,hi\r\n", (Metric(1, "train_loss", 2.5),)),
        (b"step,train_loss\n1,2,3,4\n2", (Metric(1, "train_loss", 2.0),)),
        (
            b"step,train_loss\n1,2\n2," + b"9" * 200_000 + b"\n3,4\n",
            (Metric(1, "train_loss", 2.0), Metric(3, "train_loss", 4.0)),
        ),
        (b"train_loss,step\n2,1\n", (Metric(1, "train_loss", 2.0),)),
    ],
)
def test_a_table_with_gaps_is_read_as_far_as_it_is_one(
    tmp_path: Path, content: bytes, expected: tuple[Metric, ...]
) -> None:
    assert keep(content, tmp_path / "results-1.csv") == expected
    assert (tmp_path / "results-1.csv").read_bytes() == content


@settings(deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_kept(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "results-1.csv"
    keep(content, path)
    assert path.exists()


def test_a_refusal_to_list_events_is_a_refusal(server: TuningServer, job: str) -> None:
    server.script("events", Refusal(403, "missing_scope", "Missing scopes: api.fine_tuning.jobs.read."))
    with pytest.raises(ProviderError, match="does not let this key list the job's events"):
        provider(server).progress(job)


def test_what_a_job_learns_with_is_told_and_what_is_not_chosen_yet_is_left_open() -> None:
    chosen = {"n_epochs": 3, "batch_size": "1", "learning_rate_multiplier": 1.8}
    job = {"method": {"type": "supervised", "supervised": {"hyperparameters": chosen}}}
    assert used(job) == Hyperparameters(3, 1, 1.8)
    assert used({"hyperparameters": chosen | {"n_epochs": "auto"}}) == Hyperparameters(None, 1, 1.8)
    assert used({}) == Hyperparameters()
