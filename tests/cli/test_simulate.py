"""``crm-research simulate`` from the outside."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from crm_research.cli.simulate import command
from crm_research.errors import ParameterError, StudyError


def _run(*arguments: str) -> object:
    return CliRunner().invoke(command, arguments, standalone_mode=False)


def test_it_writes_a_world_and_prints_its_study_file(tmp_path: Path) -> None:
    done = _run("--customers", "20", "--seed", "4", "--out", str(tmp_path / "w"), "--as-of", "2023-03-31")
    assert done.exception is None
    assert done.stdout.strip() == str(tmp_path / "w" / "study.yaml")
    assert "20 of 20 customers" in done.stderr
    study = yaml.safe_load((tmp_path / "w" / "study.yaml").read_text(encoding="utf-8"))
    assert study["as_of"].startswith("2023-03-31")
    assert study["holdout_until"].startswith("2023-10-01")


def test_a_null_world_without_holdout(tmp_path: Path) -> None:
    done = _run("--customers", "20", "--out", str(tmp_path / "w"), "--null", "--holdout-days", "0")
    assert done.exception is None
    assert "holdout_until" not in yaml.safe_load((tmp_path / "w" / "study.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "wrong", [("--customers", "-1"), ("--years", "0"), ("--holdout-days", "-2"), ("--dirt", "2"), ("--seed", "-4")]
)
def test_wrong_values_are_refused_before_anything_is_written(tmp_path: Path, wrong: tuple[str, str]) -> None:
    done = _run("--customers", "20", "--out", str(tmp_path / "w"), *wrong)
    assert isinstance(done.exception, ParameterError)
    assert not (tmp_path / "w").exists()


def test_a_full_folder_needs_force(tmp_path: Path) -> None:
    again = ("--customers", "5", "--out", str(tmp_path / "w"))
    assert _run(*again).exception is None
    assert isinstance(_run(*again).exception, StudyError)
    assert _run(*again, "--force").exception is None


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--customers", "0", "--customers must be 1 to 99,999,999, found 0"),
        ("--effect", "-3", "--effect must lie between 0 and 100.0, found -3.0"),
        ("--segments", "9", "--segments must be 1 to 8, found 9"),
        ("--separation", "7", "--separation must lie between 0 and 5.0, found 7.0"),
    ],
)
def test_a_setting_that_is_refused_is_called_as_its_option(tmp_path: Path, option: str, value: str, said: str) -> None:
    assert said in str(_run("--out", str(tmp_path / "w"), option, value).exception)
