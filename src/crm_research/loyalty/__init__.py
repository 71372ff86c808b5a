"""Who comes back, and who stays."""
