"""What the notebook shows where the records may or may not hold it: the part, or a note of what is missing."""

from __future__ import annotations

import pandas as pd

from crm_research import show
from crm_research.satisfaction import cautions, charts, conviction_charts, structure_charts, structure_words, words
from crm_research.satisfaction.analysis import SatisfactionAnalysis
from crm_research.satisfaction.figures import (
    conviction_figures,
    corrected_figures,
    importance_figures,
    item_figures,
    map_figures,
    path_figures,
)


def show_first_picture(found: SatisfactionAnalysis) -> None:
    """What matters and how well we do, where that is known; else how each item is rated."""
    parts = found.priorities
    if parts is not None and parts.table["importance"].notna().sum() >= 2:
        _show_matrix(found)
        return
    show.chart(charts.draw_means(found), alt=f"{words.means_finding(found)}.", data=means_table(found))


def show_survey(found: SatisfactionAnalysis) -> None:
    """Waves, items and what was wrong with the answers."""
    survey = found.survey
    if found.wave is None:
        show.note(words.answer(found)[0], kind="caution")
        return
    waves = survey.waves[["label", "first_at", "last_at", "n_responses", "n_anonymous", "n_repeated"]]
    waves = waves.assign(first_at=waves["first_at"].dt.normalize(), last_at=waves["last_at"].dt.normalize())
    show.table(waves.tail(24), "Waves of the survey")
    show.table(survey.items.drop(columns=["n_rescaled", "n_reversed"]), "Items, their scales and their answers")
    for text, kind in cautions.survey_notes(found):
        show.note(text, kind=kind)


def show_means(found: SatisfactionAnalysis) -> None:
    """Ratings now, and their changes."""
    if found.items is None or found.items.table.empty:
        show.note("No item was answered, so no rating can be shown.")
        return
    show.chart(charts.draw_means(found), alt=f"{words.means_finding(found)}.", data=means_table(found))
    show.figures(item_figures(found), as_table="Mean answer to each item")
    show.note(" ".join(text for text in (words.change_finding(found), words.power_finding(found)) if text))
    if len(found.items.changes):
        show.table(
            found.items.changes.drop(columns=["p_value"]),
            f"Change of each item since {found.label_before}, on its own scale",
            note="detectable: the least change that would be found four times of five. p adjusted: Holm.",
        )


def show_promoters(found: SatisfactionAnalysis) -> None:
    """The net promoter score, its spread and its course."""
    if found.promoters is None:
        show.note(
            "No net promoter score: no item whose name speaks of recommending was asked on a scale from 0 to 10. "
            "If one "
            "was, name it under 'recommend'."
        )
        return
    show.chart(charts.draw_spread(found), alt=f"{words.promoters_finding(found)}.", data=found.promoters.spread)
    if len(found.promoters.waves) > 1:
        show.chart(charts.draw_trend(found), alt=f"{words.trend_finding(found)}.", data=found.promoters.waves)


def show_priorities(found: SatisfactionAnalysis) -> None:
    """Importance and performance, stated importance, and gaps to expectations."""
    parts = found.priorities
    if parts is None:
        show.note("Without answers nothing can be ranked.")
        return
    if parts.model is not None:
        show.figures(importance_figures(found), as_table=f"Importance for {parts.target}")
    if parts.table["importance"].notna().sum() >= 2:
        show.table(cautions.placing_table(found), "Where each thing lies, and whether its intervals leave it there")
    if "stated" in parts.table and parts.table["stated"].notna().any():
        stated = parts.table[["driver", "importance", "stated", "stated_lower", "stated_upper"]]
        show.table(stated, "Derived importance beside what customers say is important (0 to 100)")
    if len(parts.gaps):
        show.table(
            parts.gaps.drop(columns=["p_value"]), "Experience less expectation, in points of 100",
            note="Below nought the experience falls short.",
        )  # fmt: skip
    show.note(cautions.drivers_note(found))
    for text in parts.notes:
        show.note(text if parts.model is None else f"Importance: {text[0].lower()}{text[1:]}")


