"""Contracts that come up again and again: what share goes on each time, and what that predicts."""
