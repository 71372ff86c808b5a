"""The summary in sentences: every number in them is computed."""

from __future__ import annotations

from typing import Final

from crm_research.comparison import Move
from crm_research.figures import FAILS, HOLDS, Figure
from crm_research.pillars.summary.actions import Action, say_doubt, say_figure
from crm_research.pillars.summary.claims.measure import Claim
from crm_research.pillars.summary.claims.sayings import say_verdict
from crm_research.pillars.summary.standing import Standing
from crm_research.show.formats import format_estimate, is_currency
from crm_research.theme import first_capital, join_words, say_count, say_money, say_percent, say_with_limits, word_for

_MOST_NAMED: Final = 3
_ASK: Final = {
    "sales": "Sales",
    "service": "Service",
    "marketing": "Marketing",
    "finance": "Finance",
    "product": "Product",
}


def answer(standing: Standing) -> list[str]:
    """What to do first, what has changed, and how far all of it can be trusted."""
    return [say_first(standing), say_changed(standing), say_trust(standing)]


def name_department(department: str) -> str:
    """A department as a heading names it."""
    return _ASK[department]


def say_first(standing: Standing) -> str:
    """The first action, and how many there are."""
    actions = [action for action in standing.actions if not action.doubts]
    if not standing.results.made:
        return "No report of this study has been made for this day yet, so there is nothing to sum up."
    if not standing.actions:
        return "No number of these reports asks for an action by the rules."
    if not actions:
        n = len(standing.actions)
        return (
            f"{say_count(n, 'action')} {word_for(n, 'is', 'are')} asked for, but only by numbers that fail their own "
            "checks: find out why first."
        )
    first = actions[0]
    owner = name_department(first.rule.department)
    task = f"{owner}, for {first.for_whom}: {_lower(first.do)}"
    stake = say_stake(first)
    return f"{task.rstrip('.')}. At stake: {stake}." if stake else task


def _lower(text: str) -> str:
    """A sentence as it goes on behind a colon; a name that begins with capitals keeps them."""
    return text if text[1:2].isupper() else f"{text[:1].lower()}{text[1:]}"


def say_stake(action: Action) -> str:
    """Money at stake with its limits; empty where no figure says."""
    stake = action.stake
    if stake is None:
        return ""
    return say_with_limits(
        stake.amount, stake.lower, stake.upper, lambda amount: say_money(amount, stake.currency), " of revenue so far"
    )


def say_effect(action: Action, *, is_brief: bool = False) -> str:
    """What it is expected to bring, or what would measure it; in brief only that it was not measured."""
    effect = action.effect
    if effect is None and is_brief:
        return "What the action would bring is not measured."
    if effect is None:
        if not action.rule.trial:
            return "Expected effect: not known from these records."
        return f"Expected effect: not measured. What would measure it: {_lower(action.rule.trial)}"
    said = f"Expected effect: {say_figure(effect)}, {_lower(effect.label)}."
    if effect.lower is not None and effect.lower <= 0 and is_currency(effect.unit):
        said += " It may as well cost as bring: try it on a part first."
    return said


def say_changed(standing: Standing) -> str:
    """What has moved since the run of the earlier day beyond chance?"""
    found = standing.comparison
    if found is None:
        return "There is no earlier run of this study to compare with, so nothing can be said of change."
    n_compared, n_moved = found.n_compared, len(standing.moved)
    if not n_compared:
        return f"Since {found.before.as_of} there is no number that both runs have and that can be compared."
    if not n_moved:
        return (
            f"Since {found.before.as_of} nothing has moved by more than chance explains, of "
            f"{say_count(n_compared, 'number')} compared."
        )
    first = join_words([say_move(move) for move in standing.moved[:_MOST_NAMED]])
    more = "" if n_moved <= _MOST_NAMED else f" and {n_moved - _MOST_NAMED:,} more"
    return (
        f"Since {found.before.as_of} {n_moved:,} of {say_count(n_compared, 'number')} compared "
        f"{word_for(n_moved, 'has', 'have')} moved by more than chance explains: {first}{more}."
    )


def say_move(move: Move) -> str:
    """One number, from what to what."""
    before, after = (format_estimate(one) if one is not None else "not known" for one in (move.before, move.after))
    return f"{name_figure(move.figure)} from {before} to {after}"


def name_figure(figure: Figure) -> str:
    """A figure by its label and group."""
    return f"{figure.label} ({figure.group})" if figure.group else figure.label


def say_trust(standing: Standing) -> str:
    """How many numbers of the other reports were tested, what came of it, and which reports failed."""
    made, failed = standing.results.made, standing.results.failed
    parts = []
    if made:
        outcomes = [figure.outcome for _, figure in standing.figures]
        n_fail = outcomes.count(FAILS)
        n_tested = n_fail + outcomes.count(HOLDS)
        tested = (
            f"{n_tested:,} {word_for(n_tested, 'was', 'were')} put to a check that could have failed, and "
            f"{_say_failing(n_fail)}"
            if n_tested
            else "none was put to a check that could have failed"
        )
        parts.append(f"Of {say_count(len(outcomes), 'number')} of {say_count(len(made), 'report')} {tested}.")
    if failed:
        named = join_words([f"“{report.title}”" for report in failed])
        n_old = sum(report.page is not None for report in failed)
        kept = f"; what stands here of {word_for(n_old, 'it', 'them')} is of an earlier run" if n_old else ""
        parts.append(f"{named} {word_for(len(failed), 'has', 'have')} failed{kept}.")
    return " ".join(parts)


