"""The segments as sentences, tables, pictures and sections of a page."""
