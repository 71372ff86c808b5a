"""What goes with leaving sooner, everything else alike."""
