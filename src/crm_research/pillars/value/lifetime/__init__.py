"""Lifetime value: what today's customers will still bring, how surely, and whether it would have been predicted."""
