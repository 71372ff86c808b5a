"""Drafting campaigns: who was chosen and who was held back, who answered, and lists of campaigns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.guessed import Guess, TableGuess
from crm_research.sources.drafts.keys import find_customers, own_number
from crm_research.sources.drafts.outcomes import is_in
from crm_research.sources.drafts.questionnaire import NO_DATE
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import best_score, name_score, names_any, rank
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_research.sources.drafts.look import ColumnLook, FileLook

_CONTROL: Final = re.compile(
    r"control.*|ctrl|hold[ -]?out|held[ -]?back|no[ -]?(e[ -]?)?mail(ing)?|no[ -](contact|treatment|"
    r"offer)|untreated|not treated|none|kontroll.*|keine? (mailing|werbung)|temoin|t[ée]moin|"
    r"grupo de control|(groupe |grupo |gruppo |bras )?(t[ée]moin|contr[ôo]le?|di controllo)|controle ?groep|"
    r"对照组?|控制组|空白组|대조군"
)
# Words that mean those held back whatever their column is called.
_SAID_CONTROL: Final = re.compile(
    r"(.*[ _-])?(control|holdout|hold[ -]out)([ _-]?(group|arm|cell))?|kontrollgruppe|"
    r"groupe (t[ée]moin|(de )?contr[ôo]le)|grupo de? controle?|gruppo di controllo|controle ?groep|"
    r"对照组|контрольная( группа)?"
)
_IS_CONTROL: Final = ("control", "is control", "control group", "holdout", "kontrollgruppe", "temoin", "对照组")
_TREATED: Final = ("treatment", "treated", "is treated", "contacted", "mailed", "exposed")
_LISTED: Final = (
    "recipients", "opens", "clicks", "bounces", "open rate", "click rate", "send date", "subject", "deliveries",
    "budget", "impressions", "empfaenger", "oeffnungen", "klicks", "ouvertures", "aperturas", "发送量", "打开",
)  # fmt: skip
_TITLE: Final = ("title", "campaign name", "name", "subject", "titel", "titre", "titulo", "活动名称")
_ANSWERED: Final = (
    "responded", "response", "converted", "conversion", "purchase", "purchased", "order", "redeemed", "redemption",
    "visit", "bought", "kaufdatum", "reaktion", "bestellung", "achat", "reponse", "compra", "respuesta", "转化", "购买",
    "下单", "响应",
)  # fmt: skip
_MOST_ARMS: Final = 8
_SPOKEN: Final = (
    "campaign", "mailing", "sent", "email", "e mail", "mail", "offer", "coupon", "kampagne", "campagne",
    "campana", "活动",
)  # fmt: skip
_FEWEST_LISTED: Final = 2
_NAMED: Final = 0.4
_WELL_NAMED: Final = 0.7


def guess_campaigns(look: FileLook) -> list[TableGuess]:
    """Campaigns of a file that names arms, or lists campaigns; empty where it does neither."""
    arm = _find_arm(look)
    if arm is None:
        return _listed(look)
    column, control, why = arm
    is_told = any(names_any(name, _SPOKEN) for name in (*look.columns, look.paths[0].stem))
    if not is_told and _find_response(look, column) is None:
        return []  # arms of a trial or groups of patients: nothing speaks of a campaign
    targets = TableGuess(table="campaign_targets", look=look, score=2.0, used={"is_control": column.name})
    responses = TableGuess(table="campaign_responses", look=look, score=2.0)
    campaigns = TableGuess(table="campaigns", look=look, score=2.0)
    who = _whose(targets)
    campaign = _best(look, "campaign_id", {column.name, who.value}, lambda one: not one.is_time)
    at = _best(look, "targeted_at", {column.name}, lambda one: one.is_time)
    if campaign is None:
        name = Guess(
            key="campaign_id",
            value={"value": "campaign"},
            why="one campaign, which the file does not name",
            is_unsure=True,
        )
    else:
        name = Guess(
            key="campaign_id", value=campaign.name, why=f"named so; {say_count(campaign.n_distinct, 'different value')}"
        )
    targets.columns = [name, who]
    if at is not None:
        targets.columns.append(
            Guess(
                key="targeted_at",
                value=at.name,
                why="named much like it",
                is_unsure=name_score(at.name, "targeted_at") < 1,
            )
        )
        targets.used["targeted_at"] = at.name
    targets.columns.append(Guess(key="is_control", value={"expr": control}, why=why, is_unsure=True))
    campaigns.columns = [name, _begin(campaigns, campaign, at)]
    found = [targets, campaigns]
    answered = _find_response(look, column)
    if answered is not None:
        responses.sql = targets.sql
        when = _when(look, at)
        responses.columns = [name, who, when]
        if isinstance(when.value, str):
            responses.used["responded_at"] = when.value
        responses.keys = [Guess(key="where", value=answered, why="who answered", is_unsure=True)]
        found.append(responses)
    return [*found, *_ordered(targets, who, campaign)]


def _ordered(targets: TableGuess, who: Guess, campaign: ColumnLook | None) -> list[TableGuess]:
    """What those who answered spent, as orders; told where no day of it is known."""
    look = targets.look
    money = next(
        (
            one
            for name, one in look.columns.items()
            if one.is_number and one.n and (name_score(name, "revenue") >= _NAMED or best_score(name, _SPENT) >= _NAMED)
        ),
        None,
    )
    if money is None or not isinstance(who.value, str):
        return []
    day = next((one for name, one in look.columns.items() if one.is_time and names_any(name, _ANSWERED)), None)
    if day is None:
        why = "not read: no column says when it was spent, so write orders with revenue and ordered_at by hand"
        targets.keys.append(Guess(key="# revenue", value=money.name, why=why, is_unsure=True))
        return []
    orders = TableGuess(table="orders", look=look, score=2.0, sql=targets.sql)
    orders.used = {"ordered_at": day.name, "revenue": money.name, "customer_id": who.value}
    parts = [name_in_sql(who.value), *([name_in_sql(campaign.name)] if campaign is not None else [])]
    orders.columns = [
        Guess(
            key="order_id",
            value={"expr": " || '-' || ".join(parts)},
            why="one for each customer and campaign",
            is_unsure=True,
        ),
        who,
        Guess(key="ordered_at", value=day.name, why="when somebody answered", is_unsure=True),
        Guess(
            key="revenue",
            value=money.name,
            why="what those who answered spent; other orders are not in the file",
            is_unsure=True,
        ),
    ]
    value = f"{name_in_sql(money.name)} <> 0 and {name_in_sql(day.name)} is not null"
    orders.keys = [Guess(key="where", value=value, why="rows without money are no orders", is_unsure=True)]
    return [orders]


_SPENT: Final = (
    "order value",
    "spend",
    "amount",
    "sales",
    "montant commande",
    "montant",
    "umsatz",
    "bestellwert",
    "消费金额",
)


def _find_arm(look: FileLook) -> tuple[ColumnLook, str, str] | None:
    """The column of arms, SQL that is true of those held back, and why."""
    for name, column in look.columns.items():
        if column.is_time or not 2 <= column.n_distinct <= _MOST_ARMS:
            continue
        sql = name_in_sql(name)
        is_named = name_score(name, "arm") >= _NAMED
        wanted = _CONTROL if is_named else _SAID_CONTROL
        held = [value for value in column.values if wanted.fullmatch(value.strip().lower())]
        if not (held or is_named):
            continue
        if held and len(held) < len(column.values):
            others = ", ".join(value for value in column.values if value not in held)
            return (
                column,
                is_in(sql, held),
                (
                    f"{', '.join(held)} in {name} {word_for(len(held), 'is', 'are')} taken as held back, {others} as "
                    "addressed"
                ),
            )
        if is_named and column.n_distinct == 2 and column.is_flag:
            yes = next(
                (v for v in column.values if v.lower() in {"1", "true", "yes", "y", "t", "ja", "oui", "是"}), None
            )
            no = next((v for v in column.values if v != yes), None)
            if yes and no and names_any(name, _IS_CONTROL):
                return column, is_in(sql, [yes], is_number=column.is_number), f"{name} = {yes} is taken as held back"
            if yes and no and names_any(name, _TREATED):
                return column, is_in(sql, [no], is_number=column.is_number), f"{name} = {no} is taken as held back"
    return None


def _whose(targets: TableGuess) -> Guess:
    look = targets.look
    keys = [key for key in find_customers(look) if key.score >= _NAMED]
    if keys:
        return Guess(
            key="customer_id", value=keys[0].column.name, why=keys[0].doubt or "named so", is_unsure=bool(keys[0].doubt)
        )
    own = own_number(look, set())
    if own is not None:
        return Guess(key="customer_id", value=own.name, why="numbers the rows", is_unsure=True)
    targets.sql = "select row_number() over () as row_number, * from records"
    return Guess(key="customer_id", value="row_number", why="no number in the file; rows are numbered", is_unsure=True)


def _best(look: FileLook, role: str, besides: set[str], fits: Callable[[ColumnLook], bool]) -> ColumnLook | None:
    named = sorted(
        (-name_score(name, role), rank(name, role), name)
        for name, column in look.columns.items()
        if name not in besides and column.n and fits(column) and name_score(name, role) >= _NAMED
    )
    return look.columns[named[0][2]] if named else None


def _find_response(look: FileLook, arm: ColumnLook) -> str | None:
    for name, column in look.columns.items():
        if column is arm or name_score(name, "responded") < _WELL_NAMED or not column.is_flag:
            continue
        yes = next((v for v in column.values if v.lower() in {"1", "true", "yes", "y", "t", "ja", "oui", "是"}), None)
        if yes is not None:
            return is_in(name_in_sql(name), [yes], is_number=column.is_number)
    return None


def _when(look: FileLook, at: ColumnLook | None) -> Guess:
    answered = next(
        (one for name, one in look.columns.items() if one.is_time and one is not at and names_any(name, _ANSWERED)),
        None,
    )
    if answered is not None:
        return Guess(key="responded_at", value=answered.name, why="named much like it", is_unsure=True)
    if at is not None:
        why = f"the file does not say when somebody answered; {at.name} is taken"
        return Guess(key="responded_at", value=at.name, why=why, is_unsure=True)
    why = "the file does not say when it was sent, nor when somebody answered"
    return Guess(key="responded_at", value={"value": f"{NO_DATE:%Y-%m-%d}"}, why=why, is_unsure=True)


def _begin(campaigns: TableGuess, campaign: ColumnLook | None, at: ColumnLook | None) -> Guess:
    """When each campaign began: the first day on which somebody was addressed."""
    names = [name_in_sql(campaign.name)] if campaign is not None else []
    if at is not None:
        first = f"min({name_in_sql(at.name)}) as first_sent"
        group = f" group by {names[0]}" if names else ""
        campaigns.sql = f"select {', '.join([*names, first])} from records{group}"
        if at.formats:
            value: object = {"column": "first_sent", **at.format_key}
        else:
            value = "first_sent"
        return Guess(key="started_at", value=value, why=f"the first {at.name}", is_unsure=bool(at.formats))
    campaigns.sql = (
        f"select distinct {', '.join(names)} from records" if names else "select count(*) as n_chosen from records"
    )
    why = "the file does not say when it was sent; write the day"
    return Guess(key="started_at", value={"value": f"{NO_DATE:%Y-%m-%d}"}, why=why, is_unsure=True)


def _listed(look: FileLook) -> list[TableGuess]:
    """A list of campaigns with what came of each."""
    told = [name for name in look.columns if names_any(name, _LISTED)]
    number = _best(look, "campaign_id", set(), lambda one: one.is_unique and not one.is_time)
    begun = _best(look, "campaign_started_at", set(), lambda one: one.is_time and one.n == one.n_rows)
    title = next(
        (one for name, one in look.columns.items() if best_score(name, _TITLE) >= _WELL_NAMED and not one.is_time), None
    )
    number = number or (title if title is not None and title.is_unique else None)
    if len(told) < _FEWEST_LISTED or number is None or begun is None:
        return []
    guess = TableGuess(table="campaigns", look=look, score=1.5 + 0.1 * len(told))
    guess.used = {"campaign_id": number.name, "started_at": begun.name}
    guess.columns = [Guess(key="campaign_id", value=number.name, why=f"{number.n_distinct} different in as many rows")]
    if title is not None and title is not number:
        guess.columns.append(Guess(key="name", value=title.name, why="named much like it"))
    guess.columns.append(Guess(key="started_at", value=begun.name, why="when it was sent"))
    cost = _best(look, "cost", {number.name}, lambda one: one.is_number)
    if cost is not None:
        guess.columns.append(Guess(key="cost", value=cost.name, why="named so", is_unsure=True))
    return [guess]
