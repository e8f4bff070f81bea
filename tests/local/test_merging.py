# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""Whole weights for engines that load no adapters: they say what base and adapter say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local import needs_local
from tests.local.kit import ANSWER, OTHERS, QUESTION, answer, job_in, learn
from training.providers.local.manifest import WEIGHTS

pytestmark = [needs_local, pytest.mark.slow(seconds=8)]


def merged(run: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "training.providers.merging", str(run), str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module


@pytest.mark.parametrize("base", ["gpt_neo", "llama"])
def test_merged_and_unmerged_answers_agree(base: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    from transformers import AutoModelForCausalLM

    run, out = tmp_path / "run", tmp_path / "out"
    job_in(run, request.getfixturevalue(base), steps=40, batch_size=4, checkpoint_every=40, validated=False)
    learn(run)
    done = merged(run, out)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"folder": str(out)}
    for question, _ in ((QUESTION, ANSWER), *OTHERS):
        assert answer(out, question) == answer(run / WEIGHTS, question)
    assert answer(out, QUESTION) == f"{ANSWER}<|endoftext|>"
    assert not (out / "adapter_config.json").exists()
    assert {path.suffix for path in out.iterdir()} == {".json", ".safetensors", ".jinja"}
    assert not hasattr(AutoModelForCausalLM.from_pretrained(out), "peft_config")
    assert not list(tmp_path.glob(".out*"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("adapter_model.safetensors", "is not what was learned, its hash differs"),
        ("adapter_model.bin", "is a pickle, which may run anything once it is read"),
    ],
)
def test_what_was_changed_or_brings_a_pickle_is_not_merged(llama: Path, tmp_path: Path, name: str, said: str) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    job_in(run, llama)
    learn(run)
    (run / WEIGHTS / name).write_bytes(b"\x80\x04.")
    done = merged(run, out)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()
