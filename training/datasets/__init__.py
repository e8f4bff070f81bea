"""The store of datasets, which never change once they are kept."""

from training.datasets.manifest import Dataset
from training.datasets.splitting import split_file
from training.datasets.store import Datasets
from training.datasets.writing import DatasetWriter, Intake

__all__ = ["Dataset", "DatasetWriter", "Datasets", "Intake", "split_file"]
