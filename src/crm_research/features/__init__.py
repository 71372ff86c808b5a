"""What is known of each customer at an instant, as Ibis expressions.

Every builder takes a `Study`, reads only what was known at its as_of, and returns a lazy Ibis table that the
study's own engine runs; nothing here executes a query but the leakage guard.
"""
