"""Runs, from a dataset to a registered model, whatever happens to the process that works on them."""
