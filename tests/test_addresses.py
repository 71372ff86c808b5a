"""Addresses: what is read of them, and that no piece of a password is ever shown."""

from __future__ import annotations

import os
from unittest.mock import patch
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crm_research.addresses import (
    Address,
    hide_credentials,
    hide_fragments,
    holds_password,
    read_address,
    say_driver,
    why_refused,
)
from crm_research.engine import connect
from crm_research.errors import CrmError, EngineError
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file


def pieces_of(secret: str) -> set[str]:
    """Every run of four characters of a secret, in small letters."""
    return {secret[i : i + 4].lower() for i in range(len(secret) - 3)}


def with_environment(**values: str):
    return patch.dict(os.environ, values)


def test_an_address_is_read_in_its_parts():
    with with_environment(U="joe", P="geheim"):
        found = read_address("postgresql://${U}:${P}@db.example:6543/shop/sales?sslmode=require&connect_timeout=3")
    assert found == Address(
        scheme="postgresql",
        user="joe",
        password="geheim",
        host="db.example",
        port=6543,
        path="shop/sales",
        options={"sslmode": "require", "connect_timeout": "3"},
    )


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Co"]), min_size=1).filter(lambda text: "%" not in text))
@example("Top@S3cretPart/x y")
@example("Top/99S3cretPart")
@example("a#b?c:d[e]f")
@settings(max_examples=300, deadline=None)
def test_a_password_of_any_characters_arrives_as_it_is_written_or_encoded(password):
    for written in (password, quote(password, safe="")):
        with with_environment(U="joe", P=written):
            found = read_address("postgres://${U}:${P}@db:5432/shop")
        assert (found.user, found.password, found.host, found.port) == ("joe", password, "db", 5432)


def test_a_percent_sign_of_a_password_that_could_not_be_encoded_stays():
    with with_environment(P="50%@home"):
        assert read_address("postgres://joe:${P}@db/shop").password == "50%@home"
    with with_environment(P="50%25"):
        assert read_address("postgres://joe:${P}@db/shop").password == "50%"


def test_a_variable_may_hold_user_and_password_or_the_whole_address():
    with with_environment(BOTH="joe:p@ss", ALL="postgres://joe:p%40ss@db:6/shop"):
        both, whole = read_address("postgres://${BOTH}@db:6/shop"), read_address("${ALL}")
    assert both == whole == Address(scheme="postgres", user="joe", password="p@ss", host="db", port=6, path="shop")


@pytest.mark.parametrize(
    "address",
    [f"postgres://joe:Top{sign}99Zw8kVjx@db/x" for sign in "@/#?"],
)
def test_a_whole_address_that_is_not_encoded_is_told_without_a_piece_of_it(address):
    with with_environment(ALL=address), pytest.raises(EngineError, match="%40, %2F, %3F and %23") as caught:
        connect("${ALL}")
    assert not any(piece in str(caught.value).lower() for piece in pieces_of("99Zw8kVjx"))


# Where nothing listens: drivers say all they know of such an address.
NOWHERE = (
    "postgres://joe:${P}@127.0.0.1:1/x?connect_timeout=2",
    "postgres://joe:${P}@/x?host=/nowhere&connect_timeout=2",
    "postgres://127.0.0.1:1/x?user=joe&password=${P}&connect_timeout=2",
    "postgres://${P}@127.0.0.1:1/x?connect_timeout=2",
    "postgres://joe:${P}@${P}.invalid/x?connect_timeout=2",
    "postgres://joe:x@127.0.0.1:${P}/x",
    "${P}",
)


def told_of(url: str, password: str) -> str:
    with with_environment(P=password):
        try:
            connect(url)
        except CrmError as problem:
            return str(problem)
    return ""


