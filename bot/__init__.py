"""The process that customers talk to."""
