# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""`sarah train` and `sarah model merge` with a real trainer: from a file to a model that stands alone."""

from pathlib import Path

import pytest

from tests.local import needs_local
from tests.training.cli_kit import GOOD, Sarah, written

pytestmark = [needs_local, pytest.mark.slow]

PRESET = """
model = "?"
r = 4
batch_size = 2
accumulation = 1
steps = 2
max_length = 128
"""


@pytest.fixture
def sarah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sarah:
    commands = Sarah(tmp_path, monkeypatch)
    company = tmp_path / "company"
    (company / "presets").mkdir(parents=True)
    (company / "presets" / "tiny.toml").write_text(PRESET, "utf-8")
    # Without topics, no discriminator is fitted.
    monkeypatch.setenv("SARAH_DATA", str(company))
    return commands


def test_a_model_is_tuned_here_and_becomes_one_with_its_base(sarah: Sarah, llama: Path, tmp_path: Path) -> None:
    sarah("data", "add", written(tmp_path / "lamps.jsonl", GOOD), "--name", "lamps")
    run = sarah(
        "train", "start", "lamps", "--provider", "local", "--base", f"tiny={llama}", "--yes", "--wait", "--json"
    )
    assert (run.code, run.json["state"]) == (0, "succeeded"), run
    told = sarah("train", "status", run.json["run"]).out
    assert "tokens a second" in told
    assert "GB of memory" in told
    merged = sarah("model", "merge", run.json["model"], tmp_path / "merged", "--json")
    assert (merged.code, merged.json["folder"]) == (0, str(tmp_path / "merged")), merged
    names = {file.name for file in (tmp_path / "merged").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} < names
    assert "adapter_config.json" not in names
    # Whole weights in safetensors can be a base again.
    again = ("train", "start", "lamps", "--provider", "local", "--base", f"tiny={tmp_path / 'merged'}", "--json")
    assert "Start it for $0.00?" in sarah(*again).err
