"""What can be tuned on this machine, and what is refused before anything starts."""

from collections.abc import Generator
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.training.cli_kit import Sarah
from tests.training.local_kit import base_in, lend_extra, local_model, preset_in, take_extra
from training.bases import known_base, recipe_of
from training.examples import DataError
from training.providers import Hyperparameters, ProviderError
from training.providers.local.manifest import MANIFEST
from training.registry import Plan, Registry, RegistryError, Tuned, open_registry
from training.settings import TrainingSettings, read_training_settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainingSettings:
    Sarah(tmp_path, monkeypatch)
    lend_extra(tmp_path / "extra", monkeypatch)
    return read_training_settings().model_copy(update={"sarah_data": tmp_path / "company"})


@pytest.fixture
def registry(settings: TrainingSettings) -> Generator[Registry]:
    with open_registry(settings.sarah_home) as registry:
        registry.record_dataset("ds-1", "lamps", 10, 8, 2, "kim", 1.0)
        yield registry


def plan(base: str, provider: str = "local") -> Plan:
    return Plan("ds-1", provider, base)


@pytest.mark.parametrize("base", ["modern", "tiny", "modern=Qwen/Qwen3-4B", "tiny=gpt2", "Qwen/Qwen3-4B", "gpt2"])
def test_presets_and_models_at_hugging_face_are_taken_as_they_are_written(
    settings: TrainingSettings, registry: Registry, base: str
) -> None:
    preset_in(settings.sarah_data)
    assert known_base(settings, registry, plan(base)) == base


@pytest.mark.parametrize("before", ["", "modern="])
def test_a_folder_is_named_from_the_root_for_whoever_goes_on_with_the_run(
    settings: TrainingSettings,
    registry: Registry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
) -> None:
    folder = base_in(tmp_path / "bases" / "tiny")
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("HOME", str(tmp_path))
    for written in ("tiny", "./tiny", "~/bases/tiny", str(folder)):
        assert known_base(settings, registry, plan(before + written)) == f"{before}{folder}"


@pytest.mark.parametrize(
    ("base", "sentence"),
    [
        ("modren", "There is no preset 'modren': did you mean modern?"),
        ("gpt-neo", "There is no preset 'gpt-neo': did you mean gpt-neo-1.3b?"),
        ("small=Qwen/Qwen3-4B", "There is no preset 'small': take one of "),
        ("/nowhere/tiny", "There is no model in '/nowhere/tiny': name a preset, a folder with a model in it"),
        ("../tiny", "There is no model in '../tiny'"),
        ("modern=../tiny", "There is no model in '../tiny'"),
        ("a/b/c", "There is no model in 'a/b/c'"),
        ("file", "There is no model in 'file'"),
        ("nothing", "nothing is no whole model, for it has no config.json: name a model's folder."),
        ("bare", "bare has no weights: save them there as safetensors, or name another model."),
        ("pickled", "pickled has its weights as a pickle, which may run anything when it is read: save them there as"),
        ("modern=pickled", "pickled has its weights as a pickle"),
        ("torn", "torn.toml cannot be read"),
        ("odd", "odd.toml: rr"),
    ],
)
def test_what_cannot_be_tuned_is_refused_with_the_way_out(
    settings: TrainingSettings, registry: Registry, tmp_path: Path, base: str, sentence: str
) -> None:
    (tmp_path / "file").touch()
    base_in(tmp_path / "nothing", weights="", config="")
    base_in(tmp_path / "bare", weights="")
    base_in(tmp_path / "pickled", weights="pytorch_model.bin")
    preset_in(settings.sarah_data, "torn", "model = ")
    preset_in(settings.sarah_data, "odd", 'model = "a/b"\nrr = 3\n')
    with pytest.raises(DataError) as refused:
        known_base(settings, registry, plan(base))
    assert sentence in str(refused.value)


def test_a_preset_stays_a_preset_whatever_it_and_its_model_are_called(
    settings: TrainingSettings, registry: Registry, tmp_path: Path
) -> None:
    base_in(tmp_path / "tiny")
    preset_in(settings.sarah_data, "our-tiny", 'model = "tiny"')
    assert known_base(settings, registry, plan("our-tiny")) == "our-tiny"


