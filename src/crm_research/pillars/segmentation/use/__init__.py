"""Do the segments matter: later spend, responses, treatment."""
