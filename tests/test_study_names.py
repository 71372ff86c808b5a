"""A study made by hand: its attributes that are called as columns of ours are kept apart, as those of a file are."""

from dataclasses import replace
from datetime import datetime

import pytest

from crm_research.contracts import TABLES, name_apart
from crm_research.features.changing import build_standing, build_stretches
from crm_research.features.customers import build_customer_features, build_customers
from crm_research.features.holders import build_habits, describe_holders
from crm_research.features.person_periods import count_person_periods, count_stretches
from crm_research.features.spells import OWN_COLUMNS, build_spells, list_shared_spells
from crm_research.pillars.churn.spell_rows import read_rows
from crm_research.pillars.segmentation.inputs.base import BUYERS, EVERYBODY, HOLDERS
from crm_research.pillars.segmentation.inputs.columns import name_features
from tests.builders import a_study, contracts

PEOPLE = {
    "customer_id": ["anna", "bert"],
    "_place": ["north", "south"],
    "weight": ["light", "heavy"],
    "age": [30.0, 40.0],
}


def by_hand():
    import pandas as pd

    kinds = {"_place": "category", "weight": "category", "age": "number"}
    held = contracts(("anna", "2023-01-01", None, None), ("bert", "2023-02-01", "2023-06-01", None)).assign(
        cluster=["one", "two"], at_days=[5.0, 7.0], _nth=1, started_at_right=2
    )
    return a_study(
        customers=pd.DataFrame(PEOPLE),
        contracts=held,
        attributes={"customers": kinds, "contracts": {"cluster": "category", "at_days": "number"}},
    )


def test_attributes_called_as_ours_are_kept_under_a_name_apart():
    study = by_hand()
    assert study.renamed == {
        "customers": {"_place": "place_recorded", "weight": "weight_recorded"},
        "contracts": {"cluster": "cluster_recorded", "at_days": "at_days_recorded"},
    }
    assert dict(study.attributes_of("customers")) == {
        "place_recorded": "category", "weight_recorded": "category", "age": "number"
    }  # fmt: skip
    assert {"_nth", "started_at_right", "cluster", "at_days"}.isdisjoint(study.table("contracts").columns)


def test_each_holds_what_was_recorded():
    study = by_hand()
    people = build_customers(study).to_pandas().set_index("customer_id")
    assert people["place_recorded"].to_dict() == {"anna": "north", "bert": "south"}
    spells = build_spells(study).to_pandas().set_index("customer_id")
    assert spells["at_days_recorded"].to_dict() == {"anna": 5.0, "bert": 7.0}
    assert spells["weight_recorded"].to_dict() == {"anna": "light", "bert": "heavy"}


def test_a_study_that_stands_elsewhere_keeps_the_names():
    study = by_hand()
    later = study.standing_at(datetime(2023, 12, 1))
    assert (later.renamed, later.attributes) == (study.renamed, study.attributes)
    assert replace(later, title="again").tables["customers"].columns == study.tables["customers"].columns


@pytest.mark.parametrize("name", ["Weight", "in_orders", "customer_id_right"])
def test_a_name_of_ours_is_one_in_any_capitals(name):
    held = contracts(("anna", "2023-01-01", None, None)).assign(**{name: ["x"]})
    study = a_study(contracts=held, attributes={"contracts": {name: "category"}})
    assert study.renamed == {"contracts": {name: f"{name}_recorded"}}


def test_a_study_without_such_names_is_left_as_it_is():
    held = contracts(("anna", "2023-01-01", None, None))
    assert a_study(contracts=held).renamed == {}


def everything():
    """Two buyers with contracts, states, orders, lines and contacts; one attribute in each table that may have some."""
    import pandas as pd

    held = contracts(("anna", "2023-01-01", None, None), ("bert", "2023-02-01", "2023-06-01", "price"), xb=["a", "b"])
    bought = pd.DataFrame(
        {
            "order_id": ["o1", "o2"], "customer_id": ["anna", "bert"], "ordered_at": ["2023-03-01", "2023-04-01"],
            "revenue": [5.0, 7.0], "discount": [0.0, 1.0], "cost": [2.0, 3.0], "channel": ["web", "shop"],
            "store": ["s1", "s2"],
        }
    )  # fmt: skip
    lines = pd.DataFrame(
        {"order_id": ["o1", "o2"], "product_id": ["p", "q"], "quantity": [1.0, 2.0], "revenue": [5.0, 7.0]}
    )
    said = {
        "customer_id": ["anna", "bert"],
        "opened_at": ["2023-03-01", "2023-04-01"],
        "kind": ["complaint", "question"],
    }
    return a_study(
        customers=pd.DataFrame({"customer_id": ["anna", "bert"], "xa": ["a", "b"]}),
        contracts=held,
        contract_states=pd.DataFrame({"contract_id": ["k1", "k2"], "valid_from": held["started_at"], "xc": ["u", "v"]}),
        orders=bought,
        order_lines=lines,
        products=pd.DataFrame({"product_id": ["p", "q"], "category": ["c", "d"], "brand": ["m", "n"]}),
        contacts=pd.DataFrame({"contact_id": ["t1", "t2"], **said}),
        attributes={
            "customers": {"xa": "category"}, "contracts": {"xb": "category"}, "contract_states": {"xc": "category"}
        },
    )  # fmt: skip


def test_the_list_of_our_names_holds_every_column_that_is_laid_beside_attributes():
    # Whoever makes a new column finds it here, before a user has one that is called so. Attributes called as a spell's
    # own columns tell the outcome: they are never read, and segmentations say so.
    study, own = everything(), ["xa", "xb", "xc"]
    spells = build_spells(study)
    stretches = build_stretches(study, own)
    made = {
        *spells.columns,
        *build_customers(study).columns,
        *build_customer_features(study).columns,
        *stretches.columns,
        *build_standing(study, own).columns,
        *describe_holders(study, ["xa", "xb"]).columns,
        *build_habits(study).columns,
        *count_person_periods(spells, ["xa", "xb"]).columns,
        *count_stretches(stretches, own).columns,
        *list_shared_spells(study, by="xa").columns,
        *read_rows(study, own).columns,
        *(
            name
            for base in (BUYERS, HOLDERS, EVERYBODY)
            for names in name_features(study, base).values()
            for name in names
        ),
    }
    canonical = {name for contract in TABLES.values() for name in contract.column_names}
    assert {name for name in made - canonical - {*own, *OWN_COLUMNS} if name_apart(name) == name} == set()