def show_structure(found: SatisfactionAnalysis) -> None:
    """Quality of the scales and the path model."""
    parts = found.structure
    if parts is None:
        show.note("Without answers no construct can be measured.")
        return
    if len(parts.scales):
        show.note(words.scale_finding(found))
        show.table(
            parts.scales, "How well the items measure their construct",
            note="Conventions are no more than that: 0.7 for reliability, 0.5 for the average variance extracted.",
        )  # fmt: skip
    if parts.distinctness is not None:
        show.table(parts.distinctness.htmt, "How alike two constructs are (HTMT)")
    if parts.paths is not None:
        show.chart(charts.draw_paths(found), alt=f"{words.path_finding(found)}.", data=parts.paths.paths)
        show.figures(path_figures(found), as_table="Paths and what they explain")
        show.note(structure_words.corrected_finding(found))
        if structure_words.is_corrected(found):
            show.figures(corrected_figures(found), as_table="Paths without errors of measurement")
    if parts.prediction is not None:
        shown = ["construct", "n_items", "n_useful", "n_better", "power"]
        show.table(
            parts.prediction.constructs[shown], "Answers of people left out, foretold (PLSpredict)",
            note="n useful: items foretold better than by their mean; n better: better than by a linear model.",
        )  # fmt: skip
    for text in [*parts.notes, *(parts.paths.notes if parts.paths is not None else ())]:
        show.note(text)


def show_map(found: SatisfactionAnalysis) -> None:
    """Where a better rating would move the last consequence most, by the path model."""
    held = None if found.structure is None else found.structure.map
    if held is None:
        show.note("Without a path model there is no map of what would move loyalty or satisfaction.")
        return
    show.chart(
        structure_charts.draw_map(found),
        alt=f"{structure_words.map_finding(found)}. Total effect by performance, with a cross for each construct.",
        data=held.constructs,
    )
    show.figures(map_figures(found), as_table=f"Points of {held.target} for one more point of each construct")
    show.table(
        held.items, f"The same, dealt out among the items of each construct (target: {held.target})",
        formats={"importance": "{:.3f}", "performance": "{:.1f}"},
        note="Importance: points of the target that go with one more point of the item; performance: mean on 0 to 100.",
    )  # fmt: skip


def show_groups(found: SatisfactionAnalysis) -> None:
    """Whether the same leads to the same in every group, after asking whether that may be compared."""
    held = found.groups
    if held is None or held.found is None:
        show.note(held.note if held is not None else "Without answers there are no groups to compare.")
        return
    show.note(structure_words.groups_finding(found))
    alike, paths = (_name_groups(table) for table in (held.found.invariance, held.found.paths))
    p_values = ["agreement_p", "mean_p", "variance_p"]
    show.table(
        alike[["groups", "construct", "agreement", *p_values, "invariance"]],
        f"Do the groups ({held.by}) mean the same by a construct?",
        formats={"agreement": "{:.3f}"} | dict.fromkeys(p_values, "{:.3f}"),
        note="Agreement: of the construct weighed as either group would; p by permuted groups. Invariance none: the "
        "groups weigh the items differently, and paths are not compared; partial: paths may be compared; full: means "
        "and spreads agree too.",
    )
    paths = paths.assign(path=paths["source"] + " → " + paths["target"])
    numbers = ["estimate_one", "estimate_other", "difference", "lower", "upper"]
    show.table(
        paths[["groups", "path", *numbers, "p_adjusted", "is_comparable"]].rename(
            columns={"estimate_one": "first", "estimate_other": "second", "is_comparable": "comparable"}
        ),
        f"Paths by {held.by}",
        formats=dict.fromkeys(("first", "second", *numbers[2:]), "{:.2f}") | {"p_adjusted": "{:.3f}"},
        note="p adjusted: permuted groups, Holm over all rows.",
    )
    for text in held.found.notes:
        show.note(text)


