"""The single view as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.linking.pairs import BANDS
from crm_research.pillars.single_view.figures import link_figures
from crm_research.pillars.single_view.words import name_place
from crm_research.theme import say_percent, shorten
from crm_research.vocabulary import APART, CONTRADICTING, NOT_LOOKED_AT, TOGETHER

if TYPE_CHECKING:
    from crm_research.pillars.single_view.measure import SingleView

MOST_COMBINATIONS: Final = 12
_OTHERS: Final = "other combinations"
_STANDING: Final = {
    TOGETHER: "brought together",
    APART: "left apart",
    CONTRADICTING: "left apart: they contradict each other",
    NOT_LOOKED_AT: "not looked at",
}


def systems_table(view: SingleView) -> pd.DataFrame:
    """system, records, customers, records_too_many_in_it, customers_in_no_other: each system."""
    held = view.systems
    return pd.DataFrame(
        {
            "system": [shorten(name, 60) for name in held["system"]],
            "records": held["n_records"],
            "customers": held["n_customers"],
            "records_too_many_in_it": held["n_again"],
            "customers_in_no_other_system": held["n_alone"],
        }
    )


def combinations_table(view: SingleView) -> pd.DataFrame:
    """systems, customers, records, share_of_customers: where customers stand, the most first."""
    held = view.combinations
    first, rest = held.head(MOST_COMBINATIONS), held.iloc[MOST_COMBINATIONS:]
    rows = [
        (name_place(row["systems"], len(view.systems)), row["n_customers"], row["n_records"])
        for row in first.to_dict("records")
    ]
    if len(rest):
        rows.append((_OTHERS, int(rest["n_customers"].sum()), int(rest["n_records"].sum())))
    frame = pd.DataFrame(rows, columns=["systems", "customers", "records"])
    return frame.assign(share_of_customers=frame["customers"] / max(view.n_customers, 1))


def sizes_table(view: SingleView) -> pd.DataFrame:
    """records_of_one_customer, customers: how many customers have how many records."""
    return view.sizes.rename(columns={"n_records": "records_of_one_customer", "n_customers": "customers"})


def groups_table(view: SingleView) -> pd.DataFrame:
    """customer_id, records, systems, least_sure: the largest groups."""
    names = {"n_records": "records", "n_systems": "systems", "least_sure": "least_sure_record"}
    held = view.groups if view.groups["least_sure"].notna().any() else view.groups.drop(columns="least_sure")
    return held.rename(columns=names)


def pairs_table(view: SingleView) -> pd.DataFrame:
    """treated, probable, pairs, expected_of_one_customer, and what was judged of each group of pairs."""
    held = view.judged if len(view.judged) else view.pairs
    frame = pd.DataFrame(
        {
            "pairs_that_were": [_STANDING[name] for name in held["standing"]],
            "probability": [
                "" if standing == NOT_LOOKED_AT else _say_band(least)
                for standing, least in zip(held["standing"], held["probable_from"], strict=True)
            ],
            "pairs": held["n_pairs"].astype(int),
            "of_one_customer_expected": held["n_expected"].where(held["standing"] != NOT_LOOKED_AT),
        }
    )
    if not len(view.judged):
        return frame
    return frame.assign(
        judged_same=held["n_same"].astype(int),
        judged_different=held["n_different"].astype(int),
        left_open=held["n_unsure"].astype(int),
    )


def _say_band(least: float) -> str:
    later = [edge for edge in BANDS if edge > least + 1e-12]
    top = later[0] if later else 1.0
    return f"{say_percent(least)} to {say_percent(top)}"


def cost_table(view: SingleView) -> pd.DataFrame:
    """what, by_the_systems_numbers, by_linked_customers: the same records counted both ways."""
    rows = [("customers", f"{view.n_records:,}", f"{view.n_customers:,}")]
    new = view.taken_for_new
    if new is not None:
        rows += [
            ("customers who bought", f"{new.n_numbers:,}", f"{new.n_customers:,}"),
            ("bought more than once", f"{new.n_numbers_again:,}", f"{new.n_customers_again:,}"),
            (
                "share who bought more than once",
                say_percent(new.n_numbers_again / new.n_numbers),
                say_percent(new.n_customers_again / new.n_customers),
            ),
        ]
    return pd.DataFrame(rows, columns=["what_is_counted", "by_the_systems_numbers", "by_linked_customers"])


def relations_table(view: SingleView) -> pd.DataFrame:
    """kind, pairs, customers: who belongs to whom."""
    return view.relations.rename(columns={"n_pairs": "pairs", "n_customers": "customers"})


def summary_table(view: SingleView) -> pd.DataFrame:
    """figure, group, value: the main numbers rounded to what a rerun on any machine must reproduce."""
    rows = []
    for figure in link_figures(view):
        digits = 2 if figure.unit == "share" else 0
        value = "none" if figure.estimate is None else f"{figure.estimate:,.{digits}f}"
        rows.append((figure.id, figure.group or "", value))
    return pd.DataFrame(rows, columns=["figure", "group", "value"])
