"""The commands of training: `sarah data`, `sarah train` and `sarah model`, and the same under `python -m training`."""
