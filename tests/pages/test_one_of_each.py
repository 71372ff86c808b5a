"""Words agree with their number where there is one of each: one customer, one contract, one order, one answer.

The smallest companies that can be: one of everything, and forty of whom one differs from the rest (left, came back, was
not asked, has no number). Whatever the page says of them is read for a plural behind a 1.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from crm_research.catalogue import reports
from crm_research.show.formats import format_estimate, format_interval
from tests.pages.test_one_value import QUICKLY
from tests.pages.walking import Page, walk
from tests.pages.worlds import write_study

_SEVERAL = (
    "answers attributes brands buyers campaigns cells clusters columns comparisons constructs contracts criteria "
    "customers days decisions degrees ends gaps groups histories intakes items leavers lines members months moves "
    "newcomers orders parts paths people periods points products purchases quarters questions ratios reasons records "
    "renewals respondents responses rows segments spells steps tenures times trials units values waves weeks years"
)
# One and a plural noun, with up to two adjectives between; one and a plural verb, with at most a noun between.
_NOUN = re.compile(
    rf"(?<![\d.,:/%-])1 (?:(?!to\b|of\b|or\b|and\b|in\b|is\b|was\b)[a-z-]+ ){{0,2}}(?:{'|'.join(_SEVERAL.split())})\b"
)
_VERB = re.compile(
    r"(?<![\d.,:/%-])1 (?:of (?:them|these|those|\d[\d,]*) )?"
    r"(?:[a-z-]+ )?(?:[a-z]*[a-rt-z] )?(?:are|were|have|do|leave|stay|buy|come|differ|lie)\b"
)


def linked(records: list[tuple[str, str, str]]) -> dict[str, pd.DataFrame]:
    """Records of systems with the customers behind them, and the one pair of them that linking doubted."""
    links = pd.DataFrame(records, columns=["system", "local_id", "customer_id"])
    pairs = pd.DataFrame(
        [("together", 0.9, 1, 0.9), ("apart", 0.1, 1, 0.2)],
        columns=["standing", "probable_from", "n_pairs", "n_expected"],
    )
    return {"customer_records": links[["system", "local_id"]], "links": links, "link_pairs": pairs}


def one(folder: Path) -> None:
    """One customer, known to two systems, with one order of one line, one contract that ended, and one answer."""
    write_study(
        folder,
        {
            "customers": pd.DataFrame({"customer_id": ["k1"], "region": ["north"]}),
            "orders": pd.DataFrame(
                {"order_id": ["o1"], "customer_id": ["k1"], "ordered_at": ["2023-02-03"], "revenue": [17]}
            ),
            "order_lines": pd.DataFrame({"order_id": ["o1"], "product_id": ["p1"], "quantity": [1], "revenue": [17]}),
            "products": pd.DataFrame({"product_id": ["p1"], "category": ["tea"], "brand": ["Ada"]}),
            "contracts": pd.DataFrame(
                {
                    "contract_id": ["c1"], "customer_id": ["k1"], "started_at": ["2022-04-05"],
                    "ended_at": ["2023-03-09"], "end_reason": ["price"], "plan": ["small"], "fee": [9],
                }
            ),
            "surveys": pd.DataFrame(
                {
                    "response_id": ["r1"], "customer_id": ["k1"], "asked_at": ["2023-06-01"], "item": ["satisfaction"],
                    "score": [7], "scale_min": [0], "scale_max": [10],
                }
            ),
            **linked([("crm", "a1", "k1"), ("shop", "b1", "k1")]),
        },
        {"customers": {"region": "category"}},
        top={"as_of": "2023-10-01", "holdout_until": "2024-01-01"},
    )  # fmt: skip


def one_of_forty(folder: Path) -> None:
    """Forty: one came back, one left, one ended on its first day, one bought in the holdout, one is nameless."""
    n = 40
    who = [f"k{i}" for i in range(n)]
    begun = pd.to_datetime("2021-01-04") + pd.to_timedelta([23 * i for i in range(n)], unit="D")
    ended = [None] * n
    ended[3], ended[7] = str((begun[3] + pd.Timedelta(days=211)).date()), str(begun[7].date())
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(n + 3)],
            "customer_id": [*who, "k5", None, "k9"],
            "ordered_at": [*(str(day.date()) for day in begun), "2023-07-01", "2023-07-02", "2023-11-01"],
            "revenue": [11 + 3 * i % 17 for i in range(n + 3)],
        }
    )
    lines = orders[["order_id", "revenue"]].assign(product_id=["p1", "p2"] * 21 + ["p3"], quantity=1)
    products = pd.DataFrame({"product_id": ["p1", "p2", "p3"], "category": "tea", "brand": ["Ada", "Bo", "Cy"]})
    contracts = pd.DataFrame(
        {
            "contract_id": [f"c{i}" for i in range(n)], "customer_id": who, "started_at": begun, "ended_at": ended,
            "plan": ["small", "large"] * 20, "fee": 12,
        }
    )  # fmt: skip
    answers = pd.DataFrame(
        [
            {"response_id": f"r{i}", "customer_id": name if i else None, "asked_at": "2023-06-01", "item": item}
            | {"score": (3 * i + 5 * place) % 11, "scale_min": 0, "scale_max": 10}
            for i, name in enumerate(who)
            for place, item in enumerate(("satisfaction", "quality", "price"))
        ]
    )
    tables = {"orders": orders, "order_lines": lines, "products": products, "contracts": contracts, "surveys": answers}
    tables |= linked([*(("crm", f"a{i}", name) for i, name in enumerate(who)), ("shop", "b1", "k5")])
    write_study(folder, tables, top={"as_of": "2023-10-01", "holdout_until": "2024-01-01"})


WORLDS = {"one": one, "one-of-forty": one_of_forty}


def disagreeing(texts: list[str]) -> list[str]:
    """What stands about a plural behind a 1, with what is around it."""
    found = [
        text[max(place.start() - 50, 0) : place.end() + 30]
        for text in texts
        for pattern in (_NOUN, _VERB)
        for place in pattern.finditer(text)
    ]
    return list(dict.fromkeys(found))


def texts_of(page: Page) -> list[str]:
    figures = [
        f"{figure.label}: {format_estimate(figure)} ({format_interval(figure)}); {figure.estimator}; "
        f"{figure.validation}"
        for figure in page.figures
    ]
    return [*page.texts(), *figures]


def test_the_search_finds_a_plural_behind_a_one():
    wrong = ["Of 1 customers", "1 contracts ended", "1 running contracts", "1 of 40 are gone", "1 customer buy both"]
    assert [bool(disagreeing([text])) for text in wrong] == [True] * 5
    right = ["1 customer", "2023-10-1 customers", "11 customers", "0.1 points", "1 to 3 months", "1 of 40 customers"]
    assert disagreeing(["1 of 40 is gone", "1 customer buys both", *right]) == []


@pytest.mark.slow
@pytest.mark.parametrize("report", sorted(reports()))
@pytest.mark.parametrize("name", WORLDS)
def test_words_agree_with_one_of_each(name, report, tmp_path, monkeypatch):
    WORLDS[name](tmp_path / name)
    page = walk(report, str(tmp_path / name / "study.yaml"), monkeypatch, world=name, **QUICKLY.get(report, {}))
    assert any(page.texts())
    assert disagreeing(texts_of(page)) == []
