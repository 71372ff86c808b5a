"""Who the segments are: summary, profiles, names, map, rules."""
