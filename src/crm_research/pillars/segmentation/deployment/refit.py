"""The same kind of segmentation found anew at another instant, its groups given the names of those they match."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from crm_research.errors import NotEnoughData
from crm_research.pillars.segmentation.deployment.assign import check_study
from crm_research.pillars.segmentation.deployment.reference import measure_places, take_reference
from crm_research.pillars.segmentation.deployment.saved import SavedSegmentation
from crm_research.pillars.segmentation.evidence.densities import Mixture, read_mixture
from crm_research.pillars.segmentation.evidence.kmeans import draw_sample, fit_centres
from crm_research.pillars.segmentation.evidence.mixtures import fit_mixture
from crm_research.pillars.segmentation.inputs.base import name_members
from crm_research.pillars.segmentation.inputs.columns import keep_features
from crm_research.pillars.segmentation.inputs.transforms import InputTransform, fit_transform
from crm_research.stats.threads import one_thread
from crm_research.steps import step

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from crm_research.study import Study

FEWEST: Final = 50
UNMATCHED: Final = -1
_FIT_SAMPLE: Final = 20_000
_NOISE_SAMPLE: Final = 4_000
_N_STARTS: Final = 10


@step
def refit_segmentation(
    study: Study, saved: SavedSegmentation, *, features: ir.Table | None = None, seed: int = 20170101
) -> SavedSegmentation:
    """Which segments would have been found at this study's as_of, by the same inputs and in the same number?

    Centre, scale and fill of the inputs are those of that instant, on the same kind of scale and with the same weights.
    The groups bear the names of the segments they match (`match_labels`). `evidence` holds refit_noise: the highest
    share of customers placed otherwise in 19 resamples (`measure_refit_noise`).

    Parameters
    ----------
    features
        As in `assign_customers`.

    Raises
    ------
    NotEnoughData
        With fewer than 50 customers, or fewer different ones than segments.
    """
    check_study(study, saved)
    built = keep_features(study, saved) if features is None else features
    # One row of numbers a customer: what the search for groups needs. In the order of the ids, so that a sample drawn
    # by a seed is the same every time.
    texts = {group.attribute: built[group.attribute].cast("string") for group in saved.recipe.categories}
    rows = built.order_by("customer_id").select(*saved.features).mutate(**texts).to_pandas()
    if len(rows) < FEWEST:
        raise NotEnoughData(
            f"A segmentation at an earlier day: {name_members(saved.recipe.base).who}", needed=FEWEST, found=len(rows)
        )
    recipe = saved.recipe.refit(rows)
    raw, values = recipe.make_frame(rows, saved.used)
    shared = recipe.measure_scales(rows)
    inputs = tuple(_refit_transform(was, values[was.name].to_numpy(dtype=float), shared) for was in saved.inputs)
    scaled = np.column_stack([transform.apply(values[transform.name].to_numpy(dtype=float)) for transform in inputs])
    fitted = scaled[draw_sample(len(scaled), _FIT_SAMPLE, seed=seed)]
    n_different = len(np.unique(fitted, axis=0))
    if n_different < saved.k:
        who = name_members(saved.recipe.base).who
        raise NotEnoughData(f"A segmentation at an earlier day: {who} who differ", needed=saved.k, found=n_different)
    kind = None if saved.mixture is None else saved.mixture.kind
    centres, mixture = _fit(fitted, saved.k, kind, seed=seed, n_starts=_N_STARTS)
    others = np.asarray(measure_places(scaled, centres, mixture)[0], dtype=np.int64)
    order = np.argsort(match_labels(count_overlap(saved.place(saved.make(rows)[1]), others, saved.k)))
    centres, mixture = centres[order], None if mixture is None else mixture.take(order)
    noise = measure_refit_noise(fitted, centres, mixture=mixture, seed=seed)
    return replace(
        saved,
        study=study.name,
        as_of=study.as_of,
        inputs=inputs,
        recipe=recipe,
        centres=centres,
        mixture=mixture,
        evidence={"n_customers": len(rows), "n_groups": saved.k, "refit_noise": float(noise.max())},
        reference=take_reference(
            raw.to_numpy(dtype=float), scaled, centres, saved.used, mixture=mixture, seed=seed
        ),
    )  # fmt: skip


def _refit_transform(
    was: InputTransform, values: NDArray[np.float64], shared: Mapping[str, tuple[float, float]]
) -> InputTransform:
    """The same kind of scale at another day; what shares a scale with other inputs still does."""
    fitted = fit_transform(was.name, was.what, values, is_logarithmic=was.is_logarithmic)
    if was.name in shared:
        centre, scale = shared[was.name]
        fitted = replace(fitted, centre=centre, scale=scale)
    return replace(fitted.weighted(was.weight), clip=was.clip)


def _fit(
    points: NDArray[np.float64],
    k: int,
    kind: str | None,
    *,
    seed: int,
    n_starts: int,
    counts: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.float64], Mixture | None]:
    """Centres, and the clouds of a mixture of that kind, where each row counts so many times."""
    if kind is None:
        return fit_centres(
            points, k, seed=seed, n_starts=n_starts, weights=None if counts is None else counts.astype(float)
        ), None
    model = fit_mixture(points if counts is None else np.repeat(points, counts, axis=0), k, kind=kind, seed=seed)
    if model is None:
        raise NotEnoughData("A mixture at an earlier day: buyers who differ", needed=k, found=len(points))
    return read_mixture(model)


def count_overlap(labels: NDArray[np.int64], others: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Customers in each group (rows) who are in each group of another grouping (columns)."""
    both = np.zeros((k, k))
    np.add.at(both, (labels, others), 1)
    return both


