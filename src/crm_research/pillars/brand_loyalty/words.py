"""What the numbers say, in sentences that are true whatever the numbers are."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.dirichlet import ABOVE, BELOW, FEWEST_BUYERS, NOTABLE, SLIGHTLY_ABOVE, SLIGHTLY_BELOW, TOO_FEW
from crm_research.pillars.brand_loyalty.analysis import REST, BrandLoyalty
from crm_research.pillars.brand_loyalty.heavy_words import heavy_finding
from crm_research.theme import join_words, say_count, say_estimate, say_percent, word_for

_NAMED: Final = 3
_FEWEST_SHARED: Final = 30
_MUCH_CLOSER: Final = 1.25


def answer(loyalty: BrandLoyalty) -> list[str]:
    """The answer in at most three sentences: who is loyal beyond size, what size explains, what heavy buyers did."""
    if loyalty.fit is None:
        return ["These records cannot say which brands are loyal beyond their size.", " ".join(loyalty.notes)]
    return [line for line in (excess_finding(loyalty), size_finding(loyalty), heavy_finding(loyalty)) if line]


def answer_proofs(loyalty: BrandLoyalty) -> list[str]:
    """The sections that prove the lines of the answer, in their order."""
    if loyalty.fit is None:
        return ["brands", "setting"]
    proofs = {"brands": excess_finding, "norm": size_finding, "heavy_buyers": heavy_finding}
    return [name for name, say in proofs.items() if say(loyalty)]


def excess_finding(loyalty: BrandLoyalty) -> str:
    """Which brands are bought more often by their buyers than their size explains, and which less often?"""
    judged = judged_brands(loyalty)
    if judged.empty:
        return (
            f"In {loyalty.category} no {loyalty.unit} has the {FEWEST_BUYERS} buyers that a judgement of its loyalty "
            "needs."
        )
    above, below, slightly = _of(judged, ABOVE), _of(judged, BELOW), _slightly_off(judged)
    if above.empty and below.empty:
        n = len(judged)
        if slightly:
            return (
                f"In {loyalty.category} no {loyalty.unit} is bought more than {say_percent(NOTABLE)} more or less "
                f"often by its buyers than its size explains{slightly}."
            )
        all_judged = word_for(n, "the one judged is bought by its buyers", f"all {n} judged are bought by their buyers")
        return (
            f"In {loyalty.category} no {loyalty.unit} is loyal beyond its size, and none below it: "
            f"{all_judged} about as often as {loyalty.units} of that size are."
        )
    if above.empty:
        far = f" by more than {say_percent(NOTABLE)}" if slightly else ""
        return (
            f"In {loyalty.category} no {loyalty.unit} is loyal beyond its size{far}; below {_its(below)} size: "
            f"{_list(below)}{slightly}."
        )
    verb = word_for(len(above), "is", "are")
    none = f"none lies more than {say_percent(NOTABLE)} below" if slightly else "none lies below"
    others = none if below.empty else f"{_count(len(below))} below {_its(below)} size"
    return (
        f"In {loyalty.category}, {_list(above)} {verb} loyal beyond {_its(above)} size, bought that much more often by "
        f"{_its(above)} buyers than size explains; {others}{slightly}."
    )


def size_finding(loyalty: BrandLoyalty) -> str:
    """How much do brands differ in buyers, and how much in loyalty?"""
    judged = judged_brands(loyalty)
    if len(judged) < 2:
        return ""
    reach, rate = judged["penetration"].to_numpy(dtype=float), judged["purchases_per_buyer"].to_numpy(dtype=float)
    large, small = int(reach.argmax()), int(reach.argmin())
    names = list(judged["brand"])
    times, factor = _contrast(judged)
    buyers = (
        f"{names[large]} has {_times(times)} buyers of {names[small]} ({say_percent(float(reach[large]))} and "
        f"{say_percent(float(reach[small]))} of customers)"
    )
    rates = f"purchases per buyer differ {_factor(factor)} ({rate[large]:.1f} and {rate[small]:.1f})"
    lead = "differ most in how many buy them" if times > factor else "differ in how often they are bought"
    return f"{loyalty.units.capitalize()} {lead}: {buyers}; {rates}."


def differ_most_in_buyers(loyalty: BrandLoyalty) -> bool:
    """Do the brands with most and fewest buyers differ more in how many buy them than in how often they are bought?"""
    judged = judged_brands(loyalty)
    times, factor = _contrast(judged) if len(judged) > 1 else (1.0, 1.0)
    return times > factor


def _contrast(judged: pd.DataFrame) -> tuple[float, float]:
    """How many times the buyers of the smallest brand the largest has, and the factor between their buyers' rates."""
    reach, rate = judged["penetration"].to_numpy(dtype=float), judged["purchases_per_buyer"].to_numpy(dtype=float)
    large, small = int(reach.argmax()), int(reach.argmin())
    low, high = sorted([float(rate[large]), float(rate[small])])
    return float(reach[large] / reach[small]), high / low


