"""Who the customers of a segment are, by what had no part in making it: attributes, channel, category."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import ibis
import numpy as np
import pandas as pd

from crm_research.features.purchases import keep_dealings
from crm_research.features.window import known_rows
from crm_research.pillars.segmentation.describe.measure import compare_means
from crm_research.pillars.segmentation.inputs.base import (
    BUYERS,
    EVERYBODY,
    attributes_fit_to_group,
    attributes_of,
)
from crm_research.pillars.segmentation.inputs.base import describe_members as describe_base
from crm_research.pillars.segmentation.inputs.choose import SAYS_THE_SAME
from crm_research.stats.intervals import newcombe_difference
from crm_research.stats.multiplicity import adjust_holm
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from crm_research.pillars.segmentation.result import Grouping
    from crm_research.study import Study

_MOST_LEVELS: Final = 8
_FEWEST_KNOWN: Final = 30
OTHER: Final = "(other)"
_MAIN: Final = {"channel": "channel mostly used", "store": "store mostly used"}


@dataclass(frozen=True, eq=False, kw_only=True)
class Descriptors:
    """Do the segments differ in who the customers are?

    Parameters
    ----------
    tests
        One descriptor: descriptor, what, n (customers of whom it is known), known_share, effect (Cramer's V corrected
        for bias, or the square root of epsilon squared for numbers; 0 alike, 1 fully told), p_value, p_adjusted (Holm
        over all descriptors).
    levels
        One segment, descriptor and level (for a number: one row, its standardised difference): segment, descriptor,
        level, n_known, share, share_others, difference, lower, upper; for numbers share and share_others are missing
        and the difference is in standard deviations.
    """

    tests: pd.DataFrame
    levels: pd.DataFrame


@step
def describe_members(study: Study, found: Grouping, *, confidence: float = 0.95) -> Descriptors:
    """Who are the members of each segment, by what was held out when it was made?

    Descriptors are the kind and the declared attributes of customers, the channel and the store mostly used and the
    category that brought most money, as known at as_of. Those among the inputs are left out. Levels beyond the eight
    commonest are put together.

    Notes
    -----
    p-values are honest here, for none of these variables made the groups: Pearson's chi-squared test of independence
    for categories, Kruskal and Wallis's for numbers, adjusted by Holm. The level of the intervals is divided by the
    number of rows (Bonferroni).

    References
    ----------
    Bergsma (2013), Journal of the Korean Statistical Society 42, 323-328 (bias-corrected V); Tomczak and Tomczak
    (2014), Trends in Sport Sciences 1, 19-25 (epsilon squared).
    """
    members = pd.DataFrame(
        {
            "customer_id": found.inputs.customers["customer_id"],
            "segment": found.cards.set_index("group")["segment"].reindex(found.labels).to_numpy(),
        }
    ).dropna(subset="segment")
    columns = _read_descriptors(study, found, members["customer_id"])
    segments = list(found.cards["segment"])
    tests: list[dict[str, Any]] = []
    levels: list[dict[str, Any]] = []
    for name, (what, values, is_number) in columns.items():
        known = values.notna().to_numpy()
        if known.sum() < _FEWEST_KNOWN or values[known].nunique() < 2:
            continue
        group = members["segment"].to_numpy()[known]
        test, rows = (_compare_numbers if is_number else _compare_levels)(values[known], group, segments)
        share = float(known.mean())
        tests.append({"descriptor": name, "what": what, "n": int(known.sum()), "known_share": share} | test)
        levels += [{"descriptor": name, "what": what} | row for row in rows]
    return Descriptors(tests=_adjust(tests), levels=_add_intervals(levels, confidence))


@step
def _read_descriptors(study: Study, found: Grouping, ids: pd.Series) -> Mapping[str, tuple[str, pd.Series, bool]]:
    taken: dict[str, tuple[str, pd.Series, bool]] = {}
    # What says much the same as an input has had its part in the segments too.
    choice = found.inputs.choice
    used = {*found.inputs.used, *choice.loc[choice["reason"].str.startswith(SAYS_THE_SAME), "input"]}
    base = found.inputs.base
    types = ({"kind": "category"} if base in (BUYERS, EVERYBODY) else {}) | dict(attributes_of(study, base))
    names = [name for name, kind in types.items() if kind != "time" and not _is_input(name, used)]
    if base not in (BUYERS, EVERYBODY):
        # What tells how long a contract lasted, or that it ended, is no description.
        fit, _ = attributes_fit_to_group(study, base)
        names = [name for name in names if name in fit]
    if names and (study.has("customers") or base not in (BUYERS, EVERYBODY)):
        table = describe_base(study, base, names).to_pyarrow()
        for name in names:
            if name in table.column_names:
                is_number = types[name] == "number"
                taken[name] = (name.replace("_", " "), _beside(ids, table, name, is_number=is_number), is_number)
    for name, expression in _main_choices(study).items():
        if not _is_input(name, used):
            chosen = _beside(ids, expression.to_pyarrow(), "level", is_number=False)
            taken[name] = (_MAIN.get(name, "category most is spent on"), chosen, False)
    return taken


def _beside(ids: pd.Series, table: pa.Table, name: str, *, is_number: bool) -> pd.Series:
    """A column beside these customers: numbers, or levels of which each is held once, however many have it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = table["customer_id"].combine_chunks().cast(pa.string())
    values = table[name].combine_chunks().take(pc.index_in(pa.array(ids, type=pa.string()), value_set=known))
    if is_number:
        return pd.Series(values.cast(pa.float64()).to_numpy(zero_copy_only=False), name=name)
    if pa.types.is_boolean(values.type):
        values = pc.if_else(values, "True", "False")
    levels: pd.Series = values.cast(pa.string()).dictionary_encode().to_pandas()
    return levels


