"""Grades in sentences: every number in them is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.models.grading import LARGEST_RATIO
from crm_research.pillars.grades.criteria import COST, SATISFACTION
from crm_research.pillars.grades.setting import noun
from crm_research.pillars.grades.tables import WAYS
from crm_research.pillars.grades.weighing import DATA, GIVEN, JUDGED
from crm_research.theme import first_capital, join_words, say_count, say_money, say_p_value, say_percent, word_for

if TYPE_CHECKING:
    from crm_research.models.grading import ComparedWeights
    from crm_research.pillars.grades.measure import Grades
    from crm_research.pillars.grades.service import Service

# Weights that differ by less are shown as one.
_AS_MUCH: Final = 5e-4


def answer(found: Grades, service: Service | None) -> list[str]:
    """Who is strategic, whether it hangs on the weights, and whether the service fits."""
    if not found.is_graded:
        return [say_no_grades(found)]
    return [say_strategic(found), say_sure(found), say_service(found, service)]


def say_no_grades(found: Grades) -> str:
    """Why nobody has a grade."""
    if found.kinds and not found.n_all and not found.is_all_kinds:
        return (
            "Nobody has a grade: of the customers with money or costs in these months the study calls none a business. "
            "Set who to all to grade consumers, too."
        )
    if not found.n_all:
        return "Nobody has a grade: no customer has money or costs in these months."
    return f"Nobody has a grade: {found.why_not}."


def say_strategic(found: Grades) -> str:
    """What the customers of grade A bring, which their rule does not say."""
    is_a = (found.places["grade"] == "A").to_numpy()
    n, whole = int(is_a.sum()), float(found.left.sum())
    if not n:
        return f"Of {noun(found, found.n_ranked)} none is strategic: those who stand first are alike, and too many."
    left = float(found.left[is_a].sum())
    start = f"{say_count(n)} of {noun(found, found.n_ranked)} {word_for(n, 'is', 'are')} strategic (grade A)"
    if left < 0:
        money = say_money(-left, found.currency)
        if found.has_costs:
            more = word_for(n, "it brings", "they bring")
            return f"{start} and {word_for(n, 'costs', 'cost')} {money} more than {more}."
        return f"{start} and gave back {money} more than {word_for(n, 'it', 'they')} bought."
    money = say_money(left, found.currency)
    what = "bring" if not found.has_costs else "leave"
    part = f", {say_percent(left / whole)} of what all of them {what}" if 0 < left <= whole else ""
    if left > whole > 0:
        part = f", more than the {say_money(whole, found.currency)} of all of them together: others cost money"
    verb = word_for(n, f"{what}s", what)
    return f"{start} and {verb} {money} of {found.left_noun}{part}."


def say_sure(found: Grades) -> str:
    """Who is strategic whatever the weights, and who only under some."""
    if not found.hangs_on_weights:
        one = len(found.telling) == 1
        what = (
            f"Only {found.telling[0]} tells customers apart"
            if one
            else (f"{first_capital(join_words(found.telling))} put customers in the same order")
        )
        return f"{what}, so who is strategic does not hang on weights."
    n, n_some = int(found.is_sure.sum()), int(found.is_possible.sum())
    level = say_percent(found.confidence)
    some = f"{say_count(n_some)} {word_for(n_some, 'is', 'are')} so under some weights and not under others"
    if not n_some:
        some = "nobody else is so under more than hardly any weights"
    if not n:
        return f"Nobody is strategic whatever the weights, under {level} of all mixes of them; {some}."
    return (
        f"{say_count(n)} {word_for(n, 'is', 'are')} strategic whatever the weights, under {level} or more of all "
        "mixes of "
        f"them; {some}."
    )


def say_ways(found: Grades) -> str:
    """How many have the same grade by every way of weighing."""
    if found.n_ways < 2 or not found.hangs_on_weights:
        return ""
    ways = {GIVEN: "as given", JUDGED: "by judgements", DATA: "as customers differ"}
    named = [ways[name] for name in found.weightings]
    share = say_percent(float(found.has_same_grade.mean()))
    return f"{share} of customers have the same grade with weights {join_words(named)}."


def say_service(found: Grades, service: Service | None) -> str:
    """Do strategic customers get more than standard ones?"""
    if service is None:
        return ""
    ratio = service.ratio
    a, c = service.rate_of("A"), service.rate_of("C")
    if ratio is None or a is None or c is None:
        return "What customers get of visits and service is not recorded." if not service.has_contacts else ""
    whole = COST not in found.criteria.names
    who = "Strategic customers" if whole else "Graded without the cost to serve, strategic customers"
    rates = f"{a['rate']:.2f} contacts a year besides complaints, and standard ones {c['rate']:.2f}"
    if ratio["lower"] > 1:
        said = f"{who} get more than standard ones: {rates}"
    elif ratio["upper"] < 1:
        said = f"{who} get less than standard ones: {rates}"
    else:
        said = f"{who} get {rates}: no difference beyond chance"
    return f"{said}. {_say_costs(found, service)}".strip()


def _say_costs(found: Grades, service: Service) -> str:
    if not found.has_service:
        return ""
    held = service.grades.set_index("grade")
    if not {"A", "C"} <= set(held.index):
        return ""
    shares = held["cost_share"].reindex(["A", "C"])
    if shares.isna().any():
        return ""
    a, c = (say_percent(share) for share in shares.tolist())
    return f"To serve them costs {a} of what they bring, of standard ones {c}."


def say_misfits(found: Grades, service: Service) -> str:
    """Who gets more or less than fits, one by one."""
    if not service.n_tested:
        return "Whether single customers get more or less than fits cannot be told."
    parts = []
    if len(service.over):
        n = len(service.over)
        parts.append(
            f"{noun(found, n)} of grade C {word_for(n, 'gets', 'get')} more contacts than those of grade A on average"
        )
    if len(service.under):
        n = len(service.under)
        parts.append(f"{noun(found, n)} of grade A {word_for(n, 'gets', 'get')} fewer than those of grade C on average")
    tested = f"the {say_count(service.n_tested)} who were looked at"
    nobody = f"Nobody gets more or less than fits beyond chance in any of {tested}."
    said = f"{join_words(parts)}, beyond chance, of {tested}." if parts else nobody
    if service.can_tell_under:
        return said
    return f"{said} Nobody of grade A could be told to get too little: contacts are so few that none at all is no sign."


def say_of_grades(found: Grades) -> str:
    """Why the grades of this part are others."""
    if COST not in found.criteria.names:
        return ""
    n = int((found.places["worth"] != found.places["grade"]).sum())
    if not n:
        return "Here the cost to serve is left out of the grade, which changes nobody's."
    return (
        "In this part the grade is that of what customers are worth, without the cost to serve: who gets much would "
        f"be of a low grade for it. {say_count(n, 'customer')} {word_for(n, 'has', 'have')} another grade so."
    )


def say_consistency(judged: ComparedWeights) -> str:
    """Do the judgements agree with each other, and which should be made again?"""
    ratio = f"{judged.consistency_ratio:.3f}"
    if len(judged.weights) < 3:
        return "Two criteria alone are judged: one judgement cannot contradict itself."
    if judged.is_consistent:
        return (
            f"The judgements agree with each other well enough: consistency ratio {ratio}, where 0 is full agreement "
            "and "
            f"{LARGEST_RATIO:.2f} the usual limit."
        )
    worst = judged.pairs.iloc[0]
    return (
        f"THE JUDGEMENTS CONTRADICT EACH OTHER: consistency ratio {ratio}, above the limit of {LARGEST_RATIO:.2f}. Do "
        "not use "
        f"their weights before they are made again. Begin with {worst['criterion']} over {worst['other']}: judged "
        f"{_say_ratio(float(worst['ratio']))}, while all judgements together say {_say_ratio(float(worst['implied']))}."
    )


def _say_ratio(value: float) -> str:
    if f"{max(value, 1 / value):.2g}" == "1":
        return "equally important"
    return f"{value:.2g} times as important" if value > 1 else f"1/{1 / value:.2g} as important"


def say_changes(found: Grades) -> str:
    """What the other ways of weighing would change."""
    if found.n_ways < 2:
        why = [
            f"Weights {WAYS[name]} cannot be had: {reason.rstrip('.')}."
            for name, reason in found.why_no_weighting.items()
        ]
        return " ".join(why)
    why = [
        f"Weights {WAYS[name]} are not shown: {reason.rstrip('.')}." for name, reason in found.why_no_weighting.items()
    ]
    return " ".join([say_ways(found), *why])


def say_matrix(found: Grades) -> str:
    """What the picture shows."""
    if not found.hangs_on_weights:
        return "Value today and value that may come put customers in the same order"
    n = int(found.is_sure.sum())
    if n:
        return f"{noun(found, n)} {word_for(n, 'is', 'are')} strategic whatever the weights"
    return "Nobody is strategic whatever the weights"


def say_entropy_warning(found: Grades) -> str:
    """What weights from the data are, and are not."""
    if DATA not in found.weightings:
        return ""
    weights = found.weightings[DATA].weights
    share = say_percent(float(weights.max()))
    first = [str(name) for name in weights.index if weights[name] > weights.max() - _AS_MUCH]
    most = word_for(len(first), f"weighs most there, {share}", f"weigh most there, {share} each")
    return (
        f"Weights as customers differ are no judgement of what matters: {join_words(first)} {most}, for customers are "
        f"least alike in {word_for(len(first), 'it', 'them')}."
    )


def say_unasked(found: Grades) -> int:
    """How many strategic customers have never said how satisfied they are; 0 where no place hangs on it."""
    if not found.is_graded or SATISFACTION not in found.telling:
        return 0
    never = found.rows["n_responses"].to_numpy(dtype=float) == 0
    return int((never & (found.places["grade"] == "A").to_numpy()).sum())


def say_compared(service: Service, confidence: float) -> str:
    """In which kinds of contact grade A gets more or less than grade C, adjusted for their number."""
    kinds = service.compared.iloc[:-1] if len(service.compared) else service.compared
    clear = kinds.loc[kinds["p_adjusted"] <= 1 - confidence] if len(kinds) else kinds
    if not len(clear):
        return ""
    parts = [
        f"{row['kind']} {row['ratio']:.1f} times (adjusted p {say_p_value(row['p_adjusted'])})"
        for row in clear.to_dict("records")
    ]
    return f"Grade A gets of grade C's contacts a year: {join_words(parts)}."
