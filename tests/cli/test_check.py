"""``crm-research check``: a verdict that people and programs can read, and its exit status."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml
from rich.cells import cell_len

from crm_research.cli import main

ORDERS = """\
order_id,customer_id,ordered_at,revenue
o1,anna,2024-01-05,10.00
o2,anna,2024-02-05,20.00
o3,bert,2024-03-05,30.00
o4,bert,2024-04-05,0.00
o5,王伟,2024-05-05,50.00
o6,王伟,2024-06-05,60.00
"""


def a_study_file(folder, orders=ORDERS, customers=None, **more):
    """A study file beside its CSV files; `more` goes into the file's head."""
    (folder / "orders.csv").write_text(orders, encoding="utf-8")
    tables = {"orders": {"from": "orders.csv", **more.pop("orders_more", {})}}
    if customers is not None:
        (folder / "customers.csv").write_text("customer_id\n" + "\n".join(customers) + "\n", encoding="utf-8")
        tables["customers"] = {"from": "customers.csv"}
    head = {"name": "shop", "title": "A shop in 北京", "currency": "EUR", "as_of": "2024-07-01"}
    file = folder / "mine.yaml"
    file.write_text(yaml.safe_dump({**head, **more, "tables": tables}, allow_unicode=True), encoding="utf-8")
    return str(file)


@pytest.fixture
def check(monkeypatch, capsys):
    """Run ``crm-research check`` in this process: exit status, standard output, standard error."""

    def run(*arguments, columns="80"):
        monkeypatch.setenv("COLUMNS", columns)
        monkeypatch.setattr(sys, "argv", ["crm-research", "check", *arguments])
        with pytest.raises(SystemExit) as leaving:
            main()
        said = capsys.readouterr()
        return leaving.value.code, said.out, said.err

    return run


def test_a_sound_study_exits_with_0_and_shows_rows_and_period(check, tmp_path):
    code, out, err = check(a_study_file(tmp_path))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:3] == ["A shop in 北京 (shop)", "Fit for use: every rule holds.", "As of 2024-07-01, no holdout."]
    (row,) = [line.split() for line in lines if line.startswith("orders ")]
    assert row[:4] == ["orders", "6", "2024-01-05", "2024-06-05"]
    assert row[5] == "-"


def test_an_error_exits_with_2_and_tells_count_examples_damage_and_mend(check, tmp_path):
    code, out, err = check(a_study_file(tmp_path, ORDERS.replace("10.00", "-10.00"), ["anna", "王伟"]))
    assert (code, err) == (2, "")
    flat = " ".join(out.split())
    assert "Not usable as it stands: orders.revenue" in flat
    assert "(and 1 more error)" in flat
    assert "error: orders.customer_id (orphan)" in flat
    assert "every customer_id stands in customers; broken by 2 of 6 (33.3 %)." in flat
    assert "customer_id=bert n_rows=2" in flat
    assert "declare them with 'returns:' under orders" in flat
    assert "reports: customer-base, segmentation, churn, loyalty" in flat


@pytest.mark.parametrize(("limit", "code"), [("0.1", 1), ("0.17", 0)])
def test_a_warning_exits_with_1_above_the_limit(check, tmp_path, limit, code):
    study = a_study_file(tmp_path, ORDERS.replace("o6,王伟,2024-06-05", "o6,王伟,2024-08-05"))
    found, out, _ = check(study, "--warnings-above", limit)
    assert found == code
    assert "warning: orders.ordered_at (after-window)" in out


def test_as_of_may_be_moved(check, tmp_path):
    study = a_study_file(tmp_path)
    assert check(study, "--as-of", "2024-05-31", "--warnings-above", "1")[0] == 0
    code, out, _ = check(study, "--as-of", "2023-01-01")
    assert code == 2
    assert "all 6 rows lie after it" in " ".join(out.split())


