"""What must be kept of groups that were found, so that other customers, and other days, can be given them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pandas.api.types import is_numeric_dtype

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.pillars.segmentation.deployment.reference import measure_places, take_reference
from crm_research.pillars.segmentation.deployment.saved import SavedSegmentation
from crm_research.pillars.segmentation.evidence.densities import Mixture, read_mixture
from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest
from crm_research.pillars.segmentation.inputs.columns import name_features
from crm_research.pillars.segmentation.inputs.recipe import COUNT, Recipe
from crm_research.pillars.segmentation.inputs.transforms import recover_transforms
from crm_research.steps import step

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.mixture import GaussianMixture

    from crm_research.pillars.segmentation.inputs.choose import Inputs
    from crm_research.pillars.segmentation.result import Grouping, Segmentation
    from crm_research.study import Study

_TIE: Final = 1e-9


@step
def keep_segmentation(study: Study, segments: Segmentation) -> SavedSegmentation:
    """What must be kept of a segmentation so that other customers, or other days, can be given its segments?

    Parameters
    ----------
    study
        The one the segments were found in.
    segments
        As found there; of a method that puts each customer to the nearest centre.

    Raises
    ------
    NotEnoughData
        If nothing was found.
    ParameterError
        If the groups are not those of the nearest centre, or an input cannot be made again from its feature: neither
        can be applied by distances in the engine.
    """
    found = segments.found
    if found is None:
        raise NotEnoughData("A saved segmentation: groups", needed=1, found=0, mend=segments.why_not)
    return _keep(
        study,
        found.inputs,
        tuple(found.cards["segment"]),
        _centres_of(found),
        evidence={
            "n_customers": found.n_customers,
            "n_groups": found.k,
            "verdict": found.verdict,
            "silhouette": float(found.silhouette.estimate),
            "weakest_jaccard": float(found.stability["mean_jaccard"].min()),
        },
        as_of=segments.as_of,
        currency=segments.currency,
    )


@step
def keep_groups(
    study: Study,
    inputs: Inputs,
    labels: NDArray[np.int64],
    *,
    method: str,
    names: Sequence[str] | None = None,
) -> SavedSegmentation:
    """What must be kept of groups that another method found, to put other customers to the nearest of their middles?

    Parameters
    ----------
    study, inputs
        Where they were found, and by what (`build_inputs`).
    labels
        Group of each row of `inputs.scaled`, from 0; -1 for who is in none.
    method
        That found them (Ward, HDBSCAN, by hand), in words.
    names
        Segments by number of the group; None names them by what marks them.

    Returns
    -------
    SavedSegmentation
        Its `evidence` holds `agreement`: the share of the customers with a group whom the middles put to that group.
        The method had its own borders; the saved segments have those of the nearest middle, no better than this.

    Raises
    ------
    NotEnoughData
        If there is no group.
    ParameterError
        If the numbers of groups and names differ, or an input cannot be made again.
    """
    groups, is_in = np.unique(labels[labels >= 0]), labels >= 0
    if not len(groups):
        raise NotEnoughData("A saved segmentation: groups", needed=1, found=0)
    centres = np.array([inputs.scaled[labels == group].mean(axis=0) for group in groups])
    agreement = float((groups[assign_nearest(inputs.scaled[is_in], centres)] == labels[is_in]).mean())
    evidence = {
        "n_customers": int(is_in.sum()),
        "n_groups": len(groups),
        "n_in_no_group": int((~is_in).sum()),
        "method": method,
        "agreement": agreement,
    }
    return _keep(study, inputs, _names(inputs, labels, groups, names), centres, evidence=evidence)


@step
def keep_mixture(
    study: Study, inputs: Inputs, model: GaussianMixture, *, names: Sequence[str] | None = None
) -> SavedSegmentation:
    """What must be kept of a Gaussian mixture, so that other customers can be put to their likeliest cloud?

    Parameters
    ----------
    model
        Fitted to `inputs.scaled`, or to a sample of its rows, with any kind of covariances.
    names
        Segments by number of the cloud; None names them by what marks them.

    Raises
    ------
    ParameterError
        If the model is of other inputs, or an input cannot be made again.
    """
    centres, mixture = read_mixture(model)
    if centres.shape[1] != inputs.scaled.shape[1]:
        raise ParameterError(
            f"The mixture is of {centres.shape[1]} inputs, the customers have {inputs.scaled.shape[1]}. Fit it to "
            "inputs.scaled."
        )
    labels = np.asarray(measure_places(inputs.scaled, centres, mixture)[0], dtype=np.int64)
    evidence = {"n_customers": len(labels), "n_groups": len(centres), "method": f"Gaussian mixture ({mixture.kind})"}
    named = _names(inputs, labels, np.arange(len(centres)), names)
    return _keep(study, inputs, named, centres, evidence=evidence, mixture=mixture)


def _keep(
    study: Study,
    inputs: Inputs,
    names: tuple[str, ...],
    centres: NDArray[np.float64],
    *,
    evidence: Mapping[str, Any],
    mixture: Mixture | None = None,
    as_of: datetime | None = None,
    currency: str | None = None,
) -> SavedSegmentation:
    recipe = inputs.recipe.use(inputs.used)
    _check_made(study, inputs, recipe)
    words = inputs.choice.set_index("input")["what"]
    transforms = recover_transforms(
        _values_of(inputs, recipe),
        inputs.scaled,
        inputs.used,
        [str(words[name]) for name in inputs.used],
        shared=recipe.shared,
    )
    raw = inputs.customers[list(inputs.used)].to_numpy(dtype=float, na_value=np.nan)
    return SavedSegmentation(
        study=study.name,
        currency=currency or study.currency,
        as_of=as_of or study.as_of,
        purpose=inputs.purpose,
        inputs=transforms,
        names=names,
        centres=centres,
        evidence=evidence,
        reference=take_reference(raw, inputs.scaled, centres, inputs.used, mixture=mixture),
        recipe=recipe,
        mixture=mixture,
    )


def _check_made(study: Study, inputs: Inputs, recipe: Recipe) -> None:
    """Raise ParameterError unless the engine can make every input again."""
    elsewhere = {*recipe.list_inputs()}
    made = {column for columns in name_features(study, recipe.base).values() for column in columns} | elsewhere
    held = inputs.customers
    missing = [name for name in inputs.used if name not in made or name not in held or not is_numeric_dtype(held[name])]
    if missing:
        raise ParameterError(
            f"It is not known how the engine makes the inputs {', '.join(missing)} of this segmentation, so it cannot "
            "be saved and assigned later. Save one on inputs of a purpose (behaviour, needs, rhythm, usage, "
            "contracts, attributes, attitudes) or on named features and attributes."
        )


def _values_of(inputs: Inputs, recipe: Recipe) -> pd.DataFrame:
    """What the transform of each input starts from: its own units, of shares the log ratio."""
    values = inputs.customers[list(inputs.used)].copy()
    for whole in recipe.wholes:
        # Only the shares of a whole count, and whether there are any.
        shares = np.nan_to_num(inputs.customers[list(whole.inputs)].to_numpy(dtype=float, na_value=np.nan))
        counts = inputs.customers[COUNT].to_numpy(dtype=float, na_value=np.nan)
        ratios = whole.compare(shares, counts)
        for place, name in enumerate(whole.inputs):
            if name in values:
                values[name] = ratios[:, place]
    return values


def _names(
    inputs: Inputs, labels: NDArray[np.int64], groups: NDArray[np.int64], names: Sequence[str] | None
) -> tuple[str, ...]:
    if names is not None:
        if len(names) != len(groups) or len(set(names)) < len(names):
            raise ParameterError(f"There are {len(groups)} groups; they need as many names, each different.")
        return tuple(str(name) for name in names)
    from crm_research.pillars.segmentation.describe.summary import describe_groups

    is_in = labels >= 0
    members = replace(inputs, customers=inputs.customers[is_in].reset_index(drop=True), scaled=inputs.scaled[is_in])
    cards = describe_groups(members, labels[is_in], len(groups)).set_index("group")["segment"]
    return tuple(str(cards.get(group, f"nobody in group {group + 1}")) for group in groups)


def _centres_of(found: Grouping) -> NDArray[np.float64]:
    """Centres in the order of the cards, if customers do belong to the nearest of them."""
    groups = found.cards["group"].to_numpy()
    refusal = ParameterError(
        "The groups of this segmentation are not those of the nearest centre (the method was another, or some "
        "customers belong to no group), so distances alone would not give them back. Save a mixture with keep_mixture; "
        "keep_groups saves other groups by the nearest of their middles, and says how far that agrees."
    )
    if not len(groups) or len(found.centres) <= max(groups):
        raise refusal
    centres = np.asarray(found.centres, dtype=float)[groups]
    nearest = groups[assign_nearest(found.inputs.scaled, centres)]
    differs = np.flatnonzero(nearest != found.labels)
    if len(differs):
        places = {int(group): place for place, group in enumerate(groups)}
        if not set(found.labels[differs].tolist()) <= set(places):
            raise refusal
        points = found.inputs.scaled[differs]
        own = centres[[places[int(label)] for label in found.labels[differs]]]
        other = centres[[places[int(label)] for label in nearest[differs]]]
        # A customer on the line between two centres may stand on either side; the engine puts him to the first.
        farther = ((points - own) ** 2).sum(axis=1) - ((points - other) ** 2).sum(axis=1)
        if (farther > _TIE).any():
            raise refusal
    return np.asarray(centres)
