"""Segments in use: saved, scored, watched for migration and drift."""
