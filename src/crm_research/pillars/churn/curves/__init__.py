"""When contracts end, for which reasons and in which groups, and how long they would last beyond the records."""
