"""What a notebook calls to show things (placeholder until written)."""
