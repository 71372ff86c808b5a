"""One report a value of a column: each part is as a study of these customers alone, and small ones are kept back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from crm_research import open_study
from crm_research.delivery.publishing import publish_site
from crm_research.delivery.site import find_runs
from crm_research.delivery.targets import Target
from crm_research.errors import CrmError, ParameterError, StudyError
from crm_research.features.parts import find_table, list_parts, take_part
from crm_research.reporting.fan_out import _name_parts, _withhold
from crm_research.reporting.run import run_reports
from tests.delivery.shelves import of_folder, read_site

STUDY = """\
name: shop
title: A shop
currency: EUR
as_of: 2024-07-01
caveats: [Invented.]
tables:
  customers: {from: customers.csv, attributes: {region: category, age: number, vip: flag}}
  orders: {from: orders.csv}
  order_lines: {from: lines.csv}
  products: {from: products.csv}
"""
# Region, and how many customers it has; the last says nothing.
SIZES = {"North": 9, "south": 7, "Süden <b>": 6, "": 4}


FEW = "of fewer than 5 customers {} withheld, since persons could be told from {}"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    customers, orders, lines = ["customer_id,region,age,vip"], ["order_id,customer_id,ordered_at,revenue"], []
    lines.append("order_id,product_id,quantity,revenue")
    number = 0
    for region, size in SIZES.items():
        for _ in range(size):
            number += 1
            customers.append(f"c{number},{region},{20 + number},{number % 2 == 0}")
            for month in range(1, 2 + number % 4):
                orders.append(f"o{number}-{month},c{number},2024-0{month}-03,{number}.5")
                lines.append(f"o{number}-{month},p1,1,{number}.5")
    orders.append("o-of-nobody-known,x9,2024-02-02,1000")
    for name, rows in (("customers", customers), ("orders", orders), ("lines", lines)):
        (tmp_path / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "products.csv").write_text("product_id,category\np1,tea\n")
    (tmp_path / "shop.yaml").write_text(STUDY, encoding="utf-8")
    return tmp_path / "shop.yaml"


def test_the_largest_part_comes_first_and_those_without_a_value_are_counted(shop):
    parts = list_parts(open_study(shop), "region")
    assert (parts.table, dict(parts.n_customers), parts.n_without) == (
        "customers", {"North": 9, "south": 7, "Süden <b>": 6}, 4,
    )  # fmt: skip
    assert dict(list_parts(open_study(shop), "vip").n_customers) == {"false": 13, "true": 13}


def test_a_part_holds_its_customers_with_all_that_leads_to_them_and_no_other(shop):
    study = open_study(shop)
    part = take_part(study, list_parts(study, "region"), "south", name="south")
    assert part.table("customers").count().execute() == 7
    ids = set(part.table("customers").customer_id.execute())
    assert ids == {f"c{number}" for number in range(10, 17)}
    orders = part.table("orders").execute()
    assert set(orders.customer_id) == ids
    assert len(orders) == sum(1 + number % 4 for number in range(10, 17)) == part.table("order_lines").count().execute()
    assert part.table("products").count().execute() == 1
    assert (part.name, part.title) == ("south", "A shop: region south")
    assert part.caveats == (
        "Only the 7 customers of 26 whose region is south. What names no customer is told whole: products.",
        "Invented.",
    )  # fmt: skip
    assert study.table("customers").count().execute() == 26


def give_orders_a_channel(shop: Path, expression: str) -> None:
    origin = f'orders: {{from: orders.csv, columns: {{channel: {{expr: "{expression}"}}}}}}'
    shop.write_text(shop.read_text().replace("orders: {from: orders.csv}", origin))


def test_parts_of_customers_of_whom_only_orders_are_known(shop):
    shop.write_text("\n".join(line for line in shop.read_text().splitlines() if "customers.csv" not in line))
    give_orders_a_channel(shop, "case when customer_id < 'c2' then 'web' else 'shop' end")
    parts = list_parts(open_study(shop), "channel")
    assert parts.table == "orders"
    assert dict(parts.n_customers) == {"shop": 16, "web": 11}


def test_a_column_of_which_a_customer_has_two_values_is_refused_with_their_number(shop):
    give_orders_a_channel(shop, "case when month(ordered_at) = 1 then 'web' else 'shop' end")
    with pytest.raises(StudyError, match=r"table orders: 20 customers of 27 have several values of 'channel'"):
        list_parts(open_study(shop), "channel")


@pytest.mark.parametrize("column", ["regoin", "customer_id", "order_id", "revenue", "ordered_at"])
def test_what_says_nothing_of_a_customer_is_refused_with_what_does(shop, column):
    with pytest.raises(StudyError, match=r"has no column .* Known: region, vip\."):
        find_table(open_study(shop), column)


def test_later_rows_make_no_part(shop):
    give_orders_a_channel(shop, "'web'")
    with pytest.raises(StudyError, match="'channel' is empty for all customers"):
        list_parts(open_study(shop, as_of="2024-01-02"), "channel")
    assert dict(list_parts(open_study(shop, as_of="2024-01-04"), "channel").n_customers) == {"web": 26}


@pytest.mark.parametrize(
    ("sizes", "kept", "said"),
    [
        ({"a": 90, "b": 7, "c": 5}, ["a", "b", "c"], ""),
        (
            {"a": 90, "b": 7, "c": 4},
            ["a"],
            f"1 part {FEW.format('is', 'it')}; so is 1 more, with which others could be reckoned.",
        ),
        (
            {"a": 90, "b": 7, "c": 3, "d": 2},
            ["a", "b"],
            f"2 parts {FEW.format('are', 'them')}.",
        ),
        (
            {"a": 90, "b": 7, "c": 2, "d": 1},
            ["a"],
            f"2 parts {FEW.format('are', 'them')}; so is 1 more, with which others could be reckoned.",
        ),
    ],
)
def test_small_parts_are_withheld_and_what_would_give_them_away(shop, sizes, kept, said):
    assert _withhold(open_study(shop), sizes, 0, "region") == (kept, said)


def test_those_without_a_value_are_a_part_that_subtraction_tells(shop):
    study = open_study(shop)
    assert _withhold(study, {"a": 90, "b": 7}, 12, "region") == (["a", "b"], "")
    said = "1 part is withheld, with which the few customers without a value could be reckoned."
    assert _withhold(study, {"a": 90, "b": 7}, 2, "region") == (["a"], said)
    # A small part is hidden among those without a value where both together are enough.
    assert _withhold(study, {"a": 90, "b": 3}, 4, "region") == (["a"], f"1 part {FEW.format('is', 'it')}.")


def test_the_threshold_is_that_of_the_study_file(shop):
    shop.write_text(shop.read_text() + "privacy: {least_group: 8}\n")
    kept, said = _withhold(open_study(shop), {"a": 90, "b": 80, "c": 7}, 0, "region")
    assert kept == ["a"]
    assert said.startswith("1 part of fewer than 8 customers is withheld")


def test_a_value_that_tells_of_a_person_is_masked_wherever_it_is_written(shop):
    file = shop.parent / "customers.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("south", "kim@example.org"), encoding="utf-8")
    study = open_study(shop)
    part = take_part(study, list_parts(study, "region"), "kim@example.org", name="x")
    assert part.table("customers").count().execute() == 7
    assert "kim" not in f"{part.title} {part.caveats}"
    north, kim = _name_parts(["north", "kim@example.org"])
    assert (north, kim[:18], len(kim)) == ("north", "an-e-mail-address-", 23)


@pytest.mark.parametrize("sizes", [{"a": 4}, {"a": 4, "b": 90}, {"a": 1, "b": 1}])
def test_nothing_is_made_where_every_part_would_give_another_away(shop, sizes):
    with pytest.raises(StudyError, match="no value of 'region' leaves a page"):
        _withhold(open_study(shop), sizes, 0, "region")


def test_parts_have_names_that_folders_can_have_and_no_two_the_same():
    values = ["North", "south", "北京", "上海", "a/b", "../..", "A B", "private", "each"]
    names = {value: name for name, value in _name_parts(values).items()}
    assert {value: name for value, name in names.items() if value not in ("North", "south")} == {
        "北京": "part-68c77e", "上海": "part-4906a4", "a/b": "a-b-c14cdd", "../..": "part-0cfd1c", "A B": "a-b-fea4c5",
        "private": "private-715dc8", "each": "each-bec168",
    }  # fmt: skip
    assert (names["North"], names["south"]) == ("north", "south")
    # The same whatever else there is, and however large: another day's page is of the same customers.
    assert dict(_name_parts(["上海", "b", "北京"])) == {names["上海"]: "上海", "b": "b", names["北京"]: "北京"}


@pytest.mark.slow
def test_it_takes_one_study_and_leaves_nothing_where_it_cannot(shop, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(ParameterError, match="takes one study apart"):
        run_reports(["customer-base"], studies=[str(shop), "cdnow"], each="region", out=out)
    with pytest.raises(CrmError, match="Did you mean 'region'"):
        run_reports(["customer-base"], studies=[str(shop)], each="regoin", out=out)
    assert not list(out.rglob("*.html"))


@pytest.mark.slow
def test_each_part_has_the_figures_of_a_study_of_its_customers_alone(shop, tmp_path):
    out = tmp_path / "out"
    # Four have no value: with a threshold of five a part would be withheld for them.
    shop.write_text(shop.read_text() + "privacy: {least_group: 4}\n")
    orders = shop.parent / "orders.csv"
    orders.write_text("\n".join(line for line in orders.read_text().splitlines() if "x9" not in line))
    summary = run_reports(["customer-base"], studies=[str(shop)], each="region", out=out)
    assert (summary.n_failed, len(summary.outcomes), summary.withheld) == (0, 3, "")
    shelf = out / "each" / "shop-region"
    assert summary.index == shelf / "index.html"
    assert "A shop: region Süden &lt;b&gt;" in summary.index.read_text(encoding="utf-8")
    assert json.loads((shelf / "each.json").read_text(encoding="utf-8"))["parts"] == {
        "north": "North", "south": "south", "s-den-b-637f01": "Süden <b>",
    }  # fmt: skip
    alone = tmp_path / "alone.yaml"
    text = shop.read_text().replace("{from: ", f"{{from: {shop.parent}/").replace("name: shop", "name: alone")
    alone.write_text(
        text.replace("customers.csv,", "customers.csv, where: region = 'south',")
        .replace("orders.csv}", "orders.csv, where: \"customer_id between 'c10' and 'c16'\"}")
        .replace("lines.csv}", "lines.csv, where: \"order_id between 'o10-' and 'o16-9'\"}")
    )
    run_reports(["customer-base"], studies=[str(alone)], out=out)

    def figures(folder: Path) -> list:
        return json.loads((folder / "2024-07-01" / "figures.json").read_text())

    of_part = figures(shelf / "south")
    assert [f["estimate"] for f in of_part] == [f["estimate"] for f in figures(out / "alone")]
    assert of_part != figures(shelf / "north")
    index = (out / "index.html").read_text(encoding="utf-8")
    assert '<a href="each/shop-region/index.html">shop by region</a></h3><p class="asked">3 parts.</p>' in index
    assert 'shop by region: 3 parts. <a href="../../index.html">All reports</a>' in summary.index.read_text("utf-8")
    again = run_reports(["customer-base"], studies=[str(shop)], each="region", out=out, is_only_changed=True)
    assert (again.outcomes, [made.study for made in again.unchanged]) == ((), ["north", "south", "s-den-b-637f01"])


def test_parts_can_be_left_out_of_what_is_published(tmp_path):
    for place in ("shop/2024-07-01", "each/shop-region/north/2024-07-01"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "run.json").write_text("{}")
    (tmp_path / "each" / "shop-region" / "each.json").write_text('{"study": "shop", "column": "region"}')
    assert [run.path for run in find_runs(tmp_path)] == ["shop/2024-07-01", "each/shop-region/north/2024-07-01"]
    assert [run.path for run in find_runs(tmp_path, with_parts=False)] == ["shop/2024-07-01"]
    shutil.rmtree(tmp_path / "shop")
    with pytest.raises(CrmError, match="holds only parts of customers"):
        find_runs(tmp_path, ["shop"], with_parts=False)


@pytest.mark.slow
def test_a_part_that_is_withheld_now_leaves_the_shelf_and_what_was_published(shop, tmp_path):
    out, www = tmp_path / "out", tmp_path / "www"
    orders = shop.parent / "orders.csv"
    orders.write_text("\n".join(line for line in orders.read_text().splitlines() if "x9" not in line))
    for least in (4, 7):
        text = shop.read_text(encoding="utf-8").partition("privacy:")[0]
        shop.write_text(f"{text}privacy: {{least_group: {least}}}\n", encoding="utf-8")
        run_reports(["customer-base"], studies=[str(shop)], each="region", out=out, is_only_changed=True)
        target = Target(to=str(www))
        (published,) = publish_site(out, [target], studies=["shop"], study_files=[str(shop)])
        assert published.problem is None
        pages = read_site(of_folder(www))
        told = {path.split("/")[2] for path in pages if path.endswith("customer-base.html")}
        assert told == {"north", "south", *(["s-den-b-637f01"] if least == 4 else [])}
        assert (out / "each" / "shop-region" / "s-den-b-637f01" / "2024-07-01").exists() == (least == 4)
    index = pages["each/shop-region/index.html"].decode()
    assert "2 parts. 1 part of fewer than 7 customers is withheld" in index
    assert '<p class="question">2 parts,' in index
    assert "S\u00fcden" not in index
