"""Survival figures hold the truth in about 95 of 100 worlds: small ones, and ones met late."""

from __future__ import annotations

import pytest

from tests.recovery.coverage_survival import measure_coverage


@pytest.mark.slow
@pytest.mark.parametrize(("n", "is_late"), [(60, False), (60, True), (140, True)])
def test_limits_hold_the_truth_as_often_as_they_say(n, is_late):
    # 200 worlds: two and a half standard errors of .95 are .039.
    for row in measure_coverage(n, is_late=is_late, worlds=200, seed=7):
        assert 0.91 <= row.covered / row.worlds <= 0.99, row
