"""Kaplan-Meier and Aalen-Johansen by lifelines on the same counts by tenure."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.second_opinion.opinion import SecondOpinion, ask, not_asked
from crm_research.models.survival.competing import IncidenceCurves, estimate_incidence
from crm_research.models.survival.kaplan_meier import SurvivalCurves
from crm_research.models.survival.late_entry import well_watched
from crm_research.models.survival.risk import FloatArray, IntArray, RiskTable, build_risk_table, split_groups

_TOLERANCE: Final = 1e-6
_KAPLAN_MEIER: Final = "Kaplan-Meier"
_AALEN_JOHANSEN: Final = "Aalen-Johansen"


def compare_survival_estimates(counts: pd.DataFrame, curves: SurvivalCurves) -> dict[str, SecondOpinion]:
    """Does lifelines' Kaplan-Meier give the same share at every tenure, in each group?

    Parameters
    ----------
    counts
        What the curves were estimated from, as in `models.survival.estimate_survival`.
    curves
        Its result.

    Returns
    -------
    dict
        By name of the group.

    Notes
    -----
    lifelines is given the same spells as rows with weights. Which entry belongs to which exit is not known from counts
    and does not matter to the estimate: the first met are taken to leave first.

    References
    ----------
    Davidson-Pilon (2019), lifelines: survival analysis in Python, Journal of Open Source Software 4(40), 1317.
    """
    first = curves.sizes.set_index("group")["first_days"]
    told = {str(name): curve for name, curve in curves.curves.groupby("group", sort=False)}
    found = {}
    for name, rows in split_groups(counts):
        whole = build_risk_table(rows)
        table = well_watched(whole, from_days=float(first[name]))
        found[name] = _ask_survival(table, told[name], n_all=whole.n_spells)
    return found


def _ask_survival(table: RiskTable, curve: pd.DataFrame, *, n_all: int) -> SecondOpinion:
    n = table.n_spells
    if not table.n_ended.any():
        return not_asked(_KAPLAN_MEIER, "nobody has left yet", n_all=n, tolerance=_TOLERANCE)

    def compare() -> float:
        from lifelines import KaplanMeierFitter

        rows = as_rows(table)
        peer = KaplanMeierFitter().fit(
            rows["tenure_days"], rows["is_ended"], entry=_entries(rows), weights=rows["weight"]
        )
        theirs = peer.survival_function_at_times(curve["tenure_days"].to_numpy()).to_numpy(dtype=float)
        return float(np.abs(theirs - curve["survival"].to_numpy(dtype=float)).max())

    return ask(
        _KAPLAN_MEIER, compare, n=n, n_all=n_all, tolerance=_TOLERANCE, whose="those watched where the curve runs"
    )


def compare_incidence_estimates(counts: pd.DataFrame, ends: pd.DataFrame, curves: IncidenceCurves) -> SecondOpinion:
    """Does lifelines' Aalen-Johansen give the same shares for every reason?

    Parameters
    ----------
    counts, ends
        What the curves were estimated from, as in `models.survival.estimate_incidence`, without groups.
    curves
        Its result.

    Notes
    -----
    Where several reasons end spells at one tenure, or one reason several, lifelines shifts them by chance and is exact
    no more. There one end of each tenure is kept, the others and their spells left out, and both estimate from those
    that remain: the method is compared, not the number.
    """
    whole = build_risk_table(counts)
    table = well_watched(whole, from_days=float(curves.sizes["first_days"].max()) if len(curves.sizes) else None)
    if not table.n_ended.any():
        return not_asked(_AALEN_JOHANSEN, "nobody has left yet", n_all=whole.n_spells, tolerance=_TOLERANCE)
    rows = _one_end_a_tenure(as_rows(table), ends)
    n = int(rows["weight"].sum())
    if not rows["is_ended"].any():
        why = "all who left did so on their first day"
        return not_asked(_AALEN_JOHANSEN, why, n_all=whole.n_spells, tolerance=_TOLERANCE)

    ours = curves.curves if n == whole.n_spells else _estimate_of(rows)
    if ours is None:
        why = "too few are left without ties"
        return not_asked(_AALEN_JOHANSEN, why, n_all=whole.n_spells, tolerance=_TOLERANCE)

    def compare() -> float:
        from lifelines import AalenJohansenFitter

        codes, reasons = pd.factorize(rows["end_reason"])
        gaps = [0.0]
        for code, reason in enumerate(reasons):
            peer = AalenJohansenFitter(calculate_variance=False).fit(
                rows["tenure_days"], codes + 1, event_of_interest=code + 1, entry=_entries(rows), weights=rows["weight"]
            )
            steps = peer.cumulative_density_.iloc[:, 0]
            curve = ours.loc[ours["reason"] == reason]
            place = np.searchsorted(steps.index.to_numpy(), curve["tenure_days"].to_numpy(), side="right") - 1
            theirs = np.where(place >= 0, steps.to_numpy()[place], 0.0)
            gaps.append(float(np.abs(theirs - curve["incidence"].to_numpy(dtype=float)).max()))
        return max(gaps)

    return ask(
        _AALEN_JOHANSEN,
        compare,
        n=n,
        n_all=whole.n_spells,
        tolerance=_TOLERANCE,
        whose="one end for each tenure (it shifts ties by chance)",
    )


def _one_end_a_tenure(rows: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    """The rows with a reason each; where several end at one tenure, one of them, reasons taking turns."""
    at = ends.loc[ends["n_ended"] > 0].groupby("tenure_days")["end_reason"].agg(list)
    parts = [rows.loc[~rows["is_ended"]].assign(end_reason=np.nan)]
    # It begins every incidence at nought and so forgets who left on the first day.
    ended = rows.loc[rows["is_ended"] & (rows["tenure_days"] > 0)].drop_duplicates("tenure_days")
    names = []
    for turn, days in enumerate(ended["tenure_days"]):
        reasons = at.loc[days]
        names.append(reasons[turn % len(reasons)])
    parts.append(ended.assign(end_reason=names, weight=1))
    some = [part for part in parts if len(part)]
    return pd.concat(some, ignore_index=True) if some else parts[0]


def _estimate_of(rows: pd.DataFrame) -> pd.DataFrame | None:
    """Our own curves of these rows; None where so few are watched that they would begin or stop elsewhere."""
    own = rows.loc[rows["is_ended"]]
    exits = pd.DataFrame(
        {
            "tenure_days": rows["tenure_days"],
            "n_entered": 0,
            "n_ended": np.where(rows["is_ended"], rows["weight"], 0),
            "n_censored": np.where(rows["is_ended"], 0, rows["weight"]),
        }
    )
    entries = pd.DataFrame(
        {"tenure_days": rows["entry_days"], "n_entered": rows["weight"], "n_ended": 0, "n_censored": 0}
    )
    ends = own[["tenure_days", "end_reason"]].assign(n_ended=own["weight"])
    first = float(rows["entry_days"].min())
    found = estimate_incidence(pd.concat([entries, exits], ignore_index=True), ends, from_days=first)
    is_whole = (found.sizes["first_days"] == first).all() and found.sizes["n_ended"].sum() == len(own)
    return found.curves if is_whole else None


def as_rows(table: RiskTable) -> pd.DataFrame:
    """The counts as rows with weights: ``entry_days``, ``tenure_days``, ``is_ended``, ``weight``.

    The first met leave first: at every tenure as many are then under observation as the counts say.
    """
    met = _boundaries(table.tenure_days, table.n_entered)
    days = np.repeat(table.tenure_days, 2)
    flags = np.tile([True, False], len(table.tenure_days))
    number = np.column_stack([table.n_ended, table.n_censored]).ravel()
    days, flags, number = days[number > 0], flags[number > 0], number[number > 0]
    gone = np.cumsum(number)
    cuts = np.unique(np.concatenate([met[1], gone]))
    cuts = cuts[(cuts > 0) & (cuts <= gone[-1])]
    exits = np.searchsorted(gone, cuts, side="left")
    return pd.DataFrame(
        {
            "entry_days": met[0][np.searchsorted(met[1], cuts, side="left")],
            "tenure_days": days[exits],
            "is_ended": flags[exits],
            "weight": np.diff(np.concatenate([[0], cuts])),
        }
    )


def _boundaries(days: FloatArray, number: IntArray) -> tuple[FloatArray, IntArray]:
    some = number > 0
    return days[some], np.cumsum(number[some])


def _entries(rows: pd.DataFrame) -> pd.Series[float] | None:
    """Entries as lifelines takes them: it counts whoever is met at a tenure as at risk there, we only after it."""
    late = rows["entry_days"] > 0
    if not late.any():
        return None
    return rows["entry_days"].where(~late, rows["entry_days"] + 1e-6)
