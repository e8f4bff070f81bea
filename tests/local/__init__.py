"""Models tuned on one's own machine: tiny ones, on the CPU."""

import os

import pytest

from training.providers.local.extra import is_installed

# CI installs the extra, and must not pass without it.
needs_local = pytest.mark.skipif(
    not is_installed() and "CI" not in os.environ,
    reason="torch and its family are an extra: `make local` installs them",
)
