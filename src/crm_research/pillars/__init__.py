"""Pillars: what is studied, one room a question. Siblings never import each other."""
