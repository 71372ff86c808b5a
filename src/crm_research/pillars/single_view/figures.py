"""The printed numbers of the single view, each with its basis and check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker
from crm_research.linking.goodness import HOW_BY_JUDGEMENTS, HOW_BY_MODEL, Limits
from crm_research.theme import say_count, say_date

if TYPE_CHECKING:
    from crm_research.pillars.single_view.measure import SingleView

CUSTOMERS: Final = "link.customers"
DUPLICATES: Final = "link.duplicates_share"
PRECISION: Final = "link.precision"
RECALL: Final = "link.recall"
F1: Final = "link.f1"
WRONG: Final = "link.wrong_pairs"
MISSED: Final = "link.missed_pairs"
NEW_IN_ERROR: Final = "link.taken_for_new"
AGAIN: Final = "link.bought_again"
SENT_TWICE: Final = "link.sent_twice"
BY_NUMBERS: Final = "by the systems' numbers"
BY_CUSTOMERS: Final = "by linked customers"
_COUNTED: Final = "counted as linked"
_AS_PAIRS: Final = "limits as pairs of records are wrong or missed"


def link_figures(view: SingleView) -> list[Figure]:
    """All of them."""
    return [*main_figures(view), *sureness_figures(view), *error_figures(view), *cost_figures(view)]


def _maker(view: SingleView, *, of_pairs: bool = False) -> FigureMaker:
    judging = view.judging
    checked = NO_VALIDATION if judging is None else f"{say_count(judging.n_judged, 'pair')} judged by a person"
    # Pairs are those of all records that are linked, whatever day the study stands at.
    is_of_all = of_pairs and view.n_later > 0
    window = "all records linked today" if is_of_all else f"records there by {say_date(view.as_of)}"
    return FigureMaker(window=window, confidence=view.confidence, validation=checked)


def main_figures(view: SingleView) -> list[Figure]:
    """How many customers there are, and which share of records is one too many."""
    maker, found = _maker(view), view.customers
    numbers = [float(view.n_customers)] if found is None else [found.estimate, found.lower, found.upper]
    n = max(view.n_records, 1)
    shares = [1 - one / n for one in (numbers[0], *reversed(numbers[1:]))] if view.n_records else [None]
    how = f"{_COUNTED}; {_AS_PAIRS}" if found is not None else _COUNTED
    return [
        maker.one(CUSTOMERS, "Customers", _three(numbers), unit="customers", n=view.n_records, estimator=how),
        maker.one(
            DUPLICATES, "Records too many", _three(shares), unit="share", n=view.n_records,
            estimator=f"records whose customer has another, {how}",
        ),
    ]  # fmt: skip


def _three(numbers: list[float] | list[None]) -> list[float | None]:
    return [*numbers, None, None][:3]


def sureness_figures(view: SingleView) -> list[Figure]:
    """Precision, recall and both in one."""
    good = view.goodness
    if good is None:
        return []
    maker, how = _maker(view, of_pairs=True), how_sure(view)
    named = (
        (PRECISION, "Brought together rightly", good.precision),
        (RECALL, "Found of what belongs together", good.recall),
        (F1, "Both in one (F1)", good.f1),
    )
    return [
        maker.one(id_, label, None if one is None else list(one), unit="share", n=_n_linked(view), estimator=how)
        for id_, label, one in named
    ]


def _n_linked(view: SingleView) -> int:
    return view.n_records + view.n_later


def how_sure(view: SingleView) -> str:
    """By which method it is known how good the links are."""
    return HOW_BY_MODEL if view.by_judgements is None else HOW_BY_JUDGEMENTS


def error_figures(view: SingleView) -> list[Figure]:
    """Pairs brought together that are of two customers, and pairs of one customer that stand apart."""
    good = view.goodness
    if good is None:
        return []
    maker, how = _maker(view, of_pairs=True), how_sure(view)
    named = (
        (WRONG, "Pairs brought together by mistake", good.n_wrong),
        (MISSED, "Pairs of one customer left apart", good.n_missed),
    )
    return [
        maker.one(id_, label, _whole(one), unit="pairs", n=_n_linked(view), estimator=how) for id_, label, one in named
    ]


def _whole(one: Limits) -> list[float | None]:
    return [float(round(value)) for value in one]


def cost_figures(view: SingleView) -> list[Figure]:
    """What counting records for customers does: buyers taken for new ones, and letters sent twice."""
    maker, found = FigureMaker(window=f"purchases and letters by {say_date(view.as_of)}", confidence=None), []
    new = view.taken_for_new
    if new is not None:
        found.append(
            maker.one(
                NEW_IN_ERROR, "Known buyers taken for new ones", float(new.n_numbers - new.n_customers),
                unit="customers", n=new.n_numbers, estimator=_COUNTED,
            )
        )  # fmt: skip
        for group, again, n in (
            (BY_NUMBERS, new.n_numbers_again, new.n_numbers),
            (BY_CUSTOMERS, new.n_customers_again, new.n_customers),
        ):
            found.append(
                maker.one(AGAIN, "Bought more than once", again / n, unit="share", n=n, estimator=_COUNTED, group=group)
            )
    if view.sent_twice is not None:
        sent, twice = view.sent_twice
        found.append(
            maker.one(SENT_TWICE, "Letters sent twice", twice / sent, unit="share", n=sent, estimator=_COUNTED)
        )
    return found


def estimators(view: SingleView) -> dict[str, str]:
    """What was estimated, and how."""
    told = {"customers": f"{_COUNTED}; {_AS_PAIRS}", "what the doubles cost": _COUNTED}
    if view.by_model is not None:
        told["how sure, without judgements"] = HOW_BY_MODEL
    if view.by_judgements is not None:
        told["how sure, by judgements"] = HOW_BY_JUDGEMENTS
    return told
