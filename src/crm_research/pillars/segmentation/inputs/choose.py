"""What customers are grouped by: behaviour before as_of, chosen, filled and scaled by stated rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.pillars.segmentation.inputs.base import name_members
from crm_research.pillars.segmentation.inputs.candidates import Candidate
from crm_research.pillars.segmentation.inputs.labels import Term, read_term, read_terms
from crm_research.pillars.segmentation.inputs.purposes import BEHAVIOUR, CANDIDATES, choose_purpose, offer_inputs
from crm_research.pillars.segmentation.inputs.recipe import Recipe
from crm_research.pillars.segmentation.inputs.scale import CUT_OFF
from crm_research.show.shown import Shown
from crm_research.steps import step
from crm_research.theme import say_percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.study import Study

FEWEST_CUSTOMERS: Final = 50
_MOST_MISSING: Final = 0.2
_MOST_ALIKE: Final = 0.95
_SAME_RANKS: Final = 0.8
SAYS_THE_SAME: Final = "not used: says much the same as"
_NORMAL_IQR: Final = 1.349


class _Words(dict[str, str]):
    """Words for an input; inputs named by the study speak for themselves."""

    def __missing__(self, name: str) -> str:
        return read_term(name).words


WORDS: Final[Mapping[str, str]] = _Words({name: words for name, words, _ in CANDIDATES})


@dataclass(frozen=True, eq=False, kw_only=True)
class Inputs(Shown):
    """What are the customers grouped by?

    Parameters
    ----------
    customers
        One customer of the base at as_of, by customer_id: customer_id, `WORTH` (net spend; of holders of contracts the
        fees a month) and the candidate inputs in their own units, gaps left empty.
    scaled
        The inputs used, one column each: on a logarithmic scale where skewed, less the median, over the robust
        standard deviation, cut off at three of them.
    used
        Names of the columns of `scaled`.
    choice
        input, what, is_used, reason: every candidate, and why it was taken or left out.
    n_filled
        Customers with a gap in at least one used input, filled with the median.
    purpose
        What the customers are grouped for (`PURPOSES`), or `named inputs`.
    recipe
        What the inputs are made of that are no features of purchases.
    n_left_out
        Customers of the base who are not grouped, for fewer than half of the attributes or answers are known.
    money
        What the customers are worth (`WORTH`): spend, fees (a month), or empty where the records tell neither.
    """

    customers: pd.DataFrame
    scaled: NDArray[np.float64]
    used: tuple[str, ...]
    choice: pd.DataFrame
    n_filled: int
    purpose: str = BEHAVIOUR
    recipe: Recipe = field(default_factory=Recipe)
    n_left_out: int = 0
    money: str = "spend"

    @property
    def base(self) -> str:
        """Whom the segmentation groups (`inputs.base`)."""
        return self.recipe.base

    @property
    def raw(self) -> pd.DataFrame:
        """The used inputs in their own units, gaps filled with the median."""
        columns = self.customers[list(self.used)]
        return columns.fillna(columns.median())

    @property
    def terms(self) -> dict[str, Term]:
        """How the used inputs are spoken of, by name."""
        words: dict[str, str] = {}
        if {"input", "what"} <= set(self.choice.columns):
            words = dict(zip(self.choice["input"], self.choice["what"], strict=True))
        return read_terms({name: words.get(name, WORDS[name]) for name in self.used})


@step
def build_inputs(study: Study, *, purpose: str | None = None, inputs: Sequence[str] | None = None) -> Inputs:
    """How do customers differ in what matters for this purpose, in numbers fit to be compared?

    Outcomes are no inputs: everything is known at as_of. How long a customer has been known is no input either, for
    it depends on when the records begin, and of a contract it is the outcome itself. Parameters as in `offer_inputs`.

    Raises
    ------
    NotEnoughData
        With fewer than 50 customers, or where no input tells any of them apart.
    """
    offer = offer_inputs(study, purpose=purpose, inputs=inputs)
    n = len(offer.customers)
    if n < FEWEST_CUSTOMERS:
        who = name_members(offer.recipe.base).who
        who = who if not offer.n_left_out else f"{who} of whom at least half is known"
        raise NotEnoughData(f"A segmentation: {who}", needed=FEWEST_CUSTOMERS, found=n)
    named = "named inputs" if inputs is not None else purpose or choose_purpose(study)
    chosen = choose_inputs(offer.customers, candidates=offer.candidates, ready=offer.ready, purpose=named)
    refused = [
        {"input": name, "what": name.replace("_", " "), "is_used": False, "reason": why} for name, why in offer.refused
    ]
    choice = pd.concat([chosen.choice, pd.DataFrame(refused)], ignore_index=True) if refused else chosen.choice
    return replace(chosen, choice=choice, recipe=offer.recipe, n_left_out=offer.n_left_out, money=offer.money)


def choose_inputs(
    customers: pd.DataFrame,
    *,
    candidates: Sequence[Candidate] = CANDIDATES,
    ready: Mapping[str, NDArray[np.float64]] | None = None,
    purpose: str = BEHAVIOUR,
) -> Inputs:
    """Which candidates tell customers apart, are known of most, and say something of their own?"""
    columns: dict[str, NDArray[np.float64]] = {}
    ranks: dict[str, NDArray[np.float64]] = {}
    rows = []
    said = {name: words for name, words, _ in candidates}
    for name, words, is_log in candidates:
        reason, values = _judge(customers, name, is_log, ranks, (ready or {}).get(name), said)
        if values is not None:
            columns[name], ranks[name] = values, _rank(values)
        rows.append({"input": name, "what": words, "is_used": values is not None, "reason": reason})
    if not columns:
        raise NotEnoughData(
            "A segmentation: inputs in which customers differ", needed=1, found=0,
            mend="All customers are alike in what was offered; there is nothing to group by.",
        )  # fmt: skip
    return Inputs(
        customers=customers,
        scaled=np.column_stack(list(columns.values())),
        used=tuple(columns),
        choice=pd.DataFrame(rows),
        n_filled=int(customers[list(columns)].isna().any(axis=1).sum()),
        purpose=purpose,
    )


def _judge(
    customers: pd.DataFrame,
    name: str,
    is_log: bool,
    taken: dict[str, NDArray[np.float64]],
    ready: NDArray[np.float64] | None,
    said: Mapping[str, str],
) -> tuple[str, NDArray[np.float64] | None]:
    if name not in customers:
        return "not used: the study does not have it", None
    values = customers[name].to_numpy(dtype=float, na_value=np.nan)
    values = np.where(np.isfinite(values), values, np.nan)
    missing = float(np.isnan(values).mean())
    if missing > _MOST_MISSING:
        return f"not used: not known of {say_percent(missing, 0)} of the customers", None
    filled = np.where(np.isnan(values), np.nanmedian(values), values)
    _, counts = np.unique(filled, return_counts=True)
    if counts.max() > _MOST_ALIKE * len(filled):
        return "not used: nearly all customers have the same value", None
    scaled = ready if ready is not None else scale_robustly(_on_log_scale(filled) if is_log else filled)
    own = _rank(scaled)
    for other, ranks in taken.items():
        correlation = float(own @ ranks)
        if abs(correlation) > _SAME_RANKS:
            return f"{SAYS_THE_SAME} {said[other]} (rank correlation {correlation:.2f})", None
    filled_words = f"; {say_percent(missing, 1)} of the customers filled with the median" if missing else ""
    how = ", on a logarithmic scale" if is_log else ""
    if ready is not None:
        is_part = name.startswith("share of ")
        how = ", as a log ratio to the other parts of its whole" if is_part else ", its levels together as one input"
    return f"used{how}{filled_words}", scaled


def scale_robustly(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Less the median, over the robust standard deviation, cut off at three: one giant does not stretch the scale."""
    middle = np.median(values)
    low, high = np.quantile(values, [0.25, 0.75])
    spread = (high - low) / _NORMAL_IQR
    if spread <= 0:  # more than half are alike
        spread = values.std()
    scaled: NDArray[np.float64] = np.clip((values - middle) / spread, -CUT_OFF, CUT_OFF)
    return scaled


def _on_log_scale(values: NDArray[np.float64]) -> NDArray[np.float64]:
    logarithms: NDArray[np.float64] = np.sign(values) * np.log1p(np.abs(values))
    return logarithms


def _rank(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks less their mean, of length one: the product of two such is Spearman's correlation."""
    from scipy.stats import rankdata

    ranks = rankdata(values)
    moved = ranks - ranks.mean()
    length = float(np.sqrt(moved @ moved))
    return np.asarray(moved / length if length > 0 else moved)
