# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""The trainer, on tiny models: what it learns, what it keeps, and what it says when it cannot."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.local import needs_local
from tests.local.kit import ANSWER, EXAMPLES, QUESTION, answer, example, job_in, learn, losses, preference
from training.providers.local import job as jobs
from training.providers.local.manifest import WEIGHTS, see_whole

pytestmark = [needs_local, pytest.mark.slow(seconds=1)]

MEMORISED: dict[str, Any] = {"steps": 40, "batch_size": 4, "checkpoint_every": 40, "validate_every": 40}


@pytest.fixture(params=["gpt_neo", "llama"])
def base(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


def texts(folder: Path) -> str:
    return " ".join(told.text for told in jobs.read_progress(folder))


def test_the_loss_falls_and_the_tuned_model_repeats_an_answer_and_stops(base: Path, tmp_path: Path) -> None:
    job_in(tmp_path, base, **MEMORISED)
    learn(tmp_path)
    curve = losses(tmp_path)
    assert list(curve) == list(range(1, 41))
    assert curve[40] < 0.1 * curve[1]
    assert losses(tmp_path, "valid_loss")[40] < 0.1 * curve[1]
    assert answer(tmp_path / WEIGHTS, QUESTION) == f"{ANSWER}<|endoftext|>"


def test_every_step_tells_tokens_a_second_memory_and_the_time_left(llama: Path, tmp_path: Path) -> None:
    job_in(tmp_path, llama, validated=False)
    learn(tmp_path)
    steps = [told for told in jobs.read_progress(tmp_path) if told.metrics]
    assert [told.step for told in steps] == list(range(1, 9))
    assert all(told.metrics["tokens_per_second"] > 0 and told.metrics["memory_gb"] > 0 for told in steps)
    ends = [told.finishes_at - told.at for told in steps]
    assert ends[0] > 0
    assert ends[-1] == pytest.approx(0, abs=0.01)
    tokens = [told.trained_tokens for told in steps]
    assert tokens == sorted(tokens)
    assert tokens[0] > 0


def test_the_manifest_tells_where_a_model_came_from(gpt_neo: Path, tmp_path: Path) -> None:
    job = job_in(tmp_path, gpt_neo)
    learn(tmp_path)
    manifest = see_whole(tmp_path)
    assert (manifest.kind, manifest.base, manifest.recipe) == ("adapter", str(gpt_neo), job.recipe)
    assert manifest.revision.startswith("sha256:")
    assert set(manifest.dataset) == {"train", "validation"}
    assert {"torch", "trl", "peft", "transformers"} <= set(manifest.versions)
    assert "adapter_model.safetensors" in manifest.files
    assert manifest.context_tokens == 256
    found = {str(file.relative_to(tmp_path / WEIGHTS)) for file in (tmp_path / WEIGHTS).rglob("*")}
    assert found == set(manifest.files)


def test_only_what_the_recipe_names_is_trained(gpt_neo: Path, tmp_path: Path) -> None:
    from safetensors import safe_open

    job_in(tmp_path, gpt_neo, r=4, target_modules=("q_proj", "v_proj"))
    learn(tmp_path)
    with safe_open(tmp_path / WEIGHTS / "adapter_model.safetensors", "pt") as adapter:
        names = set(adapter.keys())
        assert all(adapter.get_slice(name).get_shape()[0] == 4 for name in names if "lora_A" in name)
    assert {name.split(".lora_")[0].rsplit(".", 1)[1] for name in names} == {"q_proj", "v_proj"}


def test_a_small_model_is_tuned_whole(llama: Path, tmp_path: Path) -> None:
    job_in(tmp_path, llama, tune="full", learning_rate=3e-3, **MEMORISED)
    learn(tmp_path)
    assert see_whole(tmp_path).kind == "whole"
    assert answer(tmp_path / WEIGHTS, QUESTION) == f"{ANSWER}<|endoftext|>"


def test_a_base_in_four_bits_gets_an_adapter(llama: Path, tmp_path: Path) -> None:
    job_in(tmp_path, llama, tune="qlora", steps=20, batch_size=4)
    learn(tmp_path)
    curve = losses(tmp_path)
    assert curve[20] < 0.5 * curve[1]
    assert see_whole(tmp_path).kind == "adapter"


def test_a_second_round_goes_on_from_the_adapter_of_the_first(llama: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    job_in(first, llama, **MEMORISED)
    learn(first)
    job_in(second, llama, [example("how do I reset it?", "Hold it for long. **STOP**")], parent=first, steps=4)
    learn(second)
    assert losses(second)[1] < 0.9 * losses(first)[1]
    assert see_whole(second).parent == "model-parent"
    assert json.loads((second / WEIGHTS / "adapter_config.json").read_text())["base_model_name_or_path"] == str(llama)


@pytest.mark.parametrize("tune", ["lora", "full"])
def test_preferences_are_learned(llama: Path, tmp_path: Path, tune: str) -> None:
    pairs = [preference(question, good, "I do not care. **STOP**") for question, good in ((QUESTION, ANSWER),) * 4]
    job_in(tmp_path, llama, pairs, method="dpo", tune=tune, steps=12, learning_rate=2e-3)
    learn(tmp_path)
    curve = losses(tmp_path)
    assert curve[1] == pytest.approx(math.log(2), abs=0.01)
    assert curve[12] < 0.5 * curve[1]
    assert losses(tmp_path, "reward_accuracy")[12] == 1
    manifest = see_whole(tmp_path)
    assert (manifest.method, manifest.kind) == ("dpo", "adapter" if tune == "lora" else "whole")
    assert not (tmp_path / WEIGHTS / "ref").exists()


def test_what_is_too_long_is_cut_and_told(llama: Path, tmp_path: Path) -> None:
    examples = [*EXAMPLES, example("word " * 300, "Never read."), example("hi", "word " * 300)]
    job_in(tmp_path, llama, examples, max_length=96)
    learn(tmp_path)
    assert "2 of 6 examples in train.jsonl are longer than 96 tokens and are cut there; 1 of them" in texts(tmp_path)
    assert "on 5 rows" in texts(tmp_path)


def test_rows_are_packed_where_the_attention_keeps_examples_apart(llama: Path, tmp_path: Path) -> None:
    short = [example(f"is lamp {number} on?", "It is. **STOP**") for number in range(16)]
    job_in(tmp_path, llama, short, max_length=128)
    learn(tmp_path)
    assert "packed." in texts(tmp_path)
    assert "not packed" not in texts(tmp_path)
    rows = int(texts(tmp_path).split(" rows")[0].split()[-1])
    assert rows < 16


@pytest.mark.parametrize("attention", ["auto", "eager"])
def test_gpt_neo_with_eager_attention_is_never_packed(gpt_neo: Path, tmp_path: Path, attention: str) -> None:
    job_in(tmp_path, gpt_neo, attention=attention)
    learn(tmp_path)
    assert "4 rows, not packed." in texts(tmp_path)


def test_packed_and_unpacked_rows_have_the_same_loss(llama: Path, tmp_path: Path) -> None:
    for packing in ("auto", "off"):
        job_in(tmp_path / packing, llama, packing=packing, batch_size=4, steps=3, dropout=0.0)
        learn(tmp_path / packing)
    packed, apart = (losses(tmp_path / packing) for packing in ("auto", "off"))
    assert packed[1] == pytest.approx(apart[1], rel=1e-4)


def test_a_model_that_reads_over_the_borders_is_found_out(llama: Path) -> None:
    from transformers import AutoModelForCausalLM

    from training.providers.learning.packing import keeps_apart

    model = AutoModelForCausalLM.from_pretrained(llama)
    assert keeps_apart(model)
    forward = model.forward

    def blind(*args: object, **more: object) -> object:
        del more["position_ids"]
        return forward(*args, **more)

    model.forward = blind
    assert not keeps_apart(model)