def _is_input(name: str, used: Collection[str]) -> bool:
    """Did the descriptor, one of its levels or its share of spend make the segments?"""
    marks = {"category": "share of spend on ", "channel": "share of spend through "}
    return any(one == name or one.startswith((f"{name} ", marks.get(name, f"{name} "))) for one in used)


def _main_choices(study: Study) -> dict[str, ir.Table]:
    """For channel, store and category, where the study has them: customer_id, level (of most orders or money)."""
    choices: dict[str, ir.Table] = {}
    if not study.has("orders"):
        return choices
    orders = keep_dealings(known_rows(study, "orders"))
    sales = orders.filter(orders.is_sale)
    for name in _MAIN:
        if name in sales.columns:
            known = sales.drop_null(name).select("customer_id", level=sales[name].cast("string"))
            choices[name] = _first_by(known.group_by("customer_id", "level").agg(amount=known.count()))
    if study.has("order_lines", "products") and "category" in study.table("products").columns:
        lines, products = known_rows(study, "order_lines"), known_rows(study, "products")
        held = products.group_by("product_id").agg(level=products.category.cast("string").min())
        bought = lines.select("order_id", "product_id", "revenue").join(held, "product_id")
        bought = bought.join(sales.select("order_id", "customer_id"), "order_id")
        known = bought.drop_null("level")
        choices["category"] = _first_by(known.group_by("customer_id", "level").agg(amount=known.revenue.sum()))
    return choices


def _first_by(counted: ir.Table) -> ir.Table:
    place = ibis.row_number().over(group_by="customer_id", order_by=[counted.amount.desc(), counted.level])
    ranked = counted.mutate(_place=place)
    return ranked.filter(ranked["_place"] == 0).select("customer_id", "level")


