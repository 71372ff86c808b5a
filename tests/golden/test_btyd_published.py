"""Published fits of the buy-till-you-die models, to the printed digits.

CDNOW: 2,357 customers, purchases until 1997-09-30 (39 weeks), times in days / 7. Donations: 11,104 donors.
"""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.models.btyd import fit_bg_bb, fit_bg_nbd, fit_gamma_gamma, fit_mbg_nbd, fit_pareto_nbd
from tests.models.btyd.published import as_patterns, cdnow_customers, cdnow_occasions, donations


def printed(fit, digits: int) -> dict[str, str]:
    """The estimates as a paper would print them."""
    return {row.name: f"{row.estimate:.{digits}f}" for row in fit.params.itertuples(index=False)}


@pytest.fixture(scope="module")
def cdnow():
    return cdnow_customers()


@pytest.fixture(scope="module")
def patterns(cdnow):
    return as_patterns(cdnow)


def test_the_sample_is_the_one_of_the_literature(cdnow):
    assert len(cdnow) == 2357
    assert (cdnow["frequency"] > 0).sum() == 946


def test_bg_nbd_on_cdnow(patterns):
    # Fader, Hardie and Lee (2005a), Marketing Science 24, table 2.
    fit = fit_bg_nbd(patterns)
    assert fit.is_converged
    assert printed(fit, 3) == {"r": "0.243", "alpha": "4.414", "a": "0.793", "b": "2.426"}
    assert f"{fit.log_likelihood:.1f}" == "-9582.4"


def test_pareto_nbd_on_cdnow(patterns):
    # Fader, Hardie and Lee (2005a), Marketing Science 24, table 2.
    fit = fit_pareto_nbd(patterns)
    assert fit.is_converged
    assert printed(fit, 3) == {"r": "0.553", "alpha": "10.578", "s": "0.606", "beta": "11.669"}
    assert f"{fit.log_likelihood:.1f}" == "-9595.0"


def test_mbg_nbd_on_cdnow(patterns):
    # As published for the MBG/NBD of Batislam et al. (2007) on the same data.
    fit = fit_mbg_nbd(patterns)
    assert fit.is_converged
    found = printed(fit, 4)
    assert (found["r"], found["a"]) == ("0.5248", "0.8914")
    assert f"{fit.estimate('alpha'):.3f}" == "6.183"
    assert f"{fit.estimate('b'):.3f}" == "1.614"


def test_gamma_gamma_on_the_repeaters_of_cdnow(cdnow):
    # Fader, Hardie and Lee (2005b), Journal of Marketing Research 42, 415-430; mean spend of the repeat occasions.
    fit = fit_gamma_gamma(cdnow)
    assert fit.is_converged
    assert fit.n_customers == 946
    assert printed(fit, 2) == {"p": "6.25", "q": "3.74", "gamma": "15.44"}
    assert f"{fit.log_likelihood:.1f}" == "-4055.9"


def test_bg_bb_on_the_donations():
    # Fader, Hardie and Shang (2010), Marketing Science 29, table 3.
    fit = fit_bg_bb(donations())
    assert fit.is_converged
    assert fit.n_customers == 11_104
    assert printed(fit, 4) == {"alpha": "1.2035", "beta": "0.7497", "gamma": "0.6567", "delta": "2.7834"}
    assert f"{fit.log_likelihood:.2f}" == "-33225.58"


def test_collapsing_days_to_calendar_weeks_tells_another_story():
    # Event grain and time unit are separate things: weeks as grain move alpha by half, weeks as unit do not.
    occasions = cdnow_occasions()
    known = occasions[occasions["day"] <= "1997-09-30"]
    weeks = known.assign(week=(known["day"] - pd.Timestamp("1996-12-30")).dt.days // 7)
    by_customer = weeks.drop_duplicates(["customer_id", "week"]).groupby("customer_id")["week"]
    last_week = (pd.Timestamp("1997-09-30") - pd.Timestamp("1996-12-30")).days // 7
    weekly = pd.DataFrame(
        {
            "frequency": by_customer.size() - 1,
            "recency_days": (by_customer.max() - by_customer.min()) * 7,
            "age_days": (last_week - by_customer.min()) * 7,
        }
    )
    assert fit_bg_nbd(weekly).estimate("alpha") == pytest.approx(6.59, abs=0.01)
