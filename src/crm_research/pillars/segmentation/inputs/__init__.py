"""What customers are compared by: candidates, recipe, scales."""
