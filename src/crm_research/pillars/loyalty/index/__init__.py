"""The loyalty index: how likely and how much a customer buys next, held against recency alone."""