def test_a_base_that_has_its_weights_twice_is_read_from_the_safetensors(
    settings: TrainingSettings, registry: Registry, tmp_path: Path
) -> None:
    folder = base_in(tmp_path / "both")
    (folder / "pytorch_model.bin").touch()
    assert known_base(settings, registry, plan(str(folder))) == str(folder)


def test_a_model_that_was_tuned_here_is_known_by_its_whole_id(settings: TrainingSettings, registry: Registry) -> None:
    ours = local_model(settings.sarah_home, registry, "ds-1")
    assert known_base(settings, registry, plan(ours.id[:9])) == ours.id
    with pytest.raises(RegistryError, match="There is no model 'model-zz'"):
        known_base(settings, registry, plan("model-zz"))


@pytest.mark.parametrize("provider", ["openai", "embedded"])
def test_a_model_that_was_tuned_elsewhere_has_no_weights_here(
    settings: TrainingSettings, registry: Registry, provider: str
) -> None:
    run = registry.start_run(Plan("ds-1", provider, "gpt", "http://127.0.0.1/v1"), "kim", 1.0)
    theirs = registry.register(Tuned(run.id, served_as="ft:gpt"), "worker", 2.0)
    with pytest.raises(
        ProviderError, match=f"{theirs.id} was tuned by {provider}, and has no weights here: name a pre"
    ):
        known_base(settings, registry, plan(theirs.id))


def test_a_model_that_was_tuned_here_is_unknown_to_servers(settings: TrainingSettings, registry: Registry) -> None:
    ours = local_model(settings.sarah_home, registry, "ds-1")
    with pytest.raises(ProviderError, match=f"{ours.id} is not at the server that is to tune it"):
        known_base(settings, registry, plan(ours.id, "openai"))


def test_without_the_extra_nothing_is_tuned_here_and_the_way_to_it_is_told(
    settings: TrainingSettings, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_extra(monkeypatch)
    with pytest.raises(ProviderError, match=r"has no trl: .*pip install '\.\[local\]'"):
        known_base(settings, registry, plan("modern"))
    assert known_base(settings, registry, plan("gpt", "openai")) == "gpt"


def test_where_other_machines_take_up_the_runs_this_one_needs_no_extra(
    settings: TrainingSettings, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_extra(monkeypatch)
    shared = settings.model_copy(update={"sarah_database_url": SecretStr("postgresql://lumen@127.0.0.1/sarah")})
    assert known_base(shared, registry, plan("modern")) == "modern"


def test_a_run_learns_as_its_preset_says_and_as_was_asked(settings: TrainingSettings, registry: Registry) -> None:
    preset_in(settings.sarah_data)
    recipe = recipe_of(settings, registry, plan("tiny=gpt2"))
    assert (recipe.model, recipe.r, recipe.steps, recipe.learning_rate) == ("gpt2", 4, 12, 2e-4)
    wanted = Hyperparameters(epochs=2, batch_size=6, learning_rate_multiplier=0.5)
    asked = recipe_of(settings, registry, Plan("ds-1", "local", "tiny", hyperparameters=wanted, seed=7))
    assert (asked.steps, asked.epochs, asked.seed, asked.learning_rate) == (None, 2, 7, 1e-4)
    assert asked.batch_size * asked.accumulation == 6


def test_a_model_that_was_tuned_here_is_tuned_on_as_it_was_and_not_as_a_preset_of_today_says(
    settings: TrainingSettings, registry: Registry
) -> None:
    ours = local_model(settings.sarah_home, registry, "ds-1", "gpt-neo-1.3b")
    preset_in(settings.sarah_data, "gpt-neo-1.3b")
    assert recipe_of(settings, registry, plan(ours.id)).steps == 500
    (settings.sarah_home / ours.folder / MANIFEST).unlink()
    with pytest.raises(DataError, match="cannot be read"):
        recipe_of(settings, registry, plan(ours.id))
