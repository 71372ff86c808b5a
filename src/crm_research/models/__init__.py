"""Statistics that know no report."""
