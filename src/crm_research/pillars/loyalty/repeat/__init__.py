"""Buying again: how many, how soon, how long."""
