"""A world of customers whose truth is known."""
