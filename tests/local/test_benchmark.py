"""What is measured of tuning is what the trainer told."""

from pathlib import Path

import pytest

from tests.benchmarks import local
from tests.local import needs_local
from tests.local.kit import EXAMPLES, lines
from training.providers.local import job as jobs

pytestmark = [needs_local, pytest.mark.slow(seconds=10)]


def test_a_run_is_measured_from_its_order_to_its_manifest(llama: Path, tmp_path: Path) -> None:
    examples = lines(tmp_path / "examples.jsonl", EXAMPLES)
    found = local.run(tmp_path, "few", "modern", llama, examples, {"steps": 12, "max_length": 128})
    told = jobs.read_progress(tmp_path / "few")
    assert max(one.step for one in told) == 12
    frozen, trained = 205_120 - 1024 * 64, 32_768
    assert found.flops == pytest.approx(found.tokens_per_second * (4 * frozen + 6 * trained), rel=0.01)
    paces = [one.metrics["tokens_per_second"] for one in told if one.step > local.WARM and one.metrics]
    assert 0.2 * min(paces) < found.tokens_per_second < 1.5 * max(paces)
    assert 0 < found.learning < found.whole


def test_the_peak_is_that_of_a_matrix_product() -> None:
    assert 1e9 < local.reached(256) < 1e13
