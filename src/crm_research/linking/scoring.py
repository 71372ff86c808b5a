"""How alike are pairs? The linkage engine compares them by a model's settings; here is all that is asked of it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crm_research.errors import StudyError
from crm_research.linking.columns import UID, Comparison
from crm_research.linking.em import EMPTY, Floats, Patterns
from crm_research.linking.prepared import RECORDS

if TYPE_CHECKING:
    import pyarrow as pa

    from crm_research.linking.prepared import Prepared

_BASE: Final = 1e-4  # share of matches in the settings; what it is in truth is reckoned afterwards


def settings_of(
    comparisons: Sequence[Comparison], m: Mapping[str, Sequence[float]], u: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    """Settings of the linkage engine; the same for each engine that it runs in."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": UID,
        "probability_two_random_records_match": _BASE,
        # Pairs are chosen beforehand; the engine wants a rule.
        "blocking_rules_to_generate_predictions": [f"l.{UID} = r.{UID}"],
        "comparisons": [one.as_settings(list(m[one.name]), list(u[one.name])) for one in comparisons],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }


def count_patterns(prepared: Prepared, pairs: str) -> Patterns:
    """How many of these pairs are how alike?"""
    usual = {one.name: [level.usual for level in one.levels] for one in prepared.comparisons}
    told = {"retain_matching_columns": True, "retain_intermediate_calculation_columns": True}
    scored = _compare(prepared, settings_of(prepared.comparisons, usual, usual) | told, pairs)
    columns = [f"gamma_{one.name}" for one in prepared.comparisons]
    names = ", ".join(columns)
    found = prepared.table(f"SELECT {names}, count(*) AS n FROM {scored} GROUP BY {names} ORDER BY {names}")
    prepared.con.execute(f"DROP TABLE {scored}")
    levels = np.column_stack([found[name].to_numpy() for name in columns]).astype(np.int64)
    # The engine counts levels from the least alike; here the first is the most alike.
    top = np.array([len(one.levels) - 1 for one in prepared.comparisons])
    return Patterns(levels=np.where(levels == EMPTY, EMPTY, top - levels), counts=found["n"].to_numpy().astype(float))


def score(prepared: Prepared, settings: Mapping[str, Any], pairs: str) -> pa.Table:
    """Every pair with its weight, as the base-2 logarithm of how much likelier it is of one customer than of two."""
    scored = _compare(prepared, dict(settings), pairs)
    base = float(np.log2(_BASE / (1 - _BASE)))
    found = prepared.table(
        f"SELECT {UID}_l AS left_id, {UID}_r AS right_id, match_weight - ({base!r}) AS weight FROM {scored} "
        "ORDER BY left_id, right_id"
    )
    prepared.con.execute(f"DROP TABLE {scored}")
    return found


def _compare(prepared: Prepared, settings: dict[str, Any], pairs: str) -> str:
    try:
        from splink import DuckDBAPI, Linker
    except ImportError:
        raise StudyError(
            'Linking records needs splink, which is not installed: pip install "crm-research[linking]" brings it.'
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        api = DuckDBAPI(connection=prepared.con)
        linker = Linker(api.register(RECORDS), settings, log_level=None, validate_settings=False)
        linker.table_management.register_blocked_pairs_for_predict(api.register(pairs))
        return str(linker.inference.predict(warning_mode="never").physical_name)


def as_weights(values: Floats) -> Floats:
    """Base-2 weights as natural ones."""
    return np.asarray(values * np.log(2.0))
