"""Engines that serve models of one's own."""
