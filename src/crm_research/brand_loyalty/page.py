"""What the notebook shows where the records may or may not hold it: the part, or a note of what is missing."""

from __future__ import annotations

import pandas as pd

from crm_research import show
from crm_research.brand_loyalty import charts, heavy_words, tables, words
from crm_research.brand_loyalty.analysis import BrandLoyalty
from crm_research.brand_loyalty.figures import (
    duplication_figures,
    excess_figures,
    parameter_figures,
    scr_figures,
)


def show_setting(loyalty: BrandLoyalty) -> None:
    """Which market is looked at, and what is left out of it."""
    show.note(" ".join(loyalty.setting.why), kind="note" if loyalty.fit is not None else "caution")
    for line in loyalty.notes:
        if line not in loyalty.setting.why:
            show.note(line)
    if not loyalty.setting.categories.empty:
        show.table(
            loyalty.setting.categories.head(10),
            "Categories that could be looked at, most bought first",
            note="largest share is the largest one's part of the lines. Name another with the parameter category.",
        )


def show_brands(loyalty: BrandLoyalty) -> None:
    """Every brand beside the norm of its size."""
    if loyalty.norm is None:
        show.note(words.no_norm(loyalty), kind="caution")
        return
    show.table(
        _verdict_first(tables.brand_table(loyalty)),
        f"How {loyalty.units} are bought, and how they would be by size alone (norm); shares in per cent",
        note=words.rule_words(),
    )
    show.chart(
        charts.draw_excess(loyalty),
        alt=f"{words.excess_finding(loyalty)} One dot with its interval for each, around the norm.",
        data=words.judged_brands(loyalty)[["brand", "excess_ratio", "ratio_lower", "ratio_upper", "verdict"]],
    )
    figures = excess_figures(loyalty)
    if figures:
        show.figures(figures, as_table="Purchases per buyer above or below the norm of its size")


def show_requirements(loyalty: BrandLoyalty) -> None:
    """Shares of requirements by purchases and by money, and what they leave open."""
    show.note(words.wallet_finding(loyalty), kind="caution")
    if loyalty.norm is None:
        return
    if scr_figures(loyalty):
        show.figures(
            scr_figures(loyalty), as_table="Share of its buyers' requirements: of what they buy in the category"
        )
    show.table(tables.money_table(loyalty), "By purchases and by money, in per cent")
    own = words.own_brand_finding(loyalty)
    if own:
        show.note(own)


def show_shared_buyers(loyalty: BrandLoyalty) -> None:
    """Whose buyers also buy whom."""
    finding = words.law_finding(loyalty)
    if loyalty.duplication is None:
        show.note(finding)
        return
    show.chart(
        charts.draw_duplication(loyalty),
        alt=f"{finding} A table of shares, one row and one column for each.",
        data=loyalty.duplication.pairs.head(40),
        caption=finding,
    )
    show.figures(duplication_figures(loyalty), as_table="How strongly buyers are shared")


def show_heavy_buyers(loyalty: BrandLoyalty) -> None:
    """What buyers of the first half did in the second, against what chance lets expect."""
    if loyalty.trend is None:
        show.note("Too few customers bought in the first half of the window to follow them into the second.")
        return
    show.chart(
        charts.draw_trend(loyalty),
        alt=f"{heavy_words.trend_title(loyalty)}. {heavy_words.heavy_finding(loyalty)}",
        data=loyalty.trend.classes,
        caption=heavy_words.newcomer_finding(loyalty),
    )
    by_brand = tables.heavy_table(loyalty)
    left_open = not loyalty.is_settled and heavy_words.has_many_newcomers(loyalty)
    if not by_brand.empty:
        show.table(
            by_brand,
            f"Heaviest buyers of single {loyalty.units}: purchases per head",
            note="Beyond chance is the interval of second half less expected: below nought, more was lost than chance "
            "takes" + (", or newcomers of the first half raised the expectation." if left_open else "."),
        )


def show_norm(loyalty: BrandLoyalty) -> None:
    """The parameters of the norm, and what it foretells for other periods."""
    if loyalty.fit is None:
        show.note(words.no_norm(loyalty), kind="caution")
        return
    show.figures(parameter_figures(loyalty), as_table="The norm's three parameters")
    show.note(words.estimator_finding(loyalty))
    show.table(
        tables.growth_table(loyalty),
        "Buyers, and purchases of each, that the norm foretells by length of period",
        note="Lengths are parts or multiples of the window looked at.",
    )


def _verdict_first(table: pd.DataFrame) -> pd.DataFrame:
    """The verdict beside the name, where a narrow page still shows it."""
    return table[["brand", "verdict", *(name for name in table.columns if name not in ("brand", "verdict"))]]


def show_holdout(loyalty: BrandLoyalty) -> None:
    """The check out of time; a note where there is no holdout."""
    check = loyalty.holdout
    show.note(words.holdout_finding(loyalty), kind="caution" if check is None else "note")
    if check is not None:
        percent = check.brands.assign(
            **{
                name: (100 * check.brands[name]).round(1)
                for name in ("predicted", "observed", "lower", "upper", "rule")
            }
        )
        show.table(percent.head(12), "Customers who bought it in the holdout, in per cent: foretold and observed")
