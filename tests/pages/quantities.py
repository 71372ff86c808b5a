"""What sentences call a quantity, and the figure that it is: patterns by report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from crm_research.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR

_N = r"\d[\d,]*(?:\.\d+)?"
_P = rf"(?P<estimate>{_N}) %"
_PERIOD = r"(?P<group>\d{4}(?: [HQ]\d|-\d\d)?)"
_LIMITS = rf"(?: \((?:\d+(?:\.\d+)? % interval )?(?P<lower>{_N}) % to (?P<upper>{_N}) %\))?"
_DAYS = {"day": 1.0, "month": DAYS_PER_MONTH, "year": DAYS_PER_YEAR}
# Figures whose unit is a share and which may lie below 0: changes and excesses.
SIGNED = frozenset(
    {
        "audit.newer_back_share",
        "loyalty.excess",
        "loyalty.index_auc_gain",
        "segmentation.holdout_gain_over_rfm",
        "value.fee_growth",
        "value.tier_profit_share",
        "value.top20_profit_share",
    }
)


@dataclass(frozen=True)
class Quantity:
    """A way of saying a figure: named groups ``estimate``, ``lower``, ``upper``, ``n``, ``unit``, ``group``."""

    id: str
    pattern: re.Pattern[str]
    is_share: bool = False
    is_rest: bool = False
    group: str | None = None

    def in_words(self, value: float, part: str, unit: str) -> float:
        """The figure's value in the unit of the sentence."""
        if part == "n":
            return value
        if self.is_share:
            return 100 * (1 - value if self.is_rest else value)
        return value / _DAYS[unit.rstrip("s")] if unit.rstrip("s") in _DAYS else value


def _share(id_: str, pattern: str, *, is_rest: bool = False, group: str | None = None) -> Quantity:
    return Quantity(id_, re.compile(pattern), is_share=True, is_rest=is_rest, group=group)


def _number(id_: str, pattern: str, *, group: str | None = None) -> Quantity:
    return Quantity(id_, re.compile(pattern), group=group)


