"""Surveys: when people were asked, on which scales, and one row for each filled-in questionnaire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

from crm_research.errors import ParameterError
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

GAP_DAYS: Final = 30
MOST_ITEMS: Final = 80
_LONGEST_WAVE_DAYS: Final = 200
# Names of our own columns, which an item cannot bear beside them.
_OWN: Final = ("response_id", "customer_id", "asked_at", "wave")


def known_answers(study: Study) -> ir.Table:
    """customer_id, response_id, item and share: each answer within its scale, over it, of customers who are named."""
    rows = known_rows(study, "surveys")
    is_named = rows.customer_id.notnull()  # noqa: PD004 - Ibis
    rows = rows.filter(is_named, rows.score >= rows.scale_min, rows.score <= rows.scale_max)
    share = (rows.score - rows.scale_min) / (rows.scale_max - rows.scale_min).nullif(0.0)
    return rows.select("customer_id", "response_id", "item", share=share)


@dataclass(frozen=True, eq=False, kw_only=True)
class Survey:
    """What was answered by as_of.

    Parameters
    ----------
    answers
        Grain: response, the latest of a customer in a wave; anonymous ones are kept. ``response_id``, ``customer_id``
        (None where anonymous), ``asked_at``, ``wave``, and one column an item: the answer on the item's scale, NaN
        where none was given or it lies outside the scale.
    items
        Grain: item, in the order of their names. ``item``, ``scale_min``, ``scale_max`` (of the latest wave that asked
        it), ``n_answers``, ``n_missing``, ``n_outside``, ``n_rescaled`` (answered on another scale and carried over
        linearly), ``n_reversed`` (scale_min above scale_max).
    waves
        Grain: wave, oldest first. ``wave`` (0, 1, ...), ``label``, ``first_at``, ``last_at``, ``n_responses``,
        ``n_anonymous``, ``n_repeated`` (earlier responses of a customer in the same wave, left out).
    n_timeless
        Responses without a time; they are left out.
    n_items_left_out
        Items beyond the most often asked.
    is_continuous
        The survey never paused, so that calendar quarters stand for waves.
    """

    answers: pd.DataFrame
    items: pd.DataFrame
    waves: pd.DataFrame
    n_timeless: int
    n_items_left_out: int
    is_continuous: bool

    @property
    def names(self) -> list[str]:
        """The items."""
        return self.items["item"].tolist()


def read_survey(study: Study, *, gap_days: int = GAP_DAYS) -> Survey:
    """Who answered what, and in which wave?

    Parameters
    ----------
    study
        Needs surveys.
    gap_days
        More days than this without a response part two waves. A survey that never pauses for longer than 200 days on
        end is cut into calendar quarters.

    Returns
    -------
    Survey
        Empty frames where no answer is known at as_of.

    Notes
    -----
    Waves, scales and one row a response are made in the engine; what comes back is one row a response. An answer
    outside its scale (such as -99) is no answer. An answer on another scale than the item's latest keeps its relative
    place between the ends. A scale written from high to low is read from its least to its greatest number; whether
    high means good there, no record tells.
    """
    if isinstance(gap_days, bool) or not gap_days >= 1:
        raise ParameterError(f"gap_days must be 1 or more, not {gap_days!r}.")
    rows = _readable(known_rows(study, "surveys"))
    n_timeless = int(rows.filter(rows.asked_at.isnull()).response_id.nunique().execute())  # noqa: PD003 - Ibis
    rows = rows.filter(rows.asked_at.notnull(), rows.item.notnull(), rows.response_id.notnull())  # noqa: PD004 - Ibis
    waves, is_continuous = _find_waves(rows, gap_days)
    if waves.empty:
        return _nothing(n_timeless)
    responses = _place_responses(rows, waves)
    scales = _find_scales(rows)
    kept = scales.sort_values("n_asked", ascending=False, kind="stable").head(MOST_ITEMS).sort_values("item")
    long = _score(rows, kept)
    wide = long.group_by("response_id").agg(
        **{f"item_{place}": long.value.max(where=long.place == place) for place in range(len(kept))}
    )
    joined = responses.join(wide, "response_id", how="left").drop("response_id_right")
    answers = joined.order_by("asked_at", "response_id").to_pandas()
    return Survey(
        answers=_tidy(answers, kept["item"].tolist()),
        items=_count_items(long, kept),
        waves=_count_waves(waves, answers, rows),
        n_timeless=n_timeless,
        n_items_left_out=len(scales) - len(kept),
        is_continuous=is_continuous,
    )


def _readable(rows: ir.Table) -> ir.Table:
    """With a customer_id, also where the study has only anonymous answers; infinite scores are none."""
    if "customer_id" not in rows.columns:
        rows = rows.mutate(customer_id=ibis.null("string"))
    score = rows.score.cast("float64")
    item = rows.item.isin(_OWN).ifelse(rows.item.concat(" (item)"), rows.item)
    return rows.mutate(item=item, score=(score.isnan() | score.isinf()).ifelse(None, score).cast("float64"))


def _find_waves(rows: ir.Table, gap_days: int) -> tuple[pd.DataFrame, bool]:
    """First and last day of each wave, from the days on which anybody answered."""
    days = rows.select(day=rows.asked_at.truncate("D")).distinct().order_by("day").to_pandas()["day"]
    if days.empty:
        return pd.DataFrame(columns=["wave", "first_day", "last_day"]), False
    number = (days.diff().dt.days > gap_days).cumsum()
    waves = days.groupby(number).agg(["min", "max"])
    is_continuous = bool(((waves["max"] - waves["min"]).dt.days > _LONGEST_WAVE_DAYS).any())
    if is_continuous:
        waves = days.groupby(days.dt.to_period("Q")).agg(["min", "max"])
    waves = waves.set_axis(["first_day", "last_day"], axis=1).reset_index(drop=True)
    return waves.rename_axis("wave").reset_index(), is_continuous


def _place_responses(rows: ir.Table, waves: pd.DataFrame) -> ir.Table:
    """One row a response that stands: its customer, time and wave; a customer's earlier ones of a wave are dropped."""
    single = rows.group_by("response_id").agg(customer_id=rows.customer_id.max(), asked_at=rows.asked_at.max())
    starts = waves["first_day"].tolist()[1:]
    wave = ibis.literal(0)
    for start in starts:
        wave = wave + (single.asked_at >= ibis.timestamp(start.isoformat())).cast("int64")
    placed = single.mutate(wave=wave.cast("int64"))
    by = ibis.coalesce(placed.customer_id, placed.response_id)
    is_known = placed.customer_id.notnull()  # noqa: PD004 - Ibis
    order = [placed.asked_at.desc(), placed.response_id.desc()]
    nth = ibis.row_number().over(group_by=[placed.wave, is_known, by], order_by=order)
    numbered = placed.mutate(nth=nth)
    return numbered.filter(numbered.nth == 0).drop("nth")


