"""Tiers of customers: gold, iron and lead by what they leave, and how firmly anybody stands in theirs."""
