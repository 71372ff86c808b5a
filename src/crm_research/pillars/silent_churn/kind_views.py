"""Kinds of customers as a manager reads them: one table, one picture, sentences, and the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.figures import NO_VALIDATION, Figure
from crm_research.models.btyd import EffectsFit
from crm_research.models.btyd.kinds import NOT_KNOWN, OTHERS
from crm_research.pillars.silent_churn.kind_effects import KindAnalysis
from crm_research.pillars.silent_churn.kinds import FIRST_SEEN, FIRST_SPEND
from crm_research.stats.multiplicity import adjust_holm
from crm_research.theme import (
    ACCENT,
    REST,
    WARNING,
    chart_style,
    draw_intervals,
    empty_axes,
    join_words,
    name_rows,
    new_axes,
    say_count,
    say_percent,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PURCHASE_RATIO: Final = "churn.silent.purchase_ratio"
DROPOUT_RATIO: Final = "churn.silent.dropout_ratio"
_PURCHASES: Final = "purchase rate"
_NAMES: Final = {FIRST_SPEND: "value of the first purchase"}
_WORDINGS: Final = {
    _PURCHASES: "buy {ratio} times as often as",
    "dropout rate": "drop out {ratio} times as fast as",
    "odds of dropping out": "have {ratio} times the odds of dropping out after a purchase of",
}
_MOST_SHOWN: Final = 12
_MOST_IN_TITLE: Final = 3
_TICKS: Final = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50)


def kind_table(kinds: KindAnalysis) -> pd.DataFrame:
    """How often, and for how long, does each kind of customer buy beside the commonest kind?

    Returns
    -------
    pandas.DataFrame
        Grain: comparison and effect, covariates in the order of their evidence. Columns ``covariate`` (in words),
        ``level``, ``reference``, ``effect``, ``ratio``, ``lower``, ``upper``, ``n`` (customers of both levels),
        ``adjusted_p`` (likelihood ratio of the covariate's effects together, Holm over the covariates), ``is_clear``
        (the interval leaves out 1 and adjusted_p is below 1 - confidence). Empty without a fit.
    """
    columns = ["covariate", "level", "reference", "effect", "ratio", "lower", "upper", "n", "adjusted_p", "is_clear"]
    if kinds.fit is None:
        return pd.DataFrame(columns=columns)
    fit = kinds.fit
    tests = fit.tests.drop_duplicates("covariate")
    adjusted = dict(zip(tests["covariate"], adjust_holm(tests["p_value"]), strict=True))
    table = fit.effects.assign(
        n=fit.effects["n_customers"] + fit.effects["n_reference"],
        adjusted_p=fit.effects["covariate"].map(adjusted),
    )
    is_outside = (table["lower"] > 1) | (table["upper"] < 1)
    table["is_clear"] = is_outside & (table["adjusted_p"] < 1 - fit.confidence)
    ordered = table.sort_values(["adjusted_p", "covariate"], kind="stable", ignore_index=True)
    return ordered.assign(covariate=ordered["covariate"].map(plain_name))[columns]


def plain_name(covariate: str) -> str:
    """A covariate in words."""
    return _NAMES.get(covariate, covariate.replace("_", " "))


def kind_finding(kinds: KindAnalysis) -> str:
    """The clearest differences in at most two sentences."""
    if kinds.fit is None:
        return kinds.why
    table = kind_table(kinds)
    is_named = ~table["level"].isin([NOT_KNOWN, OTHERS]) & (table["covariate"] != plain_name(FIRST_SEEN))
    named = table.loc[table["is_clear"] & is_named]
    sentences = []
    for effect, wording in _WORDINGS.items():
        rows = named.loc[named["effect"] == effect]
        if rows.empty:
            continue
        row = rows.iloc[int(np.argmax(np.abs(np.log(rows["ratio"]))))]
        limits = f"{_say_ratio(row['lower'])} to {_say_ratio(row['upper'])}"
        told = f"{_say_ratio(row['ratio'])} ({say_percent(kinds.fit.confidence, 0)} interval {limits})"
        said = wording.format(ratio=told)
        sentences.append(f"customers with {row['covariate']} {row['level']} {said} those with {row['reference']}")
    if sentences:
        return f"Everything else alike, {join_words(sentences)}."
    others = [plain_name(name) for name in kinds.fit.covariates if name != FIRST_SEEN]
    if not others:
        return "Nothing else is known of these customers that could be compared."
    return f"Nothing in {join_words(others)} goes with buying more often or dropping out sooner beyond chance."


def _say_ratio(ratio: float) -> str:
    """A ratio with two decimals; a small one with two digits, so that it is not nought."""
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def kind_title(kinds: KindAnalysis) -> str:
    """Which characteristics tell customers apart, in a few words."""
    if kinds.fit is None:
        return "Kinds of customers could not be compared"
    table = kind_table(kinds)
    clear = list(dict.fromkeys(table.loc[table["is_clear"], "covariate"]))
    if not clear:
        return "No characteristic goes with buying more often or leaving sooner beyond chance"
    rest = len(clear) - _MOST_IN_TITLE
    shown = clear if rest <= 0 else [*clear[:_MOST_IN_TITLE], f"{rest} more"]
    return f"Customers differ beyond chance by {join_words(shown)}"


def draw_kinds(kinds: KindAnalysis, ax: Axes | None = None) -> Axes:
    """By how much do kinds of customers differ in buying and in dropping out? The clearest first."""
    table = kind_table(kinds)
    if table.empty:
        return empty_axes(kind_title(kinds), ax)
    keys = [f"{row.covariate}: {row.level} against {row.reference}" for row in table.itertuples()]
    order = list(dict.fromkeys(keys))[:_MOST_SHOWN]
    place = {key: row for row, key in enumerate(order)}
    shown = table.assign(y=[place.get(key, np.nan) for key in keys]).dropna(subset=["y", "lower", "upper"])
    effects = list(dict.fromkeys(table["effect"]))
    ax = new_axes(
        title=kind_title(kinds),
        subtitle=_say_basis(kinds),
        xlabel="times as much (1 means no difference)",
        size=(8.0, 2.2 + 0.5 * len(order)),
        grid="x",
        ax=ax,
    )
    for number, (effect, colour) in enumerate(zip(effects, (ACCENT, WARNING), strict=False)):
        rows = shown.loc[shown["effect"] == effect].rename(columns={"ratio": "estimate"})
        offset = 0.0 if len(effects) == 1 else -0.14 + 0.28 * number
        draw_intervals(ax, rows, at=rows["y"].to_numpy() + offset, colour=colour)
    ax.axvline(1.0, color=REST, linewidth=1.0)
    _scale(ax, shown)
    name_rows(ax, order, columns=44)
    ax.set_ylim(-0.6, len(order) - 0.4)
    ax.invert_yaxis()
    with chart_style():
        dots = [line for line in ax.lines if line.get_marker() == "o"]
        ax.figure.legend(
            handles=dots, labels=effects, loc="outside lower center", ncols=2, frameon=False, fontsize=9.5,
            labelcolor="linecolor",
        )  # fmt: skip
    return ax


def kind_figures(kinds: KindAnalysis, *, window: str) -> list[Figure]:
    """The ratios, one figure for each comparison and effect."""
    if kinds.fit is None:
        return []
    level = f"{say_percent(kinds.fit.confidence, 0)} interval"
    return [
        Figure(
            id=PURCHASE_RATIO if row["effect"] == _PURCHASES else DROPOUT_RATIO,
            label=f"Times the {row['effect']}",
            estimate=float(row["ratio"]),
            lower=float(row["lower"]) if np.isfinite(row["lower"]) else None,
            upper=float(row["upper"]) if np.isfinite(row["upper"]) else None,
            unit="",
            n=int(row["n"]),
            window=window,
            estimator=f"{kinds.fit.model} with covariates, maximum likelihood; {level}",
            validation=NO_VALIDATION,
            group=f"{row['covariate']}: {row['level']} against {row['reference']}",
        )
        for _, row in kind_table(kinds).iterrows()
    ]


def kind_gain(kinds: KindAnalysis) -> str:
    """What do the covariates explain, and what do they leave of the share still active?"""
    if kinds.fit is None:
        return ""
    fit = kinds.fit
    share, lower, upper = fit.alive_share()
    gain = fit.log_likelihood - fit.base.log_likelihood
    said = f"{say_percent(share, 1)}"
    if np.isfinite(lower):
        said += f" ({say_percent(lower, 1)} to {say_percent(upper, 1)})"
    return (
        f"The {fit.model} is used here. Its log-likelihood rises by {gain:,.1f} with these characteristics, and the "
        f"share still active by it is {said}. These are associations: they do not say that a customer would buy more "
        "often if the characteristic were changed."
    )


def _say_basis(kinds: KindAnalysis) -> str:
    fit: EffectsFit | None = kinds.fit
    if fit is None:
        return ""
    level = say_percent(fit.confidence, 0)
    return f"{fit.model}, everything else alike, with {level} intervals; {say_count(fit.n_customers, 'customer')}"


def _scale(ax: Axes, shown: pd.DataFrame) -> None:
    low, high = float(shown["lower"].clip(lower=0.02).min()), float(shown["upper"].clip(upper=50).max())
    ax.set_xscale("log")
    ax.set_xlim(min(low, 0.9) / 1.1, max(high, 1.1) * 1.1)
    ticks = [tick for tick in _TICKS if low / 1.1 <= tick <= high * 1.1 or tick == 1]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
