"""What winning customers cost, and how soon they pay it back."""
