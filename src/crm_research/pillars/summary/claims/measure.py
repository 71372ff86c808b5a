"""Each saying beside a number of these records, or the reason why they cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crm_research.figures import REFUTED, Figure, FigureMaker
from crm_research.models.lifetime_value import margin_multiple
from crm_research.pillars.summary.claims import counts
from crm_research.pillars.summary.claims.sayings import SAYINGS, Saying, judge
from crm_research.show.shown import Shown
from crm_research.stats.concentration import FEWEST_CUSTOMERS, HOW, limit_concentration
from crm_research.stats.intervals import log_interval, logit_interval, wilson_share
from crm_research.theme import join_words, say_date, say_percent, word_for

if TYPE_CHECKING:
    from crm_research.results import DayResults
    from crm_research.study import Study

# Of a customer's worth, margin x r / (1 + i - r) (Gupta and Lehmann), i a year.
INTEREST: Final = 0.1
MORE_KEPT: Final = 0.05
_MOST_MISSING: Final = 0.05
_FEWEST: Final = 20
KEEPING: Final = ("keep", "retain", "retention", "loyal", "renew", "existing customer")
WINNING: Final = ("acqui", "winning", "new customer", "prospect", "lead gen")
RETURNING: Final = ("win back", "winback", "win-back", "reactivat")


@dataclass(frozen=True, kw_only=True)
class Claim(Shown):
    """A saying, the number that stands beside it, and what follows.

    Parameters
    ----------
    saying
        What is commonly said.
    figure
        What these records say; without an estimate where they cannot tell.
    why_not
        Why they cannot tell; empty where they can.
    basis
        What the number is, where that is not plain from the saying: of revenue instead of profit.
    """

    saying: Saying
    figure: Figure
    why_not: str = ""
    basis: str = ""

    @property
    def verdict(self) -> str:
        """`judge` of it."""
        return judge(self.saying, self.figure)


def measure_claims(
    study: Study,
    results: DayResults,
    *,
    confidence: float = 0.95,
    seed: int = 20170101,
    left_out: frozenset[str] = frozenset(),
) -> tuple[Claim, ...]:
    """What do these records say to each saying?

    A quantity that a report of the day has measured is taken from it as it stands, with its check: one quantity has one
    value.

    Parameters
    ----------
    study
        Any; what it lacks is said.
    results
        Of the other reports.
    confidence, seed
        Of the intervals, and of resampling.
    left_out
        Tables that are at fault: why something cannot be told.
    """
    asked = _Asked(study, results, confidence, seed, left_out)
    return (
        _top_fifth(asked),
        _profit_of_keeping(asked),
        _keeping_cost(asked),
        _earlier_buyers(asked),
        _return_time(asked),
        _won(asked),
    )


@dataclass(frozen=True, eq=False)
class _Asked:
    study: Study
    results: DayResults
    confidence: float
    seed: int
    left_out: frozenset[str] = frozenset()

    @property
    def year(self) -> str:
        since = self.study.as_of - timedelta(days=counts.YEAR_DAYS)
        return f"{say_date(since)} to {say_date(self.study.as_of)}"

    def has(self, *tables: str) -> bool:
        return all(table in self.study.tables for table in tables)

    def cannot(self, id_: str, why: str) -> Claim:
        """The records cannot tell, because ...; where a table is at fault, that is why."""
        if self.left_out:
            n, tables = len(self.left_out), join_words(sorted(self.left_out))
            why = f"the {word_for(n, 'table')} {tables} {word_for(n, 'is', 'are')} at fault and not read"
        saying = SAYINGS[id_]
        maker = FigureMaker(window=f"until {say_date(self.study.as_of)}", confidence=None)
        how = f"cannot be told from these records, because {why}"
        figure = maker.one(id_, f"{saying.label} (cannot be told)", None, unit=saying.unit, n=0, estimator=how)
        return Claim(saying=saying, figure=figure, why_not=why)

    def told(
        self, id_: str, numbers: Sequence[float | None], *, n: int, window: str, how: str, basis: str = "",
        validation: str | None = None,
    ) -> Claim:  # fmt: skip
        saying = SAYINGS[id_]
        maker = FigureMaker(window=window, confidence=self.confidence)
        label = f"{saying.label}{f', {basis}' if basis else ''}"
        figure = maker.one(
            id_, label, list(numbers), unit=saying.unit, n=n, estimator=how, validation=validation
        )  # fmt: skip
        return Claim(saying=saying, figure=figure, basis=basis)

    def measured(self, from_: str) -> bool:
        """Has another report measured it?"""
        found = self.results.find(from_, None)
        return found is not None and found[1].is_known

    def taken(self, id_: str, from_: str, report: str, *, group: str | None = None, basis: str = "") -> Claim:
        """The figure of another report, as it stands."""
        found = self.results.find(from_, group)
        saying = SAYINGS[id_]
        if found is None:
            return self.cannot(id_, self._why_not_there(report))
        _, source = found
        if source.estimate is None or not source.is_known:
            return self.cannot(id_, _why_open(source))
        figure = replace(
            source,
            id=id_,
            label=f"{saying.label}{f', {basis}' if basis else ''}",
            group=None,
            estimator=f"{source.estimator}; the same as {from_}",
        )
        return Claim(saying=saying, figure=figure, basis=basis)

    def _why_not_there(self, report: str) -> str:
        known = next((one for one in self.results.reports if one.report == report), None)
        named = f'the report "{known.title}"' if known is not None else f"the report {report}"
        if known is not None and known.outcome == "not applicable":
            return f"{named} does not apply: it {known.reason}"
        if known is not None and known.page is None:
            return f"{named} failed"
        if known is not None:
            return f"{named} does not say it of these records"
        return f"{named} has not been made for this day"


def _why_open(figure: Figure) -> str:
    if figure.estimate is None and figure.n:
        return "too few have come back within the records to say when half of them are"
    return "the interval of the number leaves nearly everything open" if figure.n else "there are no records of it"


def _top_fifth(asked: _Asked) -> Claim:
    id_ = "claims.top_fifth_share"
    if asked.measured("value.top20_profit_share"):
        return asked.taken(id_, "value.top20_profit_share", "value", basis="of profit after all recorded costs")
    if not asked.has("orders"):
        return asked.cannot(id_, "they hold no orders")
    found = counts.profit_by_customer(asked.study)
    if found is None or found.missing_share > _MOST_MISSING:
        return asked.taken(id_, "base.top20_revenue_share", "customer-base", basis="of revenue, as costs are not known")
    n = len(found.profit)
    if n < FEWEST_CUSTOMERS:
        return asked.cannot(id_, f"they hold the orders of {n:,} customers, of whom a fifth is hardly one")
    if found.profit.sum() <= 0:
        return asked.cannot(id_, "customers together leave no profit, of which there could be a share")
    top, _, _ = limit_concentration(found.profit, confidence=asked.confidence, seed=asked.seed)
    window = f"until {say_date(asked.study.as_of)}"
    return asked.told(id_, _ends(top), n=n, window=window, how=HOW, basis="of revenue less cost of the orders")


def _profit_of_keeping(asked: _Asked) -> Claim:
    id_ = "claims.profit_of_keeping"
    if asked.measured("value.retention_5pt_profit"):
        return asked.taken(
            id_, "value.retention_5pt_profit", "value", basis="by the customers kept a year in each tier"
        )
    if asked.has("contracts"):
        found = asked.results.find("churn.target.retention_seen")
        if found is None:
            made = asked.results.find("churn.contract.survival_12m")
            why = "the report of contracts cannot tell from them how many are kept a year"
            return asked.cannot(id_, why if made is not None else asked._why_not_there("churn"))
        kept = found[1]
        if kept.estimate is None or not kept.is_known:
            return asked.cannot(id_, "they do not tell how many contracts are kept a year")
        claim = _worth(asked, [kept.estimate, kept.lower, kept.upper], n=kept.n, window=kept.window, of="contracts")
        check = f"the share kept: {kept.validation}" if kept.verdict else kept.validation
        refuted = REFUTED if kept.verdict == REFUTED else None
        return replace(claim, figure=replace(claim.figure, validation=check, verdict=refuted))
    if not asked.has("orders"):
        return asked.cannot(id_, "they hold neither contracts nor orders")
    buyers = counts.count_kept_buyers(asked.study)
    since = asked.study.as_of - timedelta(days=2 * counts.YEAR_DAYS)
    if buyers.first_at is None or buyers.first_at > since:
        return asked.cannot(id_, "two years of orders are needed to see who is kept from one year to the next")
    if buyers.n_before < _FEWEST:
        return asked.cannot(id_, f"only {buyers.n_before:,} customers bought in the year before last")
    share = wilson_share(buyers.n_kept, buyers.n_before, confidence=asked.confidence)
    window = f"{say_date(since)} to {say_date(asked.study.as_of)}"
    return _worth(asked, _ends(share), n=buyers.n_before, window=window, of="buyers")


def _worth(asked: _Asked, kept: Sequence[float | None], *, n: int, window: str, of: str) -> Claim:
    """What 5 of 100 more kept add to what a customer is worth."""
    id_ = "claims.profit_of_keeping"
    best, low, high = (None if end is None else float(end) for end in kept)
    if best is None or best <= 0:
        return asked.cannot(id_, f"no {of} are kept from one year to the next")
    if best + MORE_KEPT > 1:
        return asked.cannot(id_, f"{say_percent(best)} are kept each year: 5 of 100 more cannot be")
    ends = [best if low is None else low, best if high is None else high]
    across = np.linspace(max(ends[0], 1e-6), max(ends[1], 1e-6), 501)
    gains = worth_of_keeping(across)
    return asked.told(
        id_,
        [float(worth_of_keeping(np.asarray(best))), float(gains.min()), float(gains.max())],
        n=n,
        window=window,
        how=f"worth of a customer r / (1 + i - r) with r of {of} kept a year ({say_percent(best)}), i = "
        f"{say_percent(INTEREST)} a year (an assumption) and the same margin each year; limits are the extremes over "
        "those of r",
        basis=f"by the {of} kept a year",
    )


def worth_of_keeping(kept: Any) -> Any:
    """By which share does a customer's worth rise when 5 of 100 more are kept a year? Nobody can be kept twice."""
    more = np.minimum(kept + MORE_KEPT, 1.0)
    return margin_multiple(more, INTEREST) / margin_multiple(kept, INTEREST) - 1