def cautions(standing: Standing) -> list[str]:
    """What is louder than any advice: reports that failed, tables left out, numbers that fail their checks."""
    said = []
    for report in standing.results.failed:
        old = f" Its numbers here are of {report.made_on}." if report.page is not None else " It has no page."
        said.append(f"The report “{report.title}” failed.{old} Why: {report.reason.rstrip('.')}.")
    if standing.left_out:
        tables = join_words(list(standing.left_out))
        n = len(standing.left_out)
        is_, was = word_for(n, "is", "are"), word_for(n, "was", "were")
        said.append(f"The {word_for(n, 'table')} {tables} {is_} at fault and {was} not read.")
    failing = standing.failing
    if failing:
        named = "; ".join(
            f"{name_figure(figure)}, {format_estimate(figure)} ({report.title})"
            for report, figure in failing[:_MOST_NAMED]
        )
        more = len(failing) - _MOST_NAMED
        rest = f"; and {more:,} more" if more > 0 else ""
        n = len(failing)
        said.append(
            f"{say_count(n, 'number')} {word_for(n, 'fails its own check', 'fail their own checks')}: {named}{rest}. "
            f"Do not act on {word_for(n, 'it', 'them')} before it is known why."
        )
    return said


def say_unsure(standing: Standing) -> str:
    """Numbers that would ask for an action if their limits were known; empty where there are none."""
    found = standing.unsure
    if not found:
        return ""
    named = join_words([f"{name_figure(figure)}, {format_estimate(figure)}" for _, figure in found[:_MOST_NAMED]])
    more = f" and {len(found) - _MOST_NAMED:,} more" if len(found) > _MOST_NAMED else ""
    n = len(found)
    return (
        f"Of {say_count(n, 'more number')} it is not known how far chance sways {word_for(n, 'it', 'them')}, so no "
        f"action is drawn: {named}{more}."
    )


def say_check_first(action: Action) -> str:
    """That a number behind an action, or beside an untested one, fails its check; empty where none does."""
    if not action.doubts:
        beside = [one for one in action.report.figures if one.outcome == FAILS]
        if not beside or action.figure.outcome == HOLDS:
            return ""
        more = f" and {len(beside) - 1:,} more" if len(beside) > 1 else ""
        return (
            f"Not tested itself, and beside it in the same report {name_figure(beside[0])}{more} "
            f"{word_for(len(beside), 'fails its own check', 'fail their own checks')}."
        )
    failing = action.doubts[0]
    return f"Check first: {name_figure(failing)} fails its own check ({say_doubt(failing)})."


def say_claim(claim: Claim) -> str:
    """What the records say to a saying, in a sentence."""
    figure = claim.figure
    if claim.why_not:
        return f"Cannot be told from these records, because {claim.why_not}."
    return f"These records say {say_figure(figure)}: {say_verdict(claim.saying, figure)}."


def department_line(department: str, actions: list[Action]) -> str:
    """What a department is asked to do, in a line."""
    name = name_department(department)
    sound = [action for action in actions if not action.doubts]
    if not actions:
        return f"{name}: no number of these reports asks for an action."
    if not sound:
        n = len(actions)
        return f"{name}: {say_count(n, 'action')} {word_for(n, 'rests', 'rest')} on numbers that fail their own checks."
    first = sound[0]
    more = len(actions) - 1
    rest = f" {say_count(more, 'more action')} {word_for(more, 'follows', 'follow')}." if more else ""
    return f"{name}, for {first.for_whom}: {_lower(first.do).rstrip('.')}.{rest}"


def checks_seen(standing: Standing) -> str:
    """What one sees of the checks of the other reports' numbers."""
    outcomes = [figure.outcome for _, figure in standing.figures]
    n, n_fail = len(outcomes), outcomes.count(FAILS)
    n_tested = n_fail + outcomes.count(HOLDS)
    if not n_tested:
        return f"None of {say_count(n, 'number')} of the other reports has been put to a check"
    came = _say_failing(n_fail)
    was = word_for(n_tested, "was", "were")
    return f"{n_tested:,} of {say_count(n, 'number')} of the other reports {was} put to a check: {came}"


def _say_failing(n: int) -> str:
    return f"{n:,} {word_for(n, 'fails', 'fail')}" if n else "none fails"


def stakes_finding(standing: Standing) -> str:
    """The title of the picture of money at stake; the first is called the most only where its limits say so."""
    held = [action for action in standing.actions if action.stake is not None]
    first, others = held[0], [action.stake for action in held[1:]]
    if not others:
        return f"At stake with {first.for_whom}"
    low = first.stake.lower if first.stake is not None and first.stake.lower is not None else 0.0
    highest = max(stake.upper if stake.upper is not None else stake.amount for stake in others if stake is not None)
    return f"Most is at stake with {first.for_whom}" if low > highest else "Revenue at stake with each action"


def marks_finding(standing: Standing, *, has_marks: bool) -> str:
    """The title of the picture of the numbers that ask for actions."""
    n_doubted = sum(bool(action.doubts) for action in standing.actions)
    if n_doubted == len(standing.actions):
        return "What asks for action fails its own checks"
    return "What asks for action, and from which mark on" if has_marks else "What asks for action"


def claims_finding(claims: list[Claim]) -> str:
    """The title of the picture of sayings."""
    n_told = sum(not claim.why_not and claim.saying.lower is not None for claim in claims)
    n_agree = sum(claim.verdict == "agrees" for claim in claims)
    if n_told == 1:
        return f"The one saying that can be compared {'agrees' if n_agree else 'does not agree'} with these records"
    agree = f"{n_agree:,}" if n_agree else "None"
    return f"{agree} of {say_count(n_told, 'saying')} {word_for(max(n_agree, 1), 'agrees', 'agree')} with these records"


def say_share(value: float) -> str:
    """A share on an axis."""
    return first_capital(say_percent(value))
