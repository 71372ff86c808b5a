"""Drafting a study file from a company's files: a module for each kind of file that a draft understands."""