_SPAN = (
    rf"(?P<estimate>{_N})(?: (?:days?|months?|years?))? "
    rf"\(\d+ % interval (?P<lower>{_N}) (?:days?|months?|years?) to (?P<upper>{_N}) (?P<unit>days?|months?|years?)\)"
)
_SPAN_TITLE = rf"(?P<estimate>{_N}) (?P<unit>days?|months?|years?)"
QUANTITIES: Mapping[str, tuple[Quantity, ...]] = {
    "churn": (
        _share("churn.contract.survival_12m", rf"{_P}{_LIMITS} of the contracts last longer than 12 months"),
        _share("churn.contract.survival_{months}m", rf"Still there after (?P<months>\d+) months: {_P}{_LIMITS}"),
        _number("churn.contract.median_tenure_days", rf"Half of the contracts have ended after {_SPAN}"),
        _number("churn.contract.median_tenure_days", rf"Half of the contracts have ended after {_SPAN_TITLE}"),
        _number("churn.contract.expected_tenure_days", rf"new contract is expected to last {_SPAN}"),
        _share("churn.target.retention_needed", rf", {_P}{_LIMITS} of today's \d"),
        _share("churn.target.retention_seen", rf"must stay; {_P} did in the last year"),
        _share("churn.renewal.retention_1", rf"{_P}{_LIMITS} of the contracts go on after the first"),
        _share("churn.renewal.retention_1", rf"^{_P} go on at renewal 1,"),
        _number("churn.contract.median_tenure_days", rf"by tenure \(Kaplan-Meier\).*; (?P<n>{_N}) contracts$"),
        _number("churn.treat.customers", rf"^Contact(?:ing)? (?P<estimate>{_N}) of"),
    ),
    "customer-base": (
        _share("base.top20_revenue_share", rf"spends most brings? {_P}{_LIMITS} of the revenue"),
        _share("base.top20_revenue_share", rf"The top fifth of the buyers bring {_P} of the revenue"),
        _share("base.top20_revenue_share", rf"^here: {_P}$"),
        _number("base.customers", rf"we know (?P<estimate>{_N}) customers"),
        _number("base.orders", rf"with (?P<estimate>{_N}) orders worth"),
        _number("base.customers", rf"^Share of (?P<estimate>{_N}) customers known from any table"),
        _number("base.customers", rf"^Of (?P<estimate>{_N}) customers: in "),
    ),
    "customer-base-audit": (
        _share(
            "audit.top20_revenue_share",
            rf"^The top fifth of the (?P<n>{_N}) buyers of {_PERIOD} brought {_P}{_LIMITS} of what they all brought",
        ),
        _share("audit.top20_revenue_share", rf"^The top fifth of the buyers of {_PERIOD} brought {_P}$"),
    ),
    "loyalty": (
        _share("loyalty.repeat_rate", rf"^Of (?P<n>{_N}) buyers, {_P}{_LIMITS} have bought again"),
        _share("loyalty.repeat_12m", rf"half are back after [^)]*\), and {_P}{_LIMITS} within 12 months"),
        _share("loyalty.repeat_12m", rf"^{_P} of first-time buyers are back within 12 months"),
        _number("loyalty.median_days_to_second", rf"half are back after {_SPAN}"),
        _share("loyalty.retention_m", rf"first seen in one \w+ {_P} buy in the next{_LIMITS}", group="1"),
    ),
    "silent-churn": (
        _share(
            "churn.silent.alive_share",
            rf"probably still active \({_P}, \d+ % interval (?P<lower>{_N}) % to (?P<upper>{_N}) %",
        ),
        _number(
            "churn.silent.expected_orders",
            rf"expected to make (?P<estimate>{_N}) purchases"
            rf"(?: \(\d+ % interval (?P<lower>{_N}) to (?P<upper>{_N})\))?",
        ),
        _number("churn.silent.alive_share", rf"^Of (?P<n>{_N}) customers about"),
    ),
    "brand-loyalty": (),
    "satisfaction": (
        _number(
            "satisfaction.nps",
            rf"net promoter score at (?P<estimate>-?{_N}) \((?P<lower>-?{_N}) to (?P<upper>-?{_N})\)",
        ),
        _number("satisfaction.nps", rf"a net promoter score of (?P<estimate>-?{_N})"),
        _share("loyalty.dick_basu_share", rf"buy, {_P} buy often by conviction{_LIMITS}", group="true loyalty"),
        _number(
            "loyalty.dick_basu_share", rf"^Of the (?P<n>{_N}) customers who answered and buy", group="true loyalty"
        ),
    ),
    "data-quality": (
        _share(
            "quality.dead_share",
            rf"^Gone by now are {_P}{_LIMITS} of (?P<n>{_N}) customers who buy",
            group="customers who buy",
        ),
    ),
    "single-view": (
        _number("link.customers", rf"^The (?P<n>{_N}) records of {_N} systems? are of (?P<estimate>{_N})\b"),
        _share("link.precision", rf"^Of the pairs of records brought together {_P}{_LIMITS} belong together"),
        _share("link.recall", rf"belong together, and {_P}{_LIMITS} of such pairs were found"),
    ),
    "customer-file": (
        _number("file.at_stake", rf", (?P<estimate>{_N}) EUR of it with customer (?P<group>[^\s.]+)\.$"),
    ),
    "value": (
        _number("value.tier_share", rf"^Gold are {_N} of (?P<n>{_N}) customers", group="gold"),
        _share("value.tier_share", rf"^Gold are {_N} of {_N} customers, {_P}{_LIMITS}: the fewest", group="gold"),
        _share("value.tier_share", rf"^{_P} of the customers are gold", group="gold"),
        _share("value.tier_share", rf"of the customers are gold, {_P} are lead", group="lead"),
        _share("value.loss_making_share", rf"costs? more than they bring, {_P}{_LIMITS} of all"),
        _share("value.top20_profit_share", rf"^The top fifth of customers bring {_P}{_LIMITS} of the profit"),
        _number(
            "value.whale_peak",
            rf"the curve stands at (?P<estimate>{_N}) \(\d+ % interval (?P<lower>{_N}) to (?P<upper>{_N})\) times",
        ),
        _number("value.moved_customers", rf"^(?P<estimate>{_N}) customers? turns? from a profit to a loss"),
        _share("value.gold_kept_share", rf"as many months before, {_P}{_LIMITS} are gold now"),
        _share("value.kept_share", rf"^Of the customers of the year before, {_P}{_LIMITS} are still there"),
        _share("value.retention_5pt_profit", rf"all that is to come would be worth {_P}{_LIMITS} more"),
    ),
    "grades": (
        _share("grades.contribution_share", rf"of profit, {_P} of what all of them leave", group="A"),
        _number("grades.strategic_whatever_share", rf"^{_N} of (?P<n>{_N}) (?:business )?customers (?:is|are) strat"),
        _share("grades.same_grade_share", rf"^{_P} of customers have the same grade"),
        _number("grades.contacts_a_year", rf"(?:get|ones:) (?P<estimate>{_N}) contacts a year", group="A"),
        _number("grades.contacts_a_year", rf"complaints, and standard ones (?P<estimate>{_N})", group="C"),
        _share("grades.cost_to_serve_share", rf"To serve them costs {_P} of", group="A"),
        _share("grades.cost_to_serve_share", rf"of what they bring, of standard ones {_P}\.", group="C"),
    ),
    "segmentation": (
        _number("segmentation.k", rf"(?P<n>{_N}) customers fall into"),
    ),
}  # fmt: skip
