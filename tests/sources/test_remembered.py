"""What opening a table asked of its rows is not asked again while they stay the same, and only then."""

from __future__ import annotations

import stat

import duckdb
import pytest
from click.testing import CliRunner

from crm_research.cli.cache import command as cache_command
from crm_research.errors import StudyError
from crm_research.sources import cache, embedded, remembered
from crm_research.sources.kept_records import OPENINGS, list_records
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file, held, make_desk

CLEAN = "('o1', 'ann', TIMESTAMP '2024-01-05', 10.5), ('o2', 'bob', TIMESTAMP '2024-02-06', 20.0)"
BLANKS = "('o1', ' ann', TIMESTAMP '2024-01-05', 10.5), ('o2', 'bob', TIMESTAMP '2024-02-06', 20.0)"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    make_desk(tmp_path, monkeypatch)
    monkeypatch.setattr(cache, "LEAST_BYTES", 1)

    def write(rows, **rule):
        file = tmp_path / "orders.parquet"
        with duckdb.connect() as engine:
            names = "rows(order_id, customer_id, ordered_at, revenue)"
            engine.execute(f"COPY (SELECT * FROM (VALUES {rows}) AS {names}) TO '{file}'")
        return a_study_file(tmp_path, {"orders": {"from": "orders.parquet", **rule}})

    return write


@pytest.fixture
def n_asked(monkeypatch):
    """How many questions reached the rows since it was last asked."""
    made = []
    real = remembered.Memory.answer

    def answer(self, sql, ask):
        return real(self, sql, lambda: made.append(sql) or ask())

    monkeypatch.setattr(remembered.Memory, "answer", answer)

    def count():
        n = len(made)
        made.clear()
        return n

    return count


def test_rows_that_stay_are_not_asked_again(shop, n_asked):
    path = shop(CLEAN, where="revenue > 15")
    first = open_study(path)
    assert n_asked() == 4  # doubts, what may pass as it stands, what is left out, how many rows
    again = open_study(path)
    assert n_asked() == 0
    assert held(again, "orders") == held(first, "orders")
    assert again.inputs == first.inputs
    assert "1 of 2 rows left out by where" in again.inputs[0].source
    assert again.inputs[0].n_rows == 1


def test_rows_that_change_are_asked_anew_and_read_as_they_are(shop, n_asked):
    open_study(shop(CLEAN))
    assert n_asked() > 0
    assert [row[1] for row in held(open_study(shop(BLANKS)), "orders")] == ["ann", "bob"]
    assert n_asked() > 0
    assert len(list_records(OPENINGS)) == 1  # what is found anew takes the place


def test_a_rule_that_changes_is_asked_anew(shop, n_asked):
    open_study(shop(CLEAN))
    n_asked()
    study = open_study(shop(CLEAN, where="revenue < 15"))
    assert n_asked() > 0
    assert study.inputs[0].n_rows == 1


def test_nothing_is_kept_of_rows_that_changed_while_they_were_read(shop, n_asked, monkeypatch):
    path = shop(CLEAN)
    digests = iter(["sha256:before", "sha256:after"])
    monkeypatch.setattr(embedded, "_digest", lambda files: next(digests))
    with pytest.raises(StudyError, match="was written to while it was read"):
        open_study(path)
    assert n_asked() > 0
    assert list_records(OPENINGS) == []


def test_what_is_kept_is_for_its_owner_alone_and_goes_with_the_cache(shop):
    open_study(shop(CLEAN))
    (record,) = list_records(OPENINGS)
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert stat.S_IMODE(record.parent.stat().st_mode) == 0o700
    assert "ann" not in record.read_text()
    assert CliRunner().invoke(cache_command, ["--clear"]).exit_code == 0
    assert list_records(OPENINGS) == []


@pytest.mark.parametrize("spoilt", ["", "{", '{"key": 1}', "[]", '{"key": "x", "study": "y", "said": {}}'])
def test_a_record_that_is_spoilt_is_as_none(shop, n_asked, spoilt):
    path = shop(CLEAN)
    open_study(path)
    (record,) = list_records(OPENINGS)
    n_asked()
    record.write_text(spoilt)
    assert open_study(path).inputs[0].n_rows == 2
    assert n_asked() > 0


def test_a_record_that_others_may_write_is_not_believed(shop, n_asked):
    path = shop(CLEAN)
    open_study(path)
    n_asked()
    list_records(OPENINGS)[0].chmod(0o666)
    open_study(path)
    assert n_asked() > 0