def match_labels(overlap: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which group of the first grouping does each group of the other stand for?

    Parameters
    ----------
    overlap
        Customers in each group of the first (rows) and of the other grouping (columns).

    Returns
    -------
    array
        For each column its row, each row at most once: the matching under which most customers keep their group.
        -1 for columns that are left over.

    References
    ----------
    Kuhn (1955), Naval Research Logistics Quarterly 2, 83-97 (the Hungarian method).
    """
    rows, columns = linear_sum_assignment(-np.asarray(overlap, dtype=float))
    matched = np.full(overlap.shape[1], UNMATCHED, dtype=np.int64)
    matched[columns] = rows
    return matched


def measure_refit_noise(
    points: NDArray[np.float64],
    centres: NDArray[np.float64],
    *,
    seed: int,
    n_resamples: int = 19,
    mixture: Mixture | None = None,
) -> NDArray[np.float64]:
    """How many customers would be placed otherwise only because other customers were drawn?

    Parameters
    ----------
    points
        Scaled inputs (a random 4,000 of them are used).
    centres
        As fitted to them.

    Returns
    -------
    array
        Share of the customers placed otherwise, labels matched, for each bootstrap resample.
    """
    rng = np.random.default_rng(seed)
    few = points[draw_sample(len(points), _NOISE_SAMPLE, seed=seed)]
    k = len(centres)
    kind = None if mixture is None else mixture.kind
    own = np.asarray(measure_places(few, centres, mixture)[0], dtype=np.int64)
    shares = np.empty(n_resamples)
    with one_thread():
        for place in range(n_resamples):
            drawn = np.bincount(rng.integers(0, len(few), size=len(few)), minlength=len(few))
            held = drawn > 0
            again, clouds = _fit(few[held], k, kind, seed=seed + place, n_starts=4, counts=drawn[held])
            labels = np.asarray(measure_places(few, again, clouds)[0], dtype=np.int64)
            overlap = count_overlap(own, labels, k)
            rows, columns = linear_sum_assignment(-overlap)
            shares[place] = 1 - overlap[rows, columns].sum() / len(few)
    return shares