def jeopardy_title(loyalty: BrandLoyalty) -> str:
    """What the picture of size and loyalty shows."""
    judged = judged_brands(loyalty)
    above, below = _of(judged, ABOVE), _of(judged, BELOW)
    if above.empty and below.empty:
        return f"Size explains how often {loyalty.units} are bought: all lie near the line"
    if above.empty:
        return f"No {loyalty.unit} lies above the line that its size would give; {name_brands(below)} below it"
    verb = "lies" if len(above) == 1 else "lie"
    return f"{name_brands(above)} {verb} above the line: bought more often by {_its(above)} buyers than size explains"


def no_norm(loyalty: BrandLoyalty) -> str:
    """What the parts that hold brands against the norm of their size say where there is none."""
    return f"The norm needs at least two {loyalty.units} and enough buyers of them; this part is left out."


def law_finding(loyalty: BrandLoyalty) -> str:
    """Do brands share their buyers in line with size?"""
    found = loyalty.duplication
    if found is None:
        return (
            f"Too few {loyalty.units} have buyers enough, or too few customers bought two of them, to say whether "
            f"{loyalty.units} share their buyers in line with size."
        )
    law = say_estimate(
        float(found.law.estimate),
        float(found.law.lower),
        float(found.law.upper),
        lambda d: f"{d:.2f}",
        loyalty.confidence,
    )
    told = (
        f"Of the buyers of any {loyalty.unit}, {law} times as many buy another one as of all customers; the shares "
        "in the "
        f"table lie {100 * found.mean_miss:.1f} points from that rule on average."
    )
    row = close_pair(loyalty)
    if row is None:
        return told
    return (
        f"{told} {row['brand']} and {row['other']} share more than that beyond chance: {say_percent(row['observed'])} "
        f"of the buyers of the first buy the second, where the rule gives {say_percent(min(row['expected'], 1.0))} "
        f"({say_count(row['n_both'], 'customer')} {word_for(row['n_both'], 'buys', 'buy')} both)."
    )


def close_pair(loyalty: BrandLoyalty) -> pd.Series | None:
    """A pair that shares clearly more buyers than size explains: beyond chance among all pairs, and by a quarter."""
    if loyalty.duplication is None:
        return None
    pairs = loyalty.duplication.pairs
    close = pairs.loc[(pairs["n_both"] >= _FEWEST_SHARED) & (pairs["lower"] > 1) & (pairs["ratio"] >= _MUCH_CLOSER)]
    return None if close.empty else close.iloc[0]


def holdout_finding(loyalty: BrandLoyalty) -> str:
    """Did the norm predict how many would buy each brand in the next period?"""
    check = loyalty.holdout
    if check is None:
        return "Nothing here was checked out of time: the study keeps no holdout. Set holdout_until in its file."
    inside = (check.brands["predicted"] >= check.brands["lower"]) & (check.brands["predicted"] <= check.brands["upper"])
    said = check.say()
    said = said[0].upper() + said[1:]
    held = f"{int(inside.sum())} of {say_count(len(inside), 'prediction')} "
    held += f"{word_for(inside.sum(), 'lies', 'lie')} within the interval of what was observed."
    if not np.isfinite(check.rule_miss):
        return f"{said}. {held}"
    better = "The norm predicted better than the rule" if check.miss < check.rule_miss else "The rule predicted better"
    use = (
        "."
        if check.miss < check.rule_miss
        else ": the norm is a yardstick for loyalty here, and no forecast of next period."
    )
    return f"{said}. {better}{use} {held}"


def wallet_finding(loyalty: BrandLoyalty) -> str:
    """What do these shares leave open?"""
    return (
        "All shares here are shares of what customers buy from us. What they buy from competitors is in no record of "
        "ours, "
        f"so a {loyalty.unit} that takes all of a customer's purchases here may still have little of their wallet. "
        "Only a panel "
        "of households, a survey, or payment data of all shops would show that."
    )


