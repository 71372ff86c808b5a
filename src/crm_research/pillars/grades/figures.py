"""The printed numbers of grades, each with its basis and check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker, verdict_of
from crm_research.pillars.grades.placing import count_draws
from crm_research.pillars.grades.setting import say_window
from crm_research.pillars.grades.weighing import GRADES

if TYPE_CHECKING:
    from crm_research.pillars.grades.measure import Grades
    from crm_research.pillars.grades.service import Service

CONSISTENCY: Final = "grades.consistency_ratio"
SURE: Final = "grades.strategic_whatever_share"
POSSIBLE: Final = "grades.strategic_under_some_share"
SAME: Final = "grades.same_grade_share"
LEFT: Final = "grades.contribution_share"
RATE: Final = "grades.contacts_a_year"
RATIO: Final = "grades.contacts_ratio"
COST_SHARE: Final = "grades.cost_to_serve_share"
_RECORDS: Final = "of the records of these customers; a share of all that is recorded has no sampling interval"


def key_figures(found: Grades) -> list[Figure]:
    """The numbers that carry the answer."""
    left = [figure for figure in contribution_figures(found) if figure.group == "A"]
    return [*left, *weight_figures(found)]


def grade_figures(found: Grades, service: Service | None) -> list[Figure]:
    """All of them."""
    return [*contribution_figures(found), *weight_figures(found), *service_figures(found, service)]


def contribution_figures(found: Grades) -> list[Figure]:
    """Share of what all ranked customers leave that each grade leaves; none where all together leave nothing."""
    if not found.is_graded or found.left.sum() <= 0:
        return []
    maker = FigureMaker(window=say_window(found), confidence=None, validation=NO_VALIDATION)
    whole = float(found.left.sum())
    return [
        maker.one(
            LEFT,
            f"Share of {found.left_noun} from the grade",
            float(found.left[(found.places["grade"] == grade).to_numpy()].sum()) / whole,
            unit="share",
            n=int((found.places["grade"] == grade).sum()),
            estimator=f"share of the sum over the customers who are graded; {_RECORDS}",
            group=grade,
        )
        for grade in GRADES
        if (found.places["grade"] == grade).any()
    ]


def weight_figures(found: Grades) -> list[Figure]:
    """Who is strategic whatever the weights, and how far the judgements contradict each other."""
    maker = FigureMaker(window=say_window(found), confidence=None, validation=NO_VALIDATION)
    made: list[Figure] = []
    if found.is_graded and found.hangs_on_weights:
        n = found.n_ranked
        how = (
            f"share of customers of grade A under at least {found.confidence:.0%} of {count_draws(n)} weightings at "
            "random, each mix as likely as another, with what is doubtful drawn anew each time"
        ).replace("%", " %")
        made.append(
            maker.one(
                SURE, "Share who are strategic whatever the weights", float(found.is_sure.mean()), unit="share", n=n,
                estimator=how,
            )
        )  # fmt: skip
        made.append(
            maker.one(
                POSSIBLE, "Share who are strategic under some weights only", float(found.is_possible.mean()),
                unit="share", n=n, estimator=f"{how}; here under fewer, and under more than the rest of it",
            )
        )  # fmt: skip
        if found.n_ways > 1:
            made.append(
                maker.one(
                    SAME, "Share of the same grade by every way of weighing", float(found.has_same_grade.mean()),
                    unit="share", n=n, estimator=f"share of customers with one grade by {found.n_ways} weightings",
                )
            )  # fmt: skip
    judged = found.judged
    if judged is not None and judged.judged is not None and len(judged.judged.weights) > 2:
        made.append(
            maker.one(
                CONSISTENCY,
                "How far the judgements contradict each other",
                judged.judged.consistency_ratio,
                unit="",
                n=len(judged.judged.pairs),
                estimator="consistency ratio of Saaty; above 0.10 judgements are to be made again, a convention",
                validation="every triple of judgements against each other",
                verdict=verdict_of(judged.judged.is_consistent),
            )
        )
    return made


def service_figures(found: Grades, service: Service | None) -> list[Figure]:
    """Contacts a year and cost to serve of each grade."""
    if service is None:
        return []
    maker = FigureMaker(window=say_window(found), confidence=found.confidence, validation=NO_VALIDATION)
    made: list[Figure] = []
    for grade in GRADES:
        row = service.rate_of(grade)
        if row is not None:
            made.append(
                maker.one(
                    RATE, "Contacts of a customer and year, by grade without the cost to serve",
                    [row["rate"], row["lower"], row["upper"]], unit="a year", n=int(row["n_customers"]), group=grade,
                    estimator="contacts but complaints over years; exact limits of a Poisson rate, widened by how "
                    "customers differ",
                )
            )  # fmt: skip
    ratio = service.ratio
    if ratio is not None:
        made.append(
            maker.one(
                RATIO, "Contacts of grade A, in times those of grade C (without the cost to serve)",
                [ratio["ratio"], ratio["lower"], ratio["upper"]], unit="times",
                n=int(service.grades["n_customers"].sum()),
                estimator="ratio of rates; Clopper and Pearson's limits, widened by how customers differ",
            )
        )  # fmt: skip
    plain = FigureMaker(window=say_window(found), confidence=None, validation=NO_VALIDATION)
    return [
        *made,
        *(
            plain.one(
                COST_SHARE, "Cost to serve as a share of revenue, by grade without it", row["cost_share"], unit="share",
                n=int(row["n_customers"]), group=row["grade"], estimator=f"sum over sum, {_RECORDS}",
            )
            for row in service.grades.to_dict("records")
            if row["income"] > 0 and found.has_service
        ),
    ]  # fmt: skip


def estimators(found: Grades) -> dict[str, str]:
    """What was estimated, and how."""
    methods = {
        "nearness to the best": "TOPSIS (Hwang and Yoon 1981), criteria divided by their length",
        "places under doubt": f"{count_draws(found.n_ranked)} draws of weights (Dirichlet) and of what is doubtful "
        "(normal); any weights at all as in stochastic multicriteria acceptability analysis (Lahdelma, Hokkanen and "
        "Salminen 1998)",
    }
    if found.judged is not None:
        methods["weights by judgements"] = "analytic hierarchy process (Saaty 1980); chance of Saaty and Tran (2007)"
    if "entropy" in found.weightings:
        methods["weights by how customers differ"] = "entropy (Hwang and Yoon 1981)"
    if found.criteria.doubtful:
        methods["criteria known in part"] = "drawn to the mean of all by empirical Bayes (Efron and Morris 1975)"
    methods["who gets more or less than fits"] = (
        "binomial tests of each customer, adjusted for their number (Holm 1979)"
    )
    return methods
