"""Every refusal becomes one sentence with a way out, and none of them holds the key."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.servers import tuning_faults as faults
from tests.servers.tuning import KEY, TuningServer, tuning_server
from tests.servers.tuning_faults import Garbled, Refusal
from tests.servers.tuning_kit import order, provider, started, write_examples
from training.providers import Hyperparameters, ProviderBusy, ProviderError
from training.providers.openai import OpenAIProvider, asker
from training.providers.openai.refusals import clean


@pytest.fixture
def server() -> Generator[TuningServer]:
    with tuning_server() as running:
        yield running


def one_sentence(text: str) -> bool:
    return text.endswith(".") and "\n" not in text and ": " in text


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.closed_to_the_organisation(403), ["organisation", "`embedded`", "SARAH_TUNING_URL"]),
        (faults.closed_to_the_organisation(400), ["organisation", "`embedded`", "SARAH_TUNING_URL"]),
        (Refusal(403, "", "Permission denied."), ["organisation", "`embedded`", "SARAH_TUNING_URL"]),
        (Refusal(404, "fine_tuning_disabled", "No."), ["organisation", "`embedded`", "SARAH_TUNING_URL"]),
        (Refusal(410, "", "Finetuning has been shut down."), ["organisation", "`embedded`"]),
        (faults.key_refused(), ["refuses the key", "SARAH_TUNING_KEY"]),
        (faults.scope_missing(), ["does not let this key start the job", "give it the permission"]),
        (faults.quota_used_up(), ["no credit left"]),
        (faults.billing_limit_reached(), ["billing limit", "raise the limit"]),
        (Refusal(404, "model_not_found", "The model 'm' does not exist.", "model"), ["name another model"]),
        (Refusal(400, "model_not_available", "Model gpt-5 is not available for fine-tuning."), ["name another model"]),
        (Refusal(400, "invalid_file_format", "Line 3 is no JSON.", "training_file"), ["Line 3", "`data check`"]),
        (Refusal(400, "", "Training file has 3 example(s).", "training_file"), ["3 example(s)", "`data check`"]),
        (Refusal(400, "invalid_value", "0 is out of range.", "n_epochs"), ["n_epochs", "0 is out of range"]),
        (Refusal(422, "", "Not supported.", "seed"), ["value of seed", "leave it out"]),
        (Refusal(418, "teapot", "Short and stout."), ["refuses to start the job", "418", "Short and stout"]),
        (Garbled(b'{"error": "no such thing"}', status=400), ["refuses to start the job", "no such thing"]),
        (Garbled(b'{"detail": "Extra inputs"}', status=400), ["refuses to start the job", "Extra inputs"]),
        (Garbled(b"<html>gone</html>", status=410, kind="text/html"), ["refuses to start the job", "410"]),
    ],
)
def test_a_refused_job_is_one_sentence_with_the_way_out(
    server: TuningServer, tmp_path: Path, fault: faults.Fault, words: list[str]
) -> None:
    at = provider(server)
    wanted = order(tmp_path)
    files = at.upload(wanted)
    server.script("create", fault)
    with pytest.raises(ProviderError) as refused:
        at.create(wanted, files)
    text = str(refused.value)
    assert one_sentence(text)
    assert all(word in text for word in words), text
    assert refused.value.__cause__ is None
    assert len(server.asked("create")) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            Refusal(413, "file_too_large", "The file is larger than 5 bytes.", "file"),
            ["this size", "leave examples out"],
        ),
        (Refusal(413, "", "Request Entity Too Large"), ["this size", "leave examples out"]),
        (faults.too_many_files(), ["keeps no more files", "delete some there"]),
        (Refusal(400, "invalid_file", "File is empty.", "file"), ["File is empty", "`data check`"]),
        (Refusal(403, "", "Permission denied."), ["does not let this key take the file", "SARAH_TUNING_KEY"]),
    ],
)
def test_a_refused_file_is_one_sentence_with_the_way_out(
    server: TuningServer, tmp_path: Path, fault: faults.Fault, words: list[str]
) -> None:
    server.script("upload", fault)
    with pytest.raises(ProviderError) as refused:
        provider(server).upload(order(tmp_path))
    text = str(refused.value)
    assert one_sentence(text)
    assert all(word in text for word in words), text


def test_the_servers_own_rules_are_told(server: TuningServer, tmp_path: Path) -> None:
    wanted = order(tmp_path, hyperparameters=Hyperparameters(epochs=99))
    with pytest.raises(ProviderError, match=r"value of method\.supervised\.hyperparameters\.n_epochs.*choose another"):
        started(provider(server), wanted)
    with pytest.raises(ProviderError, match=r"value of suffix.*choose another"):
        started(provider(server), order(tmp_path, suffix="x" * 65))
    with pytest.raises(ProviderError, match=r"no such model.*'gpt-9' does not exist.*name another"):
        started(provider(server), order(tmp_path, base="gpt-9"))


def test_a_wrong_path_in_the_url_is_named(server: TuningServer, tmp_path: Path) -> None:
    at = OpenAIProvider(server.url.removesuffix("/v1"), KEY, retries=0)
    with pytest.raises(ProviderError, match="see whether SARAH_TUNING_URL is right"):
        at.upload(order(tmp_path))


@pytest.mark.parametrize(
    ("code", "message", "param", "words"),
    [
        ("invalid_n_examples", "Training file has 9 example(s)", "training_file", ["9 example(s)", "add some"]),
        ("invalid_training_file", "Line 4: bad role", "training_file", ["Line 4: bad role", "`data check`"]),
        ("billing_hard_limit_reached", "No.", "", ["billing limit"]),
        ("exceeded_quota", "No.", "", ["no credit"]),
        ("server_error", f"The GPU with {KEY} broke", "", ["The GPU with *** broke", "start the run again"]),
        ("", "", "", ["does not say why"]),
    ],
)
def test_a_failed_job_says_why_and_what_to_do(  # noqa: PLR0913, PLR0917 - two fixtures and a table
    server: TuningServer, tmp_path: Path, code: str, message: str, param: str, words: list[str]
) -> None:
    at = provider(server)
    job = started(at, order(tmp_path))
    server.fail(job, code, message, param)
    found = at.progress(job)
    assert found.state == "failed"
    assert one_sentence(found.reason)
    assert all(word in found.reason for word in words), found.reason


def test_a_job_that_fails_while_it_runs_keeps_what_it_measured(server: TuningServer, tmp_path: Path) -> None:
    server.doom("server_error", "Out of memory.")
    at = provider(server)
    server.finish(started(at, order(tmp_path)))
    found = at.progress(server.jobs[0].id)
    assert (found.state, found.events[-1].level) == ("failed", "error")
    assert "Out of memory" in found.reason


def test_too_few_examples_fail_the_job_with_a_sentence(server: TuningServer, tmp_path: Path) -> None:
    at = provider(server)
    job = started(at, order(tmp_path, train=write_examples(tmp_path / "few.jsonl", 9)))
    server.finish(job)
    assert "must have at least 10 examples): add some to the dataset." in at.progress(job).reason


@pytest.mark.parametrize(
    "message",
    [
        f"Incorrect API key provided: {KEY}.",
        f"Incorrect API key provided: {KEY[:12]}********.",
        f"Header 'Authorization: Bearer {KEY}' is wrong",
        f"{KEY}{KEY} {KEY.upper()}",
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 500])
def test_the_key_is_in_no_sentence(server: TuningServer, tmp_path: Path, message: str, status: int) -> None:
    at = provider(server)
    wanted = order(tmp_path)
    files = at.upload(wanted)
    server.script("create", Refusal(status, KEY, message, KEY))
    with pytest.raises((ProviderError, ProviderBusy)) as refused:
        at.create(wanted, files)
    assert KEY[3:12].lower() not in str(refused.value).lower()


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("a plain key abc is short", "abc", "a plain key *** is short"),
        ("abcdef stays", "abc", "abcdef stays"),
        ("the token 0123456789ab-tail and more", "0123456789abcdef", "the token *** and more"),
        ("another sk-proj-123456789 too", "", "another *** too"),
        ("Bearer eyJhbGciOi is blotted", "", "Bearer *** is blotted"),
        (["no", "text"], "", ""),
    ],
)
def test_keys_are_blotted_out(text: object, key: str, expected: str) -> None:
    assert clean(text, key) == expected


# One question to a chat model.


def test_a_question_is_answered(server: TuningServer) -> None:
    server.store.answer = "Q: What is Zen? A: A hub."
    ask = asker(server.url, KEY, "zen-1")
    assert ask("Make examples.") == "Q: What is Zen? A: A hub."
    assert server.asked("chat")[0].body == {
        "model": "zen-1",
        "messages": [{"role": "user", "content": "Make examples."}],
        "max_tokens": 2048,
    }


def test_a_model_with_another_name_for_the_limit_is_asked_by_that_name(server: TuningServer) -> None:
    told = "Unsupported parameter: 'max_tokens' is not supported with this model."
    server.script("chat", Refusal(400, "unsupported_parameter", told, "max_tokens"))
    ask = asker(server.url, KEY, "zen-1")
    assert [ask("a"), ask("b")] == ["Yes.", "Yes."]
    assert [sorted(request.body) for request in server.asked("chat")] == [
        ["max_tokens", "messages", "model"],
        ["max_completion_tokens", "messages", "model"],
        ["max_completion_tokens", "messages", "model"],
    ]


CUT_SHORT = b'{"choices": [{"finish_reason": "length", "message": {"content": "Q: What"}}]}'


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (faults.key_refused(KEY), "refuses the key: correct SARAH_MODEL_KEY"),
        (Refusal(404, "model_not_found", "No model 'zen-1'."), "name another model"),
        (Garbled(CUT_SHORT), "did not come to an end within 2048 tokens"),
        (Garbled(b"{}"), "said nothing: choose another SARAH_MODEL"),
        (Garbled(b'{"choices": [{"message": {"content": "  "}}]}'), "said nothing: choose another SARAH_MODEL"),
    ],
)
def test_a_question_that_is_refused_says_why(server: TuningServer, fault: faults.Fault, said: str) -> None:
    server.script("chat", fault)
    with pytest.raises(ProviderError, match=said) as refused:
        asker(server.url, KEY, "zen-1")("Make examples.")
    assert KEY not in str(refused.value)


def test_a_chat_server_that_is_down_is_busy(server: TuningServer) -> None:
    server.script("chat", faults.down(), faults.down())
    with pytest.raises(ProviderBusy, match="HTTP 500 when asked to answer"):
        asker(server.url, KEY, "zen-1", retries=1)("Make examples.")


def test_a_chat_server_that_is_silent_is_busy(server: TuningServer) -> None:
    server.script("chat", faults.Slow(0.2))
    with pytest.raises(ProviderBusy, match="gives no sign of life when asked to answer"):
        asker(server.url, KEY, "zen-1", timeout=0.05, retries=0)("Make examples.")
