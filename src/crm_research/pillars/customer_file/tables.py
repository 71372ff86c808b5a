"""The customer file as tables: one row a customer, or a few rows each, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from crm_research.features.customer_file import LANES
from crm_research.features.suspicions import SUSPICIONS
from crm_research.pillars.customer_file.figures import file_figures
from crm_research.pillars.customer_file.names import since_of
from crm_research.pillars.customer_file.next_steps import all_steps, steps_of
from crm_research.theme import first_capital, join_words, say_date, say_percent, say_plainly, say_with_limits
from crm_research.vocabulary import UNKNOWN, say_count

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from crm_research.pillars.customer_file.measure import CustomerFile

_MONEY: Final = ("revenue", "fees", "goods", "service", "contacts", "capital")
_NOT_SAID: Final = "not recorded"


def glance_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, who, left, to_come, surely_at_least, at_stake, do_next: each customer in a row."""
    to_come = file.to_come.rows.set_index("customer_id") if len(file.to_come.rows) else pd.DataFrame()
    rows = []
    for one in file.ids:
        own = file.of(one)
        first = steps_of(file, one)[0]
        rows.append(
            {
                "customer_id": one,
                "who": join_words([said for said in (file.kind_of(one) or "", str(own["tier"])) if said], last="·")
                or UNKNOWN,
                "left": own["profit"],
                "to_come": to_come["expected"].get(one) if len(to_come) else None,
                "surely_at_least": to_come["sure"].get(one) if len(to_come) else None,
                "at_stake": own["at_stake"],
                "do_next": first_capital(first.what),
            }
        )
    frame = pd.DataFrame(rows, columns=["customer_id", "who", *_GLANCE, "do_next"])
    frame["who"] = frame["who"].str.replace(" · ", ", ", regex=False)
    numbers = [name for name in _GLANCE if frame[name].notna().any()]
    return frame[["customer_id", "who", *numbers, "do_next"]].astype(dict.fromkeys(numbers, float))


_GLANCE: Final = ("left", "to_come", "surely_at_least", "at_stake")


def basics_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, what, recorded: what the records say of each customer, a line for each thing."""
    rows = []
    for place, one in enumerate(file.ids):
        own = file.basics.iloc[place]
        since = since_of(file, one)
        rows += [
            (one, "kind", file.kind_of(one) or _NOT_SAID),
            (one, "known since", _NOT_SAID if since is None else say_date(since)),
            *((one, say_plainly(name), _say(own[name])) for name in file.attributes),
        ]
    return pd.DataFrame(rows, columns=["customer_id", "what", "recorded"])


def _say(value: Any) -> str:
    if value is None or pd.isna(value) or not str(value).strip():
        return _NOT_SAID
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp):
        return say_date(value)
    if isinstance(value, float):
        return f"{value:,.6g}"
    return str(value)


def dealings_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, dealings, n, first, last, money: how often, and from when to when."""
    if file.months.empty:
        return pd.DataFrame(columns=["customer_id", "dealings", "times", "first", "last", "money"])
    place = {one: number for number, one in enumerate(file.ids)}
    summed = file.months.groupby(["customer_id", "lane"], as_index=False).agg(
        times=("n", "sum"), first=("first_at", "min"), last=("last_at", "max"), money=("money", "sum")
    )
    summed["money"] = summed["money"].astype(float).where(summed["lane"].isin(LANES[:2]))
    order = summed["customer_id"].map(place) * len(LANES) + summed["lane"].map({one: n for n, one in enumerate(LANES)})
    found: pd.DataFrame = summed.loc[order.sort_values(kind="stable").index].rename(columns={"lane": "dealings"})
    found = found.reset_index(drop=True)
    return found.assign(first=[say_date(at) for at in found["first"]], last=[say_date(at) for at in found["last"]])


def contacts_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, kind, times, in_the_last_year, last, still_open, oldest_open: what customers came to us for."""
    held = file.contacts
    return pd.DataFrame(
        {
            "customer_id": held["customer_id"],
            "kind": held["kind"],
            "times": held["n"],
            "in_the_last_year": held["n_recent"],
            "last": [say_date(at) for at in held["last_at"]],
            "still_open": held["n_open"],
            "oldest_open": ["" if pd.isna(at) else say_date(at) for at in held["oldest_open_at"]],
        }
    )


def answers_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, question, answer, lowest, highest, asked: the last answer to each question."""
    held = file.answers
    return pd.DataFrame(
        {
            "customer_id": held["customer_id"],
            "question": [say_plainly(str(item)) for item in held["item"]],
            "answer": held["score"].astype(float),
            "lowest_possible": held["scale_min"].astype(float),
            "highest_possible": held["scale_max"].astype(float),
            "asked": [say_date(at) for at in held["asked_at"]],
        }
    )


