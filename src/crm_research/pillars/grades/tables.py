"""Grades as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research.pillars.grades.criteria import CURRENT
from crm_research.pillars.grades.figures import grade_figures
from crm_research.pillars.grades.setting import say_meaning
from crm_research.pillars.grades.weighing import DATA, GIVEN, GRADES, JUDGED

if TYPE_CHECKING:
    from crm_research.models.grading import ComparedWeights
    from crm_research.pillars.grades.measure import Grades
    from crm_research.pillars.grades.service import Service

# What each way of weighing is called in the heads of tables.
WAYS = {GIVEN: "as given", JUDGED: "by judgements", DATA: "as customers differ"}


def criteria_table(found: Grades) -> pd.DataFrame:
    """Grain: criterion. tells_of, what_it_is, known_of, a weight for each way, goes_with_place (rank correlation)."""
    rows = []
    for name in found.criteria.names:
        row: dict[str, object] = {
            "criterion": name,
            "tells_of": "today" if name in CURRENT else "what may come",
            "what_it_is": say_meaning(found, name),
            "known_of": found.criteria.n_known[name],
        }
        for way, weighting in found.weightings.items():
            row[_called(found, way)] = float(weighting.weights[name])
        if found.is_graded:
            is_same = name in found.criteria.same or found.places["place"].nunique() < 2
            row["goes_with_place"] = (
                np.nan if is_same else found.criteria.cells[name].corr(-found.places["place"], method="spearman")
            )
        rows.append(row)
    return pd.DataFrame(rows)


def _called(found: Grades, way: str) -> str:
    return "all the same" if way == GIVEN and found.weightings[GIVEN].is_equal else WAYS[way]


def weight_columns(found: Grades) -> list[str]:
    """The columns of weights."""
    return [_called(found, way) for way in found.weightings]


def judgements_table(judged: ComparedWeights) -> pd.DataFrame:
    """Grain: judgement. this, over, judged (times as important), all_together (what all of them say), times_off."""
    return judged.pairs.rename(
        columns={"criterion": "this", "other": "over", "ratio": "judged", "implied": "all_together", "off": "times_off"}
    )


def grade_table(found: Grades) -> pd.DataFrame:
    """grade, n_customers, customer_share, income, left and left_share: what each grade is and brings."""
    rows = []
    whole = float(found.left.sum())
    for grade in GRADES:
        is_of = (found.places["grade"] == grade).to_numpy()
        left = float(found.left[is_of].sum())
        row = {
            "grade": grade,
            "n_customers": int(is_of.sum()),
            "customer_share": is_of.mean(),
            "revenue": float(found.rows.loc[is_of, "income"].sum()),
            "left": left,
            "left_share": left / whole if whole > 0 else float("nan"),
        }
        rows.append({name.replace("left", found.left_noun): value for name, value in row.items()})
    return pd.DataFrame(rows)


def changes_table(found: Grades) -> pd.DataFrame:
    """instead, n_changed (of another grade than by the weights used), changed_share, of_grade_a_no_more."""
    rows = []
    own = found.places["grade"]
    for way in found.weightings:
        if way == found.used or f"grade_{way}" not in found.places:
            continue
        other = found.places[f"grade_{way}"]
        is_lost = (own == "A") & (other != "A")
        rows.append(
            {
                "instead": _called(found, way),
                "n_changed": int((own != other).sum()),
                "changed_share": float((own != other).mean()),
                "of_grade_a_no_more": int(is_lost.sum()),
            }
        )
    return pd.DataFrame(rows, columns=["instead", "n_changed", "changed_share", "of_grade_a_no_more"])


def customers_table(found: Grades) -> pd.DataFrame:
    """The customers by place: customer_id, grade, place, at_best, at_worst, weightings_share, and the criteria."""
    places = found.places
    frame = pd.DataFrame(
        {
            "customer_id": found.rows["customer_id"],
            "grade": places["grade"],
            "place": places["place"].astype(int),
            "at_best": places["lower"].round().astype(int),
            "at_worst": places["upper"].round().astype(int),
            "weightings_share": places["any_share"],
        }
    )
    for name in found.criteria.names:
        frame[name.replace(" ", "_")] = found.criteria.cells[name].where(found.criteria.known[name])
    order = places.assign(_id=found.rows["customer_id"].astype(str)).sort_values(["place", "_id"], kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def sure_table(found: Grades) -> pd.DataFrame:
    """Those of grade A whatever the weights or under some, as they are counted; the surest first."""
    table = customers_table(found)
    table = table.loc[table["weightings_share"] > 1 - found.confidence]
    return table.sort_values(["weightings_share", "place"], ascending=[False, True], kind="stable", ignore_index=True)


def contacts_table(service: Service) -> pd.DataFrame:
    """kind, then for each grade contacts, and a year with limits."""
    table = service.contacts.rename(columns={"n": "contacts", "rate": "a_year", "grade": "worth"})
    return table[["kind", "worth", "n_customers", "contacts", "a_year", "lower", "upper"]]


def costs_table(service: Service) -> pd.DataFrame:
    """Worth (grade without the cost to serve), n_customers, cost_to_serve, cost_share (of revenue), cost_each."""
    table = service.grades.rename(columns={"grade": "worth", "cost": "cost_to_serve"})
    return table[["worth", "n_customers", "cost_to_serve", "cost_share", "cost_each"]]


def misfits_table(found: Grades, service: Service) -> pd.DataFrame:
    """customer_id, grade, gets (more or less than fits), contacts, expected, p_adjusted."""
    parts = []
    for gets, grade, frame in (("more", "C", service.over), ("less", "A", service.under)):
        ids = found.rows["customer_id"].iloc[frame["place"].astype(int)].to_numpy()
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": ids,
                    "grade": grade,
                    "gets": gets,
                    "contacts": frame["n"].astype(int).to_numpy(),
                    "expected": frame["expected"].astype(float).to_numpy(),
                    "p_adjusted": frame["p_adjusted"].astype(float).to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def summary_table(found: Grades, service: Service | None) -> pd.DataFrame:
    """figure, value: the main numbers rounded to what a rerun on any machine must reproduce."""
    rows = []
    for figure in grade_figures(found, service):
        name = figure.id if figure.group is None else f"{figure.id} {figure.group}"
        rows.append((name, "none" if figure.estimate is None else f"{figure.estimate:,.2f}"))
    return pd.DataFrame(rows, columns=["figure", "value"])
