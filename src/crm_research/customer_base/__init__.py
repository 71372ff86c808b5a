"""Whom we know, and how well."""
