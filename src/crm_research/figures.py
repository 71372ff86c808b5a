"""Figures: the printed numbers, each with what is needed to trace and to doubt it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from crm_research.vocabulary import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

FIGURES_MIME: Final = "application/vnd.crm-research.figures+json"
NO_VALIDATION: Final = "none"
NOT_KNOWN: Final = UNKNOWN
# What the check of a number says of it, where there is one that can say so.
AGREES: Final = "agrees"
REFUTED: Final = "refuted"
# The same in a record, which always says it: a number that nothing has checked in a way that could refute it is
# untested, and to one that is not known no check applies.
HOLDS: Final = "holds"
FAILS: Final = "fails"
UNTESTED: Final = "untested"
NOT_APPLICABLE: Final = "not applicable"
# An interval that leaves so much of what a number can be says nothing about it: it is printed as not known.
NEARLY_EVERYTHING: Final = 0.9
_HUNDREDFOLD: Final = 100.0
_NO_WIDTH: Final = 1e-12


def leaves_size_open(lower: float | None, upper: float | None) -> bool:
    """Does an interval of a number above nought, which is read for its size, leave even its order of magnitude open?

    So it does where its ends lie a hundredfold apart, or one of them is missing. Not for a ratio, which is read for the
    side of 1 that it lies on.
    """
    low, high = _known(lower), _known(upper)
    return low is not None and (high is None or high >= _HUNDREDFOLD * low) and low >= 0


def has_no_width(lower: float, upper: float) -> bool:
    """Are two limits one number but for rounding, so that an interval would claim a certainty that nothing gives?

    So they are where all that was drawn from is alike: every customer spends the same, nobody leaves.
    """
    return abs(upper - lower) <= _NO_WIDTH * max(abs(lower), abs(upper), 1.0)


def says_nothing(lower: float | None, upper: float | None, *, span: float | None = None) -> bool:
    """Does an interval leave nearly everything open, so that the number must be printed as not known?

    Parameters
    ----------
    lower, upper
        The limits; None (or not finite) where one was never reached.
    span
        Width of all that the number can be: 1 for a share, 2 for a difference of shares. None for a number without a
        largest value, such as a tenure: its interval says nothing if it reaches from nought to no end.
    """
    low, high = _known(lower), _known(upper)
    if span is None:
        return high is None and low is not None and low <= 0
    return low is not None and high is not None and high - low >= NEARLY_EVERYTHING * span - 1e-12


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What is this number, how sure are we of it, and where does it come from?

    Parameters
    ----------
    id
        Stable dotted name, for example ``churn.contract.survival_12m``; other programs read it.
    label
        What a manager reads beside the number.
    estimate, lower, upper
        The number and its interval, in `unit`. None where it cannot be had (an interval of a plain count, a
        median that the curve never reaches); the label or a note then says why.
    unit
        ``customers``, ``orders``, ``days``, ``share`` (0 to 1), a currency code, or empty for a pure number.
    n
        Records the estimate stands on.
    window
        The period of the records, in words.
    estimator
        The method with its interval, in words.
    validation
        How the number was checked (holdout, published value); ``none`` marks it so on the page.
    group
        The group, month or segment this figure is about, where one id has several.
    verdict
        ``agrees`` or ``refuted``: what that check says of the number; None where nothing can say so. A refuted
        number is marked louder than an unchecked one.
    said
        The estimate in words where its number is only a code, such as ``reproducible``: printed instead of it. In a
        record the number as the page prints it.
    """

    id: str
    label: str
    estimate: float | None
    unit: str
    n: int
    window: str
    estimator: str
    lower: float | None = None
    upper: float | None = None
    validation: str = NO_VALIDATION
    group: str | None = None
    verdict: str | None = None
    said: str | None = None

    def __post_init__(self) -> None:
        if self.verdict not in (None, AGREES, REFUTED):
            raise ValueError(f"The verdict of {self.id!r} must be {AGREES!r}, {REFUTED!r} or None: {self.verdict!r}.")

    @property
    def is_known(self) -> bool:
        """Is there an estimate, and does its interval say anything?"""
        span = {"share": 1.0}.get(self.unit)
        return self.estimate is not None and not says_nothing(self.lower, self.upper, span=span)

    @property
    def outcome(self) -> str:
        """What came of its check: ``holds``, ``fails``, ``untested``, or ``not applicable`` to a number not known."""
        if not self.is_known:
            return NOT_APPLICABLE
        return {AGREES: HOLDS, REFUTED: FAILS}.get(self.verdict or "", UNTESTED)

    def as_record(self) -> dict[str, Any]:
        """The figure as one JSON-ready mapping; what is not finite becomes None, and the verdict one of four words."""
        record = asdict(self)
        for name in ("estimate", "lower", "upper"):
            record[name] = _finite_or_none(record[name])
        record["n"] = int(record["n"])
        record["verdict"] = self.outcome
        return record

    @classmethod
    def from_numbers(
        cls,
        id_: str,
        label: str,
        numbers: Mapping[str, Any],
        *,
        unit: str,
        n: int,
        window: str,
        estimator: str,
        confidence: float | None,
        limits: str = "",
        validation: str = NO_VALIDATION,
        group: str | None = None,
        verdict: str | None = None,
        said: str | None = None,
    ) -> Figure:
        """A figure from a row of numbers: ``estimate``, and ``lower`` and ``upper`` where it has an interval.

        What is not finite becomes None, and so do limits of no width. Where an interval is known its level is said with
        the estimator, and `limits` behind it (what it is of, as in "over customers").

        Raises
        ------
        ValueError
            If there is an interval and no `confidence`.
        """
        known = {name: _known(numbers.get(name)) for name in ("estimate", "lower", "upper")}
        low, high = known["lower"], known["upper"]
        if low is not None and high is not None and has_no_width(low, high):
            known["lower"] = known["upper"] = None
        has_interval = known["lower"] is not None or known["upper"] is not None
        if has_interval and confidence is None:
            raise ValueError(f"The limits of {id_!r} need the level that they hold at.")
        said_limits = f" {limits}" if limits else ""
        level = f"; {say_level(confidence)}{said_limits}" if has_interval and confidence is not None else ""
        return cls(
            id=id_,
            label=label,
            unit=unit,
            n=n,
            window=window,
            estimator=f"{estimator}{level}",
            validation=validation,
            group=group,
            verdict=verdict,
            said=said,
            estimate=known["estimate"],
            lower=known["lower"],
            upper=known["upper"],
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Figure:
        """Read a figure back from the mapping that `as_record` wrote; extra keys are left out."""
        names = cls.__dataclass_fields__
        known = {name: value for name, value in record.items() if name in names}
        # Records of earlier versions say the words of the figure itself.
        verdict = {HOLDS: AGREES, AGREES: AGREES, FAILS: REFUTED, REFUTED: REFUTED}.get(known.get("verdict") or "")
        return cls(**{**known, "verdict": verdict})


@dataclass(frozen=True, kw_only=True)
class FigureMaker:
    """What do all figures of one analysis share? Said once: the records' period, the level, and the check.

    Parameters
    ----------
    window
        The period of the records, in words.
    confidence
        Level of the intervals; said with the estimator of a figure that has limits, and of no other. None where
        no figure has any.
    validation, verdict
        How the numbers were checked and what came of it, where a figure says nothing else.
    """

    window: str
    confidence: float | None
    validation: str = NO_VALIDATION
    verdict: str | None = None

    def one(
        self,
        id_: str,
        label: str,
        numbers: Mapping[str, Any] | Sequence[float | None] | float | None,
        *,
        unit: str,
        n: int,
        estimator: str,
        limits: str = "",
        validation: str | None = None,
        verdict: str | None = None,
        group: str | None = None,
        said: str | None = None,
    ) -> Figure:
        """One figure.

        `numbers` is a row with ``estimate``, ``lower`` and ``upper``, the three in this order, or one number alone.
        `limits` says behind their level what they are of, if there are any.
        """
        return Figure.from_numbers(
            id_,
            label,
            _named(numbers),
            unit=unit,
            n=n,
            window=self.window,
            estimator=estimator,
            confidence=self.confidence,
            limits=limits,
            validation=self.validation if validation is None else validation,
            group=group,
            verdict=self.verdict if validation is None else verdict,
            said=said,
        )

    def of_rows(
        self,
        frame: pd.DataFrame,
        id_: str,
        label: str,
        *,
        unit: str,
        estimator: str,
        numbers: tuple[str, str, str] = ("estimate", "lower", "upper"),
        n: str = "n",
        group: str = "group",
        limits: str = "",
        validation: Callable[[pd.Series], str] | None = None,
    ) -> list[Figure]:
        """One figure a row: `numbers`, `n` and `group` name columns; `validation` says of a row how it was checked."""
        return [
            self.one(
                id_,
                label,
                [row[name] for name in numbers],
                unit=unit,
                n=int(row[n]),
                estimator=estimator,
                limits=limits,
                validation=None if validation is None else validation(row),
                group=str(row[group]),
            )
            for _, row in frame.iterrows()
        ]


def _named(numbers: Mapping[str, Any] | Sequence[float | None] | float | None) -> Mapping[str, Any]:
    if isinstance(numbers, Mapping):
        return numbers
    if isinstance(numbers, Sequence):
        return dict(zip(("estimate", "lower", "upper"), numbers, strict=True))
    return {"estimate": numbers}


def say_level(confidence: float) -> str:
    """The level of an interval in words, such as ``95 % interval`` or ``99.9 % interval``."""
    return f"{100 * confidence:.10g} % interval"


def verdict_of(holds: bool | None) -> str | None:
    """The verdict of a check that holds, fails, or cannot say (None)."""
    return None if holds is None else AGREES if holds else REFUTED


def _known(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _finite_or_none(value: Any) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    # Engines add in parallel: the last digits of a sum depend on who came first, and a second run must say the same.
    return float(f"{value:.12g}")
