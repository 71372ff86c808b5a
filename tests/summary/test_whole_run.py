"""A run with its summary: made last, from what the others left, also where one of them failed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_research.delivery.publishing import publish_site
from crm_research.delivery.targets import Target
from crm_research.errors import CrmError
from crm_research.reporting.run import run_reports

STUDY = """\
name: shop
title: A shop
currency: EUR
as_of: {as_of}
tables:
  orders: {{from: orders.csv}}
  contracts: {{from: contracts.csv}}
"""
CONTRACTS = "contract_id,customer_id,started_at,ended_at\nk1,c1,2022-01-01,{ended}\nk2,c2,2022-05-01,\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    (home / "data" / "studies").mkdir(parents=True)
    monkeypatch.setenv("CRM_RESEARCH_HOME", str(home))
    rng = np.random.default_rng(5)
    n = 900
    days = pd.to_datetime("2021-01-01") + pd.to_timedelta(rng.integers(0, 1_200, n), unit="D")
    few = rng.random(n) < 0.9
    customers = [f"secret-{i}" for i in np.where(few, rng.integers(0, 10, n), rng.integers(10, 110, n))]
    frame = pd.DataFrame(
        {
            "order_id": range(n),
            "customer_id": customers,
            "ordered_at": days,
            "revenue": rng.gamma(2.0, 20.0, n).round(2),
        }
    )
    frame.to_csv(home / "data" / "studies" / "orders.csv", index=False)
    return home


def write_study(home: Path, *, as_of: str = "2024-03-01", ended: str = "2023-01-01") -> None:
    folder = home / "data" / "studies"
    (folder / "shop.yaml").write_text(STUDY.format(as_of=as_of), encoding="utf-8")
    (folder / "contracts.csv").write_text(CONTRACTS.format(ended=ended), encoding="utf-8")


@pytest.mark.slow
def test_the_summary_is_made_last_and_stands_on_what_the_others_left(desk, tmp_path):
    out = tmp_path / "out"
    write_study(desk, as_of="2024-01-01")
    run_reports(["customer-base"], studies=["shop"], out=out)
    write_study(desk)
    done = run_reports(["summary", "customer-base"], studies=["shop"], out=out)
    assert [task.report for task, _ in done.outcomes] == ["customer-base", "summary"]
    assert done.n_failed == 0
    folder = out / "shop" / "2024-03-01"
    figures = {figure["id"]: figure for figure in json.loads((folder / "figures.json").read_text())}
    top, said = figures["base.top20_revenue_share"], figures["claims.top_fifth_share"]
    # One quantity has one value.
    assert [top[end] for end in ("estimate", "lower", "upper")] == [said[end] for end in ("estimate", "lower", "upper")]
    assert figures["claims.earlier_buyers_share"]["lower"] is not None
    entry = next(one for one in json.loads((folder / "run.json").read_text())["reports"] if one["report"] == "summary")
    assert entry["answer"][1].startswith("Since 2024-01-01 ")
    ledger = (folder / "ledger.html").read_text(encoding="utf-8")
    assert f"{figures['ledger.figures']['estimate']:.0f} figures of 2 reports" in ledger
    departments = [f"summary-{name}.html" for name in ("sales", "service", "marketing", "finance", "product")]
    assert entry["files"] == departments
    page = (folder / "summary.html").read_text(encoding="utf-8")
    assert '<strong><a href="summary-sales.html">Sales</a></strong>, for the fifth of the buyers' in page
    sales = (folder / "summary-sales.html").read_text(encoding="utf-8")
    assert 'href="customer-base.html#figure-base-top20-revenue-share"' in sales
    assert 'id="figure-base-top20-revenue-share"' in (folder / "customer-base.html").read_text(encoding="utf-8")
    for name in ("summary.html", "summary.ipynb", *departments):
        text = (folder / name).read_text(encoding="utf-8")
        assert "secret-" not in text
        assert str(out) not in text


@pytest.mark.slow
def test_a_summary_that_stands_is_made_anew_with_any_report_and_kept_with_all(desk, tmp_path):
    out = tmp_path / "out"
    write_study(desk)
    run_reports(["customer-base", "summary"], studies=["shop"], out=out)
    kept = run_reports(["customer-base"], studies=["shop"], out=out, is_only_changed=True)
    assert (kept.outcomes, [made.report for made in kept.unchanged]) == ((), ["customer-base", "summary"])
    done = run_reports(["loyalty"], studies=["shop"], out=out, is_only_changed=True)
    assert [task.report for task, _ in done.outcomes] == ["loyalty", "summary"]
    folder = out / "shop" / "2024-03-01"
    figures = json.loads((folder / "figures.json").read_text())
    counted = next(figure["estimate"] for figure in figures if figure["id"] == "ledger.figures")
    assert counted == len(figures)
    assert f"{counted:.0f} figures of 3 reports" in (folder / "ledger.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_table_at_fault_stops_its_reports_and_is_told_by_the_summary(desk, tmp_path):
    out = tmp_path / "out"
    write_study(desk)
    folder = desk / "data" / "studies"
    with (folder / "shop.yaml").open("a", encoding="utf-8") as file:
        file.write("  contacts: {from: contacts.csv}\n")
    rows = "x1,c1,2023-01-01,complaint\nx1,c1,2023-02-01,complaint\n"
    (folder / "contacts.csv").write_text(f"contact_id,customer_id,opened_at,kind\n{rows}", encoding="utf-8")
    done = run_reports(["loyalty", "silent-churn", "summary"], studies=["shop"], out=out)
    failed = {task.report for task, outcome in done.outcomes if outcome.failure is not None}
    assert failed == {"loyalty"}
    page = (out / "shop" / "2024-03-01" / "summary.html").read_text(encoding="utf-8")
    assert "The report “Loyalty: repeat and retention” failed. It has no page." in page
    assert "contacts.contact_id" in page


def test_broken_rules_stop_a_run_before_anything_is_made(desk, tmp_path):
    write_study(desk)
    (desk / "data" / "rules.yaml").write_text("rules: [{name: x}]\n", encoding="utf-8")
    with pytest.raises(CrmError, match=r"rules\.yaml: rules\.x\.department: is missing"):
        run_reports(["summary"], studies=["shop"], out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_study_has_its_own_look_and_rules_and_a_title_that_tells_of_nobody(desk, tmp_path):
    write_study(desk)
    folder = desk / "data" / "studies"
    with (folder / "shop.yaml").open("a", encoding="utf-8") as file:
        file.write("house: acme.yaml\nrules: own.yaml\ncaveats: [Ring Kim at +44 20 7946 0958.]\n")
    text = (folder / "shop.yaml").read_text(encoding="utf-8")
    (folder / "shop.yaml").write_text(text.replace("A shop", "The shop of kim@shop.example"), encoding="utf-8")
    (folder / "acme.yaml").write_text("name: Acme\ncolours: {accent: '#7a1f5c'}\n", encoding="utf-8")
    rule = (
        "name: spoil-the-best, department: sales, figure: base.top20_revenue_share, above: 0.21, for_whom: the best, "
        "do: Spoil them., why: 'They bring {value}.', trial: Draw lots."
    )
    (folder / "own.yaml").write_text(f"rules: [{{{rule}}}]\n", encoding="utf-8")
    out = tmp_path / "out"
    done = run_reports(["customer-base", "summary"], studies=["shop"], out=out)
    assert done.n_failed == 0
    day = out / "shop" / "2024-03-01"
    assert "Spoil them." in (day / "summary-sales.html").read_text(encoding="utf-8")
    for name in ("summary.html", "summary-sales.html", "customer-base.html"):
        assert '<span class="logo">Acme</span>' in (day / name).read_text(encoding="utf-8")
    assert "--accent: #7a1f5c" in (day / "ledger.html").read_text(encoding="utf-8")
    assert "--accent: #7a1f5c" not in (out / "index.html").read_text(encoding="utf-8")
    (published,) = publish_site(out, [Target(to=str(tmp_path / "www"))], study_files=[str(folder / "shop.yaml")])
    assert published.problem is None
    said = [path for path in (tmp_path / "www").rglob("*") if path.is_file() and b"kim@" in path.read_bytes()]
    assert said == []
    assert "The shop of [an e-mail address tfdbs]" in (tmp_path / "www" / "index.html").read_text(encoding="utf-8")
