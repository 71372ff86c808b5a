"""What is shown of the base line, of who the customers are, whether it matters, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.pillars.segmentation.deployment.trend import trace_segments
from crm_research.pillars.segmentation.describe.descriptors import OTHER, Descriptors, describe_members
from crm_research.pillars.segmentation.describe.map import Method, map_segments
from crm_research.pillars.segmentation.describe.measure import find_typical, measure_profiles, say_profile
from crm_research.pillars.segmentation.describe.naming import find_unmatched
from crm_research.pillars.segmentation.groups import profile_charts as charts
from crm_research.pillars.segmentation.groups import profile_words as words
from crm_research.pillars.segmentation.groups.leaving_charts import draw_leaving
from crm_research.pillars.segmentation.groups.leaving_words import (
    leaving_figures,
    note_leaving,
    say_beyond_plan,
    say_leaving,
    say_when,
)
from crm_research.pillars.segmentation.groups.profile_figures import rfm_figures, treatment_figures
from crm_research.pillars.segmentation.inputs.base import BUYERS
from crm_research.pillars.segmentation.inputs.labels import say_number
from crm_research.pillars.segmentation.inputs.money import name_money
from crm_research.pillars.segmentation.rfm.changes import compare_periods
from crm_research.pillars.segmentation.rfm.rules import RfmGroups, list_rfm_members, score_rfm
from crm_research.pillars.segmentation.use.scoreboard import judge_use, say_use
from crm_research.pillars.segmentation.use.treatment import Treatment, find_unused, plan_treatment
from crm_research.privacy.pseudonyms import say_id
from crm_research.show import Chart, Figures, Note, Part, SavedList, Section, Table, drawn
from crm_research.theme import join_words, say_p_value

if TYPE_CHECKING:
    from crm_research.pillars.segmentation.result import Grouping, Segmentation
    from crm_research.study import Study


def rfm_section(
    records: Study, *, cuts: Mapping[str, Sequence[float]] | None = None, confidence: float = 0.95
) -> Section:
    """Which customers are champions, at risk or lost by recency, frequency and money, and which groups grew?

    Parameters
    ----------
    cuts
        Cut points of your own, as in `score_rfm`; None takes quintiles.

    Returns
    -------
    Section
        Its result is `RfmGroups`; None, and a note, where nobody had bought.
    """
    try:
        rfm = score_rfm(records, cuts=cuts, confidence=confidence)
    except NotEnoughData as problem:
        return Section.missing(str(problem))
    members = SavedList(
        "segmentation-rfm-groups",
        partial(list_rfm_members, records, rfm),
        "Every customer with a purchase and the named group, the best group first: days since the last purchase, "
        f"purchases, net spend in {rfm.currency}, and the three scores.",
    )
    return Section(
        *_rfm_parts(records, rfm), members, *_changes_parts(records, confidence), *map(Note, rfm.notes), result=rfm
    )


def _rfm_parts(records: Study, rfm: RfmGroups) -> Iterator[Part]:
    window = f"purchases known on {records.as_of:%Y-%m-%d}"
    finding = words.say_rfm(rfm)
    yield Note(finding)
    yield Chart(
        drawn(charts.draw_rfm, rfm),
        alt=f"{finding} The picture shows pairs of bars, share of customers and of revenue, one pair a named group.",
        data=rfm.groups,
    )
    columns = ["group", "meaning", "n_customers", "size_share", "mean_days_since_last", "mean_orders", "mean_spend"]
    yield Table(
        rfm.groups[rfm.groups["n_customers"] > 0][columns],
        "The named groups of recency, frequency and money",
        formats={"mean_spend": rfm.currency},
        note="Every score belongs to one group; the partition and the cut points are in the methods.",
    )
    yield Table(rfm.cuts, "Cut points: days since the last purchase, number of purchases, net spend")
    yield Figures(rfm_figures(rfm, window=window), "Share of net revenue by named group")


def _changes_parts(records: Study, confidence: float) -> Iterator[Part]:
    try:
        changes = compare_periods(records, confidence=confidence)
    except NotEnoughData as problem:
        yield Note(str(problem))
        return
    said = words.say_gains_and_losses(changes)
    yield Chart(
        drawn(charts.draw_changes, changes),
        alt=f"{words.say_periods(changes)}. The picture shows a dot with its interval for each named group.",
        data=changes.groups,
    )
    yield Note(said)


def who_section(records: Study, segments: Segmentation, *, map_by: Method = "components") -> Section:
    """Who are the customers of each segment: what sets them apart, a typical one, how the segment grew, a map?

    Returns
    -------
    Section
        Its result is what held-out descriptors say (`use_section` takes it); None where nothing was found.
    """
    found = segments.found
    if found is None:
        return Section.missing(segments.why_not)
    described = describe_members(records, found, confidence=segments.confidence)
    return Section(*_who_parts(records, segments, found, map_by), *_descriptors_parts(described), result=described)


def _who_parts(records: Study, segments: Segmentation, found: Grouping, map_by: Method) -> Iterator[Part]:
    profiles = measure_profiles(found, confidence=segments.confidence)
    yield Chart(
        drawn(charts.draw_heat, profiles),
        alt=f"{words.say_widest(profiles)}. A table of cells, one a segment and input, coloured by the difference.",
        data=profiles,
    )
    said = [{"segment": name, "what marks it": say_profile(profiles, name)} for name in found.cards["segment"]]
    yield Table(
        pd.DataFrame(said), "What marks each segment most",
        note="Median, of shares the mean, of the segment and of all other customers, where they differ by half a "
        "standard deviation or more; intervals are in the numbers behind the picture. No significance is claimed: the "
        "groups were made to differ in these.",
    )  # fmt: skip
    yield from _typical_parts(found, segments.currency)
    yield from _trend_parts(records, segments)
    seen = map_segments(found, method=map_by)
    yield Chart(
        drawn(charts.draw_map, seen),
        alt=f"{words.say_map(seen)}. Dots of customers, named by segment.",
        data=seen.centres,
    )
    yield Note(words.note_map(seen))
    yield from _names_parts(records, segments)


def _typical_parts(found: Grouping, currency: str) -> Iterator[Part]:
    typical = find_typical(found)
    terms, raw = found.inputs.terms, found.inputs.raw
    whats = [term.head if term.kind == "level" else term.words for term in terms.values()]
    money = name_money(found.inputs.money)
    heads = ["customer id", *([] if money is None else [found.inputs.money]), *dict.fromkeys(whats)]
    said = {"a typical customer": heads}
    for row in typical.to_dict("records"):
        known: dict[str, str] = {}
        for what, (name, term) in zip(whats, terms.items(), strict=True):
            value = float(raw[name].iloc[int(row["place"])])
            if term.kind != "level":
                known[what] = term.say_value(value)
            elif value >= 0.5 or what not in known:
                # Of two levels the one that says the same as the other is no input: who is not one is the other.
                other = f"not {term.part}" if whats.count(what) == 1 else "–"
                known[what] = term.part if value >= 0.5 else other
        worth = [] if money is None else [say_number(float(row["worth"]))]
        said[str(row["segment"])] = [say_id("customer_id", row["customer_id"]), *worth, *known.values()]
    yield Table(
        pd.DataFrame(said), "A typical customer of each segment",
        note="The member nearest to the middle of the segment"
        + ("." if money is None else f"; {money.each}, in {currency}."),
    )  # fmt: skip


def _trend_parts(records: Study, segments: Segmentation) -> Iterator[Part]:
    try:
        trend = trace_segments(records, segments)
    except (NotEnoughData, ParameterError) as problem:
        yield Note(f"The segments cannot be traced back. {problem}")
        return
    columns = ["segment", "n_then", "n_now", "size_share_then", "size_share_now"]
    shown, money = trend.segments[columns], None if segments.found is None else name_money(segments.found.inputs.money)
    if money is not None:
        shares = {f"{money.share}_{day}": trend.segments[f"revenue_share_{day}"] for day in ("then", "now")}
        shown = shown.assign(**shares)
    yield Table(
        shown,
        f"The segments on {trend.then_at:%Y-%m-%d} and now",
        formats=dict.fromkeys([str(name) for name in shown.columns if "share" in str(name)], "share"),
    )
    yield Note(words.say_trend(trend, is_of_buyers=segments.found is not None and segments.found.inputs.base == BUYERS))


def _names_parts(records: Study, segments: Segmentation) -> Iterator[Part]:
    unmatched = find_unmatched(segments, records.segment_names)
    if unmatched:
        quoted = join_words([f"“{name}”" for name in unmatched])
        yield Note(
            f"The study's file names segments that these records do not suggest: {quoted}. Look up the suggested names "
            "above and correct segmentation: names: there.",
            kind="caution",
        )


def _descriptors_parts(described: Descriptors) -> Iterator[Part]:
    yield Note(words.say_descriptors(described))
    if described.tests.empty:
        return
    yield Table(
        described.tests[["what", "n", "known_share", "effect", "p_adjusted"]].rename(columns={"effect": "association"}),
        "Descriptors that had no part in making the segments",
        formats={"p_adjusted": say_p_value},
        note="Association from 0 (alike) to 1 (fully told); p adjusted for all descriptors (Holm).",
    )
    levels = described.levels[described.levels["level"] != OTHER]
    clear = levels[(levels["lower"] > 0) & levels["share"].notna()]
    if not clear.empty:
        yield Table(
            clear[["segment", "what", "level", "share", "share_others", "difference", "lower", "upper"]].rename(
                columns={"what": "descriptor"}
            ),
            "Where a segment has clearly more of something than the others",
            formats=dict.fromkeys(("share", "share_others", "difference", "lower", "upper"), "share"),
            max_rows=15,
            note="Intervals of the differences hold for all segments and levels together.",
        )


def worth_parts(segments: Segmentation) -> Iterator[Part]:
    """Do the segments predict spend, repeat purchase and response better than RFM, or add anything to it?"""
    if segments.found is None:
        yield Note(segments.why_not)
        return
    if segments.found.inputs.base != BUYERS:
        yield from _leaving_parts(segments, segments.found)
        return
    check = segments.found.holdout
    if check is None:
        yield Note("The study keeps no holdout, so nothing says yet whether the segments predict what customers do.")
        return
    yield Chart(
        drawn(charts.draw_worth, check),
        alt=f"{words.find_worth(check)}. Dots with intervals left and right of nought, one row an outcome and rule.",
        data=check.gains,
    )
    yield Note(" ".join(words.say_worth(check)))
    yield Table(check.scores, "Explained share of the differences between customers, out of sample")
    names = segments.found.cards.set_index("group")["segment"]
    later = check.by_group.set_index("group").reindex(names.index).assign(segment=names).reset_index(drop=True)
    yield Table(
        later[["segment", *(name for name in later.columns if name != "segment")]],
        "What each segment did after the study's date",
        formats={"mean_spend": segments.currency},
    )
    for remark in check.notes:
        yield Note(remark)


def _leaving_parts(segments: Segmentation, found: Grouping) -> Iterator[Part]:
    check = found.leaving
    if check is None:
        yield Note(say_leaving(found))
        return
    yield Chart(
        drawn(draw_leaving, found),
        alt=f"{say_leaving(found)} Stepped curves, one a segment, from 100 % downwards.",
        data=check.by_group,
    )
    yield Note(f"{say_leaving(found)} {say_beyond_plan(check)}")
    yield Figures(leaving_figures(segments, found), f"Who left {say_when(check)}, by segment")
    counted = check.by_group.assign(n_if_all_left_alike=check.by_group["n_expected"].round().astype(int))
    yield Table(
        counted.rename(columns={"n": "n_watched", "n_ended": "n_left"})[
            ["segment", "n_watched", "n_left", "n_if_all_left_alike"]
        ],
        "How many left, and how many would have if all segments left alike",
    )
    yield Note(note_leaving(found), kind="note" if check.is_later else "caution")


def use_section(records: Study, segments: Segmentation, described: Descriptors | None = None) -> Section:
    """Are the segments of use, and what service is each customer to get?

    Parameters
    ----------
    described
        The result of `who_section`; None leaves one of the five tests open.
    """
    if segments.found is None:
        return Section.missing(segments.why_not)
    board = judge_use(segments.found, described)
    plan = plan_treatment(records, segments)
    return Section(
        Note(say_use(board)),
        Table(
            board.tests, "Five tests of use", note="The tests are Kotler's; the lines between passed and not are ours."
        ),
        *([] if plan is None else _treatment_parts(records, segments, segments.found, plan)),
        result=plan,
    )


def _treatment_parts(records: Study, segments: Segmentation, found: Grouping, plan: Treatment) -> Iterator[Part]:
    title = words.say_treatment_title(plan)
    yield Chart(
        drawn(charts.draw_treatment, plan),
        alt=f"{title}. One bar a segment, divided into classes of value.",
        data=plan.cells,
    )
    yield Note(words.say_treatment(plan))
    cells = plan.cells.assign(service=[_mark(*pair) for pair in plan.cells[["service", "is_suggested"]].to_numpy()])
    yield Table(
        cells[["segment", "class", "n_customers", "value_share", "service"]],
        "Which service for whom",
        note="Write the company's own policy under segmentation: policy: in the study's file.",
    )
    yield Figures(treatment_figures(plan, window=segments.window), "Strategic customers by segment")
    unused = find_unused(records.service_policy, list(found.cards["segment"]))
    if unused:
        quoted = join_words([f"“{name}”" for name in unused])
        yield Note(f"The study's policy names {quoted}, which is no class and no segment of this page.", kind="caution")


def _mark(service: str, is_suggested: bool) -> str:
    return f"{service} (suggested)" if is_suggested else service
