"""Pictures of who the customers are and what to do: base line, profiles, map, gains, treatment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crm_research import theme
from crm_research.pillars.segmentation.describe.measure import pick_strongest
from crm_research.pillars.segmentation.groups.profile_words import (
    find_rfm,
    find_worth,
    say_map,
    say_periods,
    say_treatment_title,
    say_widest,
)
from crm_research.pillars.segmentation.rfm.changes import NO_PURCHASE
from crm_research.pillars.segmentation.use.treatment import CLASSES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from crm_research.pillars.segmentation.describe.map import SegmentMap
    from crm_research.pillars.segmentation.rfm.changes import RfmChanges
    from crm_research.pillars.segmentation.rfm.rules import RfmGroups
    from crm_research.pillars.segmentation.use.holdout import HoldoutCheck
    from crm_research.pillars.segmentation.use.treatment import Treatment

_STRONG: Final = 1.5


def draw_rfm(rfm: RfmGroups, *, ax: Axes | None = None) -> Axes:
    """Share of customers and of revenue of each named group."""
    rows = rfm.groups[::-1]
    ax = theme.new_axes(
        title=find_rfm(rfm),
        subtitle=f"Share of {theme.say_count(rfm.n, 'customer')} (grey) and of net revenue (blue, with interval)",
        size=(theme.SIZE[0], 1.3 + 0.46 * len(rows)),
        grid="x",
        ax=ax,
    )
    places = np.arange(len(rows))
    theme.draw_bars(ax, places + 0.2, rows["size_share"], thickness=0.36, colours=theme.REST)
    theme.label_values(ax, [theme.say_percent(value) for value in rows["size_share"]])
    if rows["revenue_share"].notna().all():
        theme.draw_bars(ax, places - 0.2, rows["revenue_share"], thickness=0.36)
        ax.hlines(places - 0.2, rows["lower"], rows["upper"], color=theme.INK, linewidth=1.4)
        ends = np.maximum(rows["upper"], rows["revenue_share"])
        _write_at(ax, ends, places - 0.2, [theme.say_percent(value) for value in rows["revenue_share"]])
    low, high = ax.get_xlim()
    ax.set_xlim(min(low, 0.0), high * 1.08)
    theme.name_rows(ax, list(rows["group"]))
    theme.format_share(ax, "x")
    return ax


def _write_at(ax: Axes, x: Any, y: Any, texts: list[str]) -> None:
    with theme.chart_style():
        for at, height, text in zip(x, y, texts, strict=True):
            ax.annotate(
                text,
                (at, height),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=9.5,
                color=theme.INK,
            )


def draw_changes(changes: RfmChanges, *, ax: Axes | None = None) -> Axes:
    """Growth and decline of each named group between two periods."""
    rows = changes.groups[changes.groups["group"] != NO_PURCHASE][::-1].rename(columns={"change_share": "estimate"})
    ax = theme.new_axes(
        title=say_periods(changes),
        subtitle=(
            f"Change of each group's share of {theme.say_count(changes.n, 'customer')}, from the time up to "
            f"{theme.say_date(changes.changes_at)} to the time up to {theme.say_date(changes.ends_at)}; intervals for "
            "all groups together"
        ),
        size=(theme.SIZE[0], 1.6 + 0.36 * len(rows)),
        grid="x",
        ax=ax,
    )
    ax.axvline(0, color=theme.MUTED, linewidth=1)
    colours = [
        theme.ACCENT if row["lower"] > 0 else theme.WARNING if row["upper"] < 0 else theme.REST
        for row in rows.to_dict("records")
    ]
    theme.draw_intervals(ax, rows, at=range(len(rows)), colour=colours)
    theme.name_rows(ax, list(rows["group"]))
    theme.format_share(ax, "x")
    return ax


def draw_heat(profiles: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """One cell a segment and input: how far the segment stands from all others, with its median in own units."""
    segments, inputs = list(dict.fromkeys(profiles["segment"])), list(dict.fromkeys(profiles["what"]))
    effects = profiles.pivot_table(index="what", columns="segment", values="effect", dropna=False)
    strongest, others = pick_strongest(effects.reindex(index=inputs).abs().max(axis=1).to_numpy())
    inputs = [inputs[place] for place in strongest]
    effects = effects.reindex(index=inputs, columns=segments)
    usual = profiles.assign(usual=profiles["usual"].fillna(""))
    usual = usual.pivot(index="what", columns="segment", values="usual").reindex(index=inputs, columns=segments)
    ax = theme.new_axes(
        title=say_widest(profiles),
        subtitle="Median, of shares the mean; below it, and in colour: standard deviations above (blue) or below (red) "
        f"all other customers{others}",
        size=(theme.SIZE[0], 2.0 + 0.5 * len(inputs)),
        grid="none",
        ax=ax,
    )
    far = effects.to_numpy(dtype=float)
    texts = [[_cell(str(usual.iloc[i, j]), far[i, j]) for j in range(len(segments))] for i in range(len(inputs))]
    theme.draw_heat(
        ax, far, limits=(-_STRONG, _STRONG), colours=theme.BELOW_ABOVE, texts=texts, pale_from=0.75 * _STRONG
    )
    width = max(9, int(52 / max(len(segments), 1)))
    with theme.chart_style():
        ax.set_xticks(range(len(segments)), [theme.wrap_name(name, width) for name in segments], fontsize=9)
    ax.xaxis.tick_top()
    ax.tick_params(axis="x", length=0, labelcolor=theme.INK)
    theme.name_rows(ax, inputs)
    return ax


def _cell(usual: str, effect: float) -> str:
    if not np.isfinite(effect):
        return usual
    return f"{usual}\n{effect:+.1f}".replace("-", "−").replace("−0.0", "0.0").replace("+0.0", "0.0")


def draw_map(seen: SegmentMap, *, ax: Axes | None = None) -> Axes:
    """A sample of the customers from above, each segment in its colour and named at its middle."""
    names = list(seen.centres["segment"])
    colours = theme.colours_of(names)
    shares = seen.axes["share"]
    shown = theme.say_percent(shares.sum())
    what = "of the variance" if seen.method == "components" else "of the differences between segments"
    ax = theme.new_axes(
        title=say_map(seen),
        subtitle=f"{len(seen.points):,} of {theme.say_count(seen.n, 'customer')}; the map shows {shown} {what}",
        xlabel=f"{seen.axes['words'].iloc[0]} → ({theme.say_percent(shares.iloc[0])})",
        ylabel=f"{seen.axes['words'].iloc[1]} → ({theme.say_percent(shares.iloc[1])})",
        size=(theme.SIZE[0], 5.4),
        grid="none",
        ax=ax,
    )
    points = seen.points
    theme.draw_points(ax, points["x"], points["y"], kinds=list(points["segment"]), colours=colours, size=9, alpha=0.4)
    ax.set_xticks([])
    ax.set_yticks([])
    _label_middles(ax, seen, colours)
    return ax


def _label_middles(ax: Axes, seen: SegmentMap, colours: dict[str, str]) -> None:
    """Names at the middles of the segments, pushed apart upwards and downwards where they would overlap."""
    low, high = ax.get_ylim()
    left, right = ax.get_xlim()
    gap = (high - low) * 0.085
    placed: list[tuple[float, float]] = []
    for row in seen.centres.sort_values("y", ascending=False).to_dict("records"):
        x = min(max(row["x"], left + 0.2 * (right - left)), right - 0.2 * (right - left))
        y = row["y"]
        while any(abs(y - other) < gap and abs(x - across) < 0.45 * (right - left) for across, other in placed):
            y -= gap * 0.25
        placed.append((x, y))
        box = {
            "boxstyle": "round,pad=0.25",
            "facecolor": theme.PAPER,
            "edgecolor": colours[row["segment"]],
            "alpha": 0.92,
        }
        with theme.chart_style():
            ax.text(
                x, y, theme.wrap_name(row["segment"], 24), ha="center", va="center", fontsize=9, fontweight="bold",
                color=colours[row["segment"]], bbox=box, linespacing=1.1,
            )  # fmt: skip
    ax.set_ylim(min([low, *(y - gap for _, y in placed)]), high)


def draw_worth(check: HoldoutCheck, *, ax: Axes | None = None) -> Axes:
    """What the segments explain of what came after, less what simpler rules explain."""
    rows = check.gains[check.gains["estimate"].notna()][::-1]
    if rows.empty:
        return theme.empty_axes("Nothing happened in the holdout in which customers differed.", ax)
    ax = theme.new_axes(
        title=find_worth(check),
        subtitle="Explained share of the differences between customers, out of sample: segments less the rule named; "
        "intervals for all comparisons together",
        xlabel="rule better  ←  0  →  segments better",
        size=(theme.SIZE[0], 1.9 + 0.34 * len(rows)),
        grid="x",
        ax=ax,
    )
    ax.axvline(0, color=theme.MUTED, linewidth=1)
    colours = {"better": theme.ACCENT, "worse": theme.WARNING}
    limits = rows[["estimate", "lower_all", "upper_all"]].set_axis(["estimate", "lower", "upper"], axis=1)
    own = [colours.get(finding, theme.REST) for finding in rows["finding"]]
    theme.draw_intervals(ax, limits, at=range(len(rows)), colour=own)
    against = rows["against"].str.replace("RFM groups, when added to them", "added to RFM groups")
    outcomes = rows["outcome"].replace({"responds to campaigns": "responds"})
    names = [f"{outcome}: {name}" for outcome, name in zip(outcomes, against, strict=True)]
    theme.name_rows(ax, names, columns=36)
    ax.locator_params(axis="x", nbins=6)
    theme.format_share(ax, "x")
    return ax


def draw_treatment(plan: Treatment, *, ax: Axes | None = None) -> Axes:
    """Customers of each segment by class of value."""
    segments = list(plan.segments["segment"])[::-1]
    classes = [kind for kind in CLASSES if kind in set(plan.cells["class"])]
    table = plan.cells.pivot_table(index="segment", columns="class", values="n_customers", fill_value=0, aggfunc="sum")
    table = table.reindex(index=segments, columns=classes, fill_value=0)
    shares = table.div(table.sum(axis=1).clip(lower=1), axis=0)
    ax = theme.new_axes(
        title=say_treatment_title(plan),
        subtitle=f"Customers of each segment by class of value; value is {plan.basis}",
        size=(theme.SIZE[0], 1.8 + 0.55 * len(segments)),
        grid="none",
        ax=ax,
    )
    colours = {"strategic": theme.ACCENT, "standard": theme.REST, "small": theme.GRID, "costly": theme.WARNING}
    left = np.zeros(len(segments))
    for kind in classes:
        widths = shares[kind].to_numpy()
        ax.barh(np.arange(len(segments)), widths, left=left, color=colours[kind], height=0.62, edgecolor=theme.PAPER)
        with theme.chart_style():
            for place, (start, width) in enumerate(zip(left, widths, strict=True)):
                if width >= 0.09:
                    ink = theme.INK if kind in ("standard", "small") else theme.PAPER
                    ax.text(
                        start + width / 2, place, f"{theme.say_percent(width, 0)}", ha="center", va="center",
                        fontsize=9.5, color=ink,
                    )  # fmt: skip
        left = left + widths
    _name_classes(ax, classes, colours, len(segments))
    theme.name_rows(ax, segments)
    ax.set_xlim(0, 1)
    ax.set_xticks([])
    return ax


def _name_classes(ax: Axes, classes: list[str], colours: dict[str, str], n: int) -> None:
    """The classes' names in a line above the bars, each behind a square of its colour."""
    with theme.chart_style():
        beside = 2 if theme.is_for_phones() else 4
        for number, kind in enumerate(classes):
            line, place = number // beside, (number % beside) / beside
            at: dict[str, Any] = {"y": n - 0.45 + 0.4 * line, "ha": "left", "va": "bottom", "fontsize": 9.5}
            ax.text(place, s="■", color=colours[kind], **at)
            ax.text(place + 0.12 / beside, s=kind, color=theme.INK, **at)
    ax.set_ylim(-0.5, n - 0.1 + 0.4 * ((len(classes) - 1) // beside))
