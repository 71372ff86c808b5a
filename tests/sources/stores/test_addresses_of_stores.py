"""Addresses of stores: what a study file may write, and what it is told instead; without any store."""

from __future__ import annotations

import os
import re

import pytest

from crm_research.addresses import is_stored, why_no_path
from crm_research.errors import StudyError
from crm_research.sources.drafts.draft import draft_study
from crm_research.sources.opening import open_study
from crm_research.sources.readers.stores import azure
from crm_research.sources.readers.stores.files import StoredFile, as_regex
from crm_research.sources.readers.stores.filesystems import address_of, path_of, say_store
from crm_research.sources.readers.stores.narrowing import find_needs, key_of
from crm_research.sources.readers.stores.rows import folder_values
from crm_research.sources.study_file import read_study_file
from tests.sources.files import a_study_file


@pytest.mark.parametrize(
    "path",
    ["s3://b/k/*.csv", "gs://b/k/", "abfs://c@a/k.csv", "abfss://c@a.dfs.core.windows.net/k", "o.csv", "../a b.csv"],
)
def test_paths_here_and_of_stores_are_taken(path):
    assert why_no_path(path) is None
    assert is_stored(path) == (":" in path)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("s3://AKIA:se/cr+et@bucket/k.csv", "holds credentials; leave them out: keys are taken from AWS_ACCESS_KEY_ID"),
        ("s3://AKIA@bucket/k.csv", "holds credentials; leave them out"),
        ("abfs://c:key@account/k.csv", "holds credentials; leave them out: keys are taken from AZURE_STORAGE_KEY"),
        ("s3://bucket/k.csv?secret_key=abc", "holds options behind a question mark; leave them out"),
        ("s3:///k.csv", "names no bucket; write s3://bucket/orders/*.parquet"),
        ("s3://buck*/k.csv", "names no bucket"),
        ("abfs://@account/k.csv", "names no container; write abfs://container@account/orders/*.parquet"),
        ("https://host/k.csv", "begins with https://, which is no path"),
        ("postgres://host/db", "begins with postgres://, which is no path; a path leads to files here or begins with"),
    ],
)
def test_what_is_no_path_is_told_without_its_secrets(path, said):
    found = why_no_path(path)
    assert found.startswith(said)
    assert not re.search(r"AKIA|cr\+et|:key|abc|secret_key", found)


def test_a_study_file_with_keys_in_it_is_refused(tmp_path):
    path = a_study_file(tmp_path, {"orders": {"from": ["s3://AKIA:hush@b/k.csv"]}})
    with pytest.raises(StudyError, match=r"tables\.orders\.from\.path: holds credentials; leave them out") as caught:
        read_study_file(path)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("path", ["hdfs://names/orders", "file:///srv/orders", "dbfs://orders", "s3a://bucket/orders"])
def test_what_a_server_reads_is_told_where_there_is_none(tmp_path, path):
    assert why_no_path(path) is None
    study = a_study_file(tmp_path, {"orders": {"from": [path]}})
    with pytest.raises(StudyError) as told:
        open_study(study)
    scheme = path.partition(":")[0]
    assert f"tables.orders.from: {path} begins with {scheme}://, which a server of the study's" in str(told.value)
    assert "Write the path of a file here, or of a store: s3://, gs:// or abfs://." in str(told.value)


def test_keys_in_what_a_server_reads_are_refused():
    assert why_no_path("hdfs://user:hush@names/orders").startswith("holds credentials; leave them out")


def test_version_needs_one_folder(tmp_path):
    path = a_study_file(tmp_path, {"orders": {"from": {"path": ["a", "b"], "version": 2}}})
    with pytest.raises(StudyError, match="format and version are of a lake's table; name its one folder under path"):
        read_study_file(path)


def test_a_path_of_a_store_and_back():
    assert path_of("s3://b/x/y.csv") == "b/x/y.csv"
    assert path_of("abfss://c@acc.dfs.core.windows.net/x/y.csv") == "c/x/y.csv"
    assert address_of("c/x/z.csv", "abfss://c@acc/x/y.csv") == "abfss://c@acc/x/z.csv"
    assert address_of("b/x/z.csv", "s3://b/*") == "s3://b/x/z.csv"


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        ("b/o/*.csv", ["b/o/1.csv"], ["b/o/x/1.csv", "b/o/1.csv.gz"]),
        ("b/o/**/*.csv", ["b/o/1.csv", "b/o/x/y/1.csv"], ["b/p/1.csv"]),
        ("b/o/20[12]?.csv", ["b/o/2014.csv", "b/o/202x.csv"], ["b/o/2034.csv", "b/o/20144.csv"]),
        ("b/o/[!a-c].csv", ["b/o/d.csv"], ["b/o/b.csv"]),
        ("b/o+(1)/*", ["b/o+(1)/x"], ["b/oo(1)/x"]),
    ],
)
def test_globs_are_those_of_files_here(pattern, fits, fits_not):
    read = re.compile(as_regex(pattern))
    assert [read.fullmatch(path) is not None for path in (*fits, *fits_not)] == [True] * len(fits) + [False] * len(
        fits_not
    )


def test_folders_say_what_all_of_them_say():
    files = [
        StoredFile(address=f"s3://b/o/{folder}/p.parquet", n_bytes=1)
        for folder in ("year=2024/month=05/note=a%20b", "month=__HIVE_DEFAULT_PARTITION__/year=2023")
    ]
    assert folder_values(files) == [{"month": "05", "year": "2024"}, {"month": None, "year": "2023"}]


