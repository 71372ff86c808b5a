"""What goes with leaving for each reason."""
