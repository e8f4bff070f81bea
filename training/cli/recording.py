"""The registry and the store of datasets know of each other."""

import time

from training.datasets import Dataset
from training.registry import Registry


def record(registry: Registry, dataset: Dataset, by: str) -> None:
    """Make a kept dataset known to the registry, if it is not: a crash may have come between."""
    sides = dataset.train, dataset.validation
    registry.record_dataset(dataset.id, dataset.name, dataset.examples, *sides, by, time.time())
