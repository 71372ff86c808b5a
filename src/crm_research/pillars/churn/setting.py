"""Which setting is this, and can the records carry the question? Looked at before anything is estimated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research import vocabulary
from crm_research.features.clock import instant, whole_days_between
from crm_research.features.own_covariates import find_growing
from crm_research.features.spells import build_spells
from crm_research.features.window import known_rows
from crm_research.models.survival import FEWEST_AT_RISK, estimate_cumulative_hazard, estimate_survival
from crm_research.pillars.churn.detection import SettingDetection, detect_setting
from crm_research.show.shown import Shown
from crm_research.steps import step
from crm_research.theme import join_words, say_count, say_date, say_days, say_percent, say_range, word_for

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Continuation, Study

# Ends that should have come before the first recorded one; by chance alone ten would be missed once in 22,000 times.
_SUSPICIOUS_ENDS: Final = 10.0
_SUSPICIOUS_SHARE_OF_ENDS: Final = 0.05
_THEY_GROW: Final = ("add up (or run down)", "they tell", "them")


@dataclass(frozen=True, kw_only=True)
class Watching:
    """From which tenure on, and up to which, were enough contracts under observation for a curve?

    Parameters
    ----------
    begins_days
        Above 0 everything that is read off the curve is that of contracts that lasted so long.
    n_before
        Contracts that were no longer watched by then; they are left out.
    stops_days, n_beyond
        Where nobody was left under observation though others were met later, and how many these are; None without.
    """

    begins_days: float = 0.0
    n_before: int = 0
    stops_days: float | None = None
    n_beyond: int = 0

    @property
    def condition(self) -> str:
        """Whose curve it is, to stand behind "contracts": `` that lasted 33 days``; empty from the start on."""
        return say_condition(self.begins_days)

    def cautions(self) -> list[str]:
        """What follows for the reader; nothing where every curve begins at the start and reaches the end."""
        found = []
        if self.begins_days > 0:
            left_out = (
                f" {say_count(self.n_before, 'contract')} no longer watched by then "
                f"{word_for(self.n_before, 'is', 'are')} left out, since an end among so few would have brought the "
                "whole curve down."
                if self.n_before
                else ""
            )
            begin = say_days(self.begins_days)
            found.append(
                f"Few contracts were watched from their start: fewer than {FEWEST_AT_RISK} before a tenure of {begin}, "
                f"because records of the others begin later. The curves begin there: what they say holds for contracts "
                f"that lasted {begin}, and how many end earlier is not known.{left_out}"
            )
        if self.stops_days is not None:
            found.append(
                f"At a tenure of {say_days(self.stops_days)} no contract was left under observation; "
                f"{say_count(self.n_beyond, 'contract')} {word_for(self.n_beyond, 'was', 'were')} met at longer "
                "tenures only. The curves stop there, and what happens later is not known."
            )
        return found


def say_condition(begins_days: float) -> str:
    """Whose curve begins at a tenure, to stand behind "contracts"; empty for one that begins at the start."""
    return f" that lasted {say_days(begins_days)}" if begins_days > 0 else ""


def watch(counts: pd.DataFrame) -> Watching:
    """Where do curves from these counts begin and stop?"""
    if counts.empty or not counts["n_entered"].sum():
        return Watching()
    size = estimate_survival(counts).sizes.iloc[0]
    n_beyond = int(size["n_beyond"])
    return Watching(
        begins_days=float(size["first_days"]),
        n_before=int(size["n_before"]),
        stops_days=float(size["last_days"]) if n_beyond else None,
        n_beyond=n_beyond,
    )


@dataclass(frozen=True, kw_only=True)
class ChurnSetting(Shown):
    """What do the contracts of a study hold, and what is missing from them?

    Parameters
    ----------
    n_contracts, n_customers
        Known at as_of.
    n_watched
        Contracts that were under observation for at least a day, or began under observation; the estimates use them.
    n_ended, n_without_reason
        Of the watched: ended by as_of; of these without a reason.
    n_met_late
        Of the watched: those whose records begin after their start (left truncation).
    first_start, last_start, first_end, last_end, as_of
        Instants; None where there is none.
    n_missing_ends
        Ends one would have expected, at the rates seen, before the first recorded end; many of them mean that the
        records hold only those who had survived until then.
    is_entry_given
        Whether the study says of every contract from when on it was followed (observed_from).
    growing
        Declared numbers that add up while a contract runs, as `features.own_covariates.find_growing` finds them.
    detection
        Which setting it is, with the evidence.
    watching
        Where the curves begin and stop, because contracts were met late.
    continuation
        Which contracts were read as one, where the study says so.
    """

    n_contracts: int
    n_customers: int
    n_watched: int
    n_ended: int
    n_without_reason: int
    n_met_late: int
    first_start: datetime | None
    last_start: datetime | None
    first_end: datetime | None
    last_end: datetime | None
    as_of: datetime
    n_missing_ends: float
    detection: SettingDetection
    watching: Watching = Watching()
    is_entry_given: bool = False
    growing: tuple[str, ...] = ()
    continuation: Continuation | None = None

    @property
    def is_snapshot(self) -> bool:
        """Do all ends bear one date? Then the calendar says nothing about who was dropped before."""
        return self.n_ended > 1 and self.first_end == self.last_end

    @property
    def holds_only_survivors(self) -> bool:
        """Are more ends missing before the first recorded one than chance explains?"""
        return self.n_missing_ends > max(_SUSPICIOUS_ENDS, _SUSPICIOUS_SHARE_OF_ENDS * self.n_ended)

    @property
    def may_lack_early_leavers(self) -> bool:
        """Is there reason to think so? A snapshot is none where the study says from when each contract was followed."""
        if self.is_snapshot:
            return not self.is_entry_given
        return self.holds_only_survivors

    @property
    def window(self) -> str:
        """Period of the records, in words."""
        if self.first_start is None:
            return f"no contract known on {say_date(self.as_of)}"
        return (
            f"contracts begun {say_range(self.first_start, self.last_start, say_date)}, "
            f"followed until {say_date(self.as_of)}"
        )

    def explain(self) -> str:
        """Which setting is it, and why?"""
        if self.n_contracts == 0:
            return "The study has a table of contracts, but none had begun by its as_of."
        return self.detection.explain()

    def estimand(self) -> pd.DataFrame:
        """What exactly is estimated? Columns ``part``, ``definition``."""
        entry = (
            f"the start, or the day our records of the contract begin ({self.n_met_late:,} "
            f"{word_for(self.n_met_late, 'was', 'were')} met late)"
            if self.n_met_late
            else "the start: every contract counts as watched from its first day"
        )
        reasons = (
            "as recorded; each end has one reason" if self.n_without_reason < self.n_ended else "the records give none"
        )
        rows = [
            ("Population", self.window),
            ("Origin", "the start of the contract, day 0"),
            ("Entry", entry),
            *([("Condition", f"contracts{self.watching.condition}")] if self.watching.condition else []),
            ("Exit", f"the end of the contract; contracts still running on {say_date(self.as_of)} are censored there"),
            ("Reason", reasons),
            ("Clock", "days since the start of the contract (tenure), not calendar time"),
            ("Unit", self.say_unit()),
        ]
        return pd.DataFrame(rows, columns=["part", "definition"])

    def say_unit(self) -> str:
        """What counts as one contract, in words."""
        rule = self.continuation
        if rule is None:
            return "the contract; a customer with several counts once for each"
        when = []
        if rule.within_days is not None:
            when.append(f"begins within {say_count(rule.within_days, 'day')} after it ended, or while it runs")
        if rule.after:
            reasons = join_words([f"'{name}'" for name in rule.after], "or")
            when.append(f"follows an end for {reasons}, which counts as none")
        return (
            "a customer's contracts as far as they go on in each other: the next one goes on with the last if it "
            f"{' or '.join(when)}. Plan and other characteristics are those of the first"
        )

    @property
    def all_ends(self) -> str:
        """Subject and verb of what is said of all ends: ``All 12 ends bear``."""
        return word_for(self.n_ended, "The only end bears", f"All {self.n_ended:,} ends bear")

    def cautions(self) -> list[str]:
        """What speaks against taking the curves at their word? Sentences; none if nothing was found."""
        found = []
        if self.is_snapshot and not self.is_entry_given:
            found.append(
                f"{self.all_ends} one date ({say_date(self.first_end)}): this is a snapshot, not a "
                "history. If those who left earlier were dropped from it, early leavers are missing, and every "
                "tenure on this page is overstated. Ask for the ended contracts of earlier years; or, if every one was "
                "followed from its start and only dates are not known, say so by observed_from in the study's file."
            )
        elif self.holds_only_survivors and not self.is_snapshot:
            found.append(
                f"At the rates seen, about {say_count(self.n_missing_ends, 'contract')} should have ended before "
                f"{say_date(self.first_end)}, but the first recorded end is of that day. The records seem to hold only "
                "contracts that were still running then (left truncation), and tenure is overstated. Give "
                "observed_from, the day from which each contract was followed, and the curves allow for it."
            )
        n_dropped = self.n_contracts - self.n_watched
        if n_dropped:
            found.append(
                f"{say_count(n_dropped, 'contract')} ({say_percent(n_dropped / self.n_contracts)}) were never under "
                "observation, because they ended before their records begin or before they started; they are left out."
                if n_dropped > 1
                else f"1 contract ({say_percent(n_dropped / self.n_contracts)}) was never under observation, "
                "because it "
                "ended before its records begin or before it started; it is left out."
            )
        if 0 < self.n_without_reason < self.n_ended:
            found.append(
                f"{say_percent(self.n_without_reason / self.n_ended)} of the ends carry no reason; they stand as "
                f"'{vocabulary.REASON_NOT_GIVEN}', and every other reason is understated by its part of them."
            )
        if self.growing:
            found.append(self._say_growing())
        return found + self.watching.cautions() + self.detection.cautions()

    def _say_growing(self) -> str:
        is_one = len(self.growing) == 1
        moves, tells, them = ("adds up (or runs down)", "it tells", "it") if is_one else _THEY_GROW
        return (
            f"{join_words(list(self.growing))} {moves} while a contract runs: nearly all contracts that ended soonest "
            f"lie on one side of the median of all that ended. Recorded at the end, {tells} how long a contract lasted "
            f"and not what makes customers leave, and drivers and risks that used {them} would be too good to be true: "
            f"{'it is' if is_one else 'they are'} left out of them. Give the values over time as contract_states."
        )


@step
def describe_setting(study: Study, counts: pd.DataFrame) -> ChurnSetting:
    """What do the contracts hold, and are early leavers missing?

    Parameters
    ----------
    study
        Needs contracts.
    counts
        Contracts by tenure, as `features.spells.count_spells` gives them.
    """
    known = known_rows(study, "contracts")
    spells = build_spells(study)
    watched = spells.filter((spells.tenure_days > spells.entry_days) | (spells.entry_days == 0))
    ended_at = watched.started_at + watched.tenure_days.as_interval("D")
    ended_on = watched.is_ended.ifelse(ended_at.truncate("D"), None)
    size = known.aggregate(n_contracts=known.count(), n_customers=known.customer_id.nunique()).to_pandas().iloc[0]
    found = (
        watched.aggregate(
            n_watched=watched.count(),
            n_ended=watched.is_ended.sum().fill_null(0),
            n_without_reason=(watched.end_reason == vocabulary.REASON_NOT_GIVEN).sum().fill_null(0),
            n_met_late=(watched.entry_days > 0).sum().fill_null(0),
            first_start=watched.started_at.min(),
            last_start=watched.started_at.max(),
            first_end=ended_on.min(),
            last_end=ended_on.max(),
        )
        .to_pandas()
        .iloc[0]
    )
    first_end = _instant_or_none(found["first_end"])
    return ChurnSetting(
        n_contracts=int(size["n_contracts"]),
        n_customers=int(size["n_customers"]),
        n_watched=int(found["n_watched"]),
        n_ended=int(found["n_ended"]),
        n_without_reason=int(found["n_without_reason"]),
        n_met_late=int(found["n_met_late"]),
        first_start=_instant_or_none(found["first_start"]),
        last_start=_instant_or_none(found["last_start"]),
        last_end=_instant_or_none(found["last_end"]),
        first_end=first_end,
        as_of=study.as_of,
        n_missing_ends=0.0 if first_end is None else _missing_ends(study, counts, first_end),
        detection=detect_setting(study),
        watching=watch(counts),
        is_entry_given=_is_entry_given(known),
        growing=tuple(find_growing(spells, _declared_numbers(study, spells))),
        continuation=study.continuation,
    )


def _declared_numbers(study: Study, spells: ir.Table) -> list[str]:
    declared = {**study.attributes_of("customers"), **study.attributes_of("contracts")}
    return [name for name, kind in declared.items() if kind == vocabulary.NUMBER and name in spells.columns]


def _is_entry_given(known: ir.Table) -> bool:
    if "observed_from" not in known.columns:
        return False
    size = known.aggregate(n=known.count(), n_given=known.observed_from.count()).to_pandas().iloc[0]
    return int(size["n"]) > 0 and int(size["n"]) == int(size["n_given"])


@step
def _missing_ends(study: Study, counts: pd.DataFrame, first_end: datetime) -> float:
    """Ends expected before the first recorded one, were the hazard by tenure the same then as later."""
    spells = build_spells(study)
    early = spells.filter(spells.entry_days == 0, spells.started_at < instant(first_end))
    early = early.mutate(days=whole_days_between(early.started_at, instant(first_end)))
    waiting = early.group_by("days").agg(n=early.count()).to_pandas()
    hazard = estimate_cumulative_hazard(counts)
    steps = np.append(0.0, hazard["cumulative_hazard"].to_numpy())
    before = np.searchsorted(hazard["tenure_days"].to_numpy(), waiting["days"].to_numpy(), side="left")
    return float(np.sum(waiting["n"].to_numpy() * steps[before]))


def _instant_or_none(value: pd.Timestamp) -> datetime | None:
    return None if pd.isna(value) else value.to_pydatetime()
