"""Pictures of what was counted and measured."""
