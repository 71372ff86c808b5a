"""Repair: one golden record a customer, every change told, and each of them undone where it should not stand."""
