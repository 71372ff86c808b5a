"""A customer's own rhythm, and who is overdue by it."""
