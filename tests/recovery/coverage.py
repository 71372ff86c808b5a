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
from pathlib import Path
from types import MappingProxyType
from typing import Final

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
    }
)

_NO_SAMPLE: Final = "counted of all records: a number without an interval"
_RESAMPLED: Final = "by resampling whole customers; a world takes seconds, not measured here yet"
_NOT_YET: Final = "limits by likelihood or delta method; not measured here yet"

# Figure id, or its beginning before a name that is put in, to the part of the command, or the reason why there is none.
COVERED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "base.": _NO_SAMPLE,
        "churn.cause.rate_change": "a ratio of Poisson rates with exact limits (Garwood), which cover at least 95 %",
        "churn.contract.calibration_slope_12m": _RESAMPLED,
        "churn.contract.cif_12m": "curves, several contracts",
        "churn.contract.expected_leavers": _NOT_YET,
        "churn.contract.expected_tenure_days": "the curve's part as in curves; the shape beyond is not in the interval",
        "churn.contract.frailty_variance": "frailty",
        "churn.contract.hazard_ratio": "ratios",
        "churn.contract.hazard_ratio_by_reason": "ratios",
        "churn.contract.ibs": _RESAMPLED,
        "churn.contract.ibs_null": _RESAMPLED,
        "churn.contract.median_tenure_days": "curves, several contracts",
        "churn.contract.restricted_mean_tenure_days": "curves, several contracts",
        "churn.contract.share_ratio_by_reason": "ratios",
        "churn.contract.survival_": "curves, several contracts",
        "churn.contract.uno_c": _RESAMPLED,
        "churn.renewal.": "renewals",
        "churn.silent.alive_share": _NOT_YET,
        "churn.silent.dropout_ratio": "kinds",
        "churn.silent.expected_orders": _NOT_YET,
        "churn.silent.holdout_error": "heavy tails",
        "churn.silent.naive_error": "heavy tails",
        "churn.silent.purchase_ratio": "kinds",
        "churn.silent.": "purchases, spend",
        "churn.target.": "shares",
        "churn.treat.customers": "follows from the assumed save rate: its range is no confidence interval",
        "churn.treat.expected_profit": "limits carry the assumed save rate; there is no true value to hold",
        "loyalty.cycle_days": "a median of gaps without an interval",
        "loyalty.dick_basu_share": "shares",
        "loyalty.dirichlet_": "brands",
        "loyalty.duplication_d": _RESAMPLED,
        "loyalty.excess": _RESAMPLED,
        "loyalty.index_auc": _NOT_YET,
        "loyalty.index_auc_gain": _NOT_YET,
        "loyalty.median_days_to_second": "curves",
        "loyalty.new_cycle_share": "shares",
        "loyalty.overdue_share": "shares",
        "loyalty.programme_difference": _RESAMPLED,
        "loyalty.repeat_": "curves, shares",
        "loyalty.retention_m": "shares",
        "loyalty.scr": _RESAMPLED,
        "loyalty.state_share": "shares",
        "loyalty.steady_share": _NOT_YET,
        "satisfaction.importance": _RESAMPLED,
        "satisfaction.item_mean": "answers",
        "satisfaction.level": "answers",
        "satisfaction.map_importance": _RESAMPLED,
        "satisfaction.nps": "answers",
        "satisfaction.path": _RESAMPLED,
        "satisfaction.path_corrected": _RESAMPLED,
        "satisfaction.r2": _RESAMPLED,
        "segmentation.migration_rate": "shares",
        "segmentation.rfm_revenue_share": "a share of money by the interval of heavy tails; no row of its own",
        "segmentation.": "a description of the customers at hand, or judged by resampling: no interval of this kind",
    }
)

_ID: Final = re.compile(r"(base|churn|loyalty|satisfaction|segmentation)\.[a-z][a-z0-9_.]*$")
_SOURCE: Final = Path(__file__).parents[2] / "src" / "crm_research"


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