def own_brand_finding(loyalty: BrandLoyalty) -> str:
    """The own brand's share inside our shelves, where products tell it; empty otherwise."""
    market = loyalty.setting.market
    if market is None or market.unit != "own_brand" or loyalty.norm is None:
        return ""
    rows = loyalty.norm.merge(loyalty.money, on="brand").loc[lambda frame: frame["brand"] == "own brand"]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    return (
        f"Inside our shelves the own brand has {say_percent(row['share'])} of purchases and "
        f"{say_percent(row['revenue_share'])} of revenue."
    )


def estimator_finding(loyalty: BrandLoyalty) -> str:
    """Do the two ways of fitting S agree?"""
    if loyalty.fit is None:
        return ""
    s = loyalty.fit.params.loc[lambda frame: frame["name"] == "s"].set_index("method")
    zeros, likely = s.loc["zeros"], s.loc["likelihood"]
    by_zeros, by_likelihood = _say_s(float(zeros["estimate"])), _say_s(float(likely["estimate"]))
    said = f"S is {by_zeros} by the brands' penetrations and {by_likelihood} by likelihood"
    if not (np.isfinite(zeros["lower"]) and np.isfinite(likely["lower"])):
        return f"{said}."
    apart = zeros["lower"] > likely["upper"] or likely["lower"] > zeros["upper"]
    if apart:
        return (
            f"{said}, and their intervals do not meet: customers choose more steadily or less so than one S allows, "
            "so the "
            "norm is rough here. The parameter method shows the findings under the other."
        )
    return f"{said}: the two ways of fitting agree within their intervals."


def _say_s(s: float) -> str:
    return f"{s:.2f}" if np.isfinite(s) else "beyond measure (every purchase a fresh draw)"


def judged_brands(loyalty: BrandLoyalty) -> pd.DataFrame:
    """The brands told apart that have enough buyers for a verdict, largest first."""
    if loyalty.norm is None:
        return pd.DataFrame(columns=["brand", "verdict", "share", "penetration", "purchases_per_buyer"])
    norm = loyalty.norm
    return norm.loc[(norm["verdict"] != TOO_FEW) & (norm["brand"] != REST)].reset_index(drop=True)


def rule_words() -> str:
    """How the verdict is come by."""
    return (
        "Beyond the norm means: purchases per buyer surely differ from it, by an interval that holds for all judged "
        f"together (Bonferroni), and by more than {say_percent(NOTABLE)} (a convention); slightly beyond it means by "
        f"less than that. Whoever has fewer than {FEWEST_BUYERS} buyers is not judged."
    )


def _of(judged: pd.DataFrame, verdict: str) -> pd.DataFrame:
    return judged.loc[judged["verdict"] == verdict]


def _slightly_off(judged: pd.DataFrame) -> str:
    """Who surely lies off the norm of their size by less than is worth a manager's time, as the end of a sentence."""
    rows = judged.loc[judged["verdict"].isin([SLIGHTLY_ABOVE, SLIGHTLY_BELOW])]
    return f"; surely off {_its(rows)} size, but by less than that: {_list(rows)}" if len(rows) else ""


def _list(rows: pd.DataFrame) -> str:
    furthest = rows.sort_values("excess_ratio", key=abs, ascending=False)
    shown = [f"{row['brand']} ({_signed(row['excess_ratio'])})" for _, row in furthest.head(_NAMED).iterrows()]
    rest = len(rows) - len(shown)
    return join_words([*shown, f"{rest} more"] if rest else shown)


def _signed(ratio: float) -> str:
    """A departure as its figure and the axis say it: with one decimal where it is no whole per cent of note."""
    digits = 0 if abs(ratio) > NOTABLE else 1
    return f"{'+' if ratio > 0 else ''}{100 * ratio:.{digits}f} %"


def _count(n: int) -> str:
    return f"{n} {'lies' if n == 1 else 'lie'}"


def name_brands(rows: pd.DataFrame) -> str:
    """The first brands by name, and how many more there are."""
    shown = [str(name) for name in rows["brand"].head(_NAMED)]
    rest = len(rows) - len(shown)
    return join_words([*shown, f"{rest} more"] if rest else shown)


def _its(rows: pd.DataFrame) -> str:
    return "its" if len(rows) == 1 else "their"


def _times(factor: float) -> str:
    return f"{factor:.1f} times the" if factor < 9.5 else f"{factor:,.0f} times the"


def _factor(factor: float) -> str:
    return "hardly" if factor < 1.1 else f"by a factor of {factor:.1f}"
