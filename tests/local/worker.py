"""A worker that starts a run with the provider `local`, and looks at it until it is killed: HOME."""

import sys
import time
from pathlib import Path

from training.providers import Order
from training.providers.local import Local


def main() -> None:
    """Have the run of a home folder trained."""
    home = Path(sys.argv[1])
    provider = Local(lambda run: home / run, home / "presets", lambda model: home / model)
    order = Order("run-1", "tiny", home / "data" / "train.jsonl", None, home / "run-1", stop="**STOP**")
    provider.create(order, provider.upload(order))
    while True:
        provider.progress("run-1")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
