"""What a trainer's process is made of; nothing else imports it, for it takes torch."""