def _name_groups(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(groups=table["one"].astype(str) + ", " + table["other"].astype(str))


def show_response(found: SatisfactionAnalysis) -> None:
    """Who answered, and what weighting for it moves."""
    parts = found.response
    if parts is None:
        show.note("Without answers there is nobody to compare with the others.")
        return
    show.note(words.response_finding(found), kind=cautions.response_kind(found))
    if len(parts.effects):
        show.chart(charts.draw_response(found), alt=words.response_finding(found), data=parts.effects)
    if len(parts.moves):
        show.table(
            parts.moves, "Means with and without weights for who answers",
            formats=dict.fromkeys(("plain", "weighted", "moved", "lower", "upper"), "{:.2f}"),
        )  # fmt: skip
    show.note(structure_words.reweighted_finding(found))
    if len(found.reweighted):
        show.table(
            found.reweighted.sort_values("is_outside", ascending=False, kind="stable"),
            "Importance, scales and paths with and without weights for who answers",
            formats=dict.fromkeys(("plain", "lower", "upper", "weighted"), "{:.2f}"),
            note="Lower and upper: limits without weights.",
        )
    for text in [*parts.notes, *cautions.silence_notes(found)]:
        show.note(text, kind="caution")


def show_conviction(found: SatisfactionAnalysis) -> None:
    """Loyalty by conviction and by habit, at other cut points, and what came of it."""
    parts = found.conviction
    if parts is None or parts.groups is None:
        why = " ".join(parts.notes) if parts is not None else "No answer is known."
        show.note(f"Loyalty by conviction cannot be told from loyalty by habit. {why}")
        return
    show.chart(conviction_charts.draw_groups(found), alt=words.conviction_finding(found), data=parts.groups.shares)
    show.figures(conviction_figures(found), as_table="Loyalty by attitude and behaviour")
    show.note(cautions.cut_note(found))
    show.table(
        parts.groups.sensitivity, "The same shares at other cut points",
        formats=dict.fromkeys(parts.groups.sensitivity.columns, "{:.2f}"),
        note="attitude below, rate below: share of customers below the cut; 0.50 is the median.",
    )  # fmt: skip
    if len(parts.later):
        show.chart(conviction_charts.draw_later(found), alt=words.later_finding(found), data=parts.later)
    show.note(words.later_finding(found) or "No outcome of the holdout can be compared.")
    show.note(structure_words.followed_finding(found))
    if parts.followed is not None and len(parts.followed.table):
        show.table(
            parts.followed.table, "What the groups did from the day after their wave had closed",
            formats=dict.fromkeys(("value", "lower", "upper"), "share") | {"days": "{:.0f}"},
            note="Kaplan-Meier, each customer by his chance to belong to the group, which rests on the wave's answers "
            "and on purchases before it closed. Value: share within so many days; n censored: not followed to the end.",
        )  # fmt: skip
    for text in parts.notes:
        show.note(text)


def means_table(found: SatisfactionAnalysis) -> pd.DataFrame:
    """The ratings of the wave that stands for now, rounded, for the page and for a reader's own notes.

    Returns
    -------
    pandas.DataFrame
        Grain: item. ``item``, ``scale``, ``n``, ``mean``, ``lower``, ``upper``, ``points`` (of 100), ``top_box``
        (answers that count), ``top_percent``.
    """
    columns = ["item", "scale", "n", "mean", "lower", "upper", "points", "top_box", "top_percent"]
    if found.items is None or found.items.table.empty:
        return pd.DataFrame(columns=columns)
    table = found.items.table
    rounded = table[["mean", "lower", "upper"]].round(2)
    return table.assign(
        **rounded, points=table["performance"].round(1), top_percent=(100 * table["top_share"]).round(1)
    )[columns].reset_index(drop=True)


def _show_matrix(found: SatisfactionAnalysis) -> None:
    parts = found.priorities
    if parts is None:
        return
    show.chart(
        charts.draw_matrix(found),
        alt=f"{words.priority_finding(found)} A picture of importance by performance with a cross of intervals "
        "for each "
        "thing asked for.",
        data=parts.table,
        caption="What lies to the upper left matters more and is rated lower. A cross that touches a dashed line "
        "may lie "
        "on either side of it (pale).",
    )
