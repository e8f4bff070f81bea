# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""When a model cannot be tuned: one sentence with the way out, a run that failed, and nothing half-registered."""

import errno
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.local import needs_local
from tests.local.kit import QUICK, job_in, learn
from training.providers.local import Local
from training.providers.local import job as jobs
from training.providers.local.manifest import MANIFEST, WEIGHTS

pytestmark = [needs_local, pytest.mark.slow(seconds=6)]


def reason(folder: Path) -> str:
    """Return what the trainer's own process says of a job that cannot be done."""
    trainer = [sys.executable, "-m", "training.providers.lora", str(folder)]
    with (folder / jobs.LOG).open("wb") as log:
        # As on a machine that reaches nobody, at once and not after many tries.
        done = subprocess.run(  # noqa: S603 - our own module
            trainer, stdout=log, stderr=log, env={"PATH": "", "HF_HUB_OFFLINE": "1"}, check=False
        )
    assert done.returncode == 1, (folder / jobs.LOG).read_text()
    assert not (folder / MANIFEST).exists()
    assert not (folder / WEIGHTS).exists()
    progress = Local(lambda _: folder, folder, lambda _: folder).progress("run")
    assert progress.state == "failed"
    assert progress.reason.count("\n") == 0
    return progress.reason


@pytest.mark.parametrize("base", ["/nowhere/model", "nobody/has-this-model"])
def test_a_base_that_is_not_there(tmp_path: Path, base: str) -> None:
    job_in(tmp_path, base)
    assert reason(tmp_path).startswith(f"The base {base!r} cannot be read: name a folder with safetensors, or a model")


def test_a_loss_that_is_no_number_any_more(llama: Path, tmp_path: Path) -> None:
    job_in(tmp_path, llama, learning_rate=1e30, max_grad_norm=1e30, validated=False)
    told = reason(tmp_path)
    assert told.startswith("The loss was no number any more at step ")
    assert "start the run again with a smaller learning rate, which was 1e+30." in told


def test_a_base_of_pickles_is_not_read(llama: Path, tmp_path: Path) -> None:
    base = shutil.copytree(llama, tmp_path / "base")
    (base / "model.safetensors").rename(base / "pytorch_model.bin")
    job_in(tmp_path / "run", base)
    assert f"{base} holds no safetensors, and nothing else is read" in reason(tmp_path / "run")


def test_examples_of_which_nothing_fits(llama: Path, tmp_path: Path) -> None:
    job_in(tmp_path, llama, max_length=8)
    assert reason(tmp_path).startswith("Nothing in train.jsonl can be learned in 8 tokens: raise max_length")


def test_qlora_without_bitsandbytes(llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.providers import lora
    from training.providers.learning.troubles import Refused

    job_in(tmp_path, llama, tune="qlora")
    monkeypatch.setattr(lora, "find_spec", lambda _: None)
    with pytest.raises(Refused, match="QLoRA needs bitsandbytes: install it with"):
        learn(tmp_path)


def test_a_disk_without_room_is_found_before_anything_is_learned(
    llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.providers.learning.troubles import Refused

    usage = shutil.disk_usage(tmp_path)
    # No disk is filled for a test.
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    job_in(tmp_path, llama, tune="full")
    with pytest.raises(Refused, match=r"needs about 0\.\d GiB for checkpoints and weights .* make room there"):
        learn(tmp_path)
    assert not (tmp_path / jobs.CHECKPOINTS).exists()


def more_than_there_is() -> None:
    import torch

    torch.empty(1 << 60, dtype=torch.uint8)


def on_a_full_disk() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def weights_on_a_full_disk() -> None:
    from safetensors import SafetensorError

    # As the library says it, which no test can have it say without a full disk.
    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


def of_a_bug() -> None:
    raise IndexError("list index out of range")


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (
            more_than_there_is,
            "The memory is not enough for 2 examples of 128 tokens at once with ?: start the run again",
        ),
        (on_a_full_disk, "There is no room left on the disk of /home/run: make some, and start the run again."),
        (weights_on_a_full_disk, "There is no room left on the disk of /home/run: make some"),
        (of_a_bug, "Something unexpected happened in the trainer (IndexError): /home/run/trainer.log tells more."),
    ],
)
def test_what_the_libraries_say_becomes_a_sentence(trouble: Callable[[], None], said: str) -> None:
    from training.providers.learning.troubles import sentence

    # Whatever it is, as in the trainer.
    with pytest.raises(Exception) as raised:  # noqa: PT011
        trouble()
    assert sentence(raised.value, QUICK, Path("/home/run/trainer.log")).startswith(said)
