"""Two runs side by side: what moved beyond chance, what only seems to, and what cannot be compared."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.cli import cli
from crm_research.comparison import (
    BECAME_KNOWN,
    COUNTED,
    DOUBTFUL,
    GONE,
    MEASURED_OTHERWISE,
    MOVED,
    NEW,
    NO_LONGER_KNOWN,
    SAME,
    WITHIN,
    RunFigures,
    compare_runs,
    read_run_figures,
    say_only_in_one,
)
from crm_research.errors import CrmError
from crm_research.figures import Figure

Z = 1.959963984540054


def figure(estimate=0.2, half=0.02, *, id="churn.left_12m", **more):  # noqa: A002
    limits = {} if half is None else {"lower": estimate - half, "upper": estimate + half}
    held = {"label": "Leaves within 12 months", "unit": "share", "n": 900, "window": "w", "estimator": "Kaplan-Meier"}
    return Figure(id=id, estimate=estimate, **{**limits, **held, **more})


def a_run(*figures, as_of="2024-05-31", study="shop", report="churn", **more):
    held = {"titles": {report: "Contract churn"}, "parameters": {report: {"confidence": 0.95}}, "contents": {}}
    return RunFigures(study=study, as_of=as_of, figures=tuple((report, one) for one in figures), **{**held, **more})


def only(before, after, **more):
    (move,) = compare_runs(a_run(*before, **more), a_run(*after, as_of="2024-06-30", **more)).moves
    return move


def test_a_difference_is_judged_by_both_intervals_on_the_sides_that_face_each_other():
    move = only([figure(0.20, None, lower=0.19, upper=0.23)], [figure(0.26, None, lower=0.22, upper=0.27)])
    # Upwards: from the upper limit of the first (.03) to the lower of the second (.04).
    assert move.difference == pytest.approx(0.06)
    assert move.lower == pytest.approx(0.06 - math.hypot(0.03, 0.04))
    assert move.upper == pytest.approx(0.06 + math.hypot(0.01, 0.01))
    # In R: 2 * pnorm(-.06 / .05 * qnorm(.975))
    assert move.p_value == pytest.approx(0.0186749, abs=5e-8)
    assert move.kind == MOVED
    back = only([figure(0.26, None, lower=0.22, upper=0.27)], [figure(0.20, None, lower=0.19, upper=0.23)])
    assert (back.difference, back.p_value) == (pytest.approx(-0.06), pytest.approx(move.p_value))
    assert (back.lower, back.upper) == (pytest.approx(-move.upper), pytest.approx(-move.lower))


@pytest.mark.parametrize(("level", "p_value"), [(0.95, 0.0330513), (0.99, 0.0050911), (0.8, 0.1634124)])
def test_the_level_of_a_report_s_intervals_is_its_parameter(level, p_value):
    move = only([figure(0.2, 0.02)], [figure(0.23, 0.019)], parameters={"churn": {"confidence": level}})
    assert move.p_value == pytest.approx(p_value, abs=5e-8)


def test_among_many_some_move_beyond_their_interval_by_chance():
    ids = [f"churn.f{i}" for i in range(40)]
    before = [figure(0.2, 0.02, id=name) for name in ids]
    # The first by 2.5 standard errors of a difference, the second by 5, the others by half of one.
    by = dict.fromkeys(ids, 0.5) | {ids[0]: 2.5, ids[1]: 5.0}
    after = [figure(0.2 + by[name] * math.sqrt(2) * 0.02 / Z, 0.02, id=name) for name in ids]
    found = compare_runs(a_run(*before), a_run(*after, as_of="2024-06-30"))
    assert [(move.figure.id, move.kind) for move in found.moves[:3]] == [
        ("churn.f1", MOVED), ("churn.f0", DOUBTFUL), ("churn.f10", WITHIN),
    ]  # fmt: skip
    assert found.n_tested == 40
    assert found.moves[0].p_adjusted == pytest.approx(40 * 5.733e-7, rel=1e-3)
    assert found.moves[1].p_adjusted == pytest.approx(39 * 0.012419, rel=1e-3)
    assert len(found.of(WITHIN)) == 38


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ([figure(100.0, None, unit="customers")], [figure(101.0, None, unit="customers")], COUNTED),
        ([figure(100.0, None, unit="customers")], [figure(100.0, None, unit="customers")], SAME),
        ([figure(0.2)], [figure(0.2)], SAME),
        ([], [figure(0.2)], NEW),
        ([figure(0.2)], [], GONE),
        ([figure(0.5, 0.5)], [figure(0.2)], BECAME_KNOWN),
        ([figure(0.2)], [figure(0.5, 0.49)], NO_LONGER_KNOWN),
        ([figure(0.2)], [figure(0.2, unit="")], MEASURED_OTHERWISE),
        ([figure(0.2)], [figure(0.2, label="Leaves within 6 months")], MEASURED_OTHERWISE),
        ([figure(0.2)], [figure(0.4, estimator="Cox")], MEASURED_OTHERWISE),
        ([figure(0.2, estimator="of 812 customers")], [figure(0.4, estimator="of 1,005 customers")], MOVED),
        ([figure(0.2, label="Active on 2024-05-31")], [figure(0.4, label="Active on 2024-06-30")], MOVED),
        ([figure(0.2, group="a")], [figure(0.4, group="a")], MOVED),
        ([figure(0.2, None, lower=0.1)], [figure(0.9, None, upper=0.99)], WITHIN),  # neither limit faces the other
        ([figure(0.2, None, upper=0.21)], [figure(0.9, None, lower=0.89)], MOVED),
        ([figure(0.2)], [figure(0.4, None)], MOVED),  # one that has no width any more
        ([figure(None, None)], [figure(None, None)], SAME),
    ],
)  # fmt: skip
def test_every_figure_has_one_kind_of_move(before, after, kind):
    assert only(before, after).kind == kind


def test_two_groups_that_change_places_are_two_figures():
    found = compare_runs(
        a_run(figure(0.2, group="a"), figure(0.4, group="b")), a_run(figure(0.2, group="b"), figure(0.4, group="a"))
    )
    assert [(move.figure.group, move.kind) for move in found.moves] == [("a", MOVED), ("b", MOVED)]


def test_other_parameters_are_told_and_nothing_is_made_of_them():
    before = a_run(figure(0.2), parameters={"churn": {"confidence": 0.95, "horizon": 12, "dropped": 1}})
    after = a_run(figure(0.4), parameters={"churn": {"confidence": 0.95, "horizon": 6, "added": 2}})
    found = compare_runs(before, after)
    assert found.changed_parameters == {"churn": {"horizon": (12, 6)}}
    assert [move.kind for move in found.moves] == [MEASURED_OTHERWISE]


def test_of_the_same_records_no_difference_is_chance():
    contents = {"orders": "sha256:1"}
    before, after = (a_run(figure(at), contents=contents) for at in (0.2, 0.2001))
    assert compare_runs(before, after).is_of_same_records
    assert compare_runs(before, after).moves[0].kind == MOVED
    later = a_run(figure(0.2001), contents=contents, as_of="2024-06-30")
    assert not compare_runs(before, later).is_of_same_records
    assert compare_runs(before, later).moves[0].kind == WITHIN


def test_runs_of_two_studies_are_refused():
    with pytest.raises(CrmError, match="two studies, 'shop' and 'other'"):
        compare_runs(a_run(figure()), a_run(figure(), study="other"))


@pytest.mark.slow
def test_where_nothing_changed_a_run_rarely_says_that_something_did():
    """Null worlds: 30 shares of independent samples, twice; a move is claimed in at most 5 % of 1,000 pairs of runs."""
    chance, n, p = np.random.default_rng(20170101), 500, np.linspace(0.1, 0.9, 30)
    n_claimed = n_beyond = 0
    for _ in range(1_000):
        runs = []
        for share in (chance.binomial(n, p) / n for _ in range(2)):
            half = Z * np.sqrt(share * (1 - share) / n)
            runs.append(
                [figure(float(at), float(w), id=f"f{i}") for i, (at, w) in enumerate(zip(share, half, strict=True))]
            )
        found = compare_runs(a_run(*runs[0]), a_run(*runs[1], as_of="2024-06-30"))
        n_claimed += bool(found.of(MOVED))
        n_beyond += len(found.of(MOVED)) + len(found.of(DOUBTFUL))
    assert 0.03 < n_claimed / 1_000 < 0.07
    assert 0.04 < n_beyond / 30_000 < 0.06


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(0.001, 0.4)), min_size=1, max_size=8),
    st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(0.001, 0.4)), min_size=1, max_size=8),
)
def test_there_and_back_are_the_same_moves(first, second):
    runs = [a_run(*(figure(at, half, id=f"f{i}") for i, (at, half) in enumerate(side))) for side in (first, second)]
    swapped = {NEW: GONE, GONE: NEW, BECAME_KNOWN: NO_LONGER_KNOWN, NO_LONGER_KNOWN: BECAME_KNOWN}
    there = {move.figure.id: move for move in compare_runs(*runs).moves}
    back = {move.figure.id: move for move in compare_runs(*reversed(runs)).moves}
    assert there.keys() == back.keys()
    for name, move in there.items():
        assert back[name].kind == swapped.get(move.kind, move.kind)
        if move.p_value is not None:
            assert move.p_adjusted == pytest.approx(back[name].p_adjusted)
            assert move.lower <= move.difference <= move.upper


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    for name in ("notebooks", "data/studies"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setenv("CRM_RESEARCH_HOME", str(tmp_path))

    def put(as_of, *figures, confidence=0.95):
        folder = tmp_path / "reports" / "shop" / as_of
        folder.mkdir(parents=True)
        records = [{"report": "churn", **one.as_record()} for one in figures]
        (folder / "figures.json").write_text(json.dumps(records))
        entry = {
            "report": "churn", "title": "Contract churn", "outcome": "done", "page": "churn.html",
            "parameters": {"study": f"/somewhere/{as_of}", "as_of": as_of, "confidence": confidence},
            "inputs": [{"table": "orders", "fingerprint": f"sha256:{as_of}"}],
        }  # fmt: skip
        (folder / "run.json").write_text(json.dumps({"study": "shop", "as_of": as_of, "reports": [entry]}))
        return folder

    return put


def diff(*words):
    return CliRunner().invoke(cli, ["diff", *map(str, words)], catch_exceptions=True)


def test_the_command_tells_what_moved_first(shelf):
    shelf("2024-04-30", figure(0.9))
    shelf(
        "2024-05-31", figure(0.2, group="flex"), figure(0.3, id="b", label="B"), figure(7.0, None, id="c", label="C",
        unit="customers"),
    )  # fmt: skip
    shelf(
        "2024-06-30", figure(0.4, group="flex"), figure(0.301, id="b", label="B"), figure(8.0, None, id="c", label="C",
        unit="customers"),
    )  # fmt: skip
    done = diff("shop")
    assert done.exit_code == 0, done.output
    assert done.output == (
        "shop: from 2024-05-31 to 2024-06-30. 1 report and 3 figures, of which 2 with an interval in both runs.\n"
        "\n"
        "Moved by more than chance explains (1):\n"
        "  Contract churn\n"
        "    Leaves within 12 months (flex): 20.0 % (18.0 % to 22.0 %) -> 40.0 % (38.0 % to 42.0 %)\n"
        "\n"
        "Counted, without an interval (1):\n"
        "  Contract churn\n"
        "    C: 7 customers -> 8 customers\n"
        "\n"
        "1 figure did not move beyond chance; --all lists it.\n"
    )
    assert "B: 30.0 % (28.0 % to 32.0 %) -> 30.1 % (28.1 % to 32.1 %)" in diff("shop", "--all").output


def test_runs_are_found_on_the_shelf_or_as_folders(shelf, tmp_path):
    first, second = shelf("2024-05-31", figure(0.2)), shelf("2024-06-30", figure(0.21))
    for words in (("shop/2024-05-31", "shop/2024-06-30"), (first, second), ("shop",), (f"{first.parent}/",)):
        assert diff(*words).output.startswith("shop: from 2024-05-31 to 2024-06-30."), words
    assert diff(second, first).output.startswith("shop: from 2024-06-30 to 2024-05-31.")
    found = json.loads(diff("shop", "--json").output)
    assert (found["n_tested"], [move["kind"] for move in found["moves"]]) == (1, [WITHIN])
    assert found["moves"][0]["difference"] == pytest.approx(0.01)


def test_what_is_not_there_is_told_with_what_is(shelf):
    shelf("2024-05-31", figure(0.2))
    assert "Two runs of shop are compared, and" in str(diff("shop").exception)
    assert "holds only 2024-05-31." in str(diff("shop").exception)
    assert "There is no run 'shop/2024-05-30'" in str(diff("shop/2024-05-31", "shop/2024-05-30").exception)
    assert "Did you mean 'shop/2024-05-31'?" in str(diff("shop/2024-05-31", "shop/2024-05-30").exception)
    assert diff().exit_code == 2
    assert diff("a", "b", "c").exit_code == 2


def test_a_folder_without_figures_is_no_run(tmp_path):
    with pytest.raises(CrmError, match="holds no figures of a run"):
        read_run_figures(tmp_path)


def test_a_report_that_one_of_the_runs_did_not_make_has_not_gone():
    both = a_run(figure())
    more = a_run(figure(id="loyalty.repeat_rate"), report="loyalty", titles={"loyalty": "Loyalty"}, parameters={})
    before = RunFigures(**{**vars(both), "figures": both.figures + more.figures, "titles": both.titles | more.titles})
    found = compare_runs(before, a_run(figure(0.21), figure(8.0, None, id="ledger.figures"), as_of="2024-06-30"))
    assert [move.figure.id for move in found.moves] == ["churn.left_12m"]
    assert (found.n_compared, found.only_in_one) == (1, ("Loyalty",))
    assert say_only_in_one(found) == "Not compared, since one of the days has no such report: “Loyalty”."
    assert say_only_in_one(compare_runs(both, a_run(figure(), as_of="2024-06-30"))) == ""
