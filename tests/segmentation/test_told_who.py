"""The base line, who the customers are, whether it matters and what to do: held word for word in planted numbers."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.pillars.segmentation.describe.measure import find_typical, measure_profiles, say_profile
from crm_research.pillars.segmentation.groups import page as who_page
from crm_research.pillars.segmentation.groups import profile_charts, profile_figures, profile_words
from crm_research.pillars.segmentation.rfm.changes import NO_PURCHASE
from crm_research.pillars.segmentation.use import scoreboard
from crm_research.show import Section
from crm_research.theme import chart_style
from tests.segmentation.told_who import (
    CHANGES,
    DESCRIPTORS,
    MAPS,
    TRENDS,
    a_map,
    a_plan,
    a_trend,
    an_rfm,
    no_descriptors,
    plans,
    rfm_worlds,
    some_changes,
    some_descriptors,
)
from tests.segmentation.told_worlds import (
    AGAIN,
    LATER,
    RESPONDS,
    SEGMENTS,
    a_holdout,
    a_segmentation,
    other_worlds,
    rules,
    without_groups,
)
from tests.told import check_figures, check_numbers, hold, tell

TOLD = Path(__file__).parent / "told"
UNCLEAR = "no difference seen"
FIVE = (0.061, 0.072, 0.083, 0.094, 0.237)


def _worth(*findings, outcome=LATER, estimates=FIVE):
    return a_holdout({outcome: estimates}, {outcome: findings})


def _holdouts():
    three = {LATER: FIVE, AGAIN: (-0.091, -0.102, 0.013, 0.004, 0.146), RESPONDS: (-0.2, 0.01, -0.03, -0.04, -0.015)}
    findings = {
        LATER: ("better",) * 5,
        AGAIN: ("worse", "worse", UNCLEAR, UNCLEAR, "better"),
        RESPONDS: (UNCLEAR, UNCLEAR, UNCLEAR, "worse", "worse"),
    }
    return {
        "wins and loses": a_holdout(three, findings),
        "better": _worth("better", UNCLEAR, "better", "better", "better"),
        "worse": _worth("worse", UNCLEAR, UNCLEAR, UNCLEAR, "better"),
        "neither": _worth(UNCLEAR, UNCLEAR, UNCLEAR, UNCLEAR, UNCLEAR),
        "nobody differed": _worth(*("not known",) * 5, estimates=(np.nan,) * 5),
        "nobody": replace(a_holdout(), gains=a_holdout().gains.iloc[:0]),
    }


def test_what_is_told_of_recency_frequency_and_money():
    parts = {}
    with chart_style():
        for name, rfm in rfm_worlds().items():
            parts[name] = [profile_words.find_rfm(rfm), profile_words.say_rfm(rfm)]
            parts[f"{name}: figures"] = profile_figures.rfm_figures(rfm, window="purchases known on 2024-07-01")
        parts["picture"] = profile_charts.draw_rfm(an_rfm())
        parts["picture without revenue"] = profile_charts.draw_rfm(rfm_worlds()["rfm, no revenue"])
        for name, changes in CHANGES.items():
            parts[f"changes: {name}"] = [
                profile_words.say_periods(changes),
                profile_words.say_gains_and_losses(changes),
            ]
        parts["picture of changes"] = profile_charts.draw_changes(some_changes())
        hold(tell(**parts), TOLD / "rfm.txt")
    check_figures(profile_figures.rfm_figures(an_rfm(), window="w"))


def test_the_numbers_of_the_base_line_are_those_planted():
    # 131 of 622 champions are 21.1 %; 17 that cannot be lost and 29 at risk are 46, with .117 and .067 of the revenue.
    said = profile_words.say_rfm(an_rfm())
    check_numbers(said, {"champions": "21 %", "revenue": "41 %", "away": "46 customers", "theirs": "18 %"})
    gained = profile_words.say_gains_and_losses(some_changes())
    check_numbers(
        gained,
        {
            "from": "up to 2024-01-01", "to": "up to 2024-07-01", "before": "103 champions", "stayed": "71 remained",
            "lost": "32 did not", "gained": "56 came", "gone": "101 customers", "won": "113 customers",
        },
    )  # fmt: skip


def test_what_is_told_of_who_the_customers_are():
    told = a_segmentation()
    profiles = measure_profiles(told.found, confidence=0.95)
    parts = {"profiles": profiles.drop(columns=["lower", "upper", "ratio_lower", "ratio_upper"])}
    parts["marks"] = [f"{name}: {say_profile(profiles, name)}" for name in SEGMENTS]
    parts["typical"] = find_typical(told.found)
    parts["widest"] = [
        profile_words.say_widest(profiles),
        profile_words.say_widest(profiles.assign(effect=-0.5 * profiles["effect"].abs().clip(upper=1.4))),
        profile_words.say_widest(profiles.assign(effect=np.nan)),
    ]
    with chart_style():
        parts["picture of profiles"] = profile_charts.draw_heat(profiles)
        for name, seen in MAPS.items():
            parts[f"map: {name}"] = [profile_words.say_map(seen), profile_words.note_map(seen)]
        parts["picture of the map"] = profile_charts.draw_map(a_map())
        parts["picture of the other map"] = profile_charts.draw_map(MAPS["overlapping"])
        parts |= {f"trend: {name}": profile_words.say_trend(trend) for name, trend in TRENDS.items()}
        parts |= {f"descriptors: {name}": profile_words.say_descriptors(found) for name, found in DESCRIPTORS.items()}
        hold(tell(**parts), TOLD / "who.txt")


def test_what_is_told_of_worth():
    parts = {}
    with chart_style():
        for name, check in _holdouts().items():
            parts[name] = [profile_words.find_worth(check), *profile_words.say_worth(check)]
        parts["picture"] = profile_charts.draw_worth(_holdouts()["wins and loses"])
        parts["no picture"] = profile_charts.draw_worth(_holdouts()["nobody differed"])
        hold(tell(**parts), TOLD / "worth.txt")


def test_what_is_told_of_use_and_service():
    parts = {}
    other = other_worlds()
    boards = {
        "all": (a_segmentation(), some_descriptors()),
        "rules not good enough": (a_segmentation(rules=rules(0.81, 0.79, 0.84)), some_descriptors(0)),
        "no better than the largest": (
            a_segmentation(rules=replace(rules(), largest_share=0.84)), no_descriptors()
        ),
        "no holdout": (other["reproducible"], None),
        "nobody differs": (other["unstable"], some_descriptors()),
        "no gain": (other["constructed"], some_descriptors()),
    }  # fmt: skip
    for name, (segments, described) in boards.items():
        board = scoreboard.judge_use(segments.found, described)
        parts[name] = [board.tests, scoreboard.say_use(board)]
    with chart_style():
        for name, plan in plans().items():
            parts[f"service: {name}"] = [profile_words.say_treatment_title(plan), profile_words.say_treatment(plan)]
            parts[f"service, figures: {name}"] = profile_figures.treatment_figures(plan, window="the last year")
            parts[f"service, picture: {name}"] = profile_charts.draw_treatment(plan)
        hold(tell(**parts), TOLD / "use.txt")
    check_figures(profile_figures.treatment_figures(a_plan(), window="the last year"))


def _raise(*_, **__):
    raise NotEnoughData("Customers", needed=30, found=7)


RFM_MEMBERS = pd.DataFrame({"customer_id": ["a", "b"], "group": ["champions", "lost"]})
RECORDS = SimpleNamespace(
    as_of=pd.Timestamp("2024-07-01"), segment_names={"A name": "x", "Another": "y"}, service_policy={"Gold": "letters"}
)


def test_the_page_on_who_the_customers_are(monkeypatch):
    for name, made in {
        "score_rfm": an_rfm(), "compare_periods": some_changes(), "map_segments": a_map(), "trace_segments": a_trend(),
        "describe_members": some_descriptors(), "plan_treatment": a_plan(), "list_rfm_members": RFM_MEMBERS,
    }.items():  # fmt: skip
        monkeypatch.setattr(who_page, name, lambda *_, made=made, **__: made)
    told = a_segmentation()
    told = replace(told, found=replace(told.found, holdout=_holdouts()["wins and loses"]))
    parts = {
        "base line": lambda: who_page.rfm_section(RECORDS).show(),
        "who": lambda: who_page.who_section(RECORDS, told).show(),
        "worth": lambda: Section(*who_page.worth_parts(told)).show(),
        "use": lambda: who_page.use_section(RECORDS, told, some_descriptors()).show(),
    }
    hold(tell(**parts), TOLD / "page-who.txt")


def test_the_page_where_little_is_known(monkeypatch):
    for name in ("score_rfm", "compare_periods", "trace_segments"):
        monkeypatch.setattr(who_page, name, _raise)
    monkeypatch.setattr(who_page, "describe_members", lambda *_, **__: no_descriptors())
    monkeypatch.setattr(who_page, "map_segments", lambda *_, **__: a_map(float("nan")))
    monkeypatch.setattr(who_page, "plan_treatment", lambda *_, **__: None)
    quiet = SimpleNamespace(as_of=RECORDS.as_of, segment_names={}, service_policy={})
    nothing, poor = without_groups(), other_worlds()["reproducible"]
    parts = {
        "base line": lambda: who_page.rfm_section(quiet).show(),
        "changes": lambda: Section(*who_page._changes_parts(quiet, 0.95)).show(),
        "who": lambda: who_page.who_section(quiet, poor).show(),
        "worth": lambda: Section(*who_page.worth_parts(poor)).show(),
        "use": lambda: who_page.use_section(quiet, poor).show(),
        "who, nothing found": lambda: who_page.who_section(quiet, nothing).show(),
        "worth, nothing found": lambda: Section(*who_page.worth_parts(nothing)).show(),
        "use, nothing found": lambda: who_page.use_section(quiet, nothing).show(),
    }
    hold(tell(**parts), TOLD / "page-who-little.txt")


def test_an_explained_share_below_nought_is_said_as_it_is():
    # It used to be printed as 0 % (-21 % to -6.6 %), outside its own limits.
    board = scoreboard.judge_use(other_worlds()["constructed"].found, some_descriptors())
    said = board.tests.set_index("test").loc["differentiable", "measured"]
    assert said == "explained: later spend 3.7 % (-2.3 % to 12 %) and buys again -15 % (-21 % to -6.6 %)"


def grown(n_grew: int, n_shrank: int) -> SimpleNamespace:
    """So many named groups whose limits lie on one side of nought, one that touches it from either, and the silent."""
    names = [f"g{place}" for place in range(n_grew + n_shrank + 2)]
    limits = [(0.01, 0.02)] * n_grew + [(-0.02, -0.01)] * n_shrank + [(0.0, 0.02), (-0.02, 0.0)]
    rows = [(name, *both) for name, both in zip(names, limits, strict=True)] + [(NO_PURCHASE, 0.1, 0.2)]
    return SimpleNamespace(groups=pd.DataFrame(rows, columns=["group", "lower", "upper"]))


def test_groups_that_grew_or_shrank_are_named_up_to_three():
    for n_grew, n_shrank, said in (
        (0, 0, "No named group has clearly grown or shrunk"),
        (1, 0, "G0 grew"),
        (0, 1, "G0 shrank"),
        (3, 1, "G0, g1 and g2 grew, g3 shrank"),
        (1, 3, "G0 grew, g1, g2 and g3 shrank"),
        (4, 1, "Four groups grew, g4 shrank"),
        (1, 4, "G0 grew, four groups shrank"),
        (0, 4, "Four groups shrank"),
    ):
        assert profile_words.say_periods(grown(n_grew, n_shrank)) == said
