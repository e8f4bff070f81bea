"""The training package, room by room."""
