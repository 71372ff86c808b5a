"""Pictures of the segmentation. Each says its finding in the title, accepts and returns Axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research import theme
from crm_research.errors import ParameterError, offer_names
from crm_research.pillars.segmentation.describe.measure import pick_strongest
from crm_research.pillars.segmentation.evidence.stability import PATTERN, STABLE
from crm_research.pillars.segmentation.groups.words import brings_more, vote
from crm_research.pillars.segmentation.inputs.money import name_money

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from crm_research.pillars.segmentation.result import Grouping, Segmentation


def draw(segmentation: Segmentation, name: str, *, ax: Axes | None = None) -> Axes:
    """The picture of that name, or a strip that says why there is none."""
    if name not in _PICTURES:
        raise ParameterError(f"There is no picture {name!r} of a segmentation. {offer_names(name, _PICTURES)}")
    if segmentation.found is None:
        return theme.empty_axes(segmentation.why_not, ax)
    return _PICTURES[name](segmentation, segmentation.found, ax)


def draw_alternative(segmentation: Segmentation, *, ax: Axes | None = None) -> Axes:
    """The picture of another solution, whose title says of how many groups it is."""
    if segmentation.found is None:
        return theme.empty_axes(segmentation.why_not, ax)
    return _draw_segments(segmentation, segmentation.found, ax, is_alternative=True)


def _draw_segments(
    segmentation: Segmentation, found: Grouping, ax: Axes | None, *, is_alternative: bool = False
) -> Axes:
    cards = found.cards[::-1]
    best = found.cards.iloc[0]
    money = name_money(found.inputs.money)
    has_revenue = money is not None and bool(cards["revenue_share"].notna().all())
    title = f"{theme.say_percent(best['size_share'])} of the customers are “{best['segment']}”"
    what = "Share of customers by segment"
    if money is not None and has_revenue:
        # What is drawn full is what the whole of it is called: net revenue, the fees a month.
        what = f"Share of customers (pale) and {money.share_label[len('Share ') :]} (full) by segment"
    if money is not None and has_revenue and brings_more(best):
        title = (
            f"“{best['segment']}”, {theme.say_percent(best['size_share'])} of the customers, bring "
            f"{theme.say_percent(best['revenue_share'])} of {money.total}"
        )
    if is_alternative:
        title = f"With {theme.say_small_count(found.k)} groups, {title[:1].lower()}{title[1:]}"
    ax = theme.new_axes(
        title=title,
        subtitle=f"{what}; {segmentation.window}",
        size=(theme.SIZE[0], 1.5 + 0.75 * len(cards)),
        grid="x",
        ax=ax,
    )
    places = np.arange(len(cards))
    colours = _colours(found, list(cards["segment"]))
    theme.draw_bars(ax, places + 0.2, cards["size_share"], thickness=0.36, colours=colours, alpha=0.35)
    theme.label_values(ax, [theme.say_percent(value) for value in cards["size_share"]])
    if has_revenue:
        theme.draw_bars(ax, places - 0.2, cards["revenue_share"], thickness=0.36, colours=colours)
        theme.label_values(ax, [theme.say_percent(value) for value in cards["revenue_share"]])
    theme.name_rows(ax, list(cards["segment"]))
    low = min(0.0, float(cards["revenue_share"].min()) * 1.1) if has_revenue else 0.0
    ax.set_xlim(low, max(cards["size_share"].max(), cards["revenue_share"].max() if has_revenue else 0) * 1.15)
    theme.format_share(ax, "x")
    return ax


def _draw_profiles(_: Segmentation, found: Grouping, ax: Axes | None) -> Axes:
    used, terms = list(found.inputs.used), found.inputs.terms
    groups = list(found.cards["group"])
    scaled = found.unweighted
    means = np.array([scaled[found.labels == group].mean(axis=0) for group in groups])
    shifts = means - scaled.mean(axis=0)
    apart = np.ptp(shifts, axis=0)
    widest = used[int(np.argmax(apart))]
    places, others = pick_strongest(apart)
    used, shifts = [used[place] for place in places], shifts[:, places]
    ax = theme.new_axes(
        title=f"The groups differ most in {terms[widest].words}",
        subtitle=f"Mean of each group less the mean of all, in robust standard deviations of the scaled input{others}",
        size=(theme.SIZE[0], 1.7 + 0.42 * len(used) + 0.22 * len(groups)),
        grid="x",
        ax=ax,
    )
    ax.axvline(0, color=theme.MUTED, linewidth=1)
    names = list(found.cards["segment"])
    colours = dict(zip(names, _colours(found, names), strict=True))
    theme.draw_points(
        ax,
        shifts.ravel(),
        np.tile(np.arange(len(used))[::-1], len(names)),
        kinds=np.repeat(names, len(used)).tolist(),
        colours=colours,
        size=81,
        edge=1.0,
    )
    theme.name_rows(ax, [terms[name].words for name in used[::-1]])
    ax.set_ylim(-0.6, len(used) - 0.4)
    _key_below(ax, colours)
    return ax


def _draw_numbers(_: Segmentation, found: Grouping, __: Axes | None) -> Axes:
    numbers = found.criteria
    said = found.k
    n_agreeing = len(vote(numbers).get(said, []))
    n_all = sum(len(names) for names in vote(numbers).values())
    panels = theme.new_panels(
        3,
        title=f"{_say_votes(n_agreeing, n_all)} for {theme.say_small_count(said)} groups"
        if len(numbers) > 1
        else f"No other number than {theme.say_small_count(said)} groups was tried",
        subtitle="Six views by number of groups: the chosen one in colour, the choice of each criterion ringed",
        panel_titles=[title for title, _ in _NUMBERS],
        size=(theme.SIZE[0], 5.0),
        sharex=True,
    )
    for panel, (_title, name) in zip(panels, _NUMBERS, strict=True):
        _draw_number(panel, numbers, name)
    panels[4].axhline(PATTERN, color=theme.MUTED, linewidth=1, linestyle=(0, (4, 3)))
    for panel in panels[3:]:
        panel.set_xlabel("Number of groups")
    return panels[0]


_NUMBERS: Final = (
    ("Silhouette", "silhouette"),
    ("Calinski-Harabasz", "calinski_harabasz"),
    ("Gap ± its error", "gap"),
    ("BIC, low is good", "bic"),
    ("Stability", "stability"),
    ("Two halves agree", "subsets"),
)


def _draw_number(panel: Axes, numbers: pd.DataFrame, name: str) -> None:
    tried = numbers["n_groups"].to_numpy()
    panel.plot(tried, numbers[name], color=theme.REST, linewidth=1.6, marker="o", markersize=4)
    if name == "gap":
        value, error = numbers[name], numbers["gap_error"]
        limits = {"estimate": value, "lower": value - error, "upper": value + error}
        theme.draw_intervals(panel, limits, at=tried, colour=theme.REST, is_upright=True, width=1.6, size=4)
    for k, names in vote(numbers).items():
        if name in names:
            row = numbers[numbers["n_groups"] == k]
            panel.plot(k, row[name], "o", markersize=12, markerfacecolor="none", markeredgecolor=theme.INK)
    chosen = numbers[numbers["is_chosen"]]
    panel.plot(chosen["n_groups"], chosen[name], "o", color=theme.ACCENT, markersize=8)
    panel.set_xticks(tried)
    panel.margins(y=0.2)


def _say_votes(n: int, n_all: int) -> str:
    if n == n_all:
        return theme.word_for(n, "The one criterion speaks", f"All {theme.say_small_count(n)} criteria speak")
    if n == 0:
        return "No criterion by itself speaks"
    words = theme.say_small_count(n)
    speak = theme.word_for(n, "speaks", "speak")
    return f"{theme.first_capital(words)} of {theme.say_small_count(n_all)} criteria {speak}"


def _draw_stability(segmentation: Segmentation, found: Grouping, ax: Axes | None) -> Axes:
    rows = found.stability[::-1].assign(estimate=lambda frame: frame["mean_jaccard"])
    n_stable = int((found.stability["mean_jaccard"] >= STABLE).sum())
    ax = theme.new_axes(
        title=f"{_of_all(n_stable, found.k)} found again when customers are drawn anew",
        subtitle=(
            f"Jaccard similarity over {found.n_bootstraps} bootstraps: mean and the range of "
            f"{theme.say_percent(segmentation.confidence, 0)} of them"
        ),
        xlabel="Jaccard similarity (1: the very same customers)",
        size=(theme.SIZE[0], 1.9 + 0.5 * len(rows)),
        grid="x",
        ax=ax,
    )
    ax.set_xlim(0, 1.02)
    ax.set_ylim(-0.6, len(rows) - 0.1)
    places = np.arange(len(rows))
    theme.draw_intervals(ax, rows, at=places, colour=_colours(found, list(rows["segment"])), width=3, size=9)
    theme.mark_level(ax, STABLE, "stable from .75", axis="x", at=0.99)
    theme.name_rows(ax, list(rows["segment"]))
    return ax


def _of_all(n: int, k: int) -> str:
    if n == k:
        return "Both groups are" if k == 2 else f"All {theme.say_small_count(k)} groups are"
    if n == 0:
        return "No group is reliably"
    words = theme.say_small_count(n)
    return (
        f"{theme.first_capital(words)} of {theme.say_small_count(k)} groups {theme.word_for(n, 'is', 'are')} reliably"
    )


def _draw_nulls(_: Segmentation, found: Grouping, ax: Axes | None) -> Axes:
    nulls = found.nulls[found.nulls["judges_separation"]][::-1]
    own = float(nulls["silhouette"].iloc[0])
    beaten = int(nulls["is_beyond"].sum())
    what = "better separated than in" if beaten == len(nulls) else "not clearly better separated than in some"
    ax = theme.new_axes(
        title=f"The groups are {what} data without groups",
        subtitle=f"Silhouette of {theme.say_small_count(found.k)} groups: here, and the mean and highest of null data",
        xlabel="Mean silhouette",
        size=(theme.SIZE[0], 1.6 + 0.4 * len(nulls)),
        grid="x",
        ax=ax,
    )
    places = np.arange(len(nulls))
    limits = {"estimate": nulls["null_mean"], "lower": nulls["null_mean"], "upper": nulls["null_high"]}
    theme.draw_intervals(ax, limits, at=places, colour=theme.REST, width=3, size=9)
    ax.set_xlim(min(0, float(nulls["null_mean"].min()) * 1.1), max(own, float(nulls["null_high"].max())) * 1.25)
    ax.set_ylim(-0.6, len(nulls) - 0.2)
    theme.mark_level(ax, own, f"here: {own:.2f}", axis="x", at=0.99, colour=theme.ACCENT)
    theme.name_rows(ax, list(nulls["null"]))
    return ax


def _draw_holdout(segmentation: Segmentation, found: Grouping, ax: Axes | None) -> Axes:
    if found.holdout is None:
        return theme.empty_axes("The study keeps no holdout, so the groups cannot be judged by what came after.", ax)
    scores = found.holdout.scores[::-1]
    from crm_research.pillars.segmentation.groups.words import say_holdout

    finding = say_holdout(segmentation).split(":")[0]
    ax = theme.new_axes(
        title=finding,
        subtitle=f"Share of the differences between customers explained, out of sample, up to {_day(segmentation)}",
        size=(theme.SIZE[0], 3.4),
        grid="x",
        ax=ax,
    )
    colours = [theme.ACCENT if name == "segments" else theme.REST for name in scores["grouping"]]
    values = scores["explained_share"].fillna(0.0)
    theme.draw_bars(ax, np.arange(len(scores)), values, colours=colours)
    theme.label_values(ax, [theme.say_percent(value, 0) for value in scores["explained_share"]])
    names = [f"{outcome}: {name} ({n})" for outcome, name, n in scores[["outcome", "grouping", "n_groups"]].to_numpy()]
    theme.name_rows(ax, names)
    ax.set_xlim(min(0.0, float(values.min()) * 1.2), max(float(values.max()) * 1.18, 0.05))
    theme.format_share(ax, "x")
    return ax


def _day(segmentation: Segmentation) -> str:
    return theme.say_date(segmentation.holdout_until)


def _colours(found: Grouping, names: list[str]) -> list[str]:
    by_name = theme.colours_of(list(found.cards["segment"]))
    return [by_name[name] for name in names]


def _key_below(ax: Axes, colours: dict[str, str]) -> None:
    from matplotlib.lines import Line2D

    # By handle and not by the points' labels: matplotlib leaves out labels that begin with an underscore.
    dots = [Line2D([], [], marker="o", linestyle="none", markersize=7.5, color=colour) for colour in colours.values()]
    with theme.chart_style():
        ax.legend(
            handles=dots, labels=[theme.shorten(name, 60) for name in colours],
            loc="upper center", bbox_to_anchor=(0.4, -0.1), frameon=False, ncols=1, labelcolor=theme.INK,
            handletextpad=0.3, fontsize=9.5,
        )  # fmt: skip


_PICTURES: Final[dict[str, Callable[[Segmentation, Grouping, Axes | None], Axes]]] = {
    "segments": _draw_segments,
    "profiles": _draw_profiles,
    "numbers": _draw_numbers,
    "stability": _draw_stability,
    "nulls": _draw_nulls,
    "holdout": _draw_holdout,
}
