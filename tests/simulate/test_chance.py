"""Drawing for many customers at once says the same as drawing for each."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crm_research.simulate.chance import expand_counts, open_stream, pick_option, scramble, sum_within

_COUNTS = st.lists(st.integers(0, 6), max_size=20).map(lambda values: np.array(values, dtype=np.int64))


@given(_COUNTS)
def test_counts_expand_to_owner_and_place(counts: np.ndarray) -> None:
    owner, place = expand_counts(counts)
    expected = [(each, nth) for each, count in enumerate(counts) for nth in range(count)]
    assert list(zip(owner.tolist(), place.tolist(), strict=True)) == expected


@given(_COUNTS)
def test_running_sums_start_anew_with_each_owner(counts: np.ndarray) -> None:
    values = np.arange(counts.sum()) + 1.0
    expected = [np.cumsum(part) for part in np.split(values, np.cumsum(counts)[:-1])] if len(counts) else []
    np.testing.assert_allclose(sum_within(values, counts), np.concatenate(expected) if expected else [])


def test_options_come_with_the_shares_of_their_row() -> None:
    rng = np.random.default_rng(1)
    row = np.repeat([0, 1], 20_000)
    picked = pick_option(rng.random(40_000), np.array([[0.2, 0.8, 0.0], [0.0, 0.1, 0.9]]), row)
    assert abs((picked[row == 0] == 1).mean() - 0.8) < 0.01
    assert abs((picked[row == 1] == 2).mean() - 0.9) < 0.01
    assert not (picked[row == 0] == 2).any()
    assert not (picked[row == 1] == 0).any()


def test_topics_and_blocks_have_chance_of_their_own() -> None:
    streams = [open_stream(1, "people", 0), open_stream(1, "people", 1), open_stream(1, "baskets", 0)]
    assert len({stream.random() for stream in streams}) == 3
    assert open_stream(1, "people", 1).random() == open_stream(1, "people", 1).random()


@given(st.sets(st.integers(0, 2**36 - 1), max_size=50))
def test_scrambled_numbers_stay_different_and_short(keys: set[int]) -> None:
    numbers = scramble(np.array(sorted(keys), dtype=np.int64))
    assert len(set(numbers.tolist())) == len(keys)
    assert ((numbers >= 0) & (numbers < 2**36)).all()