def test_the_client_s_words_show_no_key(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "Qz7/hidden+word")
    said = say_store("s3://b/k.csv", OSError("AWS Error UNKNOWN: odd Qz7/hidden+word there (Request ID: abc)"))
    assert said == "s3://b/k.csv cannot be read: AWS Error UNKNOWN: odd *** there. Check the address and the store."


def test_only_what_one_table_reads_is_narrowed(tmp_path):
    orders = {
        "from": "s3://b/o/",
        "sum_lines": True,
        "columns": {"customer_id": "who", "revenue": {"expr": "n * price"}},
    }
    tables = {"orders": orders, "products": {"from": "s3://b/p/"}, "customers": {"from": "s3://b/p/"}}
    definition = read_study_file(a_study_file(tmp_path, tables))
    needs = find_needs(definition, list(tables))
    assert list(needs) == [key_of(definition.tables["orders"].source)]
    (need,) = needs.values()
    held = ["order_id", "Who", "n", "price", "ordered_at", "junk", "channel"]
    assert need.columns_of(held) == ["order_id", "Who", "n", "price", "ordered_at", "channel"]
    assert list(find_needs(definition, ["products"])) == [key_of(definition.tables["products"].source)]


def test_a_draft_looks_at_files_here(tmp_path):
    with pytest.raises(StudyError, match=r"--from: s3:/+b/k\.csv: a draft looks at files here\. Copy one file of each"):
        draft_study("shop", ["s3://b/k.csv"], beside=tmp_path)


CONNECTION = "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=a2V5PQ==;EndpointSuffix=core.windows.net"
PATH_STYLE = "AccountName=acc;SharedAccessSignature=sv=1&sig=x%3D;BlobEndpoint=http://127.0.0.1:10000/acc;"
HOST_STYLE = "BlobEndpoint=https://acc.blob.core.chinacloudapi.cn/;AccountName=acc;AccountKey=a2V5"


@pytest.mark.parametrize(
    ("place", "said", "account"),
    [
        ("c@acc", {}, {"name": "acc"}),
        ("c@acc.dfs.core.windows.net", {"AZURE_STORAGE_KEY": "own!"}, {"name": "acc", "key": "own!"}),
        (
            "c", {"AZURE_STORAGE_ACCOUNT": "other", "AZURE_STORAGE_SAS_TOKEN": "own!"},
            {"name": "other", "sas_token": "own!"},
        ),
        ("c", {azure.VARIABLE: CONNECTION}, {"name": "acc", "key": "a2V5PQ=="}),
        # What the environment names by itself goes before the connection's own; another account has nothing of it.
        ("c", {azure.VARIABLE: CONNECTION, "AZURE_STORAGE_SAS_TOKEN": "own!"}, {"name": "acc", "sas_token": "own!"}),
        ("c", {azure.VARIABLE: CONNECTION, "AZURE_STORAGE_KEY": "own!"}, {"name": "acc", "key": "own!"}),
        ("c@other", {azure.VARIABLE: CONNECTION}, {"name": "other"}),
        (
            "c", {azure.VARIABLE: PATH_STYLE},
            {"name": "acc", "sas_token": "sv=1&sig=x%3D", "scheme": "http", "authority": "127.0.0.1:10000",
             "folders": "127.0.0.1:10000"},
        ),
        (
            "c@acc", {azure.VARIABLE: HOST_STYLE},
            {"name": "acc", "key": "a2V5", "authority": ".blob.core.chinacloudapi.cn",
             "folders": ".dfs.core.chinacloudapi.cn"},
        ),
    ],
)  # fmt: skip
def test_an_account_of_azure_s_is_named_by_the_address_or_the_environment(monkeypatch, place, said, account):
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    found = azure.read_account(place)
    assert found == azure.AzureAccount(**account)
    assert not any(secret in repr(found) for secret in (found.key, found.sas_token) if secret)


def test_an_account_elsewhere_is_asked_at_its_own_address(monkeypatch):
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(azure.VARIABLE, PATH_STYLE)
    assert azure.options_of_delta("c") == {
        "account_name": "acc", "sas_token": "sv=1&sig=x%3D", "azure_endpoint": "http://127.0.0.1:10000/acc",
        "allow_http": "true",
    }  # fmt: skip
    assert azure.secrets_of_connection() == ["sv=1&sig=x%3D"]
    monkeypatch.setenv(azure.VARIABLE, HOST_STYLE)
    assert azure.options_of_delta("c")["azure_endpoint"] == "https://acc.blob.core.chinacloudapi.cn"
    monkeypatch.setenv(azure.VARIABLE, CONNECTION)
    assert azure.options_of_delta("c") == {"account_name": "acc", "account_key": "a2V5PQ=="}
    monkeypatch.setenv(azure.VARIABLE, "AccountKey=hidden")
    with pytest.raises(ValueError, match="AZURE_STORAGE_CONNECTION_STRING names no account"):
        azure.read_account("c")
    assert azure.secrets_of_connection() == ["AccountKey=hidden"]
    monkeypatch.delenv(azure.VARIABLE)
    assert azure.secrets_of_connection() == []
    with pytest.raises(ValueError, match="it names no account; write abfs://CONTAINER@ACCOUNT/"):
        azure.read_account("c")
