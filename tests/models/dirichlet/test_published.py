"""Toothpaste in the United Kingdom, first quarter of 1973 (AGB panel, 5,240 households), to the printed digits.

Input: Goodhardt, Ehrenberg and Chatfield (1984), JRSS A 147, section 3. Theoretical values at S = 1.3: user guide of
the R package NBDdirichlet (Feiming Chen); its estimate from the same input is M 1.46, K 0.78, S 1.55.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crm_research.models.dirichlet import fit_from_summary

BRANDS = ("Colgate DC", "Macleans", "Close Up", "Signal", "ultrabrite", "Gibbs SR", "Boots", "Sainsbury")
SHARES = (0.25, 0.19, 0.1, 0.1, 0.09, 0.08, 0.03, 0.02)
PENETRATIONS = (0.2, 0.17, 0.09, 0.08, 0.08, 0.07, 0.03, 0.02)


@pytest.fixture(scope="module")
def toothpaste():
    return fit_from_summary(0.56, 2.6, SHARES, PENETRATIONS, BRANDS)


def test_the_parameters(toothpaste):
    printed = {row.name: f"{row.estimate:.2f}" for row in toothpaste.params.itertuples(index=False)}
    assert printed == {"m": "1.46", "k": "0.78", "s": "1.55"}


def test_the_theoretical_table(toothpaste):
    found = replace(toothpaste, s=np.array([1.3])).predict()
    reach = [f"{value:.2f}" for value in found["penetration"]]
    assert reach == ["0.20", "0.16", "0.09", "0.09", "0.08", "0.07", "0.03", "0.02"]
    assert [f"{value:.2f}" for value in found["purchases_per_buyer"]] == (
        ["1.82", "1.76", "1.68", "1.68", "1.67", "1.66", "1.62", "1.61"]
    )
    assert [f"{value:.2f}" for value in found["category_per_buyer"]] == (
        ["3.16", "3.22", "3.30", "3.30", "3.31", "3.32", "3.37", "3.38"]
    )


def test_shared_buyers(toothpaste):
    """Share of Colgate's buyers who buy each other brand."""
    found = replace(toothpaste, s=np.array([1.3])).duplication().loc["Colgate DC"]
    assert [f"{value:.2f}" for value in found[1:]] == ["0.19", "0.10", "0.10", "0.09", "0.08", "0.03", "0.02"]


def test_each_brand_has_its_own_s(toothpaste):
    """An independent solution, by sums over all purchases to 2,000 and Brent's method."""
    from scipy import optimize, special, stats

    mean, none = 0.56 * 2.6, 0.44
    k = optimize.brentq(lambda k: (1 + mean / k) ** -k - none, 1e-3, 50)
    n = np.arange(2001)
    chance = stats.nbinom.pmf(n, k, k / (k + mean))

    def bought(s, share):
        rest = s * (1 - share)
        missed = special.gammaln(rest + n) - special.gammaln(s + n) + special.gammaln(s) - special.gammaln(rest)
        return (chance * (1 - np.exp(missed))).sum()

    expected = [
        optimize.brentq(lambda s, share=share, seen=seen: bought(s, share) - seen, 1e-2, 100)
        for share, seen in zip(SHARES, PENETRATIONS, strict=True)
    ]
    np.testing.assert_allclose(toothpaste.brands["s"], expected, rtol=1e-6)
    assert toothpaste.params.loc[2, "estimate"] == pytest.approx(np.average(expected, weights=SHARES))
