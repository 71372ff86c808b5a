"""From files and databases to canonical tables."""
