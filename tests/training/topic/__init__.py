"""A discriminator, from two files of messages to its figures."""
