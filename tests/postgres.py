"""Connections of tests to PostgreSQL that may lay tables out, which the product's own may not."""

from __future__ import annotations

from typing import Any

from crm_research.engine import connect


def connect_to_write(url: str) -> Any:
    """The product's connection, allowed to write."""
    backend = connect(url)
    backend.con.rollback()
    backend.con.read_only = False
    return backend
