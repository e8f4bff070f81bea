"""`sarah model`: which models there are, and which one answers."""

from pathlib import Path

import pytest

from tests.kit import OTHER_DATA
from tests.training.cli_kit import REPOSITORY, Sarah
from tests.training.gate_kit import keep
from training.pricing import read_prices
from training.providers import Hyperparameters
from training.registry import Plan, Tuned, open_registry

BASE = "gpt-4.1-mini-2025-04-14"
PRICES = """
read_on = 2020-01-01
last_hosted_job = 2020-01-02

[[models]]
provider = "openai"
model = "old-1"
vocabulary = "o200k_base"
limit_tokens = 65_536
usd_per_million = 1.0
retires = 2020-01-02
source = "a test"
"""


@pytest.fixture
def sarah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sarah:
    return Sarah(tmp_path, monkeypatch)


def model(sarah: Sarah, base: str = BASE, parent: str = "", topic: str = "") -> str:
    """Register a model that was tuned at a server, and return its id."""
    learned = Hyperparameters(epochs=3, batch_size=None, learning_rate_multiplier=0.5)
    with open_registry(sarah.home) as registry:
        registry.record_dataset("ds-1", "lamps", 10, 8, 2, "kim", 1.0)
        run = registry.start_run(Plan("ds-1", "openai", base, base_url="http://127.0.0.1/v1"), "kim", 2.0)
        tuned = Tuned(run.id, served_as=f"ft:{base}:{run.id}", hyperparameters=learned, parent=parent, topic=topic)
        return registry.register(tuned, "worker", 3.0).id


def evaluated(sarah: Sarah, *models: str, failing: tuple[int, ...] = ()) -> None:
    """Keep scorecards of models that pass all scenarios but those."""
    for each in models:
        keep(sarah.home, REPOSITORY / "data" / "scenarios", each, failing)


def champion(sarah: Sarah) -> list[str]:
    return [one["id"] for one in sarah("model", "list", "--json").json if one["champion"]]


def test_a_model_is_shown_with_the_version_and_the_threshold_of_its_discriminator(sarah: Sarah) -> None:
    (sarah.home / "topics" / "3fa9").mkdir(parents=True)
    (sarah.home / "topics" / "3fa9" / "version.json").write_text('{"questions": 380, "threshold": 0.4123}')
    own, gone, companys = model(sarah, topic="topics/3fa9"), model(sarah, topic="topics/77ab"), model(sarah)
    assert "3fa9, threshold 0.412, fitted on 380" in sarah("model", "show", own).out
    assert "77ab, which is gone" in sarah("model", "show", gone).out
    assert "the company's" in sarah("model", "show", companys).out
    assert sarah("model", "show", own, "--json").json[0]["topic"] == "topics/3fa9"


def test_models_are_listed_with_where_they_came_from(sarah: Sarah) -> None:
    first, second = model(sarah), model(sarah)
    evaluated(sarah, "base", first)
    sarah("model", "promote", first)
    listed = sarah("model", "list", "--json").json
    assert [(one["id"], one["champion"]) for one in listed] == [(second, False), (first, True)]
    assert {one["dataset"] for one in listed} == {"ds-1"}
    shown = sarah("model", "list").out.splitlines()
    assert [line.split()[:4] for line in shown[2:]] == [[second, "openai", BASE, "lamps"], ["*", first, "openai", BASE]]


def test_a_model_is_shown_with_what_it_was_tuned_from(sarah: Sarah) -> None:
    first = model(sarah)
    second = model(sarah, parent=first)
    assert [one["id"] for one in sarah("model", "show", second, "--json").json] == [second, first]
    told = sarah("model", "show", second).out
    assert "Tuned from" in told
    assert "epochs 3, learning rate multiplier 0.5" in told


def test_a_model_is_promoted_and_rolled_back(sarah: Sarah) -> None:
    first, second = model(sarah), model(sarah)
    evaluated(sarah, "base", first, second)
    told = sarah("model", "promote", first)
    assert (told.code, told.out) == (0, f"{first} answers from the next message on.\n")
    assert sarah("model", "promote", second, "--reason", "It is better.", "--json").json["model"] == second
    assert champion(sarah) == [second]
    assert sarah("model", "rollback", "--json").json["model"] == first
    assert champion(sarah) == [first]
    assert "No tuned model, only what the settings name, answers" in sarah("model", "rollback").out
    assert champion(sarah) == []
    assert "No model has been promoted" in sarah("model", "rollback").refusal
    history = sarah("model", "history", "--json").json
    assert [(one["action"], one["model"], one["by"]) for one in history] == [
        ("rollback", "", "kim"),
        ("rollback", first, "kim"),
        ("promote", second, "kim"),
        ("promote", first, "kim"),
    ]
    assert "It is better." in sarah("model", "history").out
    actions = [one["action"] for one in sarah("model", "audit", "--json").json]
    assert actions[0] == "rollback"
    assert len(sarah("model", "audit", "--most", "2").out.splitlines()) == 2


