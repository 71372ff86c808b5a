"""From notebooks to published pages."""
