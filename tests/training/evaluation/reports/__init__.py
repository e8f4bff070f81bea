"""Tests of what a comparison says."""
