"""From a company folder to a model; complete without the bot."""
