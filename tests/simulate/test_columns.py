"""Arrays become columns of the canonical types."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from crm_research.errors import ParameterError
from crm_research.simulate.columns import cents_to_money, flags, name_codes, number_ids, numbers, place_instants


def test_ids_have_a_prefix_and_numbers_of_fixed_width() -> None:
    ids = number_ids("O", (np.array([7, 12_345]), 5), (np.array([0, 42]), 2))
    assert ids.to_pylist() == ["O00007-00", "O12345-42"]


def test_a_number_too_long_for_its_width_is_refused() -> None:
    with pytest.raises(ParameterError, match="2 digits for a number up to 100"):
        number_ids("O", (np.array([1, 100]), 2))


def test_no_rows_give_an_empty_column() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert number_ids("O", (nothing, 5)).to_pylist() == []
    assert name_codes([], nothing).to_pylist() == []
    assert place_instants(datetime(2024, 1, 1), nothing.astype(float)).to_pylist() == []


def test_codes_become_names_and_a_code_below_zero_none() -> None:
    assert name_codes(["a", "云鼎", ""], np.array([1, -1, 0, 2])).to_pylist() == ["云鼎", None, "a", ""]


def test_instants_are_cut_to_seconds_and_empty_where_they_have_not_come() -> None:
    days = np.array([0.0, 1.5 + 1e-9, -1.0, np.nan, np.inf, 10.0])
    assert place_instants(datetime(2024, 1, 1), days, until_days=10.0).to_pylist() == [
        datetime(2024, 1, 1),
        datetime(2024, 1, 2, 12),
        datetime(2023, 12, 31),
        None,
        None,
        None,
    ]


def test_cents_numbers_and_flags_keep_their_values() -> None:
    assert cents_to_money(np.array([1999, -5])).to_pylist() == [19.99, -0.05]
    assert numbers(np.array([1.5, np.nan])).to_pylist() == [1.5, None]
    assert flags(np.array([True] * 9 + [False])).to_pylist() == [True] * 9 + [False]
