"""Kinds of customers as a manager reads them: one table, one picture, sentences, and the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.models.btyd.kinds import NOT_KNOWN, OTHERS
from crm_research.pillars.silent_churn.kind_effects import KindAnalysis
from crm_research.pillars.silent_churn.kind_tables import plain_name
from crm_research.pillars.silent_churn.kinds import FIRST_SEEN
from crm_research.theme import (
    join_words,
    say_percent,
    say_range,
)

if TYPE_CHECKING:
    pass
from crm_research.pillars.silent_churn.kind_tables import kind_table

PURCHASES: Final = "purchase rate"
_WORDINGS: Final = {
    PURCHASES: "buy {ratio} times as often as",
    "dropout rate": "drop out {ratio} times as fast as",
    "odds of dropping out": "have {ratio} times the odds of dropping out after a purchase of",
}
_MOST_IN_TITLE: Final = 3


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
        limits = say_range(row["lower"], row["upper"], _say_ratio)
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


def kind_gain(kinds: KindAnalysis) -> str:
    """What do the covariates explain, and what do they leave of the share still active?"""
    if kinds.fit is None:
        return ""
    fit = kinds.fit
    share, lower, upper = fit.alive_share()
    gain = fit.log_likelihood - fit.base.log_likelihood
    said = f"{say_percent(share, 1)}"
    if np.isfinite(lower):
        said += f" ({say_range(lower, upper, lambda share: say_percent(share, 1))})"
    return (
        f"The {fit.model} is used here. Its log-likelihood rises by {gain:,.1f} with these characteristics, and the "
        f"share still active by it is {said}. These are associations: they do not say that a customer would buy more "
        "often if the characteristic were changed."
    )
