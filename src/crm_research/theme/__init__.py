"""Palette, charts and tables: one look for every report."""
