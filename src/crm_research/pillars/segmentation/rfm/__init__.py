"""The base line of recency, frequency and money."""
