"""The ladder of loyalty: states of customers, how they move, and where that leads."""
