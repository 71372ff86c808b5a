"""How much of a page's main number hangs on which records are joined as one customer: a sentence, and a section."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker
from crm_research.show.parts import Chart, Figures, Note, Table, drawn
from crm_research.show.section import Section
from crm_research.stats.joined import HOW, HangsOnJoins
from crm_research.theme import (
    ACCENT,
    MUTED,
    draw_intervals,
    first_capital,
    format_share,
    new_axes,
    say_count,
    say_percent,
    word_for,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHARE: Final = "link.share_of_uncertainty"
QUESTION: Final = "How much of the answer hangs on which records are joined as one customer?"
NOTHING_DOUBTFUL: Final = (
    "Nothing here hangs on the joins: of no two records is it in doubt whether they are one customer."
)
COARSE: Final = (
    "The links tell how sure each record is of its customer, and not of which pairs that comes: the draws part what "
    "stands together, and join nothing that was missed. Linking the records again by crm-research link keeps the pairs."
)  # fmt: skip
_DIGITS: Final = (None, 1, 2)


@dataclass(frozen=True, eq=False, kw_only=True)
class JoinsTold:
    """A page's main number under other joins, and how to say it.

    Parameters
    ----------
    id, label
        Of the figure.
    clause
        What it says, with braces for the number: ``the top fifth of buyers would bring in {} of the revenue``.
    say
        A value in words; with a number of digits where two values would be printed alike.
    found
        What the draws give; None where nothing is in doubt.
    n_draws, n_doubtful, is_coarse, n_more
        As `models.joins.DrawnJoins` has them.
    window
        The period of the records, in words.
    is_share
        The number is a share.
    more
        What a researcher must know of how the draws were measured.
    still
        Why no draw can move the number, where that is so.
    unknown
        Why it is not known what draws make of it, where that is so.
    partly
        What draws cannot move of it, where they move another part.
    """

    id: str
    label: str
    clause: str
    say: Callable[[float], str]
    found: HangsOnJoins | None
    n_draws: int
    n_doubtful: int
    is_coarse: bool
    window: str
    n_more: float = 0.0
    is_share: bool = False
    more: str = ""
    still: str = ""
    unknown: str = ""
    partly: str = ""

    @property
    def pairs(self) -> str:
        """What is in doubt, counted."""
        return say_count(self.n_doubtful, *(("record",) if self.is_coarse else ("pair of records", "pairs of records")))

    @property
    def what(self) -> str:
        """What is in doubt: pairs of records, or records."""
        return "the records" if self.is_coarse else "the pairs"

    @property
    def ends(self) -> tuple[str, str, str]:
        """The least and the most that the draws give, and the number as linked, in as few digits as tell them apart."""
        if self.found is None:
            raise ValueError("Nothing was drawn.")
        low, high, point = self.found.lower, self.found.upper, self.found.point
        is_outside = not low <= point <= high
        for digits in _DIGITS if self.is_share else ():
            least, most, held = (say_percent(value, digits) for value in (low, high, point))
            if least != most and not (is_outside and held in (least, most)):
                return least, most, held
        return self.say(low), self.say(high), self.say(point)


def say_joins(told: JoinsTold | None) -> str:
    """How far the number moves under other joins, and how much of its uncertainty that is; empty without links."""
    if told is None:
        return ""
    if not told.n_doubtful:
        return f"How much here hangs on the joins is not known: {told.unknown}" if told.unknown else NOTHING_DOUBTFUL
    found = told.found
    are = word_for(told.n_doubtful, "is", "are")
    if told.still:
        return f"{told.pairs} {are} in doubt, and nothing here hangs on them: {told.still}"
    if told.unknown or found is None:
        return f"{told.pairs} {are} in doubt, and how much here hangs on them is not known: {told.unknown}"
    if not found.moves:
        same = told.clause.format(told.say(found.point))
        return f"{told.pairs} {are} in doubt: {_say_drawn(told)}, and each time {same}. {told.partly}".rstrip()
    low, high, held = told.ends
    moved = told.clause.format(_between(low, high))
    if low == high == held:
        moved = f"{moved} all the same"
    return f"{told.pairs} {are} in doubt: {_say_otherwise(told)}, {moved}{_say_share(found)}. {told.partly}".rstrip()


def _say_drawn(told: JoinsTold) -> str:
    """What chance did with what is in doubt."""
    they, were = (word_for(told.n_doubtful, *words) for words in (("it", "they"), ("was", "were")))
    if told.is_coarse:
        its, it = (word_for(told.n_doubtful, *words) for words in (("its customer", "their customers"), ("it", "them")))
        return f"{told.n_draws:,} times {they} {were} left with {its} or parted from {it} by chance"
    return f"{told.n_draws:,} times {they} {were} joined or parted by chance, as probably as the linking has it"


def _say_otherwise(told: JoinsTold) -> str:
    if told.is_coarse:
        one, several = (f"were {it} left with {its} or parted from {them} otherwise" for it, its, them in _LEFT)
        return word_for(told.n_doubtful, one, several)
    return "were they joined or parted otherwise"


_LEFT: Final = (("it", "its customer", "it"), ("they", "their customers", "them"))


def _between(low: str, high: str) -> str:
    """From the least to the most, what both are counted in said once."""
    if low == high:
        return low
    return f"{low.removesuffix(' %') if high.endswith(' %') else _bare(low)} to {high}"


def _bare(count: str) -> str:
    """A count of customers without the word."""
    return count.removesuffix(" customers").removesuffix(" customer")


def say_outside(told: JoinsTold | None) -> str:
    """Why the number as linked lies outside the range of draws; empty where it does not, or is printed alike."""
    found = None if told is None else told.found
    if told is None or found is None or told.still or told.unknown or not found.moves:
        return ""
    least, most, held = told.ends
    if found.lower <= found.point <= found.upper or held in (least, most):
        return ""
    outside = "and so outside this range" if least != most else "and not this"
    said = f"As the records are linked it is {_bare(held)}, {outside}"
    # Draws that join more have fewer customers than there are as linked.
    if told.n_more < 0:
        return f"{said}: two records are joined only where that is nearly sure, and what is left apart adds up."
    if told.n_more > 0:
        return f"{said}: what stands together is one customer probably, not surely, and what is parted adds up."
    return f"{said}."


def _say_share(found: HangsOnJoins) -> str:
    # What all draws agree on is another number, and no more uncertain for that.
    if found.share is None or not found.of_joins:
        return ""
    parts = round(100 * found.share)
    if parts < 1:
        return "; of all that is uncertain about it, less than 1 of 100 parts hangs on the joins"
    hangs = word_for(parts, "hangs", "hang")
    return f"; of all that is uncertain about it, about {parts} of 100 parts {hangs} on the joins"


def joins_figures(told: JoinsTold | None) -> list[Figure]:
    """The share of the number's uncertainty that comes from the joins; nothing where that is not known."""
    if told is None or told.unknown or (told.n_doubtful and (told.found is None or told.found.share is None)):
        return []
    found = told.found
    ends: list[float | None] = [0.0, None, None]
    if found is not None and found.moves:
        ends = [found.share, found.share_lower, found.share_upper]
    maker = FigureMaker(
        window=told.window, confidence=0.95 if found is None else found.confidence, validation=NO_VALIDATION
    )
    return [
        maker.one(
            SHARE, "Of what is uncertain about it, what hangs on the joins", ends, unit="share", n=told.n_doubtful,
            estimator=HOW, limits=f"from {told.n_draws:,} draws", group=told.label,
        )
    ]  # fmt: skip


