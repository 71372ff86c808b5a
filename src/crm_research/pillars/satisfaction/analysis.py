"""How satisfied are customers, what matters to them, and who is loyal by conviction?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.features.answers import GAP_DAYS, Survey, read_survey
from crm_research.pillars.satisfaction.conviction import Conviction, measure_conviction
from crm_research.pillars.satisfaction.groups import Groups, compare_groups
from crm_research.pillars.satisfaction.importance import Priorities, measure_priorities
from crm_research.pillars.satisfaction.means import ItemMeans, compare_waves, mean_interval, measure_items
from crm_research.pillars.satisfaction.promoters import Promoters, measure_promoters
from crm_research.pillars.satisfaction.response import Response, measure_response
from crm_research.pillars.satisfaction.reweighted import COLUMNS, reweigh
from crm_research.pillars.satisfaction.roles import Roles, assign_roles
from crm_research.pillars.satisfaction.structure import Structure, measure_structure
from crm_research.show.shown import Shown
from crm_research.stats.intervals import check_confidence
from crm_research.steps import step
from crm_research.theme import say_date, say_range

if TYPE_CHECKING:
    from crm_research.study import Study

PATRONAGE_DAYS: Final = 365
_ENOUGH: Final = 20
_LEAST_BOOTSTRAPS: Final = 100
_ROWS_RESAMPLED: Final = 20_000_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Level:
    """One rating of the wave that stands for now, 0 to 100 (mean of its items), and its change since the wave before.

    Parameters
    ----------
    name
        What is rated.
    n, mean, lower, upper
        Responses, and the mean with its limits.
    change
        As `compare_waves`; None with one wave.
    """

    name: str
    n: int
    mean: float
    lower: float
    upper: float
    change: dict[str, float] | None


@dataclass(frozen=True, eq=False, kw_only=True)
class SatisfactionAnalysis(Shown):
    """What customers say, as far as they were asked.

    Parameters
    ----------
    survey
        The answers, items and waves; see `Survey`.
    roles
        What each question asks; see `Roles`.
    wave, before
        Number of the wave that stands for now (the latest with at least twenty responses, else the latest), and of the
        one before it; None where there is none.
    level
        The one rating that says most: satisfaction, else loyalty, else recommendation; None without any of them.
    items, promoters, priorities, structure, response, conviction
        The parts of the page; None where no answer is known, `promoters` also without such a question.
    groups
        Paths of groups of customers side by side; None where no answer is known.
    reweighted
        Importance, scales and paths with and without weights for who answered; see `reweigh`.
    as_of, confidence
        Where the study stands, and the level of every interval.
    """

    survey: Survey
    roles: Roles
    wave: int | None
    before: int | None
    level: Level | None
    items: ItemMeans | None
    promoters: Promoters | None
    priorities: Priorities | None
    structure: Structure | None
    response: Response | None
    conviction: Conviction | None
    groups: Groups | None
    reweighted: pd.DataFrame
    as_of: datetime
    confidence: float

    @property
    def window(self) -> str:
        """The wave that stands for now, in words."""
        if self.wave is None:
            return f"no answer known on {say_date(self.as_of)}"
        wave = self.survey.waves.set_index("wave").loc[self.wave].to_dict()
        return f"answers {say_range(wave['first_at'], wave['last_at'], say_date)}, seen on {say_date(self.as_of)}"

    @property
    def label_before(self) -> str:
        """Name of the wave before, empty without one."""
        if self.before is None:
            return ""
        return str(self.survey.waves.set_index("wave")["label"][self.before])


@step
def describe_satisfaction(
    study: Study,
    *,
    recommend: str | None = None,
    constructs: Mapping[str, Sequence[str]] | None = None,
    paths: Sequence[Sequence[str]] | None = None,
    pairs: Mapping[str, str] | None = None,
    compare_by: str | None = None,
    wave_gap_days: int = GAP_DAYS,
    patronage_days: int = PATRONAGE_DAYS,
    attitude_cut: float | None = None,
    rate_cut: float | None = None,
    n_bootstraps: int = 1000,
    confidence: float = 0.95,
    seed: int = 20170101,
) -> SatisfactionAnalysis:
    """How satisfied are customers, what matters to them, and who is loyal by conviction?

    Parameters
    ----------
    study
        Needs surveys; orders and contracts add what customers do.
    recommend, constructs, paths, pairs
        What the questions ask, where their names do not tell; see `assign_roles`.
    compare_by
        What parts the groups whose paths are compared; see `compare_groups`.
    wave_gap_days
        More days than this without a response part two waves.
    patronage_days, attitude_cut, rate_cut
        See `measure_conviction`.
    n_bootstraps
        Resamples for scales and importance; the path model takes five times as many, and very large waves fewer.

    Raises
    ------
    ParameterError
        For names of items, constructs or attributes that do not exist. Thin records raise nothing: parts are None or
        carry notes.
    """
    check_confidence(confidence)
    survey = read_survey(study, gap_days=wave_gap_days)
    if survey.answers.empty:
        return _nothing(study, survey, confidence)
    roles = assign_roles(survey, recommend=recommend, constructs=constructs, paths=paths, pairs=pairs)
    now, before = _choose_waves(survey)
    n_bootstraps = _afford(n_bootstraps, int((survey.answers["wave"] == now).sum()))
    priorities = measure_priorities(
        survey, roles, now=now, before=before, confidence=confidence, n_bootstraps=n_bootstraps, seed=seed
    )
    rating, rated = _outcome(survey, roles)
    structure = measure_structure(survey, roles, now=now, confidence=confidence, n_bootstraps=n_bootstraps, seed=seed)
    response = measure_response(
        study, survey, now=now, before=before, recommend=roles.recommend, outcome=rating, confidence=confidence,
        seed=seed,
    )  # fmt: skip
    return SatisfactionAnalysis(
        survey=survey,
        roles=roles,
        wave=now,
        before=before,
        level=_level(survey, rating, rated, now, before, confidence),
        items=measure_items(survey, now=now, before=before, confidence=confidence),
        promoters=measure_promoters(survey, roles.recommend, now=now, before=before, confidence=confidence),
        priorities=priorities,
        structure=structure,
        response=response,
        conviction=measure_conviction(
            study, survey, roles, patronage_days=patronage_days, attitude_cut=attitude_cut, rate_cut=rate_cut,
            confidence=confidence, seed=seed,
        ),
        groups=compare_groups(
            study, survey, roles, now=now, before=before, by=compare_by, confidence=confidence,
            n_bootstraps=n_bootstraps, seed=seed,
        ),
        reweighted=reweigh(survey, roles, priorities, structure, response.weights, now=now),
        as_of=study.as_of,
        confidence=float(confidence),
    )  # fmt: skip


def _afford(n_bootstraps: int, n: int) -> int:
    """Fewer resamples of very many answers: their limits settle sooner, and each costs a pass over all of them."""
    return min(n_bootstraps, max(_LEAST_BOOTSTRAPS, _ROWS_RESAMPLED // max(n, 1)))


def _choose_waves(survey: Survey) -> tuple[int, int | None]:
    waves = survey.waves
    large = waves.loc[waves["n_responses"] >= _ENOUGH, "wave"]
    now = int(large.iloc[-1]) if len(large) else int(waves["wave"].iloc[-1])
    earlier = waves.loc[waves["wave"] < now, "wave"]
    return now, int(earlier.iloc[-1]) if len(earlier) else None


def _outcome(survey: Survey, roles: Roles) -> tuple[pd.Series | None, str]:
    """One rating a response, 0 to 100, and what it is of."""
    choices = (
        ("satisfaction", roles.items_with_role("satisfaction")),
        ("loyalty", [item for item in roles.items_with_role("loyalty") if item != roles.recommend]),
        ("willingness to recommend", [roles.recommend] if roles.recommend is not None else []),
    )
    name, items = next(((name, items) for name, items in choices if items), ("", []))
    if not items:
        return None, ""
    scale = survey.items.set_index("item").loc[items]
    reach = (scale["scale_max"] - scale["scale_min"]).replace(0, float("nan"))
    return (100 * (survey.answers[items] - scale["scale_min"]) / reach).mean(axis=1), name


def _level(
    survey: Survey, rating: pd.Series | None, name: str, now: int, before: int | None, confidence: float
) -> Level | None:
    if rating is None:
        return None
    ids, wave = survey.answers["customer_id"], survey.answers["wave"]
    values = rating.loc[wave == now].dropna().to_numpy(dtype=float)
    if not len(values):
        return None
    found = mean_interval(values, 0.0, 100.0, confidence)
    change = None
    if before is not None:
        then = wave == before
        change = compare_waves(
            rating.loc[then], rating.loc[wave == now], ids.loc[then], ids.loc[wave == now], confidence
        )
    mean, lower, upper = (float(value) for value in found)
    return Level(name=name, n=len(values), mean=mean, lower=lower, upper=upper, change=change)


def _nothing(study: Study, survey: Survey, confidence: float) -> SatisfactionAnalysis:
    roles = Roles(recommend=None, constructs={}, role_of={}, paths=(), stated={}, pairs={}, is_named=False)
    return SatisfactionAnalysis(
        survey=survey, roles=roles, wave=None, before=None, level=None, items=None, promoters=None, priorities=None,
        structure=None, response=None, conviction=None, groups=None, reweighted=pd.DataFrame(columns=list(COLUMNS)),
        as_of=study.as_of, confidence=float(confidence),
    )  # fmt: skip
