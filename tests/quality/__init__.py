"""How good the answers are that need no language model: `python -m tests.quality` prints it."""
