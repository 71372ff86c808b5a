"""How customers and what they do are called on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crm_research.features.customer_file import COMPLAINTS, ORDERS
from crm_research.privacy.pseudonyms import say_id
from crm_research.theme import say_date
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from crm_research.pillars.customer_file.measure import CustomerFile


def call(customer: str) -> str:
    """A customer as the page calls them: by the pseudonym in what a run writes, by the id where one works by hand."""
    return f"customer {say_id('customer_id', customer)}"


def call_first(customer: str) -> str:
    """The same at the beginning of a sentence."""
    return f"Customer {say_id('customer_id', customer)}"


def say_kind(file: CustomerFile, customer: str) -> str:
    """What kind of customer it is, with the tier: ``a business customer of the gold tier``."""
    kind = file.kind_of(customer)
    what = {"business": "a business customer", "consumer": "a consumer"}.get(kind or "", "a customer")
    tier = str(file.of(customer)["tier"])
    return f"{what} of the {tier} tier" if tier else what


def since_of(file: CustomerFile, customer: str) -> pd.Timestamp | None:
    """Since when is it a customer: registered then, or the first dealing that the records hold?"""
    if "registered_at" in file.basics.columns:
        at = file.basics.loc[file.basics["customer_id"] == customer, "registered_at"].iloc[0]
        if pd.notna(at):
            return pd.Timestamp(at)
    times = [*file.months.loc[file.months["customer_id"] == customer, "first_at"]]
    if "started_at" in file.contracts.columns:
        times += [*file.contracts.loc[file.contracts["customer_id"] == customer, "started_at"]]
    known = [pd.Timestamp(at) for at in times if pd.notna(at)]
    return min(known) if known else None


def count_lane(file: CustomerFile, customer: str, lane: str) -> int:
    """How often one kind of dealings is recorded of a customer."""
    return int(file.lane(customer, lane)["n"].sum())


def last_of(file: CustomerFile, customer: str, lane: str) -> pd.Timestamp | None:
    """When was the last of one kind of dealings?"""
    own = file.lane(customer, lane)["last_at"]
    return None if own.empty else pd.Timestamp(own.max())


def running_of(file: CustomerFile, customer: str) -> pd.DataFrame:
    """The contracts of a customer that run."""
    if "ended_at" not in file.contracts.columns:
        return file.contracts.iloc[:0]
    return file.contracts.loc[(file.contracts["customer_id"] == customer) & file.contracts["ended_at"].isna()]


def say_dealings(file: CustomerFile, customer: str) -> str:
    """What a customer has done so far, in a few words; empty where nothing is recorded."""
    said = []
    n = count_lane(file, customer, ORDERS)
    if n:
        said.append(f"{say_count(n, 'purchase')}, the last on {say_date(last_of(file, customer, ORDERS))}")
    n_running = len(running_of(file, customer))
    if n_running:
        said.append(say_count(n_running, "running contract"))
    elif not file.contracts.empty and (file.contracts["customer_id"] == customer).any():
        said.append("no contract that still runs")
    n = count_lane(file, customer, COMPLAINTS)
    if n:
        said.append(say_count(n, "complaint"))
    return "; ".join(said)