def contracts_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, contract_id, plan, fee, began, ended, why: contracts, those that run among them."""
    held = file.contracts
    if held.empty:
        return pd.DataFrame(columns=["customer_id", "contract_id", "plan", "fee", "began", "ended", "reason"])
    return pd.DataFrame(
        {
            "customer_id": held["customer_id"],
            "contract_id": held["contract_id"],
            "plan": ["" if pd.isna(plan) else str(plan) for plan in held["plan"]],
            "fee": held["fee"].astype(float),
            "began": [say_date(at) for at in held["started_at"]],
            "ended": ["still runs" if pd.isna(at) else say_date(at) for at in held["ended_at"]],
            "reason": ["" if pd.isna(why) else str(why) for why in held["end_reason"]],
        }
    )


def worth_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, what customers brought, cost and left in the window; columns without a record are left out."""
    held = file.worth
    if file.counted is None:
        return pd.DataFrame(columns=["customer_id"])
    sources = file.counted.sources
    is_held = {
        "revenue": sources["orders"], "fees": sources["fees"], "goods": sources["goods"], "service": sources["service"],
        "contacts": sources["contacts"], "capital": held["capital"].fillna(0.0).any(),
    }  # fmt: skip
    shown = {_CALLED[name]: held[name] for name in _MONEY if is_held[name]}
    return pd.DataFrame(
        {"customer_id": held["customer_id"], **shown, file.counted.noun.replace(" ", "_"): held["profit"]}
    )


_CALLED: Final = {
    "revenue": "bought", "fees": "fees_paid", "goods": "goods_cost", "service": "service_cost",
    "contacts": "contacts_cost", "capital": "capital_cost",
}  # fmt: skip


def to_come_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, expected, lower, upper, surely: what customers will bring."""
    rows = file.to_come.rows
    renamed = rows.rename(
        columns={"sure": "at_least_with_nine_chances_of_ten", "lower": "at_worst", "upper": "at_best"}
    )
    order = {one: place for place, one in enumerate(file.ids)}
    return renamed.sort_values("customer_id", key=lambda held: held.map(order), ignore_index=True)


def stake_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, chances with their limits in words, and what is at stake."""
    rows = [
        {
            "customer_id": row["customer_id"],
            "contract_ends": _chance(row, "leave"),
            "purchases_have_ended": _chance(row, "gone"),
            "left": row["profit"],
            "at_stake": row["at_stake"],
            "at_least": row["at_stake_lower"],
            "at_most": row["at_stake_upper"],
        }
        for row in file.worth.to_dict("records")
    ]
    frame = pd.DataFrame(rows)
    return frame.drop(
        columns=[name for name in ("left", "at_stake", "at_least", "at_most") if frame[name].isna().all()]
    )


def _chance(row: Mapping[Hashable, Any], name: str) -> str:
    if pd.isna(row[name]):
        return UNKNOWN
    return say_with_limits(row[name], row[f"{name}_lower"], row[f"{name}_upper"], say_percent)


def groups_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, tier, grade, segment, certainty, else: which groups of the other reports each customer is of."""
    segments, grades = file.segments, file.grades
    held = {} if isinstance(segments, str) else {row["customer_id"]: row for row in segments.to_dict("records")}
    graded = {} if isinstance(grades, str) else {row["customer_id"]: row for row in grades.to_dict("records")}
    rows = []
    for one in file.ids:
        own, grade = held.get(one, {}), graded.get(one)
        named = own.get("segment")
        is_known = named is not None and not pd.isna(named)
        rows.append(
            {
                "customer_id": one,
                "tier": str(file.of(one)["tier"]) or UNKNOWN,
                "grade": "not graded"
                if grade is None
                else f"{grade['grade']} (place {grade['place']:.0f} of {grade['n_ranked']:,}, {grade['lower']:.0f} to "
                f"{grade['upper']:.0f} where weights are in doubt)",
                "segment": str(named)
                if is_known
                else f"none: {own.get('why_not') or 'not among those who are grouped'}",
                "certainty": own.get("certainty") if is_known else None,
                "next_nearest": str(own.get("second_segment") or "") if is_known else "",
            }
        )
    return pd.DataFrame(rows)


def people_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, person_id, role, stance, since, last_spoken_to: the buying centre, those who decide first."""
    if file.people is None:
        return pd.DataFrame(columns=["customer_id", "person_id", "role", "stance", "since", "last_spoken_to"])
    held = file.people
    return pd.DataFrame(
        {
            "customer_id": held["customer_id"],
            "person_id": held["person_id"],
            "role": held["role"],
            "stance": [UNKNOWN if pd.isna(one) else _STANCES.get(str(one), str(one)) for one in held["stance"]],
            "since": [say_date(at) for at in held["since"]],
            "last_spoken_to": ["" if pd.isna(at) else say_date(at) for at in held["spoken_at"]],
        }
    )


