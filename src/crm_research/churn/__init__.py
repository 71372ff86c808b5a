"""When and why customers leave."""