def _keeping_cost(asked: _Asked) -> Claim:
    id_ = "claims.keeping_cost_ratio"
    if not asked.has("campaigns", "campaign_responses"):
        return asked.cannot(id_, "they hold no campaigns with their responses, from which costs would be read")
    columns = asked.study.table("campaigns").columns
    if "cost" not in columns:
        return asked.cannot(id_, "the campaigns have no costs")
    keeping = counts.count_campaign_costs(asked.study, KEEPING, RETURNING)
    winning = counts.count_campaign_costs(asked.study, WINNING, RETURNING)
    if keeping is None or winning is None:
        lacking = [word for word, held in (("keeping", keeping), ("winning", winning)) if held is None]
        return asked.cannot(id_, f"no campaign is said (kind, name) to be for {' or for '.join(lacking)} customers")
    n_kept, n_won = keeping.n_responders, winning.n_responders
    if min(n_kept, n_won) < _FEWEST or min(keeping.cost, winning.cost) <= 0:
        few = f"too few responded to campaigns for keeping ({n_kept:,}) or winning ({n_won:,}), or they cost nothing"
        return asked.cannot(id_, few)
    ratio = keeping.cost / n_kept / (winning.cost / n_won)
    limits = log_interval(ratio, ratio * np.sqrt(1 / n_kept + 1 / n_won), confidence=asked.confidence)
    return asked.told(
        id_,
        _ends(limits),
        n=n_kept + n_won,
        window=f"until {say_date(asked.study.as_of)}",
        how="cost of campaigns per customer who responded, those for keeping over those for winning; responders as "
        "counts, limits on the logarithm; who would have stayed or come without a campaign is not taken off",
    )


