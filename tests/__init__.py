"""Tests mirror src/crm_research."""