def _find_scales(rows: ir.Table) -> pd.DataFrame:
    """Each item's scale: the one asked last, and on a tie most often."""
    counted = rows.group_by(
        "item", low=ibis.least(rows.scale_min, rows.scale_max), high=ibis.greatest(rows.scale_min, rows.scale_max)
    ).agg(n=rows.count(), last_at=rows.asked_at.max())
    frame: pd.DataFrame = counted.to_pandas()
    frame = frame.sort_values(["item", "last_at", "n", "low", "high"])
    total = frame.groupby("item")["n"].sum()
    last = frame.groupby("item", as_index=False).last()
    return last.assign(n_asked=last["item"].map(total), n_scales=last["item"].map(frame.groupby("item").size()))


def _score(rows: ir.Table, scales: pd.DataFrame) -> ir.Table:
    """Each answer on its item's scale, with what was wrong with it."""
    place = rows.item.cases(*[(name, number) for number, name in enumerate(scales["item"])], else_=-1)
    low = rows.item.cases(*zip(scales["item"], scales["low"].astype(float), strict=True), else_=None)
    high = rows.item.cases(*zip(scales["item"], scales["high"].astype(float), strict=True), else_=None)
    least = ibis.least(rows.scale_min, rows.scale_max).cast("float64")
    greatest = ibis.greatest(rows.scale_min, rows.scale_max).cast("float64")
    marked = rows.mutate(
        place=place,
        is_outside=((rows.score < least) | (rows.score > greatest)).fill_null(False),
        is_other=((least != low) | (greatest != high)).fill_null(False),
        is_reversed=(rows.scale_min > rows.scale_max).fill_null(False),
        carried=low + (rows.score - least) / (greatest - least).nullif(0.0) * (high - low),
    )
    value = marked.is_other.ifelse(marked.carried, marked.score)
    scored = marked.mutate(value=marked.is_outside.ifelse(None, value).cast("float64"))
    return scored.filter(scored.place >= 0)


def _count_items(long: ir.Table, scales: pd.DataFrame) -> pd.DataFrame:
    counted = long.group_by("item").agg(
        n_answers=long.value.count(),
        n_missing=long.value.isnull().sum() - long.is_outside.sum(),  # noqa: PD003 - Ibis
        n_outside=long.is_outside.sum(),
        n_rescaled=(long.is_other & long.value.notnull()).sum(),  # noqa: PD004 - Ibis
        n_reversed=long.is_reversed.sum(),
    )
    frame = scales[["item", "low", "high"]].rename(columns={"low": "scale_min", "high": "scale_max"})
    counts: pd.DataFrame = counted.to_pandas()
    return frame.merge(counts, on="item", how="left").reset_index(drop=True)


def _count_waves(waves: pd.DataFrame, answers: pd.DataFrame, rows: ir.Table) -> pd.DataFrame:
    by_wave = answers.groupby("wave").agg(
        n_responses=("response_id", "size"),
        n_anonymous=("customer_id", lambda ids: int(ids.isna().sum())),
        first_at=("asked_at", "min"),
        last_at=("asked_at", "max"),
    )
    asked = rows.group_by("response_id").agg(at=rows.asked_at.max()).select("at").to_pandas()["at"]
    place = pd.Series(waves["first_day"].searchsorted(asked, side="right") - 1).value_counts()
    frame = by_wave.reset_index()
    frame["n_repeated"] = frame["wave"].map(place).fillna(0).astype(int) - frame["n_responses"]
    is_month_enough = not frame["first_at"].dt.strftime("%Y-%m").duplicated().any()
    frame.insert(1, "label", frame["first_at"].dt.strftime("%Y-%m" if is_month_enough else "%Y-%m-%d"))
    return frame


def _tidy(answers: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    clean = answers.rename(columns={f"item_{place}": name for place, name in enumerate(names)})
    clean[names] = clean[names].astype(float)
    return clean[["response_id", "customer_id", "asked_at", "wave", *names]].reset_index(drop=True)


def _nothing(n_timeless: int) -> Survey:
    items = ["item", "scale_min", "scale_max", "n_answers", "n_missing", "n_outside", "n_rescaled", "n_reversed"]
    waves = ["wave", "label", "n_responses", "n_anonymous", "first_at", "last_at", "n_repeated"]
    return Survey(
        answers=pd.DataFrame(columns=["response_id", "customer_id", "asked_at", "wave"]),
        items=pd.DataFrame(columns=items),
        waves=pd.DataFrame(columns=waves),
        n_timeless=n_timeless,
        n_items_left_out=0,
        is_continuous=False,
    )
