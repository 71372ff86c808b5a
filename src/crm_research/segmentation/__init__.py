"""Which groups of customers differ."""
