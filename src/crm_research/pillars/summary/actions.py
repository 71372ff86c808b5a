"""The action list: what the figures of all reports ask for by the rules, for whom, of which department."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from crm_research.figures import FAILS, Figure
from crm_research.pillars.summary.rules import Rule
from crm_research.results import DayResults, ReportResult
from crm_research.show.figure_cards import anchor_of, why_refuted
from crm_research.show.formats import format_estimate, format_interval, is_currency
from crm_research.show.shown import Shown
from crm_research.stats.intervals import normal_quantile
from crm_research.theme import first_capital, join_words

_MOST_GROUPS: Final = 3
# Parts of a whole are told with a few digits.
_ROUNDED: Final = 0.02


@dataclass(frozen=True, kw_only=True)
class Stake:
    """Money at stake: a share of a sum, with the limits of the share."""

    amount: float
    lower: float | None
    upper: float | None
    currency: str


@dataclass(frozen=True, kw_only=True)
class Action(Shown):
    """What is to be done, by whom, why, and what it would bring.

    Parameters
    ----------
    rule
        By which it is chosen.
    report, figure
        Where the number stands that asks for it.
    for_whom, do, why
        Sentences of the rule with the numbers in their places.
    stake
        Money at stake; None where no figure says.
    effect, effect_report
        What a report computed that it brings; None where none did.
    """

    rule: Rule
    report: ReportResult
    figure: Figure
    for_whom: str
    do: str
    why: str
    stake: Stake | None = None
    effect: Figure | None = None
    effect_report: ReportResult | None = None

    @property
    def link(self) -> str:
        """To the very figure, from a page beside it."""
        return f"{self.report.page}#{anchor_of(self.figure)}"

    @property
    def doubts(self) -> tuple[Figure, ...]:
        """The figures behind it that fail their own checks."""
        return tuple(one for one in (self.figure, self.effect) if one is not None and one.outcome == FAILS)

    @property
    def money(self) -> float:
        """By how much money is it ranked? None counts as nothing."""
        held = self.stake.amount if self.stake is not None else _money_of(self.effect)
        return held if held is not None and math.isfinite(held) else -math.inf


def choose_actions(rules: Sequence[Rule], results: DayResults) -> tuple[Action, ...]:
    """Which actions do the figures ask for?

    Sorted by the money at stake, the most first, then as the rules stand; those whose figures fail their own checks
    stand after the others, as they are to be checked and not to be done.
    """
    found = [action for rule in rules for action in _apply(rule, results)]
    return tuple(sorted(found, key=lambda action: (bool(action.doubts), -action.money)))


def _apply(rule: Rule, results: DayResults) -> Iterator[Action]:
    """The action of a rule; groups for which it holds are named together."""
    asked = _asked(rule, results)
    n_compared = len(asked) if rule.any else 1
    found = [
        pair
        for pair in asked
        if _holds(rule, pair[1], n_compared=n_compared) and _is_large_enough(rule, pair[1], asked)
    ]
    if found:
        yield _action(rule, found, results)


_Pairs = Sequence[tuple[ReportResult, Figure]]


def _asked(rule: Rule, results: DayResults) -> _Pairs:
    return [pair for pair in results.of_id(rule.figure) if rule.any or pair[1].group == rule.group]


def _is_large_enough(rule: Rule, figure: Figure, asked: _Pairs) -> bool:
    """Of any of several parts of a whole: is it more than an equal share, which some part must have?"""
    least = _equal_share([one for _, one in asked]) if rule.any and rule.above is not None else 0.0
    if not least:
        # A number below nothing is as good as another, where a rule asks for it.
        return True
    lowest = figure.estimate if figure.lower is None else figure.lower
    return lowest is not None and lowest >= least


def _equal_share(figures: Sequence[Figure]) -> float:
    """Of parts of a whole: what each would have if all had the same, which some must have by definition; else 0."""
    estimates = [figure.estimate for figure in figures if figure.is_known and figure.estimate is not None]
    is_whole = all(figure.unit == "share" for figure in figures) and abs(sum(estimates) - 1.0) < _ROUNDED
    return (math.inf if len(estimates) == 1 else 1.0 / len(estimates)) if estimates and is_whole else 0.0


def _holds(rule: Rule, figure: Figure, *, n_compared: int) -> bool:
    """Does the whole interval lie on the rule's side, widened where it is one of several that were looked at?

    A number without limits lies on neither side, unless the rule says that it is counted.
    """
    if not figure.is_known or figure.estimate is None:
        return False
    if rule.above is None and rule.below is None:
        return True
    if figure.lower is None and figure.upper is None:
        return rule.counted and _is_beyond(rule, figure.estimate, figure.estimate)
    factor = normal_quantile(1 - 0.05 / n_compared) / normal_quantile(0.95)
    lower, upper = (
        None if end is None else figure.estimate + factor * (end - figure.estimate)
        for end in (figure.lower, figure.upper)
    )
    return _is_beyond(rule, lower, upper)


def _is_beyond(rule: Rule, lower: float | None, upper: float | None) -> bool:
    if rule.above is not None:
        return lower is not None and lower > rule.above
    return upper is not None and rule.below is not None and upper < rule.below


def find_unsure(rules: Sequence[Rule], results: DayResults) -> tuple[tuple[ReportResult, Figure], ...]:
    """Which numbers lie beyond the mark of a rule, but have no limits, so that no action is drawn from them?"""
    found = {
        (pair[1].id, pair[1].group): pair
        for rule in rules
        for pair in _asked(rule, results)
        if _lacks_limits(rule, pair[1]) and _is_large_enough(rule, pair[1], _asked(rule, results))
    }
    return tuple(found.values())


def _lacks_limits(rule: Rule, figure: Figure) -> bool:
    has_limits = figure.lower is not None or figure.upper is not None
    is_marked = rule.above is not None or rule.below is not None
    if has_limits or rule.counted or not is_marked or not figure.is_known:
        return False
    return _is_beyond(rule, figure.estimate, figure.estimate)


def _action(rule: Rule, found: Sequence[tuple[ReportResult, Figure]], results: DayResults) -> Action:
    report, figure = found[0]
    groups = [one.group or "" for _, one in found]
    values = [say_figure(figure)] if len(found) == 1 else [f"{one.group}: {say_figure(one)}" for _, one in found]
    places = {"value": _name_some(values, "; "), "group": _name_some([f"“{group}”" for group in groups], ", ")}
    effect = results.find(rule.effect) if rule.effect else None
    known = effect is not None and effect[1].is_known
    return Action(
        rule=rule,
        report=report,
        figure=figure,
        for_whom=rule.for_whom.format(**places),
        do=rule.do.format(**places),
        why=first_capital(rule.why.format(**places)),
        stake=_stake(rule, figure.group, results),
        effect=effect[1] if effect is not None and known else None,
        effect_report=effect[0] if effect is not None and known else None,
    )


def _name_some(names: Sequence[str], between: str) -> str:
    """The first of them, and how many there are besides."""
    more = len(names) - _MOST_GROUPS
    if more > 0:
        return f"{between.join(names[:_MOST_GROUPS])} and {more:,} more"
    return join_words(names) if between == ", " else between.join(names)


def _stake(rule: Rule, group: str | None, results: DayResults) -> Stake | None:
    if rule.money is None:
        return None
    share = results.find(rule.money.share, group)
    sums = (results.find(id_) for id_ in rule.money.of)
    whole = next((pair[1] for pair in sums if pair is not None and pair[1].is_known), None)
    if share is None or whole is None or share[1].estimate is None or whole.estimate is None or not share[1].is_known:
        return None
    if not is_currency(whole.unit) or whole.estimate <= 0:
        return None
    lower, upper = (None if end is None else end * whole.estimate for end in (share[1].lower, share[1].upper))
    return Stake(amount=share[1].estimate * whole.estimate, lower=lower, upper=upper, currency=whole.unit)


def _money_of(figure: Figure | None) -> float | None:
    return figure.estimate if figure is not None and is_currency(figure.unit) else None


def say_figure(figure: Figure) -> str:
    """A number with its limits, as its own page prints it."""
    between = format_interval(figure)
    return f"{format_estimate(figure)} ({between})" if between else format_estimate(figure)


def say_doubt(figure: Figure) -> str:
    """What speaks against a number, without a full stop."""
    return why_refuted(figure).strip().rstrip(".")
