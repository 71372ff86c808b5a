"""From risk to decision: what has changed, what must be reached, whom to contact."""
