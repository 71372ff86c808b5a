"""Churn without contracts: who has left without saying so."""

from __future__ import annotations

from pydantic import Field

from crm_research.catalogue.entry import Report, ReportParameters


class SilentChurnParameters(ReportParameters):
    """How far ahead purchases are expected."""

    study: str = "cdnow"
    horizon_weeks: float | None = Field(
        default=None,
        gt=0,
        le=520,
        description="Weeks ahead in which purchases are expected; None takes the holdout's length, or 39 weeks.",
    )


REPORT = Report(
    id="silent-churn",
    title="Silent churn",
    question="How many customers without a contract are still active, and who of the valuable ones is slipping away?",
    notebook="04_silent_churn.ipynb",
    parameters=SilentChurnParameters,
    needs_any_of=(("orders",),),
    may_read=("contracts", "customers", "orders"),
    figure_ids=(
        "churn.silent.alive_share",
        "churn.silent.holdout_error",
        "churn.silent.naive_error",
        *(
            f"churn.silent.{model}_{name}"
            for model in ("bgnbd", "mbgnbd")
            for name in ("r", "alpha", "a", "b", "loglik")
        ),
        *(f"churn.silent.paretonbd_{name}" for name in ("r", "alpha", "s", "beta", "loglik")),
    ),
)
