"""Linking: which records of several systems are of one customer, how sure that is, and numbers that stay."""
