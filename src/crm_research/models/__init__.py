"""Statistics that know no report: they see counts and small tables, never order lines."""
