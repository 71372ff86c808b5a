"""Whether risks can be trusted: what they are held against, and what follows for lists."""
