"""Readers that turn files from outside into examples; whatever a file holds, it is read, or refused in one sentence."""

from training.formats.limits import Limits
from training.formats.reader import Reader
from training.formats.recognition import Format
from training.formats.shaping import Shaping

__all__ = ["Format", "Limits", "Reader", "Shaping"]
