"""One regression for each reason of leaving: what drives it, and what raises the share who end up with it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import ParameterError, offer_names
from crm_research.models.hazards.cox import CoxFit, fit_cox
from crm_research.models.hazards.fine_gray import FineGrayFit, fit_fine_gray
from crm_research.models.hazards.result import HazardFit
from crm_research.stats.multiplicity import adjust_holm
from crm_research.vocabulary import REASON_NOT_GIVEN

CAUSE_SPECIFIC: Final = "cause-specific"
SUBDISTRIBUTION: Final = "sub-distribution"


@dataclass(frozen=True, eq=False, kw_only=True)
class ReasonFits:
    """What goes with leaving for each reason.

    Parameters
    ----------
    cause_specific
        By reason: Cox's regression, leaving for another reason counting as the end of observation.
    subdistribution
        By reason: Fine and Gray's.
    reasons
        Grain: reason. Columns ``reason``, ``n_ended``, ``is_fitted``; the commonest first.
    notes
        What was left out or is doubtful, with its reason.
    """

    cause_specific: Mapping[str, CoxFit] = field(repr=False)
    subdistribution: Mapping[str, FineGrayFit] = field(repr=False)
    reasons: pd.DataFrame
    confidence: float
    notes: tuple[str, ...]

    def contrasts(self) -> pd.DataFrame:
        """One ratio for each reason, kind of hazard and comparison.

        Returns
        -------
        pandas.DataFrame
            Grain: reason, kind and comparison. Columns ``reason``, ``hazard`` (cause-specific or sub-distribution),
            those of `HazardFit.contrasts`, and ``p_adjusted`` (Holm, over all rows of the kind).
        """
        frames = []
        for kind, fits in ((CAUSE_SPECIFIC, self.cause_specific), (SUBDISTRIBUTION, self.subdistribution)):
            parts = [_labelled(fit, reason, kind) for reason, fit in fits.items()]
            parts = [part for part in parts if len(part)]
            if parts:
                whole = pd.concat(parts, ignore_index=True)
                frames.append(whole.assign(p_adjusted=adjust_holm(whole["p_value"].to_numpy(dtype=np.float64))))
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["reason", "hazard"])


def fit_by_reason(
    spells: pd.DataFrame,
    covariates: Sequence[str],
    *,
    reason: str = "end_reason",
    reasons: Sequence[str] | None = None,
    strata: Sequence[str] = (),
    splines: Sequence[str] = (),
    cluster: str | None = None,
    confidence: float = 0.95,
) -> ReasonFits:
    """What goes with leaving for each reason, and with the share who end up leaving for it?

    Parameters
    ----------
    spells
        As in `fit_cox`, with the column `reason` of those that ended (empty: not given).
    reasons
        Those to fit; the others still compete. None fits every reason that was given.
    strata, splines, cluster
        As in `fit_cox`.

    Raises
    ------
    ParameterError
        For a column or a reason that is not there.

    Notes
    -----
    The cause-specific ratio compares, of those still there, how fast they leave for the reason. The sub-distribution
    ratio compares how many have left for it by any tenure; it also moves with whatever makes others leave first, so
    the two may differ in size and even in direction (Latouche and others 2013 advise to show both, for all reasons).
    Ends without a reason compete as a reason of their own.

    References
    ----------
    Prentice and others (1978), Biometrics 34, 541-554; Fine and Gray (1999), JASA 94, 496-509; Latouche, Allignol,
    Beyersmann, Labopin and Fine (2013), J. Clin. Epidemiol. 66, 648-653.
    """
    if reason not in spells.columns:
        raise ParameterError(f"The spells have no column {reason!r}. {offer_names(reason, spells.columns)}")
    named = name_reasons(spells, reason)
    found = count_reasons(named)
    wanted = [name for name in found.index if name != REASON_NOT_GIVEN] if reasons is None else [*reasons]
    for name in wanted:
        if name not in found.index:
            raise ParameterError(f"Nobody left for {name!r}. {offer_names(name, found.index)}")
    frame = spells.assign(**{reason: named})
    cox: dict[str, CoxFit] = {}
    gray: dict[str, FineGrayFit] = {}
    for name in wanted:
        alone = end_for(frame, name, reason)
        cox[name] = fit_cox(alone, covariates, strata=strata, splines=splines, cluster=cluster, confidence=confidence)
        gray[name] = fit_fine_gray(
            frame,
            covariates,
            target=name,
            reason=reason,
            strata=strata,
            splines=splines,
            cluster=cluster,
            confidence=confidence,
        )
    table = pd.DataFrame({"reason": found.index, "n_ended": found.to_numpy(), "is_fitted": found.index.isin(wanted)})
    return ReasonFits(
        cause_specific=cox, subdistribution=gray, reasons=table, confidence=float(confidence), notes=_notes(cox, gray)
    )


def end_for(spells: pd.DataFrame, name: str, reason: str = "end_reason") -> pd.DataFrame:
    """The spells where only those that ended for one reason end; the others are watched until they leave otherwise."""
    return spells.assign(is_ended=name_reasons(spells, reason).eq(name).fillna(value=False).to_numpy(dtype=bool))


def name_reasons(spells: pd.DataFrame, reason: str = "end_reason") -> pd.Series[str]:
    """The reason of each row that ended, in words; missing where the row runs on."""
    ended = spells["is_ended"].fillna(value=False).astype(bool)
    named = spells[reason].astype("string").fillna(REASON_NOT_GIVEN)
    return named.where(ended).astype(object)


def count_reasons(named: pd.Series[str]) -> pd.Series[int]:
    """Ends for each reason, the commonest first, in a fixed order."""
    counts = named.value_counts()
    order = sorted(counts.index, key=lambda name: (-int(counts[name]), str(name)))
    return counts.reindex(order)


def _labelled(fit: HazardFit, reason: str, kind: str) -> pd.DataFrame:
    table = fit.contrasts()
    table.insert(0, "hazard", kind)
    table.insert(0, "reason", reason)
    return table


def _notes(cox: Mapping[str, CoxFit], gray: Mapping[str, FineGrayFit]) -> tuple[str, ...]:
    """Each remark once, with the reasons it holds for."""
    said: dict[str, list[str]] = {}
    for fits in (cox, gray):
        for name, fit in fits.items():
            for remark in fit.notes:
                named = said.setdefault(remark, [])
                if name not in named:
                    named.append(name)
    return tuple(
        remark if len(names) == len(cox) else f"Leaving for {', '.join(names)}: {remark}"
        for remark, names in said.items()
    )