def _compare_levels(
    values: pd.Series, group: np.ndarray, segments: list[str]
) -> tuple[dict[str, float], list[dict[str, Any]]]:
    from scipy.stats import chi2

    names, codes = list(values.cat.categories), values.cat.codes.to_numpy()
    sizes = np.bincount(codes, minlength=len(names))
    order = sorted(np.flatnonzero(sizes).tolist(), key=lambda level: (-sizes[level], names[level]))
    levels = [*(names[level] for level in order[:_MOST_LEVELS]), *([OTHER] if len(order) > _MOST_LEVELS else [])]
    place = np.full(len(names), _MOST_LEVELS)
    place[order[:_MOST_LEVELS]] = np.arange(len(order[:_MOST_LEVELS]))
    cells = pd.Categorical(group, categories=segments).codes.astype(np.int64) * len(levels) + place[codes]
    counts = np.bincount(cells, minlength=len(segments) * len(levels)).reshape(len(segments), len(levels))
    held = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0].astype(float)
    n = held.sum()
    expected = np.outer(held.sum(axis=1), held.sum(axis=0)) / n
    statistic, freedom = ((held - expected) ** 2 / expected).sum(), (held.shape[0] - 1) * (held.shape[1] - 1)
    p_value = float(chi2.sf(statistic, freedom)) if freedom else np.nan
    rows = []
    for of_segment, segment in zip(counts, segments, strict=True):
        for level, hits, total in zip(levels, of_segment.tolist(), counts.sum(axis=0).tolist(), strict=True):
            size = int(of_segment.sum())
            rows.append(
                {
                    "segment": segment, "level": str(level), "n_known": size, "hits": hits,
                    "other_hits": total - hits, "other_n": int(n) - size,
                }
            )  # fmt: skip
    return {"effect": correct_v(statistic, n, *held.shape), "p_value": p_value}, rows


def correct_v(statistic: float, n: float, n_rows: int, n_columns: int) -> float:
    """Cramer's V with Bergsma's correction for bias: 0 where the table is no further from independence than chance."""
    if min(n_rows, n_columns) < 2 or n < 2:
        return float("nan")
    excess = max(0.0, statistic / n - (n_rows - 1) * (n_columns - 1) / (n - 1))
    rows, columns = (size - (size - 1) ** 2 / (n - 1) for size in (n_rows, n_columns))
    return float(np.sqrt(excess / max(min(rows, columns) - 1, 1e-12)))


def _compare_numbers(
    values: pd.Series, group: np.ndarray, segments: list[str]
) -> tuple[dict[str, float], list[dict[str, Any]]]:
    from scipy.stats import kruskal

    numbers = values.to_numpy(dtype=float)
    parts = [numbers[group == segment] for segment in segments]
    held = [part for part in parts if len(part)]
    test, effect = {"effect": np.nan, "p_value": np.nan}, np.nan
    if len(held) > 1:
        found = kruskal(*held)
        effect = max(0.0, (found.statistic - len(held) + 1) / max(len(numbers) - len(held), 1))
        test = {"effect": float(np.sqrt(effect)), "p_value": float(found.pvalue)}
    rows = [{"segment": name, "level": "mean", "n_known": len(part), "members": part, "others": numbers[group != name]}
            for name, part in zip(segments, parts, strict=True)]  # fmt: skip
    return test, rows


def _adjust(tests: list[dict[str, Any]]) -> pd.DataFrame:
    columns = ["descriptor", "what", "n", "known_share", "effect", "p_value", "p_adjusted"]
    frame = pd.DataFrame(tests)
    if frame.empty:
        return pd.DataFrame(columns=columns)
    frame["p_adjusted"] = adjust_holm(frame["p_value"])
    return frame[columns].sort_values("effect", ascending=False, kind="stable", ignore_index=True)


def _add_intervals(rows: list[dict[str, Any]], confidence: float) -> pd.DataFrame:
    level = 1 - (1 - confidence) / max(len(rows), 1)
    done = []
    for row in rows:
        made = {name: row[name] for name in ("segment", "descriptor", "what", "level", "n_known")}
        if "members" in row:
            found = compare_means(row["members"], row["others"], confidence=level)
        else:
            counts = (row["hits"], row["n_known"], row["other_hits"], row["other_n"])
            found = newcombe_difference(*counts, confidence=level)
            made["share"] = row["hits"] / row["n_known"] if row["n_known"] else np.nan
            made["share_others"] = row["other_hits"] / row["other_n"] if row["other_n"] else np.nan
        done.append(made | {name: float(value) for name, value in found._asdict().items()})
    columns = [
        "segment",
        "descriptor",
        "what",
        "level",
        "n_known",
        "share",
        "share_others",
        "estimate",
        "lower",
        "upper",
    ]
    return pd.DataFrame(done).reindex(columns=columns).rename(columns={"estimate": "difference"})
