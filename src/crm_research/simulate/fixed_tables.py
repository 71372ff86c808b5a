"""Tables that do not grow with the customers: products, campaigns, activities, partners, indicators."""

from __future__ import annotations

import numpy as np

from crm_research.simulate import words
from crm_research.simulate.calendar import begin_periods
from crm_research.simulate.campaigns import COST_PER_TARGET, schedule_campaigns
from crm_research.simulate.chance import Ints
from crm_research.simulate.columns import cents_to_money, flags, name_codes, numbers, place_instants
from crm_research.simulate.ledger import ACTIVITIES, MINUTES, RESOURCES, Ledger
from crm_research.simulate.products import Products
from crm_research.simulate.segments import CATEGORIES
from crm_research.simulate.settings import WorldSettings
from crm_research.simulate.surroundings import Partners, draw_indicators, draw_partner_measures
from crm_research.simulate.tables import Rows, campaign_name, partner_name


def product_ids(products: Products) -> list[str]:
    """Ids of the products."""
    return [f"A{place + 1:04d}" for place in range(len(products.category))]


def product_rows(products: Products) -> Rows:
    """Rows of products."""
    brand = np.where(products.is_own_brand, len(words.BRANDS), products.brand)
    return {
        "product_id": name_codes(product_ids(products), np.arange(len(brand))),
        "category": name_codes(CATEGORIES, products.category),
        "brand": name_codes([*words.BRANDS, words.OWN_BRAND], brand),
        "is_own_brand": flags(products.is_own_brand),
    }


def campaign_rows(world: WorldSettings, n_treated: Ints) -> Rows:
    """Rows of campaigns; the cost is that of everyone addressed."""
    starts, places = schedule_campaigns(world), np.arange(world.n_campaigns)
    kinds = places % len(words.CAMPAIGN_KINDS)
    names = [f"{words.CAMPAIGN_KINDS[kinds[place]].capitalize()} {place + 1}" for place in places]
    return {
        "campaign_id": name_codes([campaign_name(place) for place in range(world.n_campaigns)], places),
        "name": name_codes(names, places),
        "kind": name_codes(words.CAMPAIGN_KINDS, kinds),
        "started_at": place_instants(world.start, starts),
        "ended_at": place_instants(world.start, starts + world.campaign_days, until_days=world.end_days),
        "cost": cents_to_money(np.rint(n_treated * COST_PER_TARGET * 100).astype(np.int64)),
    }


def activity_rows(ledger: Ledger) -> Rows:
    """Rows of activities; more minutes are paid for than the units used by as_of take, each at its true cost."""
    places = np.arange(len(ACTIVITIES))
    names = list(RESOURCES)
    resource = np.array([names.index(MINUTES[activity][0]) for activity in ACTIVITIES])
    minutes = np.array([MINUTES[activity][1] for activity in ACTIVITIES])
    cents, paid_for = (np.array([RESOURCES[name][part] for name in names])[resource] for part in (0, 1))
    # Pairs of minutes, so that every pool is of whole cents.
    capacity = 2 * np.ceil(ledger.n_used * minutes * paid_for / 2)
    return {
        "activity": name_codes(list(ACTIVITIES), places),
        "cost_pool": cents_to_money(np.rint(capacity * cents).astype(np.int64)),
        "driver": name_codes([driver for driver, _ in ACTIVITIES.values()], places),
        "unit_time": numbers(minutes),
        "capacity": numbers(capacity),
        "resource": name_codes(names, resource),
    }


def partner_rows(world: WorldSettings, partners: Partners) -> Rows:
    """Rows of partners."""
    places = np.arange(len(partners))
    regions = [words.REGIONS[code] for code in partners.region]
    names = [
        f"{region.capitalize()} {words.PARTNER_KINDS[k]} {p + 1}"
        for region, k, p in zip(regions, partners.kind, places, strict=True)
    ]
    return {
        "partner_id": name_codes([partner_name(place) for place in range(len(partners))], places),
        "name": name_codes(names, places),
        "kind": name_codes(words.PARTNER_KINDS, partners.kind),
        "region": name_codes(words.REGIONS, partners.region),
        "joined_at": place_instants(world.start, partners.joined_at),
    }


def partner_result_rows(world: WorldSettings, partners: Partners, ledger: Ledger) -> Rows:
    """Rows of partner results; a dealer's revenue is that of the orders it took, to the cent."""
    measures = {**draw_partner_measures(world, partners), "revenue": ledger.dealer_cents / 100.0}
    parts = []
    for place, values in enumerate(measures.values()):
        month, partner = np.divmod(np.arange(values.size), values.shape[1])
        parts.append((np.full(values.size, place), month, partner, values.ravel()))
    measure, month, partner, value = (np.concatenate(each) for each in zip(*parts, strict=True))
    return {
        "partner_id": name_codes([partner_name(place) for place in range(len(partners))], partner),
        "period": place_instants(world.start, ledger.months[month]),
        "measure": name_codes(list(measures), measure),
        "value": numbers(value),
    }


def indicator_rows(world: WorldSettings) -> Rows:
    """Rows of indicators."""
    months, drawn = begin_periods(world, 1), draw_indicators(world)
    names = list(drawn)
    place, month = np.divmod(np.arange(len(names) * len(months)), len(months))
    return {
        "period": place_instants(world.start, months[month]),
        "name": name_codes(names, place),
        "value": numbers(np.concatenate([drawn[name] for name in names])),
    }
