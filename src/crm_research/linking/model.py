"""The model of a linkage: what was learnt of how records of one customer differ; a versioned file beside the study."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crm_research.errors import StudyError
from crm_research.linking.columns import COMPARISONS, RULES
from crm_research.linking.em import Fitted, Floats, Patterns, fit_matches, posterior, share_by_level, weigh
from crm_research.linking.prepared import Look, Prepared
from crm_research.linking.scoring import count_patterns, settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION: Final = 1
_PAIRS_AT_RANDOM: Final = 500_000
_PAIRS_LEARNT_FROM: Final = 2_000_000
_FEWEST_MATCHES: Final = 5.0
_N_ROUNDS: Final = 3
# Of a level that no pair of two customers was found at, half a pair is thought of.
_UNSEEN: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class LinkModel:
    """What tells records of one customer from those of two.

    Parameters
    ----------
    columns
        What records are compared by.
    settings
        Those of the linkage engine, with all that was learnt.
    looks
        Rules by which pairs are chosen, with their cost when the model was made.
    n_records, n_matches
        Records that it was learnt from, and pairs of one customer expected among those looked at.
    notes
        What was doubtful when it was made.
    is_usual
        Nothing could be learnt; what is usual was taken.
    """

    version: int
    columns: tuple[str, ...]
    settings: Mapping[str, Any]
    looks: tuple[Look, ...]
    n_records: int
    n_matches: float
    notes: tuple[str, ...] = ()
    is_usual: bool = False

    def write(self) -> str:
        """As text."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules by which pairs are chosen."""
        return tuple(look.rule for look in self.looks if look.is_taken)


def read_model(path: Path) -> LinkModel:
    """The model in a file.

    Raises
    ------
    StudyError
        If it is none, or of another version.
    """
    mend = "Remove the file, and crm-research link learns anew; or run it with --train."
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        looks = tuple(Look(**one) for one in said.pop("looks"))
        model = LinkModel(**said | {"looks": looks, "columns": tuple(said["columns"]), "notes": tuple(said["notes"])})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise StudyError(f"{path} is no model of a linkage. {mend}") from None
    if model.version != VERSION:
        raise StudyError(f"{path} is a model of version {model.version}, where {VERSION} is wanted. {mend}")
    return model


def require_fit(model: LinkModel, prepared: Prepared, path: Path) -> None:
    """Refuse a model that was learnt from other columns than there are.

    Raises
    ------
    StudyError
        Naming what is new and what is gone.
    """
    there, wanted = {one.name for one in prepared.comparisons}, set(model.columns)
    if there == wanted:
        return
    gone, new = sorted(wanted - there), sorted(there - wanted)
    said = [f"no longer have {', '.join(gone)} to compare"] if gone else []
    said += [f"now have {', '.join(new)}"] if new else []
    raise StudyError(
        f"The records {' and '.join(said)}, so the model {path.name} does not fit them, and nothing was linked. "
        "Restore the columns, or learn anew with crm-research link --train; what was linked stays as it is until then."
    )


def train(prepared: Prepared) -> LinkModel:
    """Learn, without labels, how records of one customer differ and how those of two."""
    prepared.choose_pairs()
    usual = {one.name: np.array([level.usual for level in one.levels]) for one in prepared.comparisons}
    notes: list[str] = []
    columns = tuple(usual)
    if not columns:
        said = "Records say nothing that tells customers apart: only what is of one beyond doubt is brought together."
        return _of_nothing(prepared, (said,))
    prepared.draw_pairs(_PAIRS_AT_RANDOM)
    pairs, kept = prepared.draw_looked_at(_PAIRS_LEARNT_FROM)
    at_random, looked_at = count_patterns(prepared, prepared.sample), count_patterns(prepared, pairs)
    u, m, n_matches = _others(at_random, columns, None), dict(usual), 0.0
    fitted: list[Fitted] = []
    for _ in range(_N_ROUNDS):
        fitted = _fit_looks(prepared, looked_at, usual, u)
        m = _together(fitted, usual, columns)
        share = sum(one.n_matches for one in fitted) / max(len(fitted), 1) / kept / max(prepared.n_all_pairs, 1.0)
        is_match = posterior(weigh(at_random, [*m.values()], [*u.values()]), min(share, 0.5))
        u = _others(at_random, columns, is_match)
    n_matches = max((one.n_matches for one in fitted), default=0.0) / kept
    is_usual = n_matches < _FEWEST_MATCHES
    if is_usual:
        notes.append("Hardly any two records seem to be of one customer: what is usual of such pairs was taken.")
    if any(not one.converged for one in fitted):
        notes.append("What was learnt did not come to rest: what is usual of pairs of one customer was taken.")
        is_usual = True
    if is_usual:
        m = dict(usual)
    settings = settings_of(
        prepared.comparisons, {k: v.tolist() for k, v in m.items()}, {k: v.tolist() for k, v in u.items()}
    )
    return LinkModel(
        version=VERSION, columns=columns, settings=settings, looks=prepared.looks, n_records=prepared.n_records,
        n_matches=n_matches, notes=tuple(notes), is_usual=is_usual,
    )  # fmt: skip


def _of_nothing(prepared: Prepared, notes: tuple[str, ...]) -> LinkModel:
    return LinkModel(
        version=VERSION, columns=(), settings={}, looks=prepared.looks, n_records=prepared.n_records, n_matches=0.0,
        notes=notes, is_usual=True,
    )  # fmt: skip


def _others(at_random: Patterns, columns: Sequence[str], is_match: Floats | None) -> dict[str, Floats]:
    """Share of each level among pairs of two customers: of pairs at random, less those that seem to be of one."""
    weights = at_random.counts if is_match is None else at_random.counts * (1.0 - is_match)
    by_name = {one.name: one for one in COMPARISONS}
    shares = {}
    for column, name in enumerate(columns):
        n = len(by_name[name].levels)
        shares[name] = share_by_level(at_random.levels[:, column], weights, np.full(n, 1.0), n_prior=_UNSEEN)
    return shares


def _fit_looks(
    prepared: Prepared, looked_at: Patterns, usual: Mapping[str, Floats], u: Mapping[str, Floats]
) -> list[Fitted]:
    """For each rule, what its pairs tell of the comparisons that it does not rest on."""
    names = [*usual]
    fitted = []
    taken = {look.rule for look in prepared.looks if look.is_taken}
    for rule in RULES:
        if rule.name not in taken or not set(rule.of) < set(names):
            continue
        # Most alike in all that the rule rests on; a rule of parts of it looks at fewer pairs than it chose.
        kept = np.all([looked_at.levels[:, names.index(one)] == 0 for one in rule.of], axis=0)
        if not kept.any():
            continue
        ours = [None if name in rule.of else usual[name] for name in names]
        fitted.append(fit_matches(looked_at.where(kept), ours, [u[name] for name in names]))
    return fitted


def _together(fitted: Sequence[Fitted], usual: Mapping[str, Floats], columns: Sequence[str]) -> dict[str, Floats]:
    """What the looks tell, by the pairs of one customer that each found."""
    together: dict[str, Floats] = {}
    for column, name in enumerate(columns):
        told = [(m, one.n_matches) for one in fitted if (m := one.m[column]) is not None]
        weight = sum(n for _, n in told)
        if weight > 0:
            together[name] = np.asarray(np.sum([m * n for m, n in told], axis=0) / weight)
        else:
            together[name] = usual[name]
    return together
