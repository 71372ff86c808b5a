"""Columns that tell what only later was known: they must not explain what customers do."""

from __future__ import annotations

from typing import Final

from crm_research.sources.drafts.words import names_any

_LATER: Final = (
    "churn", "churned", "score", "risk", "predicted", "prediction", "probability", "forecast", "propensity",
    "lifetime value", "ltv", "cltv", "clv", "last", "latest", "recency", "days since", "months since", "updated",
    "update", "modified", "closed", "resolution", "resolved", "satisfaction", "total spent", "total spend",
    "total charges", "total revenue", "total orders", "orders count", "number of orders", "order count", "lifetime",
    "average order value", "aov", "balance", "outstanding", "cancel", "cancelled", "canceled", "cancellation",
    "cancels", "current period", "current term", "mrr", "arr", "status", "state reason", "lifecycle stage",
    "lead status", "refunded", "refund", "tenure", "expired", "ended", "termination", "exit", "win back", "letzte",
    "letzter", "letztes", "kuendigung", "kuendigungsdatum", "gekuendigt", "saldo", "dernier", "derniere",
    "resiliation", "statut", "solde", "ultimo", "ultima", "estado", "baja", "最后", "最近", "流失", "评分", "风险",
    "预测", "生命周期", "累计", "状态", "余额", "退保", "终止",
)  # fmt: skip
# Words with another meaning beside these are no matter of time.
_KNOWN: Final = (
    "last name",
    "last nm",
    "nachname",
    "credit score",
    "marital status",
    "employment status",
    "us state",
    "payment status terms",
)


def is_later(header: str) -> bool:
    """Does a header name something that came about after the row began, such as a churn score or a lifetime value?"""
    return names_any(header, _LATER) and not names_any(header, _KNOWN)