_STANCES: Final = {"for": "for us", "against": "against us"}


def people_list(file: CustomerFile) -> pd.DataFrame:
    """The same with the names of people, for the folder of those who may see them."""
    frame = people_table(file)
    names = pd.Series(dtype=object) if file.people is None else file.people["name"]
    frame.insert(2, "person_name", ["" if pd.isna(name) else str(name) for name in names])
    return frame


def gaps_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, missing: what is not known, or not done, where a customer buys."""
    rows = [(one, first_capital(gap)) for one in file.ids for gap in file.gaps.get(one, ())]
    return pd.DataFrame(rows, columns=["customer_id", "missing"])


def trend_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, brought_before, brought_now, change_share: is it more than in as many months before?"""
    before = file.industry.before
    if before is None:
        return pd.DataFrame(columns=["customer_id"])
    then = dict(zip(before["customer_id"], before["income"].astype(float), strict=True))
    rows = []
    for one in file.ids:
        old, new = then.get(one, 0.0), file.of(one)["income"]
        new = 0.0 if pd.isna(new) else float(new)
        rows.append((one, old, new, (new - old) / old if old > 0 else None))
    columns = ["customer_id", "brought_before", "brought_now", "change_share"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[1:], float))


def bills_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, bills, billed, open, overdue, days_late_at_worst, never_paid_share: how customers pay."""
    held = file.industry.bills
    return pd.DataFrame(
        {
            "customer_id": held["customer_id"],
            "bills_of_a_year": held["n_bills"],
            "billed": held["billed"].astype(float),
            "open": held["open_money"].astype(float),
            "overdue": held["overdue"].astype(float),
            "days_late_at_worst": held["worst_days"].astype(float).clip(lower=0.0),
            "never_paid_by_such_customers_share": held["lost_share"].astype(float),
        }
    )


def doubts_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, doubt: what is doubtful about each customer's records."""
    rows: list[tuple[str, str]] = []
    for row in file.links.to_dict("records"):
        n, chance = int(row["n_records"]), row["least_probability"]
        is_sure = pd.isna(chance) or not chance < 1
        if n == 1 and is_sure:
            continue
        systems = say_count(int(row["n_systems"]), "system")
        records = f"Joined from {n:,} records of {systems}" if n > 1 else "Known from one record"
        least = "the least sure of them is this customer's" if n > 1 else "it is this customer's"
        sure = "" if is_sure else f"; {least} with a chance of {say_percent(float(chance))}"
        rows.append((row["customer_id"], f"{records}{sure}"))
    rows += [
        (row["customer_id"], f"{SUSPICIONS[row['suspicion']].label}: {int(row['n']):,} of its records")
        for row in file.suspicions.to_dict("records")
    ]
    order = {one: place for place, one in enumerate(file.ids)}
    frame = pd.DataFrame(rows, columns=["customer_id", "doubt"])
    return frame.sort_values("customer_id", key=lambda held: held.map(order), kind="stable", ignore_index=True)


def steps_table(file: CustomerFile) -> pd.DataFrame:
    """customer_id, do, why, how_sure: what is to be done, the most pressing first."""
    rows = [(one.customer, first_capital(one.what), first_capital(one.why), one.how_sure) for one in all_steps(file)]
    return pd.DataFrame(rows, columns=["customer_id", "do", "why", "how_sure"])


def summary_table(file: CustomerFile) -> pd.DataFrame:
    """figure, customer, value: the main numbers rounded to what a rerun on any machine must reproduce."""
    rows = []
    for figure in file_figures(file):
        digits = 2 if figure.unit == "share" else 0
        value = "none" if figure.estimate is None else f"{figure.estimate:,.{digits}f}"
        rows.append((figure.id, figure.group, value))
    return pd.DataFrame(rows, columns=["figure", "customer", "value"])