def test_programs_read_json(check, tmp_path):
    code, out, _ = check(a_study_file(tmp_path, ORDERS.replace("10.00", "-10.00")), "--json")
    verdict = json.loads(out)
    assert verdict["exit_code"] == code == 2
    assert verdict["title"] == "A shop in 北京"
    assert (verdict["as_of"], verdict["holdout_until"]) == ("2024-07-01T00:00:00", None)
    (table,) = verdict["tables"]
    assert (table["table"], table["n_rows"], table["n_failed"]) == ("orders", 6, 1)
    assert table["first_at"] == "2024-01-05T00:00:00"
    (failed,) = verdict["failed"]
    assert {key: failed[key] for key in ("table", "column", "rule", "severity", "n_checked", "n_bad", "examples")} == {
        "table": "orders",
        "column": "revenue",
        "rule": "negative-revenue",
        "severity": "error",
        "n_checked": 6,
        "n_bad": 1,
        "examples": ["order_id=o1 revenue=-10"],
    }
    assert failed["share_bad"] == pytest.approx(1 / 6)
    assert len(verdict["passed"]) == table["n_passed"]


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_the_verdict_keeps_to_the_width_and_uses_no_colour_in_a_file(check, tmp_path, columns):
    long = ORDERS.replace("anna", "anna" * 30).replace("10.00", "-10.00")
    _, out, _ = check(a_study_file(tmp_path, long, ["bert"]), columns=columns)
    assert max(cell_len(line) for line in out.splitlines()) <= int(columns)
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder, study: (folder / "orders.csv").unlink(), "orders.csv"),
        (lambda folder, study: (folder / "mine.yaml").unlink(), "mine.yaml"),
        (lambda folder, study: (folder / "mine.yaml").write_text("tables: ["), "mine.yaml"),
        (
            lambda folder, study: (folder / "orders.csv").write_text(
                "order_id,customer_id,ordered_at\n1,a,2024-01-01\n"
            ),
            "revenue",
        ),
        (lambda folder, study: (folder / "orders.csv").write_text(ORDERS.replace("10.00", "ten")), "ten"),
    ],
    ids=["file missing", "study missing", "study broken", "column missing", "value of another type"],
)
def test_a_study_that_cannot_be_opened_is_told_in_one_paragraph(check, tmp_path, spoil, said):
    study = a_study_file(tmp_path)
    spoil(tmp_path, study)
    code, out, err = check(study)
    assert (code, out) == (2, "")
    assert err.startswith("crm-research: ")
    assert said in err
    assert "Traceback" not in err
    assert "\n\n" not in err.strip()


def test_an_empty_file_of_orders_is_unusable(check, tmp_path):
    code, out, err = check(a_study_file(tmp_path, ORDERS.splitlines()[0] + "\n"))
    assert code == 2
    assert "orders" in out + err
    assert "Traceback" not in err


def test_an_unknown_study_is_offered_the_nearest_name(check):
    code, out, err = check("cdnov")
    assert (code, out) == (2, "")
    assert "cdnow" in err


@pytest.mark.parametrize("arguments", [("--as-of", "yesterday"), ("--warnings-above", "2"), ("--jsno",)])
def test_wrong_options_are_refused(check, tmp_path, arguments):
    code, out, err = check(a_study_file(tmp_path), *arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err


def test_the_installed_command_says_the_same(tmp_path):
    study = a_study_file(tmp_path, ORDERS.replace("10.00", "-10.00"))
    done = subprocess.run(
        [sys.executable, "-m", "crm_research", "check", study], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 2
    assert done.stdout.splitlines()[0] == "A shop in 北京 (shop)"
    assert done.stderr == ""


def test_a_name_that_was_changed_is_told(check, tmp_path):
    people = "customer_id,weight,region\nanna,light,north\nbert,heavy,south\n王伟,light,north\n"
    file = a_study_file(tmp_path)
    (tmp_path / "people.csv").write_text(people, encoding="utf-8")
    said = yaml.safe_load((tmp_path / "mine.yaml").read_text(encoding="utf-8"))
    kinds = {"region": "category", "Cluster": {"type": "category", "column": "weight"}, "weight": "category"}
    said["tables"]["customers"] = {"from": "people.csv", "attributes": kinds}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    told = " ".join(check(file)[1].split())
    for called in ("Cluster", "weight"):
        assert f"customers.{called} is called as a column of ours, and kept as {called}_recorded: ask" in told
    assert "customers.region" not in told
    renamed = json.loads(check(file, "--json")[1])["renamed"]
    assert renamed == {"customers": {"Cluster": "Cluster_recorded", "weight": "weight_recorded"}}
