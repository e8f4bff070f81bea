"""Tests mirror the packages; kit.py is what they share."""
