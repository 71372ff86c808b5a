"""Spells of contracts and the counts of survival."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import ParameterError
from crm_research.features.spells import build_spells, count_spells, count_spells_by_reason, list_shared_spells
from tests.builders import a_study, contracts
from tests.features.worlds import a_full_study, rows


def six_contracts(**options):
    frame = contracts(
        ("ann", "2024-01-01", "2024-02-01 23:00", "price"),
        ("bob", "2024-01-01 22:00", "2024-02-01 01:00", None),
        ("cy", "2024-06-01", None, None),
        ("dee", "2023-01-01", "2024-05-01", "moved"),  # watched from 2024 on
        ("eve", "2023-01-01", "2023-06-01", "price"),  # ended before we watched
        ("fay", "2024-01-01", "2024-07-02", "later"),  # still runs at as_of
        observed_from=[None, None, "2024-06-01", "2024-01-01", "2024-01-01", "2023-01-01"],
    )
    return a_study(contracts=frame.assign(**options.pop("extra", {})), **options)


def test_tenure_entry_end_and_reason_by_hand():
    spells = rows(build_spells(six_contracts()), "contract_id")
    assert spells.contract_id.tolist() == ["k1", "k2", "k3", "k4", "k6"]
    assert spells.tenure_days.tolist() == [31, 31, 30, 486, 182]
    assert spells.entry_days.tolist() == [0, 0, 0, 365, 0]
    assert spells.is_ended.tolist() == [True, True, False, True, False]
    assert spells.end_reason.fillna("-").tolist() == ["price", "not given", "-", "moved", "-"]


def test_a_contract_that_ended_before_it_began_is_left_out():
    study = a_study(contracts=contracts(("ann", "2024-02-01", "2024-01-01", None)))
    assert rows(build_spells(study)).empty


def test_only_required_columns_will_do():
    frame = contracts(("ann", "2024-06-01", None, None)).drop(columns=["ended_at", "end_reason"])
    only = rows(build_spells(a_study(contracts=frame))).iloc[0]
    assert (only.entry_days, only.tenure_days, bool(only.is_ended), only.end_reason) == (0, 30, False, None)


def test_attributes_of_contract_and_customer_where_they_clash_the_contracts():
    study = a_study(
        contracts=contracts(("ann", "2024-06-01", None, None), region=["north"], colour=["red"]),
        customers=pd.DataFrame({"customer_id": ["ann"], "region": ["south"], "age": [33.0], "secret": ["x"]}),
        attributes={
            "contracts": {"region": "category", "colour": "category"},
            "customers": {"region": "category", "age": "number"},
        },
    )
    only = rows(build_spells(study)).iloc[0]
    assert (only.region, only.colour, only.age) == ("north", "red", 33.0)
    assert "secret" not in only.index


def test_counts_at_each_tenure_by_hand():
    counted = rows(count_spells(six_contracts()))
    assert counted.to_numpy().tolist() == [
        # tenure, entered, ended, censored
        [0, 4, 0, 0],
        [30, 0, 0, 1],
        [31, 0, 2, 0],
        [182, 0, 0, 1],
        [365, 1, 0, 0],
        [486, 0, 1, 0],
        [547, 0, 0, 0],  # the first began so long before as_of
    ]


def test_ends_by_reason_by_hand():
    counted = rows(count_spells_by_reason(six_contracts()))
    assert counted.to_numpy().tolist() == [[31, "not given", 1], [31, "price", 1], [486, "moved", 1]]


def test_groups_are_told_apart_and_those_without_one_are_kept():
    study = six_contracts(extra={"plan": ["a", "b", "a", None, "a", "a"]})
    counted = rows(count_spells(study, by="plan"))
    assert counted.groupby("group").n_entered.sum().to_dict() == {"a": 3, "b": 1, "not known": 1}
    with pytest.raises(ParameterError, match="'plan'"):
        count_spells(study, by="plam")


def test_steps_of_thirty_days_count_exits_at_their_end_and_entries_at_their_start():
    counted = rows(count_spells(six_contracts(), unit_days=30))
    assert counted.to_numpy().tolist() == [
        [0, 4, 0, 0],
        [30, 0, 0, 1],
        [60, 0, 2, 0],
        [210, 0, 0, 1],
        [360, 1, 0, 0],
        [510, 0, 1, 0],
        [570, 0, 0, 0],
    ]
    with pytest.raises(ParameterError, match="unit_days"):
        count_spells(six_contracts(), unit_days=0)


def test_who_was_never_watched_for_a_day_is_not_counted_but_who_left_on_the_first_day_is():
    study = a_study(
        contracts=contracts(
            ("ann", "2024-01-01", "2024-01-11", None), ("bob", "2024-01-01", "2024-01-01", None),
            observed_from=["2024-01-11", None],
        )
    )  # fmt: skip
    assert len(rows(build_spells(study))) == 2
    assert rows(count_spells(study)).to_numpy().tolist() == [[0, 1, 1, 0], [182, 0, 0, 0]]


def test_nothing_known_yet_gives_empty_counts_with_columns():
    study = six_contracts().standing_at(pd.Timestamp("2000-01-01").to_pydatetime())
    assert rows(build_spells(study)).empty
    assert rows(count_spells(study)).columns.tolist() == ["tenure_days", "n_entered", "n_ended", "n_censored"]


def test_a_contract_of_the_future_is_not_known():
    assert "eve" not in rows(build_spells(a_full_study())).customer_id.tolist()


some_contracts = st.lists(
    st.tuples(
        st.integers(0, 200), st.one_of(st.none(), st.integers(0, 300)), st.one_of(st.none(), st.integers(0, 250)),
        st.sampled_from(["price", "moved", None]), st.sampled_from(["x", "y", None]),
    ),
    min_size=1, max_size=30,
)  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(some_contracts, st.sampled_from([1, 7, 30]))
@pytest.mark.slow
def test_everybody_who_enters_leaves_once_and_reasons_add_up_to_ends(found, unit_days):
    day = pd.Timestamp("2024-01-01")
    frame = pd.DataFrame(found, columns=["start", "length", "watched", "end_reason", "group_name"])
    frame = frame.assign(
        contract_id=[f"k{i}" for i in range(len(frame))],
        customer_id="c",
        group_name=frame.group_name.astype("string"),
        length=frame.length.astype("float64"),
        watched=frame.watched.astype("float64"),
        started_at=day + pd.to_timedelta(frame.start, unit="D"),
        ended_at=day + pd.to_timedelta(frame.start + frame.length.astype("float64"), unit="D"),
        observed_from=day + pd.to_timedelta(frame.watched.astype("float64"), unit="D"),
    )
    study = a_study(contracts=frame, attributes={"contracts": {"group_name": "category"}})
    spells = rows(build_spells(study))
    counted = rows(count_spells(study, unit_days=unit_days))
    at_risk = spells[(spells.tenure_days > spells.entry_days) | (spells.entry_days == 0)]
    assert counted.n_entered.sum() == counted.n_ended.sum() + counted.n_censored.sum() == len(at_risk)
    assert counted.n_ended.sum() == at_risk.is_ended.sum()
    running = counted.n_entered.cumsum() - (counted.n_ended + counted.n_censored).cumsum()
    assert (running >= 0).all()
    by_reason = rows(count_spells_by_reason(study, unit_days=unit_days)).groupby("tenure_days").n_ended.sum()
    pd.testing.assert_series_equal(
        by_reason, counted[counted.n_ended > 0].set_index("tenure_days").n_ended, check_names=False
    )
    by_group = rows(count_spells(study, by="group_name", unit_days=unit_days)).groupby("tenure_days")[
        ["n_entered", "n_ended", "n_censored"]
    ]
    # Rows of noughts say how long a contract of each group could have run.
    summed, counted = by_group.sum(), counted.set_index("tenure_days")
    assert counted.empty or summed.index.max() == counted.index.max()
    pd.testing.assert_frame_equal(*(frame.loc[frame.sum(axis=1) > 0] for frame in (summed, counted)))


def test_groups_of_a_flag_are_yes_and_no_and_not_known():
    study = a_study(
        as_of="2024-06-01",
        contracts=contracts(
            ("a", "2024-01-01", None, None), ("b", "2024-01-01", None, None), ("c", "2024-01-01", None, None)
        ).assign(is_business=pd.array([True, False, None], dtype="boolean")),
        attributes={"contracts": {"is_business": "flag"}},
    )
    assert set(count_spells(study, by="is_business").to_pandas()["group"]) == {"yes", "no", "not known"}


def test_contracts_of_customers_with_several_are_listed_and_no_others():
    frame = contracts(
        ("ann", "2024-01-01", "2024-01-31", "price"), ("ann", "2024-02-01", None, None),
        ("bob", "2024-01-01", None, None),
        ("cat", "2024-03-01", None, None), ("cat", "2024-03-11", "2024-03-21", "moved"),
        ("cat", "2024-04-01", None, None),
    )  # fmt: skip
    study = a_study(as_of="2024-04-11", contracts=frame.assign(contract_id=[f"k{i}" for i in range(6)]))
    found = rows(list_shared_spells(study)).sort_values(["cluster", "tenure_days", "is_ended"])
    assert found[["cluster", "entry_days", "tenure_days", "is_ended", "end_reason"]].fillna("").to_numpy().tolist() == [
        [0, 0, 30, True, "price"],
        [0, 0, 70, False, ""],
        [1, 0, 10, False, ""],
        [1, 0, 10, True, "moved"],
        [1, 0, 41, False, ""],
    ]
    assert found["weight"].tolist() == [1] * 5
    # Of five rows two at most: every third customer, who stands for three.
    few = rows(list_shared_spells(study, most=2))
    assert few["weight"].unique().tolist() == [3]
    assert few["cluster"].unique().tolist() == [0]
    assert rows(list_shared_spells(study.standing_at(study.as_of.replace(month=1, day=2)))).empty


def test_contracts_of_customers_with_one_are_counted_too_where_some_were_met_late():
    frame = contracts(
        ("ann", "2024-01-01", "2024-01-31", "price"), ("ann", "2024-02-01", None, None),
        ("bob", "2024-01-01", None, None), ("cat", "2024-01-01", None, None), ("dan", "2024-01-01", None, None),
    )  # fmt: skip
    frame = frame.assign(
        contract_id=[f"k{i}" for i in range(5)],
        observed_from=pd.to_datetime([None, None, None, None, "2024-01-11"]),
    )
    found = rows(list_shared_spells(a_study(as_of="2024-04-11", contracts=frame)))
    single = found.loc[found["cluster"] < 0].sort_values("entry_days")
    assert single[["entry_days", "tenure_days", "is_ended", "weight"]].to_numpy().tolist() == [
        [0, 101, False, 2],
        [10, 101, False, 1],
    ]
    assert found.loc[found["cluster"] >= 0, "tenure_days"].sort_values().tolist() == [30, 70]
    # Nobody with several: nothing varies together, and nothing is listed.
    assert rows(list_shared_spells(a_study(as_of="2024-04-11", contracts=frame.tail(3)))).empty
