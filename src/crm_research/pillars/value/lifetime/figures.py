"""The printed numbers of lifetime value, each with its interval, basis and check."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker, verdict_of
from crm_research.pillars.value.lifetime.measure import Lifetime
from crm_research.pillars.value.lifetime.words import say_noun, say_span
from crm_research.theme import say_count, say_date, say_percent

EQUITY: Final = "value.equity"
MEAN: Final = "value.clv_mean"
ERROR: Final = "value.backtest_error"
NAIVE_ERROR: Final = "value.backtest_naive_error"
FEE_GROWTH: Final = "value.fee_growth"
PARAMETERS: Final = ("p", "q", "gamma")
ESTIMATORS: Final = MappingProxyType(
    {
        "purchases to come": "Pareto/NBD, BG/NBD, MBG/NBD, and GGompertz/NBD where the risk of leaving grows "
        "with age; the "
        "one that lost least in the backtest; discounted by parts",
        "amounts": "Gamma-Gamma where amounts are independent of frequency and above 0; credibility by frequency "
        "otherwise",
        "contracts": "curve of tenures chosen by what it predicts of hidden tenures; today's fee, with its yearly "
        "change where states of contracts tell it",
        "limits of the expected value": "delta method over the parameters of all models",
        "limits of what will come": "variance of customers' outcomes and of the parameters; gamma distribution "
        "with the "
        "chance of nothing",
        "backtest": "squared error of a customer's money at past dates; best against each other by Bonferroni "
        "over pairs",
    }
)


def value_figures(lifetime: Lifetime) -> list[Figure]:
    """What all customers of today are worth, and one who buys without a contract."""
    make = _maker(lifetime)
    if not lifetime.is_known:
        return [
            make.one(
                EQUITY, "Value of today's customers (not known)", None, unit=lifetime.currency, n=0, estimator="none"
            ),
            make.one(MEAN, "Value of one customer (not known)", None, unit=lifetime.currency, n=0, estimator="none"),
        ]
    row, years = lifetime.all, say_span(lifetime.horizon_years)
    noun = say_noun(lifetime)
    how = f"expected {noun} of the next {years} at {say_percent(lifetime.rate)} a year"
    n_contracts = 0 if lifetime.fees is None else int(lifetime.fees.rows["n_contracts"].sum())
    n = lifetime.n_customers
    found = [
        make.one(
            EQUITY,
            f"{noun.capitalize()} of today's customers in the next {years}",
            [row["expected"], row["lower"], row["upper"]],
            unit=lifetime.currency,
            n=n or n_contracts,
            estimator=how,
            limits="of the expected value",
            validation=_check(lifetime),
        )
    ]
    if lifetime.orders is not None:
        own = lifetime.of("orders")
        found.append(
            make.one(
                MEAN,
                f"{noun.capitalize()} of one customer who buys, next {years}",
                [end / n for end in own],
                unit=lifetime.currency,
                n=n,
                estimator=how,
                limits="of the expected value",
                validation=_check(lifetime),
            )
        )
    return found


def fee_figures(lifetime: Lifetime) -> list[Figure]:
    """How the fees of contracts that stay change in a year; nothing without contracts."""
    if lifetime.fees is None:
        return []
    growth = lifetime.fees.growth
    return [
        _maker(lifetime).one(
            FEE_GROWTH,
            "Yearly change of fees of contracts that stay" + ("" if growth else " (not known)"),
            None if growth is None else [float(end) for end in growth.limits(lifetime.confidence)],
            unit="share",
            n=0 if growth is None else growth.n_contracts,
            estimator="all fees now over all fees of the same contracts then, by year" if growth else "none",
            limits="of a ratio of sums over contracts",
            validation=NO_VALIDATION,
        )
    ]


def amount_figures(lifetime: Lifetime) -> list[Figure]:
    """Parameters of the Gamma-Gamma model, also where another is used because of what it takes for granted."""
    fit = None if lifetime.orders is None else lifetime.orders.spend.gamma_gamma
    make = _maker(lifetime)
    is_used = lifetime.orders is not None and not lifetime.orders.spend.reason
    note = "" if is_used else " (not used here)"
    found = []
    for name in PARAMETERS:
        row: list[float | None] | None = None
        if fit is not None and fit.is_converged:
            own = fit.params.loc[fit.params["name"] == name].iloc[0]
            row = [float(own[column]) for column in ("estimate", "lower", "upper")]
        found.append(
            make.one(
                f"value.gg_{name}",
                f"Gamma-Gamma {name}{note}",
                row,
                unit=lifetime.currency if name == "gamma" else "",
                n=0 if fit is None else fit.n_customers,
                estimator="maximum likelihood on the repeats' mean amounts",
                limits="of the profile likelihood",
                validation=NO_VALIDATION if row is None else "published values of CDNOW reproduced",
            )
        )
    return found


def backtest_figures(lifetime: Lifetime) -> list[Figure]:
    """How far off a customer's money was at past dates: by the model, and by the best simple rule."""
    make, test = _maker(lifetime), lifetime.backtest
    model = None if test is None else test.best_model
    rule = None if test is None else test.best_rule
    found = []
    for id_, label, name in (
        (ERROR, "Error of a customer's money, by the model", model),
        (NAIVE_ERROR, "Error of a customer's money, by the best simple rule", rule),
    ):
        row = None if test is None or name is None else test.row(name)
        found.append(
            make.one(
                id_,
                f"{label}{'' if row is not None else ' (no test at past dates)'}",
                None if row is None else [row["rmse"], row["lower"], row["upper"]],
                unit=lifetime.currency,
                n=0 if test is None else test.n_customers,
                estimator="root mean squared error over the past dates" + ("" if name is None else f": {name}"),
                limits="over customers",
                validation=NO_VALIDATION
                if row is None
                else f"{say_count(len(test.dates) if test else 0, 'past date')}",
                verdict=None if row is None or id_ != ERROR or test is None else verdict_of(_beats_rule(lifetime)),
            )
        )
    return found


def _beats_rule(lifetime: Lifetime) -> bool | None:
    """Is the model clearly better than the best rule (True), clearly worse (False), or neither?"""
    test = lifetime.backtest
    if test is None or test.best_model is None or test.best_rule is None:
        return None
    if bool(test.row(test.best_rule)["is_clearly_worse"]):
        return True
    return False if bool(test.row(test.best_model)["is_clearly_worse"]) else None


def _check(lifetime: Lifetime) -> str:
    test = lifetime.backtest
    model = None if lifetime.orders is None else lifetime.orders.model
    if test is None or model is None or test.pooled.empty or model not in set(test.pooled["forecast"]):
        return NO_VALIDATION
    error = float(test.row(model)["total_error"])
    return f"backtest at {say_count(len(test.dates), 'past date')}: total {100 * error:+.0f} % of what came"


def _maker(lifetime: Lifetime) -> FigureMaker:
    first = "" if lifetime.orders is None else f"records of {say_count(lifetime.n_customers, 'customer')} "
    return FigureMaker(window=f"{first}up to {say_date(lifetime.as_of)}", confidence=lifetime.confidence)
