"""Which setting is this: contracts that end at any time, renewals at fixed moments, or customers without a contract?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.features.window import known_rows
from crm_research.pillars.churn.detection_evidence import (
    EVIDENCE,
    FOLLOWED_DAYS,
    MOST_ENDS,
    NEAR_DAYS,
    ContractSizes,
    count_buyers,
    count_contract_sizes,
    weigh_anniversaries,
)
from crm_research.show.shown import Shown
from crm_research.stats.intervals import wilson_share
from crm_research.steps import step
from crm_research.theme import say_count, say_date, say_percent, say_range, word_for

if TYPE_CHECKING:
    from crm_research.study import Study

NOTHING: Final = "no contracts and no orders"
ORDERS_ONLY: Final = "orders only"
SNAPSHOT: Final = "snapshot of contracts"
RENEWALS: Final = "contracts renewed at fixed moments"
CONTINUOUS: Final = "contracts that end at any time"
_TELLING_SHARE: Final = 0.05
# A share known to no more than half of all it can be, as that of up to ten ends is, tells no rule.
_ROUGH: Final = 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class SettingDetection(Shown):
    """Which setting is this study, by which evidence, and what follows for the methods?

    Parameters
    ----------
    has_contracts, has_orders, has_end_column
        Tables of the study, and whether its contracts can have an end at all.
    sizes
        Contracts known at as_of: ``n_contracts``, ``n_customers``, ``n_ended``, ``is_one_date`` (of two or more ends),
        ``n_overlapping`` (began while another of the same customer ran), ``n_followed`` (ends after which the same
        customer began another contract within a week), ``n_planned`` (recorded end beyond the study's whole window),
        ``n_same_day`` (ended on the day they began), ``usual_days`` (the tenure at which most ended) and ``n_usual``
        (how many did).
    n_order_customers, n_orders_only
        Customers with an order, and of them those without any contract.
    period_months
        Months from one renewal to the next; None where ends crowd around no anniversary.
    is_whole_periods
        Whether running contracts stand at an anniversary at as_of as often: starts or tenures were then written down in
        whole periods, and what ends may do between them cannot be seen.
    evidence
        Grain: period that renewals could have. Columns ``period_months``, ``n_ends``, ``near_share`` (ends within three
        days of an anniversary of so many months), ``lower``, ``upper`` (Wilson, 95 %), ``chance_share`` (were ends
        spread evenly), ``running_share`` (running contracts so near at as_of). Empty without an end.
    """

    as_of: datetime
    has_contracts: bool
    has_orders: bool
    has_end_column: bool
    sizes: ContractSizes
    n_order_customers: int
    n_orders_only: int
    period_months: int | None
    is_whole_periods: bool
    evidence: pd.DataFrame

    @property
    def is_snapshot(self) -> bool:
        """Do all ends (two or more) bear one date?"""
        return self.sizes.is_one_date

    @property
    def kind(self) -> str:
        """The setting of the contracts; of the orders, where there are none."""
        if not self.sizes.n_contracts:
            return ORDERS_ONLY if self.n_order_customers else NOTHING
        if self.is_snapshot:
            return SNAPSHOT
        is_renewed = self.period_months is not None and not self.is_whole_periods
        return RENEWALS if is_renewed else CONTINUOUS

    @property
    def is_by_appointment(self) -> bool:
        """Do contracts end only when a renewal is due?"""
        return self.kind == RENEWALS

    def explain(self) -> str:
        """Which setting is it, why, and which methods does the page use?"""
        if self.kind == NOTHING:
            return "The study holds neither contracts nor orders known on its date: nobody can be seen to leave."
        if self.kind == ORDERS_ONLY:
            return (
                f"The study holds orders of {say_count(self.n_order_customers, 'customer')} and no contracts: "
                "leaving is not recorded, it has to be inferred from silence. The report on silent churn does that."
            )
        are = word_for(self.sizes.n_contracts, "is", "are")
        told = (
            "The records hold contracts with a start and, where they are over, an end: leaving is seen, not guessed, "
            f"so survival methods apply. {say_count(self.sizes.n_contracts, 'contract')} of "
            f"{say_count(self.sizes.n_customers, 'customer')} {are} known, {self.sizes.n_ended:,} of them ended. "
        )
        return f"{told}{self.say_timing()} {self.say_orders()}".strip()

    def say_timing(self) -> str:
        """When contracts end, in words with the evidence."""
        if self.is_snapshot:
            return (
                "All ends bear one date, so the calendar is no guide; only how long contracts had lasted is, and the "
                "curves use nothing else."
            )
        if self.evidence.empty:
            return "No end is known yet, so whether contracts end at fixed moments cannot be told."
        row = self._decisive()
        months = int(row["period_months"])
        every = "month" if months == 1 else f"{months} months"
        lie = word_for(row["n_ends"], "lies", "lie")
        share = (
            f"{say_percent(row['near_share'])} of {say_count(row['n_ends'], 'end')} {lie} within {NEAR_DAYS} days of a "
            f"whole number of {'months' if months == 1 else f'{months}-month periods'} after the start "
            f"({say_range(row['lower'], row['upper'], say_percent)}); chance would put "
            f"{say_percent(row['chance_share'])} there"
        )
        if self.period_months is None:
            rest = "Renewals by period are an approximation here; curves in days are not."
            if self.is_one_tenure:
                return f"{self._say_one_tenure()} {rest}"
            if row["upper"] > MOST_ENDS >= row["lower"] and row["upper"] - row["lower"] > _ROUGH:
                return f"Whether they end at any time or when a renewal is due cannot be told: {share}. {rest}"
            return f"They end at any time: {share}. {self._say_mixture()}{rest}"
        if self.is_whole_periods:
            return (
                f"{share}, but running contracts stand there as often ({say_percent(row['running_share'])}): tenure is "
                f"known in whole periods of {'one month' if months == 1 else every} only, and is counted in them."
            )
        return (
            f"They end when a renewal is due, every {every}: {share}. So the page also counts renewals, and its curves "
            "fall in steps."
        )

    def say_orders(self) -> str:
        """What the other report covers, if anything is left to it."""
        if not self.n_order_customers:
            return ""
        if not self.n_orders_only:
            return "The study also holds orders, all of customers with a contract; buying less is not asked here."
        return (
            f"{say_count(self.n_orders_only, 'customer')} of {self.n_order_customers:,} with orders "
            f"{word_for(self.n_orders_only, 'has', 'have')} no contract. Whether they have left is recorded nowhere: "
            "the report on silent churn judges it from their orders, and they are not part of this page."
        )

    def cautions(self) -> list[str]:
        """What in these contracts the reader has to know, each with the assumption that was made."""
        found = []
        if self.sizes.n_contracts and not self.has_end_column:
            found.append(
                "The contracts have no column of ends (ended_at), so every one counts as running. If ends are recorded "
                "elsewhere, map them in the study's file; nothing on this page can be said without them."
            )
        if self.sizes.n_planned:
            found.append(
                f"For {say_count(self.sizes.n_planned, 'contract')} an end beyond the study's window is recorded: a "
                f"planned end, it seems. Here such a contract counts as running on {say_date(self.as_of)}; if notice "
                "has been given, it is as good as ended."
            )
        if self.sizes.n_ended and self.sizes.n_followed > _TELLING_SHARE * self.sizes.n_ended:
            found.append(
                f"After {say_percent(self.sizes.n_followed / self.sizes.n_ended)} of the ends the same customer "
                f"began another contract within {FOLLOWED_DAYS} days. Such ends may be renewals or changes of plan "
                "and no leaving; here each counts as an end. If such contracts go on, write continues_within: "
                f"{FOLLOWED_DAYS} days and by: customer under contracts in the study's file, and end reasons that are "
                "no end, such as a pause, as continues_after: [REASON]."
            )
        if self.sizes.n_overlapping:
            found.append(
                f"{say_count(self.sizes.n_overlapping, 'contract')} "
                f"({say_percent(self.sizes.n_overlapping / self.sizes.n_contracts)}) began while another of the same "
                "customer was running. Each counts by itself, so a customer who keeps one and ends the other counts "
                "as one end."
            )
        if self.sizes.n_same_day and self.sizes.n_same_day > _TELLING_SHARE * self.sizes.n_ended:
            found.append(self._say_same_day())
        return found

    @property
    def is_one_tenure(self) -> bool:
        """Do most ends, by the lower limit, come after one and the same number of days?"""
        sizes = self.sizes
        return bool(sizes.n_ended and wilson_share(sizes.n_usual, sizes.n_ended).lower > MOST_ENDS)

    def _say_one_tenure(self) -> str:
        sizes = self.sizes
        low, high = (float(end) for end in wilson_share(sizes.n_usual, sizes.n_ended)[1:])
        days = sizes.usual_days
        when = f"{say_count(days, 'day')} after they begin" if days else "on the day they begin"
        return (
            f"Most end {when}: {say_percent(sizes.n_usual / sizes.n_ended)} of {say_count(sizes.n_ended, 'end')} "
            f"({say_range(low, high, say_percent)}) {word_for(sizes.n_ended, 'comes', 'come')} after just "
            "so long, "
            "seen to be no renewal."
        )

    def _say_same_day(self) -> str:
        n_same = self.sizes.n_same_day
        n = say_count(n_same, "contract")
        began = word_for(
            n_same,
            "it began. If it was cancelled before it came into force",
            "they began. If these were cancelled before they came into force",
        )
        if self.is_whole_periods:
            return (
                f"{n} ended with a tenure of 0: before the first whole period was over. When within it is not known; "
                f"here {word_for(self.sizes.n_same_day, 'it counts', 'they count')} as leaving at once."
            )
        return (
            f"{n} ended on the day {began}, leave {word_for(n_same, 'it', 'them')} out with 'where:' in the study's "
            f"file; here {word_for(n_same, 'it counts', 'they count')} as leaving."
        )

    def _say_mixture(self) -> str:
        """Whether some contracts, though not most, seem to end at anniversaries; empty if not."""
        rows = self.evidence
        some = rows.loc[(rows["lower"] > 2 * rows["chance_share"]) & (rows["lower"] > _TELLING_SHARE)]
        if some.empty:
            return ""
        row = some.iloc[-1]
        return (
            f"Yet {say_percent(row['near_share'])} lie near a multiple of "
            f"{say_count(row['period_months'], 'month')}, against "
            f"{say_percent(row['chance_share'])} by chance: some contracts seem to be renewed then, so compare plans. "
        )

    def _decisive(self) -> dict[str, float]:
        months = self.period_months if self.period_months is not None else 1
        rows = self.evidence.loc[self.evidence["period_months"] == months]
        return {name: float(rows[name].iloc[0]) for name in rows.columns}


@step
def detect_setting(study: Study) -> SettingDetection:
    """Which setting is this study, by which evidence?

    Contracts are said to be renewed at fixed moments if more than half of their ends, by the lower limit, and at least
    twice as many as chance explains, lie within three days of an anniversary of 1, 3, 6, 12, 24 or 36 months; the
    longest such period is taken. Both limits are conventions.

    Parameters
    ----------
    study
        Any study; every table may be missing.
    """
    n_buyers, n_alone = count_buyers(study)
    has_contracts = study.has("contracts")
    evidence, period, is_whole = (
        weigh_anniversaries(study) if has_contracts else (pd.DataFrame(columns=EVIDENCE), None, False)
    )
    return SettingDetection(
        as_of=study.as_of,
        has_contracts=has_contracts,
        has_orders=study.has("orders"),
        has_end_column=has_contracts and "ended_at" in known_rows(study, "contracts").columns,
        sizes=count_contract_sizes(study) if has_contracts else ContractSizes(),
        n_order_customers=n_buyers,
        n_orders_only=n_alone,
        period_months=period,
        is_whole_periods=is_whole,
        evidence=evidence,
    )
