"""``crm-research publish`` as it is typed: what it prints, and its exit status."""

from __future__ import annotations

import pytest

from crm_research import cli
from tests.delivery.shelves import add_day


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    for name in ("CRM_RESEARCH_SMTP", "CRM_RESEARCH_MAIL_FROM"):
        monkeypatch.delenv(name, raising=False)
    add_day(tmp_path / "reports", tmp_path / "scratch")
    (tmp_path / "orders.csv").write_text("order_id,customer_id,ordered_at,revenue\norder-1,buyer-17,2024-01-01,1\n")
    (tmp_path / "shop.yaml").write_text(
        "name: shop\ncurrency: EUR\nas_of: 2024-06-30\npublish: {web: www}\nrecipients: [anna@example.com]\n"
        "tables: {orders: {from: orders.csv}}\n"
    )
    return tmp_path / "reports"


def ran(monkeypatch, capsys, *arguments) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["crm-research", "publish", *map(str, arguments)])
    try:
        cli.main()
        code = 0
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_dry_run_shows_what_would_go_where_and_sends_nothing(shelf, tmp_path, monkeypatch, capsys):
    code, out, err = ran(monkeypatch, capsys, "--study", tmp_path / "shop.yaml", "--out", shelf, "--dry-run")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(f"{tmp_path / 'www'}: 9 files would be sent (")
    assert lines[9].startswith("  send    index.html (")
    assert lines[10] == "Mail of shop: would be sent to 1 recipient: The shop, 2024-06-30: Of all, 50.0 % stay."
    assert lines[11] == "  to      anna@example.com"
    assert lines[12].startswith("  part    plain text (")
    assert not (tmp_path / "www").exists()


def test_targets_that_work_and_one_that_does_not(shelf, tmp_path, monkeypatch, capsys):
    study = ("--study", tmp_path / "shop.yaml", "--out", shelf)
    code, out, err = ran(monkeypatch, capsys, "web", tmp_path / "other", *study)
    assert (code, err) == (0, "")
    assert [line.partition(": ")[0] for line in out.splitlines()] == [str(tmp_path / "www"), str(tmp_path / "other")]
    code, out, err = ran(monkeypatch, capsys, "web", "mail", *study)
    assert code == 1
    assert out == f"{tmp_path / 'www'}: 0 files sent (0 bytes), 9 unchanged.\n"
    assert err.startswith("crm-research: Mail needs a server, and CRM_RESEARCH_SMTP names none.")
    assert ran(monkeypatch, capsys, "mail", *study)[0] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["https://example.com/x"],
            "The target https://example.com/x begins with https://, where nothing is published",
        ),
        (["s3://key:geheim@bucket/x"], "The target s3://***@bucket/x holds credentials"),
        (["webdav:///x"], "names no server"),
        (["--recipient", "anna", "mail"], "--recipient 'anna' has no @"),
        (["x", "--keep-runs", "0"], "must be at least 1"),
        (["x", "--study", "nobody"], "There is no report of a study 'nobody'"),
        (["x", "--private", "shop"], "There is no folder 'shop'"),
    ],
)
def test_what_is_asked_wrongly_is_one_paragraph_and_nothing_is_sent(
    arguments, said, shelf, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    code, out, err = ran(monkeypatch, capsys, *arguments, "--out", shelf)
    assert code == 2
    assert said in err
    assert "geheim" not in err
    assert out == ""
    assert not (tmp_path / "x").exists()


def test_an_id_in_a_page_stops_all_and_is_not_told(shelf, tmp_path, monkeypatch, capsys):
    page = shelf / "shop" / "2024-06-30" / "churn.html"
    page.write_text(page.read_text().replace("<p>", "<p>buyer-17 "))
    code, out, err = ran(monkeypatch, capsys, "web", "--study", tmp_path / "shop.yaml", "--out", shelf)
    assert (code, out) == (2, "")
    assert "Nothing was sent: what would be sent tells of persons in 1 place" in err
    assert "shop/2024-06-30/churn.html, " in err
    assert "buyer-17" not in err
    assert not (tmp_path / "www").exists()


def test_whose_ids_were_not_looked_for_is_said(shelf, tmp_path, monkeypatch, capsys):
    code, out, err = ran(monkeypatch, capsys, tmp_path / "www", "--out", shelf)
    assert code == 0
    assert err == "The ids of shop were not looked for: name its file with --study.\n"
    assert "9 files sent" in out


def test_a_study_file_that_is_broken_is_told_by_its_key(shelf, tmp_path, monkeypatch, capsys):
    broken = tmp_path / "broken.yaml"
    broken.write_text((tmp_path / "shop.yaml").read_text().replace("anna@example.com", "anna"))
    code, _, err = ran(monkeypatch, capsys, "--study", broken, "--out", shelf)
    assert code == 2
    assert err == (
        f"crm-research: {broken}: recipients.0: 'anna' has no @; write an address such as anna@example.com.\n"
    )


def test_an_empty_shelf_is_told(tmp_path, monkeypatch, capsys):
    code, _, err = ran(monkeypatch, capsys, tmp_path / "www", "--out", tmp_path / "nothing")
    assert code == 2
    assert "There is nothing to publish in" in err
