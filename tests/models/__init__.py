"""Who can answer, over real HTTP where a server is asked."""
