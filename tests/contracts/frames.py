"""Small sound tables of one company, one for each canonical table that has rules of its own."""

from __future__ import annotations

import pandas as pd


def customers(*ids: str | None) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": list(ids)})


def order_lines(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["order_id", "product_id", "quantity", "revenue"])


def contacts(*rows: tuple) -> pd.DataFrame:
    """Contacts from (customer_id, opened_at, closed_at, kind)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "opened_at", "closed_at", "kind"])
    frame.insert(0, "contact_id", [f"t{i + 1}" for i in range(len(frame))])
    return frame


def surveys(*rows: tuple) -> pd.DataFrame:
    """Answers from (response_id, customer_id, item, score) on a scale of 1 to 5."""
    frame = pd.DataFrame(rows, columns=["response_id", "customer_id", "item", "score"])
    return frame.assign(asked_at="2024-03-01", scale_min=1.0, scale_max=5.0)


def invoices(*rows: tuple) -> pd.DataFrame:
    """Invoices from (customer_id, issued_at, due_at, paid_at)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "issued_at", "due_at", "paid_at"])
    frame.insert(0, "invoice_id", [f"i{i + 1}" for i in range(len(frame))])
    return frame.assign(amount=10.0)


def states(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["contract_id", "valid_from", "valid_to"])
