"""What is known of each customer at an instant, as Ibis expressions."""
