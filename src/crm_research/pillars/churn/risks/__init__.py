"""The risk of each customer, and what goes with it."""
