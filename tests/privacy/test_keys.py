"""The key: from the environment or from a file for its owner alone; what hides nobody is refused in one paragraph."""

from __future__ import annotations

import stat

import pytest

from crm_research import settings
from crm_research.errors import CrmError
from crm_research.privacy.keys import require_key


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.delenv(settings.PSEUDONYM_KEY, raising=False)
    path = tmp_path / "keys" / "pseudonym.key"
    monkeypatch.setenv(settings.PSEUDONYM_KEY_FILE, str(path))
    return path


def written(path, text, mode=0o600):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def test_it_is_made_when_first_needed_for_its_owner_alone(file):
    key = require_key()
    assert len(key) == 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert require_key() == key


def test_the_environment_goes_before_the_file(file, monkeypatch):
    monkeypatch.setenv(settings.PSEUDONYM_KEY, " 0123456789abcdef0123456789abcdef ")
    assert require_key() == b"0123456789abcdef0123456789abcdef"
    assert not file.exists()


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        ("0123456789abcdef0123456789abcdef", 0o640, "mode 640"),
        ("0123456789abcdef0123456789abcdef", 0o602, "mode 602"),
        ("", 0o600, "is empty"),
        ("short", 0o600, "has 5 signs"),
        ("a" * 40, 0o600, "too much alike"),
    ],
)
def test_what_hides_nobody_is_refused(file, text, mode, said):
    written(file, text, mode)
    with pytest.raises(CrmError) as told:
        require_key()
    assert said in str(told.value)
    assert str(file) in str(told.value)
    assert "\n" not in str(told.value)
    assert file.read_text(encoding="utf-8") == text


def test_a_folder_is_no_key(file):
    file.mkdir(parents=True)
    with pytest.raises(CrmError, match="is no file but a folder"):
        require_key()


def test_a_key_among_the_pages_is_refused(file):
    with pytest.raises(CrmError, match="which others read"):
        require_key(file.parent)
    assert not file.exists()


def test_where_none_can_be_made_another_place_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.delenv(settings.PSEUDONYM_KEY, raising=False)
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    monkeypatch.setenv(settings.PSEUDONYM_KEY_FILE, str(tmp_path / "taken" / "pseudonym.key"))
    with pytest.raises(CrmError, match="can be neither read nor made"):
        require_key()


def test_a_short_key_in_the_environment_is_named(file, monkeypatch):
    monkeypatch.setenv(settings.PSEUDONYM_KEY, "secret")
    with pytest.raises(CrmError, match=r"environment's CRM_PSEUDONYM_KEY has 6 signs") as told:
        require_key()
    assert "secret:" not in str(told.value)
