"""`sarah train` and `sarah model` for models that are tuned on this machine, by a trainer without torch."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.servers.tuning_kit import write_preferences
from tests.training.cli_kit import Sarah, Told, run_of, wait_for
from tests.training.local_kit import LAUNCH, base_in, lend_extra, local_model, preset_in, take_extra
from training.place import Place
from training.providers.local.manifest import MANIFEST, WEIGHTS, read_manifest
from training.providers.local.recipe import PRESETS
from training.registry import Model, Plan, Tuned, open_registry


@pytest.fixture
def sarah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sarah:
    commands = Sarah(tmp_path, monkeypatch)
    lend_extra(tmp_path / "extra", monkeypatch)
    # A company without topics has no discriminator that would have to be fitted.
    monkeypatch.setenv("SARAH_DATA", str(tmp_path / "company"))
    monkeypatch.setenv("SARAH_LOCAL_LAUNCH", LAUNCH)
    return commands


@pytest.fixture
def seed(sarah: Sarah) -> str:
    return sarah.dataset("seed")


@pytest.fixture
def held(sarah: Sarah, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """Let the trainer stay at its first step for as long as this file is there; no run outlives the test."""
    file = tmp_path / "hold"
    file.touch()
    monkeypatch.setenv("TRAINER_HOLDS", str(file))
    yield file
    with open_registry(sarah.home) as registry:
        for run in registry.unfinished():
            registry.want_cancel(run.id, "tests", 1.0)


def start(sarah: Sarah, *options: str | Path, dataset: str = "seed") -> Told:
    return sarah("train", "start", dataset, "--provider", "local", "--yes", *options)


# A whole run.


@pytest.mark.usefixtures("quick")
def test_a_model_is_tuned_here_and_registered(sarah: Sarah, seed: str, tmp_path: Path) -> None:
    base = base_in(tmp_path / "tiny")
    told = start(sarah, "--base", f"modern={base}", "--epochs", "2", "--seed", "7", "--wait", "--json")
    assert (told.code, told.json["state"]) == (0, "succeeded"), told
    [model] = sarah("model", "list", "--json").json
    assert (model["provider"], model["base"], model["dataset"]) == ("local", f"modern={base}", seed)
    assert (model["served_as"], model["base_url"], model["folder"]) == ("", "", f"models/{told.json['run']}")
    assert model["hyperparameters"]["epochs"] == 2
    manifest = read_manifest(sarah.home / model["folder"])
    assert (manifest.base, manifest.recipe.seed, manifest.kind) == (str(base), 7, "adapter")


@pytest.mark.usefixtures("seed", "quick")
def test_what_was_tuned_here_can_be_tuned_on_here(sarah: Sarah) -> None:
    first = start(sarah, "--base", "gpt-neo-1.3b", "--wait", "--json").json["model"]
    second = start(sarah, "--base", first[:10], "--wait", "--json")
    assert second.json["state"] == "succeeded", second
    shown = sarah("model", "show", second.json["model"], "--json").json
    assert [one["id"] for one in shown] == [second.json["model"], first]
    manifest = read_manifest(sarah.home / shown[0]["folder"])
    assert (manifest.parent, manifest.base, manifest.recipe.steps) == (first, "EleutherAI/gpt-neo-1.3B", 500)


@pytest.mark.usefixtures("quick")
def test_preferences_are_learned_here(sarah: Sarah, tmp_path: Path) -> None:
    sarah("data", "add", write_preferences(tmp_path / "preferences.jsonl"), "--name", "choices")
    told = start(sarah, dataset="choices").refusal
    assert "give --method dpo with --provider openai or local, or name another dataset." in told
    told = start(sarah, "--method", "dpo", "--wait", "--json", dataset="choices")
    assert told.json["state"] == "succeeded", told
    assert read_manifest(sarah.home / "models" / told.json["run"]).method == "dpo"


@pytest.mark.usefixtures("seed", "quick")
def test_people_see_that_it_costs_nothing_how_long_it_learns_and_how_fast(sarah: Sarah) -> None:
    told = start(sarah, "--base", "gpt-neo-1.3b", "--limit", "0", "--wait")
    assert told.code == 0, told
    assert "$0.00" in told.out
    # 500 steps of 16 examples, of which there are 82.
    assert "It learns 500 steps, from which the epochs follow." in told.out
    [row] = [line for line in told.out.splitlines() if line.startswith("local ")]
    assert row.split()[3] == "97.6"
    assert "near, not exact: gpt-neo-1.3b." in told.out
    assert "EleutherAI/gpt-neo-1.3B is loaded." in told.err
    run = sarah("train", "list", "--json").json[0]["id"]
    shown = sarah("train", "status", run).out
    assert "400 tokens learned, 1,234 tokens a second, 5.1 GB of memory" in shown
    assert "validation loss" in shown
    assert "tokens_per_second" not in shown
    texts = [event["text"] for event in sarah("train", "events", run, "--json").json]
    assert "The run costs about $0.00, within the limit of $0.00." in texts


@pytest.mark.usefixtures("seed", "quick")
def test_a_trainer_that_gives_up_ends_the_run_with_its_sentence(sarah: Sarah, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINER_FAILS", "The memory is too small: tune a smaller model.")
    told = start(sarah, "--wait", "--json")
    assert (told.code, told.json["state"]) == (1, "failed")
    assert "The memory is too small: tune a smaller model." in told.err
    assert sarah("model", "list", "--json").json == []


@pytest.mark.slow
@pytest.mark.usefixtures("seed")
def test_a_run_is_held_without_a_trainer_and_goes_on_where_it_was(sarah: Sarah, held: Path) -> None:
    run = start(sarah, "--json").json["run"]
    wait_for(lambda: run_of(sarah, run).trained_tokens)
    assert "left" in sarah("train", "status", run).out
    sarah("train", "pause", run)
    wait_for(lambda: run_of(sarah, run).state == "paused")
    assert "left" not in sarah("train", "status", run).out
    held.unlink()
    sarah("train", "resume", run)
    wait_for(lambda: run_of(sarah, run).ended)
    assert run_of(sarah, run).state == "succeeded"
    assert "It goes on from step 1." in sarah("train", "events", run).out


@pytest.mark.slow
@pytest.mark.usefixtures("seed", "held")
def test_a_run_is_cancelled_with_its_trainer(sarah: Sarah) -> None:
    run = start(sarah, "--json").json["run"]
    wait_for(lambda: run_of(sarah, run).trained_tokens)
    sarah("train", "cancel", run)
    wait_for(lambda: run_of(sarah, run).ended)
    assert run_of(sarah, run).state == "cancelled"
    assert not (sarah.home / "models" / run / MANIFEST).exists()


# What is refused before anything starts.


@pytest.mark.usefixtures("seed")
@pytest.mark.parametrize(
    ("base", "sentence"),
    [
        ("small=Qwen/Qwen3-4B", "There is no preset 'small': take one of gpt-neo-1.3b, modern, or copy one of them."),
        ("/nowhere", "There is no model in '/nowhere'"),
        ("model-0a1b2c3d", "There is no model 'model-0a1b2c3d'"),
    ],
)
def test_what_cannot_be_tuned_starts_nothing(sarah: Sarah, no_worker: list[Place], base: str, sentence: str) -> None:
    assert sentence in start(sarah, "--base", base).refusal
    assert (sarah("train", "list", "--json").json, no_worker) == ([], [])


@pytest.mark.usefixtures("seed")
def test_without_the_extra_nothing_starts(
    sarah: Sarah, no_worker: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    take_extra(monkeypatch)
    assert "pip install '.[local]'" in start(sarah).refusal
    assert (sarah("train", "list", "--json").json, no_worker) == ([], [])


@pytest.mark.usefixtures("seed", "quick")
def test_a_launcher_that_is_not_there_is_named(sarah: Sarah, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARAH_LOCAL_LAUNCH", "acelerate launch --num_processes 2")
    told = start(sarah, "--wait", "--json")
    assert told.json["state"] == "failed"
    assert "There is no program 'acelerate', which SARAH_LOCAL_LAUNCH names" in told.err


# Presets.


def test_presets_are_listed_with_what_they_tune_and_where_they_are(sarah: Sarah, tmp_path: Path) -> None:
    own = preset_in(tmp_path / "company")
    whole = preset_in(tmp_path / "company", "modern", 'model = "lumen/whole"\ntune = "full"\nepochs = 1.5\n')
    told = sarah("train", "presets").out
    rows = [line.split() for line in told.splitlines()]
    assert ["gpt-neo-1.3b", "EleutherAI/gpt-neo-1.3B", "lora", "4", "500", "steps"] in rows
    assert ["tiny", "lumen/tiny", "lora", "4", "12", "steps"] in rows
    assert ["modern", "lumen/whole", "full", "1.5", "epochs"] in rows
    assert {f"gpt-neo-1.3b: {PRESETS / 'gpt-neo-1.3b.toml'}", f"modern: {whole}", f"tiny: {own}"} < {*told.splitlines()}
    listed = {one["preset"]: one for one in sarah("train", "presets", "--json").json}
    assert sorted(listed) == ["gpt-neo-1.3b", "modern", "tiny"]
    tiny = listed["tiny"]
    assert (tiny["file"], tiny["model"], tiny["tune"], tiny["r"], tiny["steps"]) == (
        str(own),
        "lumen/tiny",
        "lora",
        4,
        12,
    )


def test_a_preset_that_is_broken_is_named(sarah: Sarah, tmp_path: Path) -> None:
    file = preset_in(tmp_path / "company", "odd", "model = 3")
    assert f"{file}: model: " in sarah("train", "presets").refusal


# Merging.


def made(sarah: Sarah, **told: str) -> Model:
    """Register a local model whose files hold nothing."""
    with open_registry(sarah.home) as registry:
        registry.record_dataset("ds-1", "lamps", 10, 8, 2, "kim", 1.0)
        return local_model(sarah.home, registry, "ds-1", **told)  # pyright: ignore[reportArgumentType] - by name


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.iterdir())


def test_only_adapters_that_were_tuned_here_are_merged(sarah: Sarah, tmp_path: Path) -> None:
    with open_registry(sarah.home) as registry:
        registry.record_dataset("ds-1", "lamps", 10, 8, 2, "kim", 1.0)
        run = registry.start_run(Plan("ds-1", "openai", "gpt", "http://127.0.0.1/v1"), "kim", 1.0)
        theirs = registry.register(Tuned(run.id, served_as="ft:gpt"), "worker", 2.0)
    out = tmp_path / "merged"
    assert f"{theirs.id} was tuned by openai, and there is" in sarah("model", "merge", theirs.id, out).refusal
    whole = made(sarah, kind="whole")
    told = sarah("model", "merge", whole.id, out).refusal
    assert told == f"{whole.id} is a whole model already: copy {sarah.home / whole.folder / WEIGHTS}."
    assert "There is no model 'model-zz'" in sarah("model", "merge", "model-zz", out).refusal
    changed = made(sarah)
    (sarah.home / changed.folder / WEIGHTS / "adapter_config.json").write_text("other", "utf-8")
    assert "is not what was learned, its hash differs" in sarah("model", "merge", changed.id, out).refusal
    assert not out.exists()


def test_merging_writes_over_nothing(sarah: Sarah, tmp_path: Path) -> None:
    ours = made(sarah)
    (tmp_path / "full").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("full", "link"):
        assert f"{name} is there already: name a folder that is not." in sarah("model", "merge", ours.id, name).refusal
    told = sarah("model", "merge", ours.id, tmp_path / "no" / "where").refusal
    assert f"There is no folder {tmp_path / 'no'}: make it, or name a place that is there." in told


def test_a_merge_that_fails_is_one_sentence_and_leaves_nothing(sarah: Sarah, tmp_path: Path) -> None:
    # Neither holds anything that could be merged; without the extra there is nobody who would.
    ours, before = made(sarah, base=f"modern={base_in(tmp_path / 'tiny')}"), everything(tmp_path)
    told = sarah("model", "merge", ours.id, "merged").refusal
    assert told.startswith(f"The adapter and its base {tmp_path / 'tiny'} could not be merged (")
    assert told.endswith("that memory and disk have room for it.")
    assert everything(tmp_path) == before


def test_without_the_extra_nothing_is_merged(sarah: Sarah, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = made(sarah)
    take_extra(monkeypatch)
    assert "pip install '.[local]'" in sarah("model", "merge", ours.id, "merged").refusal
