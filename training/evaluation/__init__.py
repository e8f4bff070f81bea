"""How good is a model? Held-out conversations, what decides them, and what is said of the result."""