@pytest.mark.parametrize("url", NOWHERE)
@given(
    password=st.text(
        st.sampled_from("abcXYZ0189@/#:?%[] &=+$'\"\\äß密") | st.characters(exclude_categories=["Cs", "Cc", "Co"]),
        min_size=4,
        max_size=30,
    )
)
@example(password="Top@S3cretPart/x y")
@example(password="Top/99S3cretPart")
@example(password="Top#99S3cretPart")
@example(password="x@S3cretPart:99")
@example(password="000\u0130\U0002ebe1")
@settings(max_examples=25, deadline=None)
@pytest.mark.slow
def test_no_message_shows_four_characters_of_a_password(url, password):
    # What would be said of another password is our own wording, whatever letters this one has.
    ours = told_of(url, "\u2603" * 5) + told_of(url, "\u2603@\u2603/\u2603:\u2603")
    told = told_of(url, password).lower()
    shown = {piece for piece in pieces_of(password) if piece in told and piece not in ours.lower()}
    assert not shown


def test_fragments_are_hidden_whatever_their_capitals():
    assert hide_fragments("no host 's3cretpart' here", ["Top@S3cretPart/x"]) == "no host '***' here"
    assert hide_fragments("abc and abcd", ["abcd"]) == "abc and ***"
    # A letter that becomes two when a driver makes it small, and one that does so elsewhere in the message.
    assert hide_fragments("no host '000i\u0307x'", ["000\u0130x"]) == "no host '***'"
    assert hide_fragments("\u0130: no host '000abc'", ["000ABC"]) == "\u0130: no host '***'"


def test_a_driver_is_quoted_without_the_values_of_variables():
    with with_environment(U="keeper", P="geheimnis"):
        said = say_driver('login of "keeper" with heim failed\nmore', "postgres://${U}:${P}@db/x")
    assert said == 'login of "${U}" with *** failed'


@pytest.mark.parametrize(
    "url",
    [
        "postgres://joe:S3cretPart@db/x",
        "postgres://joe:S3c/retPart@db/x",
        "postgres://joe:S3c@retPart@db/x",
        "postgres://joe:S3c:retPart@db/x",
        "postgres://joe:${P}S3cret@db/x",
        "postgres://db/x?user=joe&password=S3cretPart",
        "postgres://db/x?sslpassword=S3cretPart",
    ],
)
def test_a_password_in_the_file_is_refused_wherever_it_stands(tmp_path, url):
    assert holds_password(url)
    for tables in ({"orders": {"from": {"url": url, "table": "t"}}}, {"orders": {"from": url}}):
        with pytest.raises(CrmError, match=r"\$\{NAME\}") as caught:
            open_study(a_study_file(tmp_path, tables))
        assert "retPart" not in str(caught.value)
        assert "S3c" not in str(caught.value)


def test_a_password_is_not_shown_by_a_mistake_beside_it(tmp_path):
    for url in (["postgres://joe:S3cretPart@db/x"], {"a": "postgres://joe:S3cretPart@db/x"}):
        with pytest.raises(CrmError) as caught:
            open_study(a_study_file(tmp_path, {"orders": {"from": {"url": url, "table": "t"}}}))
        assert "S3cretPart" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///x.db", "under path"),
        ("https://h/x.csv", "Download the file"),
        ("mysql://h/d", "is not read"),
        ("no address", "is no address"),
        ("postgres://h/d", None),
        ("pyspark://", None),
        ("sc://localhost:50051", None),
        ("sc://h:443/;use_ssl=true;token=${TOKEN}", None),
        ("sc://h:443/;use_ssl=true;token=abcdef", "holds a password"),
        ("duckdb:///x.duckdb", None),
        ("${SHOP_URL}", None),
    ],
)
def test_only_some_schemes_are_read(url, said):
    found = why_refused(url)
    assert found is None if said is None else said in str(found)


def test_spark_connect_parts_its_options_by_semicolons(monkeypatch):
    monkeypatch.setenv("TOKEN", "a@b;c=d/e")
    address = read_address("sc://spark.example.com:443/;use_ssl=true;token=${TOKEN}")
    assert (address.scheme, address.host, address.port) == ("sc", "spark.example.com", 443)
    assert address.options == {"use_ssl": "true", "token": "a@b;c=d/e"}
    assert "a@b" not in repr(address)
    assert hide_credentials("sc://h:1/;token=abc;user_id=x") == "sc://h:1/;token=***;user_id=x"
    assert "abcd" not in say_driver("refused: abcd", "sc://h:1/;token=abcd")
