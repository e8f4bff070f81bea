"""Local servers that refuse what the real ones refuse."""
