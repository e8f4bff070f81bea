"""Commands of admins and customers."""
