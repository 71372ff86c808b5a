"""CDNOW's repeat buyers, as published."""

from __future__ import annotations

from crm_research import open_study
from crm_research.pillars.loyalty import describe_loyalty
from crm_research.pillars.loyalty.repeat.figures import key_figures


def test_946_of_2357_customers_bought_again_in_39_weeks():
    # Fader, Hardie and Lee (2005), Marketing Science 24, 275-284: the 1/10 sample, 946 repeat buyers by week 39.
    loyalty = describe_loyalty(open_study("cdnow"))
    assert loyalty.repeat.loc[0, ["n", "n_repeat"]].tolist() == [2357, 946]
    assert loyalty.recount == (2357, 946)
    figure = next(f for f in key_figures(loyalty) if f.id == "loyalty.repeat_rate")
    assert round(figure.estimate, 3) == 0.401
    assert "agrees" in figure.validation
    assert not loyalty.retention.first_holds_old_customers  # a cohort chosen for having first bought then