def test_a_model_is_promoted_once_it_was_evaluated_and_did_no_worse_or_by_force(sarah: Sarah) -> None:
    made = model(sarah)
    told = sarah("model", "promote", made).refusal
    assert "`sarah eval run base` does that." in told
    assert f"`sarah eval run {made}` does that." in told
    evaluated(sarah, "base")
    evaluated(sarah, made, failing=tuple(range(40)))
    told = sarah("model", "promote", made).refusal
    assert "It passes 91.0% and the champion 100.0% of 446 scenarios" in told
    assert "and 32 more. Promote another, or this one with --force and a --reason." in told
    assert champion(sarah) == []
    sarah("model", "promote", made, "--force", "--reason", "The other one is down.")
    assert champion(sarah) == [made]
    [line] = sarah("model", "audit", "--most", "1", "--json").json
    assert line["detail"].startswith("The other one is down. (in spite of: It fails ")


def test_a_model_whose_base_was_shut_down_is_promoted_by_force_and_with_a_reason_only(
    sarah: Sarah, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text(PRICES, "utf-8")
    monkeypatch.setattr("training.cli.model.read_prices", lambda: read_prices(prices))
    old = model(sarah, "old-1")
    told = sarah("model", "promote", old).refusal
    assert "was shut down on 2020-01-02" in told
    assert told.endswith("Promote another, or this one with --force and a --reason.")
    for words in ((), ("--reason", " ")):
        assert "--force needs --reason" in sarah("model", "promote", old, "--force", *words).refusal
    assert champion(sarah) == []
    told = sarah("model", "promote", old, "--force", "--reason", "Until tomorrow.", "--json").json
    assert (told["forced"], told["reason"]) == (True, "Until tomorrow.")
    assert "promote, forced" in sarah("model", "history").out
    assert champion(sarah) == [old]


@pytest.mark.parametrize("force", [(), ("--force", "--reason", "I know.")])
def test_a_model_whose_files_were_changed_is_not_promoted_even_by_force(
    sarah: Sarah, force: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    # This company's discriminator is fitted in a moment.
    monkeypatch.setenv("SARAH_DATA", str(OTHER_DATA))
    sarah.dataset()
    made = sarah("train", "start", "seed", "--yes", "--wait", "--json").json["model"]
    [folder] = (sarah.home / "models").iterdir()
    file = max(folder.iterdir(), key=lambda path: path.stat().st_size)
    file.write_bytes(file.read_bytes()[:-10])
    assert str(folder) in sarah("model", "promote", made, *force).refusal
    assert champion(sarah) == []


def test_a_beginning_is_enough_and_two_are_asked_back(sarah: Sarah) -> None:
    first, second = model(sarah), model(sarah)
    assert sarah("model", "show", first[:12], "--json").json[0]["id"] == first
    assert second in sarah("model", "promote", "model-").refusal
    assert "There is no model 'nobody'" in sarah("model", "promote", "nobody").refusal
    assert "There is no model 'nobody'" in sarah("model", "show", "nobody").refusal


def test_a_home_without_models_says_how_to_begin(sarah: Sarah) -> None:
    assert "There are no models yet: sarah train start" in sarah("model", "list").out
    assert "No model has been promoted yet" in sarah("model", "history").out
    assert "Nobody has changed anything yet." in sarah("model", "audit").out
    for name in ("list", "history", "audit"):
        assert sarah("model", name, "--json").json == []


@pytest.mark.parametrize("words", [("promote",), ("show",), ("audit", "--most", "0"), ("promote", "x", "--no-force")])
def test_a_form_that_is_wrong_is_refused(sarah: Sarah, words: tuple[str, ...]) -> None:
    told = sarah("model", *words)
    assert told.code == 2
    assert "Usage: " in told.out + told.err
