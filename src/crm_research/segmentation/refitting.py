"""The same kind of segmentation found anew at another instant, its groups given the names of those they match."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from crm_research.errors import NotEnoughData
from crm_research.segmentation.assigning import build_inputs_of, check_study
from crm_research.segmentation.clustering import assign_nearest, draw_sample, fit_centres
from crm_research.segmentation.portrait import take_portrait
from crm_research.segmentation.saved import SavedSegmentation
from crm_research.segmentation.transforms import fit_transform

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from crm_research.study import Study

FEWEST: Final = 50
UNMATCHED: Final = -1
_FIT_SAMPLE: Final = 20_000
_NOISE_SAMPLE: Final = 4_000
_N_STARTS: Final = 10


def refit_segmentation(
    study: Study, saved: SavedSegmentation, *, features: ir.Table | None = None, seed: int = 20170101
) -> SavedSegmentation:
    """Which segments would have been found at this study's as_of, by the same inputs and in the same number?

    Centre, scale and fill of the inputs are those of that instant, on the same kind of scale. The groups bear the names
    of the segments they match (`match_labels`). `evidence` holds refit_noise: the highest share of customers placed
    otherwise in 19 resamples (`measure_refit_noise`).

    Parameters
    ----------
    features
        As in `assign_customers`.

    Raises
    ------
    NotEnoughData
        With fewer than 50 buyers, or fewer different ones than segments.
    """
    check_study(study, saved)
    built = build_inputs_of(study, saved) if features is None else features.order_by("customer_id")
    # One row of numbers a customer, without the ids: what k-means needs.
    raw = built.select(*saved.used).to_pandas().to_numpy(dtype=float, na_value=np.nan)
    if len(raw) < FEWEST:
        raise NotEnoughData("Segments at an earlier day: buyers", needed=FEWEST, found=len(raw))
    inputs = tuple(
        replace(
            fit_transform(was.name, was.what, raw[:, place], is_logarithmic=was.is_logarithmic), clip=was.clip
        )
        for place, was in enumerate(saved.inputs)
    )  # fmt: skip
    scaled = np.column_stack([transform.apply(raw[:, place]) for place, transform in enumerate(inputs)])
    fitted = scaled[draw_sample(len(scaled), _FIT_SAMPLE, seed=seed)]
    n_different = len(np.unique(fitted, axis=0))
    if n_different < saved.k:
        raise NotEnoughData("Segments at an earlier day: buyers who differ", needed=saved.k, found=n_different)
    centres = fit_centres(fitted, saved.k, seed=seed, n_starts=_N_STARTS)
    old = np.column_stack([transform.apply(raw[:, place]) for place, transform in enumerate(saved.inputs)])
    labels, others = assign_nearest(old, saved.centres), assign_nearest(scaled, centres)
    matched = match_labels(count_overlap(labels, others, saved.k))
    centres = centres[np.argsort(matched)]
    return replace(
        saved,
        study=study.name,
        as_of=study.as_of,
        inputs=inputs,
        centres=centres,
        evidence={
            "n_customers": len(raw),
            "n_groups": saved.k,
            "refit_noise": float(measure_refit_noise(fitted, centres, seed=seed).max()),
        },
        portrait=take_portrait(raw, scaled, centres, saved.used, seed=seed),
    )


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
    points: NDArray[np.float64], centres: NDArray[np.float64], *, seed: int, n_resamples: int = 19
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
    import sklearn.cluster  # noqa: F401 - only libraries that are loaded by now are held to one thread
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    rng = np.random.default_rng(seed)
    few = points[draw_sample(len(points), _NOISE_SAMPLE, seed=seed)]
    k = len(centres)
    own = assign_nearest(few, centres)
    shares = np.empty(n_resamples)
    with threadpool_limits(limits=1):
        for place in range(n_resamples):
            drawn = np.bincount(rng.integers(0, len(few), size=len(few)), minlength=len(few))
            held = drawn > 0
            again = fit_centres(few[held], k, seed=seed + place, n_starts=4, weights=drawn[held].astype(float))
            overlap = count_overlap(own, assign_nearest(few, again), k)
            rows, columns = linear_sum_assignment(-overlap)
            shares[place] = 1 - overlap[rows, columns].sum() / len(few)
    return shares
