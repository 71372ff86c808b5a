"""Mapping: from a source's columns to a canonical table, strictly, with a mend for what does not fit."""
