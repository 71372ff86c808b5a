"""How often do the limits of printed figures hold the truth? One command for the tables of `docs/methods/coverage.md`.

python -m tests.recovery.coverage [WORLDS] [PART ...]     the rows of all parts, or of some
python -m tests.recovery.coverage --list                  which figure is covered by which part, or why by none
"""

from __future__ import annotations

import ast
import re
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.recovery import (
    coverage_answers,
    coverage_brands,
    coverage_groups,
    coverage_joins,
    coverage_links,
    coverage_loyalty,
    coverage_risks,
    coverage_silence,
    coverage_value,
)
from tests.recovery import coverage_worlds as worlds_of
from tests.recovery.coverage_survival import Coverage, measure_all

PARTS: Final[Mapping[str, Callable[[int], list[Coverage]]]] = MappingProxyType(
    {
        "curves": measure_all,
        "several contracts": worlds_of.several_contracts,
        "shares": worlds_of.shares,
        "answers": worlds_of.answers,
        "gains": worlds_of.gains,
        "heavy tails": worlds_of.heavy_tails,
        "renewals": worlds_of.renewals,
        "ratios": worlds_of.ratios,
        "spend": worlds_of.spend,
        "purchases": worlds_of.purchases,
        "brands": worlds_of.brands,
        "frailty": worlds_of.frailty,
        "kinds": worlds_of.kinds,
        "card": coverage_risks.card,
        "leavers": coverage_risks.leavers,
        "still active": coverage_silence.still_active,
        "brand norms": coverage_brands.norms,
        "ranking": coverage_loyalty.ranking,
        "joining": coverage_loyalty.joining,
        "long run": coverage_loyalty.long_run,
        "importance": coverage_answers.importance,
        "paths": coverage_answers.paths,
        "money of groups": coverage_groups.money_of_groups,
        "concentration": coverage_groups.concentration,
        "orders to come": coverage_value.orders_to_come,
        "contracts to come": coverage_value.contracts_to_come,
        "lost bills": coverage_value.lost_bills,
        "links": coverage_links.links,
        "joins": coverage_joins.joins,
    }
)

_NO_SAMPLE: Final = "counted of all records: a number without an interval"
_AUDIT: Final = "by simulation in tests/customer_base_audit/test_coverage.py"
_WHALE: Final = "by simulation in tests/value/test_limits.py"
_KEEPING: Final = "follows from the shares kept, whose limits are measured by shares; the formula is an assumption"
_OF_PAIRS: Final = "follows from the pairs wrong and missed, whose limits are measured by links"
_AS_THEY_ARE: Final = "a description of the customers at hand: a number without an interval"

