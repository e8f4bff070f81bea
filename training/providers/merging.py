# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""Makes whole weights of a base and its adapter: `python -m training.providers.merging RUN_FOLDER OUT`.

For engines that load no adapters. It prints one line of JSON, or ends with 1 and says why on standard error.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from training.examples import DataError
from training.providers.local.manifest import WEIGHTS, see_no_pickle, see_whole


def main() -> int:
    """Merge what the command line names."""
    folder, out = map(Path, sys.argv[1:3])
    try:
        merge(folder, out)
    except (DataError, OSError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - whoever started this reads it
        return 1
    print(json.dumps({"folder": str(out)}))  # noqa: T201 - as above
    return 0


def merge(folder: Path, out: Path) -> None:
    """Write whole weights, tokenizer and chat format into a new folder, which is there whole or not at all.

    Raises DataError where the model is not whole, and what the libraries raise where its base is not there.
    """
    manifest, weights = see_whole(folder), folder / WEIGHTS
    if manifest.kind != "adapter":
        raise DataError(f"{weights} holds whole weights already: copy the folder.")
    revision = manifest.revision if not Path(manifest.base).is_dir() else None
    base = AutoModelForCausalLM.from_pretrained(
        manifest.base,
        revision=revision,
        use_safetensors=True,
        dtype=torch.float32 if manifest.device == "cpu" else "auto",
    )
    model = PeftModel.from_pretrained(base, weights).merge_and_unload(safe_merge=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as beside:
        model.save_pretrained(beside)
        AutoTokenizer.from_pretrained(weights).save_pretrained(beside)
        see_no_pickle(Path(beside))
        Path(beside).rename(out)
        # For the context manager to remove.
        Path(beside).mkdir()


if __name__ == "__main__":
    sys.exit(main())
