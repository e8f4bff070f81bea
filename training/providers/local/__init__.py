"""Fine-tuning on one's own machine: what is to be learned, and what came of it; the learning has its own process."""

from training.providers.local.manifest import Manifest, read_manifest
from training.providers.local.provider import Local
from training.providers.local.recipe import Recipe

__all__ = ["Local", "Manifest", "Recipe", "read_manifest"]
