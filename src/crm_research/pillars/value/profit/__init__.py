"""Profit of each customer: what they bring, what they cost, and on how few it rests."""
