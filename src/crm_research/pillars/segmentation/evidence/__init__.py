"""Are the groups real: number of groups, stability, null draws, separation, other methods."""