# Figure id, or its beginning before a name that is put in, to the part of the command, or the reason why there is none.
COVERED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "audit.": _NO_SAMPLE,
        "audit.customers_for_80_share": "concentration",
        "audit.first_revenue": _AUDIT,
        "audit.flow_revenue": _AUDIT,
        "audit.gini": "concentration",
        "audit.kept_share": "shares",
        "audit.new_revenue_change": _AUDIT,
        "audit.newer_back_share": _AUDIT,
        "audit.newer_first_revenue": _AUDIT,
        "audit.profit_change": _AUDIT,
        "audit.revenue_change": _AUDIT,
        "audit.settled_share": "shares",
        "audit.top20_revenue_share": "concentration",
        "base.": _NO_SAMPLE,
        "base.customers_for_80_share": "concentration",
        "base.gini": "concentration",
        "base.top20_revenue_share": "concentration",
        "churn.cause.rate_change": "a ratio of Poisson rates with exact limits (Garwood), which cover at least 95 %",
        "churn.contract.calibration_slope_12m": "card",
        "churn.contract.cif_12m": "curves, several contracts",
        "churn.contract.expected_leavers": "leavers",
        "churn.contract.expected_tenure_days": "the curve's part as in curves; the shape beyond is not in the interval",
        "churn.contract.frailty_variance": "frailty",
        "churn.contract.hazard_ratio": "ratios",
        "churn.contract.hazard_ratio_by_reason": "ratios",
        "churn.contract.ibs": "card",
        "churn.contract.ibs_null": "card",
        "churn.contract.median_tenure_days": "curves, several contracts",
        "churn.contract.restricted_mean_tenure_days": "curves, several contracts",
        "churn.contract.share_ratio_by_reason": "ratios",
        "churn.contract.survival_": "curves, several contracts",
        "churn.contract.uno_c": "card",
        "churn.renewal.": "renewals",
        "churn.silent.alive_share": "still active",
        "churn.silent.dropout_ratio": "kinds",
        "churn.silent.expected_orders": "still active",
        "churn.silent.holdout_error": "heavy tails",
        "churn.silent.naive_error": "heavy tails",
        "churn.silent.purchase_ratio": "kinds",
        "churn.silent.": "purchases, spend",
        "churn.target.": "shares",
        "churn.treat.customers": "follows from the assumed save rate: its range is no confidence interval",
        "churn.treat.expected_profit": "limits carry the assumed save rate; there is no true value to hold",
        "link.": _NO_SAMPLE,
        "link.customers": _OF_PAIRS,
        "link.duplicates_share": _OF_PAIRS,
        "link.f1": "links",
        "link.missed_pairs": "links",
        "link.precision": "links",
        "link.recall": "links",
        "link.share_of_uncertainty": "joins",
        "link.wrong_pairs": "links",
        "loyalty.cycle_days": "a median of gaps without an interval",
        "loyalty.dick_basu_share": "shares",
        "loyalty.dirichlet_": "brands",
        "loyalty.duplication_d": "brand norms",
        "loyalty.excess": "brand norms",
        "loyalty.index_auc": "an area without an interval; that of its gain over recency is measured by ranking",
        "loyalty.index_auc_gain": "ranking",
        "loyalty.median_days_to_second": "curves",
        "loyalty.new_cycle_share": "shares",
        "loyalty.overdue_share": "shares",
        "loyalty.programme_difference": "joining",
        "loyalty.repeat_": "curves, shares",
        "loyalty.retention_m": "shares",
        "loyalty.scr": "brand norms",
        "loyalty.state_share": "shares",
        "loyalty.steady_share": "long run",
        "satisfaction.importance": "importance",
        "satisfaction.item_mean": "answers",
        "satisfaction.level": "answers",
        "satisfaction.map_importance": "paths",
        "satisfaction.nps": "answers",
        "satisfaction.path": "paths",
        "satisfaction.path_corrected": "paths",
        "satisfaction.r2": "paths",
        "segmentation.left_share": "curves",
        "segmentation.migration_rate": "shares",
        "segmentation.model_shift_rate": "shares",
        "segmentation.real_moves_share": "shares",
        "segmentation.rfm_revenue_share": "money of groups",
        "segmentation.strategic_share": "shares",
        "segmentation.": _AS_THEY_ARE,
        "value.": _NO_SAMPLE,
        "value.acquisition_cost": "a difference of two shares with the limits of Agresti and Caffo (2000)",
        "value.backtest_error": "heavy tails",
        "value.backtest_naive_error": "heavy tails",
        "value.clv_mean": "orders to come",
        "value.credit_loss_share": "lost bills",
        "value.equity": "orders to come, contracts to come",
        "value.fee_growth": "contracts to come",
        "value.gg_": "spend",
        "value.gini": "concentration",
        "value.gold_kept_share": "shares",
        "value.iron_risen_share": "shares",
        "value.kept_share": "shares",
        "value.loss_making_share": "shares",
        "value.retention_1pt_profit": _KEEPING,
        "value.retention_5pt_profit": _KEEPING,
        "value.retention_elasticity": _KEEPING,
        "value.risk_adjusted": "a lower tenth, held nine times of ten in tests/models/lifetime_value/test_certainty.py",
        "value.risk_adjusted_tier": "a lower tenth, as value.risk_adjusted",
        "value.tier_share": _WHALE,
        "value.top20_profit_share": "concentration",
        "value.top20_revenue_share": "concentration",
        "value.whale_peak": _WHALE,
    }
)

_ID: Final = re.compile(r"(audit|base|churn|link|loyalty|satisfaction|segmentation|value)\.[a-z][a-z0-9_.]*$")
_SOURCE: Final = Path(__file__).parents[2] / "src" / "crm_research"


@cache
def printed_figures() -> list[str]:
    """Every figure id in the source, or its beginning where a name is put in."""
    found = set()
    for path in _SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ID.match(node.value):
                found.add(node.value)
    return sorted(name for name in found if not name.endswith((".json", ".py", ".csv")))


def where_covered(figure: str) -> str:
    """The part of the command that measures a figure, or the reason why none does; the longest beginning counts."""
    known = [name for name in COVERED if figure == name or (name.endswith((".", "_")) and figure.startswith(name))]
    return COVERED[max(known, key=len)] if known else ""


def main(say: Callable[[str], object] = print) -> None:
    """The table for the docs, or the list of figures."""
    asked = sys.argv[1:]
    if asked == ["--list"]:
        for figure in printed_figures():
            say(f"{figure}: {where_covered(figure)}")
        return
    worlds = int(asked[0]) if asked else 400
    say("| part | figure | n | worlds | covered |\n|---|---|---|---|---|")
    for part in asked[1:] or PARTS:
        began = time.process_time()
        for row in PARTS[part](worlds):
            say(f"| {part} | {row.figure} | {row.n:,} | {row.worlds:,} | {row.covered / row.worlds:.3f} |")
        sys.stderr.write(f"{part}: {time.process_time() - began:.0f} s\n")


if __name__ == "__main__":
    main()
