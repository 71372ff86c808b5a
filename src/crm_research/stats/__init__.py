"""Intervals, resampling and adjustment for many comparisons: small, vectorised, and free of any report."""
