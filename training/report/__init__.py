"""How good is a company's folder? Every problem with its place, and the figures behind it."""
