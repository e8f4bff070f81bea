"""Engines that serve the models that were tuned here: one is started, or those that run are kept in line."""