def joins_section(told: JoinsTold | None) -> Section:
    """The sentence, the picture of what moves the number how far, and the figure; nothing without links."""
    if told is None:
        return Section()
    return Section(*_parts(told), result=told.found)


def _parts(told: JoinsTold) -> Iterator[Note | Chart | Table | Figures]:
    yield Note(say_joins(told))
    found = told.found
    if found is not None and found.moves:
        table = summary_table(told)
        yield Chart(
            drawn(partial(_draw, table, told)),
            alt=f"{_title(told)}. A line for what other joins of records would give; where the number has limits of "
            "its own, another for these.",
            data=table,
        )
        yield Note(f"{_say_how(told)}; then the number was measured anew. {told.more}".strip())
        yield Note(say_outside(told))
    if told.is_coarse and told.n_doubtful and not told.unknown:
        yield Note(COARSE)
    yield Figures(joins_figures(told), "What hangs on the joins")


def _say_how(told: JoinsTold) -> str:
    if told.is_coarse:
        return (
            f"{told.n_draws:,} times each record in doubt was left with its customer or made one by itself by chance, "
            "as probably as the links have it"
        )
    return (
        f"{told.n_draws:,} times each pair of records in doubt was joined or parted by chance, as probably as the "
        "linking has it, and never so that records which contradict each other are one"
    )


def summary_table(told: JoinsTold) -> pd.DataFrame:
    """what, estimate, lower, upper: the number with its own limits, and the same over draws of the joins."""
    found = told.found
    if found is None:
        raise ValueError("Nothing was drawn.")
    rows = [
        (
            "as linked, with limits of its own" if found.of_sampling else "as linked",
            found.point,
            found.own_lower,
            found.own_upper,
        )
    ]
    rows.append((f"over {told.n_draws:,} draws of the joins", found.median, found.lower, found.upper))
    return pd.DataFrame(rows, columns=["what", "estimate", "lower", "upper"])


def _title(told: JoinsTold) -> str:
    low, high, held = told.ends
    said = told.clause.format(_between(low, high))
    return first_capital(f"{said} whichever records are joined" if low == high == held else said)


def _draw(table: pd.DataFrame, told: JoinsTold, ax: Axes | None = None) -> Axes:
    """What other customers, and what other joins, would make of the number."""
    label = first_capital(told.label)
    ax = new_axes(
        title=_title(told),
        subtitle=f"{label}: as the records are linked, and had {told.what} in doubt been decided otherwise",
        xlabel=label,
        grid="x",
        size=(8.0, 2.6),
        ax=ax,
    )
    draw_intervals(ax, table, at=np.arange(len(table)), colour=[MUTED, ACCENT])
    ax.set_yticks(np.arange(len(table)), list(table["what"]))
    ax.set_ylim(len(table) - 0.5, -0.5)
    if told.is_share:
        format_share(ax, axis="x")
    return ax
