"""Pictures of the customer file: all dealings of a customer on one axis of time, and what is at stake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research import theme
from crm_research.features.customer_file import COMPLAINTS, LANES
from crm_research.pillars.customer_file import words
from crm_research.privacy.pseudonyms import say_id

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crm_research.pillars.customer_file.measure import CustomerFile

CONTRACTS: Final = "contracts"
_LEAST, _MOST = 28.0, 260.0
_LINE: Final = 7.0
_MONTHS_A_YEAR: Final = 12


def timeline_frame(file: CustomerFile, customer: str) -> pd.DataFrame:
    """dealings, month, times, money: what the timeline of a customer shows, month by month."""
    own = file.months.loc[file.months["customer_id"] == customer]
    place = {lane: number for number, lane in enumerate(LANES)}
    own = own.assign(_place=own["lane"].map(place)).sort_values(["_place", "month"], kind="stable")
    return pd.DataFrame(
        {
            "dealings": own["lane"].to_numpy(),
            "month": [f"{number // _MONTHS_A_YEAR:04d}-{number % _MONTHS_A_YEAR + 1:02d}" for number in own["month"]],
            "times": own["n"].to_numpy(),
            "money": own["money"].astype(float).where(own["lane"].isin(LANES[:2])).to_numpy(),
        }
    )


def draw_timeline(file: CustomerFile, customer: str, *, ax: Axes | None = None) -> Axes:
    """All dealings of a customer: a row for each kind, a dot a month (the larger the more), a line a contract."""
    frame = timeline_frame(file, customer)
    contracts = _contracts_of(file, customer)
    lanes = [
        lane
        for lane in (*LANES, CONTRACTS)
        if (frame["dealings"] == lane).any() or (lane == CONTRACTS and len(contracts))
    ]
    if not lanes:
        return theme.empty_axes("No dealings of this customer are recorded.", ax=ax)
    rows = {lane: len(lanes) - 1 - place for place, lane in enumerate(lanes)}
    ax = theme.new_axes(
        title=words.timeline_title(file, customer),
        subtitle="A dot for each month with dealings, the larger the more; a line for each contract while it runs",
        size=(theme.SIZE[0], 1.7 + 0.46 * len(lanes)),
        grid="x",
        ax=ax,
    )
    colours = _colours()
    if len(frame):
        at = theme.place_dates(ax, pd.to_datetime(frame["month"] + "-15"))
        most = float(frame["times"].max())
        sizes = _LEAST + (_MOST - _LEAST) * np.sqrt(frame["times"].to_numpy(dtype=float) / most)
        ax.scatter(
            at,
            [rows[lane] for lane in frame["dealings"]],
            s=sizes,
            color=[colours.get(lane, theme.ACCENT) for lane in frame["dealings"]],
            linewidth=0.8,
            edgecolor=theme.PAPER,
            zorder=3,
        )
    for number, (begin, end, is_running) in enumerate(contracts):
        ends: Any = theme.place_dates(ax, pd.Series([begin, end]))
        height = rows[CONTRACTS] + 0.14 * ((number % 3) - 1 if len(contracts) > 1 else 0)
        ax.plot(
            ends,
            [height] * 2,
            color=theme.ACCENT if is_running else theme.MUTED,
            linewidth=_LINE,
            solid_capstyle="butt",
        )
    ax.axvline(float(theme.place_dates(ax, pd.Series([pd.Timestamp(file.as_of)]))[0]), color=theme.MUTED, linewidth=1.0)
    theme.name_rows(ax, [_name_row(file, customer, lane, len(contracts)) for lane in reversed(lanes)], columns=30)
    ax.set_ylim(-0.6, len(lanes) - 0.4)
    theme.format_months(ax)
    return ax


def _colours() -> dict[str, str]:
    return {COMPLAINTS: theme.WARNING}


def _name_row(file: CustomerFile, customer: str, lane: str, n_contracts: int) -> str:
    n = n_contracts if lane == CONTRACTS else int(file.lane(customer, lane)["n"].sum())
    return f"{lane}  {n:,}"


def _contracts_of(file: CustomerFile, customer: str) -> list[tuple[pd.Timestamp, pd.Timestamp, bool]]:
    if file.contracts.empty:
        return []
    own = file.contracts.loc[file.contracts["customer_id"] == customer]
    as_of = pd.Timestamp(file.as_of)
    return [
        (pd.Timestamp(row["started_at"]), as_of if pd.isna(row["ended_at"]) else pd.Timestamp(row["ended_at"]),
         bool(pd.isna(row["ended_at"])))
        for row in own.to_dict("records")
        if pd.notna(row["started_at"])
    ]  # fmt: skip


def timeline_alt(file: CustomerFile, customer: str) -> str:
    """What one sees of a customer's dealings."""
    return (
        f"{words.timeline_title(file, customer)}. Rows for kinds of dealings, dots for months along one axis of time."
    )


def stake_frame(file: CustomerFile) -> pd.DataFrame:
    """customer_id, left, at_stake: of customers with anything at stake, the most first."""
    held = file.worth.loc[
        file.worth["at_stake"].notna() & (file.worth["profit"] > 0), ["customer_id", "profit", "at_stake"]
    ]
    held = held.sort_values("at_stake", ascending=False, kind="stable", ignore_index=True)
    return held.rename(columns={"profit": "left"}).astype({"left": float, "at_stake": float})


def stake_title(file: CustomerFile) -> str:
    """What one sees of what is at stake."""
    frame = stake_frame(file)
    noun = "contribution" if file.counted is None else file.counted.noun
    share = float(frame["at_stake"].sum()) / float(frame["left"].sum())
    return f"{theme.say_percent(share)} of the {noun} of these customers is at stake"


def draw_stakes(file: CustomerFile, *, ax: Axes | None = None) -> Axes:
    """Bars: what each customer left, and in front of it what of that is at stake."""
    frame = stake_frame(file)[::-1].reset_index(drop=True)
    if frame.empty:
        return theme.empty_axes("Nothing is at stake, as far as the records tell.", ax=ax)
    ax = theme.new_axes(
        title=stake_title(file),
        subtitle=f"What each customer left in the latest months (pale), and what of it is at stake, in {file.currency}",
        size=(theme.SIZE[0], 1.7 + 0.4 * len(frame)),
        grid="x",
        ax=ax,
    )
    theme.draw_bars(ax, range(len(frame)), frame["left"], colours=theme.REST)
    theme.draw_bars(ax, range(len(frame)), frame["at_stake"], colours=theme.ACCENT)
    names = [
        f"{say_id('customer_id', one)}  {theme.say_short(stake)}"
        for one, stake in zip(frame["customer_id"], frame["at_stake"], strict=True)
    ]
    theme.name_rows(ax, names, columns=30)
    ax.set_xlim(0, 1.05 * float(frame["left"].max()))
    theme.format_money(ax, axis="x")
    return ax