def _earlier_buyers(asked: _Asked) -> Claim:
    id_ = "claims.earlier_buyers_share"
    if not asked.has("orders"):
        return asked.cannot(id_, "they hold no orders")
    found = counts.count_earlier_buyers(asked.study)
    needed = asked.study.as_of - timedelta(days=2 * counts.YEAR_DAYS)
    if found.first_at is None or not found.n_orders:
        return asked.cannot(id_, "nobody bought in the last year")
    if found.first_at > needed:
        why = (
            f"they begin on {say_date(found.first_at)}: who bought before that would count as new, and one year "
            "before the last is needed at the least"
        )
        return asked.cannot(id_, why)
    if found.n_customers < _FEWEST:
        return asked.cannot(id_, f"only {found.n_customers:,} customers bought in the last year")
    n, share = found.n_customers, found.n_earlier / found.n_orders
    spread = found.squares_earlier - 2 * share * found.products + share**2 * found.squares_orders
    error = np.sqrt(max(spread, 0.0) * n / (n - 1)) / found.n_orders
    limits = logit_interval(share, error, confidence=asked.confidence)
    if not 0 < share < 1:
        limits = wilson_share(n if share else 0, n, confidence=asked.confidence)
    return asked.told(
        id_,
        _ends(limits),
        n=found.n_orders,
        window=asked.year,
        how="orders by customers with an order on an earlier day over all orders of the year, customers as clusters, "
        f"limits on log odds; who last bought before the records begin on {say_date(found.first_at)} counts as new, so "
        "that the share is at least this",
    )


def _return_time(asked: _Asked) -> Claim:
    return asked.taken("claims.return_days", "loyalty.median_days_to_second", "loyalty")


def _won(asked: _Asked) -> Claim:
    group = "in the next cycle or later"
    return asked.taken("claims.won_share", "loyalty.new_cycle_share", "loyalty", group=group)


def _ends(found: Any) -> list[float]:
    return [float(found.estimate), float(found.lower), float(found.upper)]
