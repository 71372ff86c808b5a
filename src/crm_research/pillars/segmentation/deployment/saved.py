"""A segmentation on paper: what it takes to assign customers again, and what it looked like when it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crm_research.errors import ParameterError
from crm_research.pillars.segmentation.deployment.reference import ReferenceProfile, measure_places
from crm_research.pillars.segmentation.evidence.densities import Mixture
from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest
from crm_research.pillars.segmentation.evidence.mixtures import KINDS
from crm_research.pillars.segmentation.inputs.recipe import Recipe
from crm_research.pillars.segmentation.inputs.transforms import InputTransform
from crm_research.scratch import replacing
from crm_research.theme import join_words
from crm_research.version import __version__

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

FORMAT: Final = "crm-research segmentation"
FORMAT_VERSION: Final = 3
_READ: Final = (1, 2, 3)
# Names that parts of the file had before version 3.
_FORMERLY: Final = {"recipe": "makings", "reference": "as_found"}
FILE_NAME: Final = "segmentation.json"


@dataclass(frozen=True, eq=False, kw_only=True)
class SavedSegmentation:
    """Everything needed to place a customer, and the evidence the groups were taken on.

    Parameters
    ----------
    study, currency, as_of
        The study the groups were found in, its money, and the instant it stood at.
    purpose
        What the customers were grouped by (behaviour, needs, rhythm, ...).
    inputs
        How each input is scaled.
    names
        Segments, in the order of the cards.
    centres
        Their centres, one row a segment, one column an input.
    evidence
        n_customers, n_groups, verdict, silhouette, weakest_jaccard: as found then.
    reference
        How the customers lay around the centres then.
    recipe
        What the inputs are made of that are no features of purchases.
    mixture
        Weights and covariances where customers belong to the likeliest cloud; None where to the nearest centre.
    version
        Of the package that saved it.
    """

    study: str
    currency: str
    as_of: datetime
    purpose: str
    inputs: tuple[InputTransform, ...]
    names: tuple[str, ...]
    centres: NDArray[np.float64]
    evidence: Mapping[str, Any]
    reference: ReferenceProfile
    recipe: Recipe = field(default_factory=Recipe)
    mixture: Mixture | None = None
    version: str = __version__

    @property
    def used(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(transform.name for transform in self.inputs)

    @property
    def k(self) -> int:
        """Number of segments."""
        return len(self.names)

    @property
    def features(self) -> tuple[str, ...]:
        """Columns that a table of features needs beside customer_id."""
        return self.recipe.list_features(self.used)

    @property
    def spread(self) -> float:
        """Variance that certainties are reckoned with: that within segments; a mixture has its own covariances."""
        return self.reference.spread if self.mixture is None else 1.0

    def rule(self) -> str:
        """Who is put to which segment, in words."""
        if self.mixture is not None:
            return "likeliest cloud of a Gaussian mixture of the scaled inputs"
        if "agreement" not in self.evidence:
            return "nearest centre of the scaled inputs"
        share, method = float(self.evidence["agreement"]), self.evidence.get("method", "another method")
        return (
            f"nearest middle, in the scaled inputs, of groups found by {method}; it puts {100 * share:.1f} % of their "
            "own customers to them"
        )

    def place(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Number of the segment of each row of scaled inputs."""
        if self.mixture is None:
            return assign_nearest(points, self.centres)
        return np.asarray(measure_places(points, self.centres, self.mixture)[0], dtype=np.int64)

    def make(self, features: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The inputs in their own units, and scaled, of customers outside the engine."""
        raw, values = self.recipe.make_frame(features, self.used)
        scaled = [transform.apply(values[transform.name].to_numpy()) for transform in self.inputs]
        return raw.to_numpy(dtype=float), np.column_stack(scaled)


def save_segmentation(saved: SavedSegmentation, path: str | Path) -> Path:
    """Write a segmentation as JSON that a person can read, by rename; returns the path."""
    target = Path(path)
    with replacing(target) as scratch:
        scratch.write_text(as_text(saved), encoding="utf-8")
    return target


def as_text(saved: SavedSegmentation) -> str:
    """The segmentation as JSON text."""
    return json.dumps(_record_of(saved), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _record_of(saved: SavedSegmentation) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "made_by": f"crm_research {saved.version}",
        "study": {"name": saved.study, "as_of": saved.as_of.isoformat(), "currency": saved.currency},
        "purpose": saved.purpose,
        "assignment": saved.rule(),
        "mixture": None if saved.mixture is None else saved.mixture.kind,
        "recipe": saved.recipe.as_record(),
        "inputs": [asdict(transform) for transform in saved.inputs],
        "segments": [
            {
                "name": name,
                "n_customers": int(n),
                "centre": dict(zip(saved.used, (float(value) for value in centre), strict=True)),
            }
            | ({} if saved.mixture is None else {"cloud": saved.mixture.as_record(place)})
            for place, (name, n, centre) in enumerate(
                zip(saved.names, saved.reference.sizes, saved.centres, strict=True)
            )
        ],
        "evidence": {name: _plain(value) for name, value in saved.evidence.items()},
        "reference": saved.reference.as_record(),
    }


def load_segmentation(path: str | Path) -> SavedSegmentation:
    """Read what `save_segmentation` wrote.

    Raises
    ------
    ParameterError
        If there is no such file, or it is no segmentation of a format known here; the message names what does not fit.
    """
    source = Path(path)
    if not source.is_file():
        raise ParameterError(f"There is no saved segmentation {source}. crm-research run segmentation leaves one.")
    try:
        record = json.loads(source.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as problem:
        raise ParameterError(f"{source} is not readable as JSON ({problem}). Save the segmentation again.") from None
    return read_record(record, source.name)


def read_record(record: Any, source: str = FILE_NAME) -> SavedSegmentation:
    """The segmentation of a record that `as_text` wrote; `source` stands in errors."""
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ParameterError(f"{source} is no saved segmentation: its 'format' is not {FORMAT!r}. Check the file.")
    version = record.get("format_version")
    if version not in _READ:
        raise ParameterError(
            f"{source} has format_version {version!r}; this package reads {join_words([str(read) for read in _READ])} "
            f"(the file was made by {record.get('made_by', 'an unknown version')}). Save the segmentation again with "
            "this version."
        )
    try:
        return _read(record)
    except KeyError as problem:
        raise ParameterError(f"{source} lacks {problem.args[0]!r}. Save the segmentation again.") from None
    except (TypeError, ValueError, AttributeError, IndexError) as problem:
        raise ParameterError(f"{source} cannot be used: {problem}. Save the segmentation again.") from None


def _read(record: Mapping[str, Any]) -> SavedSegmentation:
    version = int(record["format_version"])
    name_of = {part: part if version > 2 else was for part, was in _FORMERLY.items()}
    inputs = tuple(_read_transform(entry) for entry in record["inputs"])
    used = [transform.name for transform in inputs]
    centres = np.array([[float(entry["centre"][name]) for name in used] for entry in record["segments"]])
    if not used or not len(centres):
        raise ValueError("it names no input or no segment")
    names = tuple(str(entry["name"]) for entry in record["segments"])
    if len(set(names)) < len(names):
        raise ValueError("two segments have the same name")
    if not np.isfinite(centres).all():
        raise ValueError("a centre is not finite")
    recipe = Recipe.from_record(record[name_of["recipe"]]) if version > 1 else Recipe()
    kind = record["mixture"] if version > 1 else None
    study, sizes = record["study"], [int(entry["n_customers"]) for entry in record["segments"]]
    return SavedSegmentation(
        study=str(study["name"]),
        currency=str(study["currency"]),
        as_of=datetime.fromisoformat(study["as_of"]),
        purpose=str(record["purpose"]),
        inputs=inputs,
        names=names,
        centres=centres,
        evidence=dict(record["evidence"]),
        reference=ReferenceProfile.from_record(record[name_of["reference"]], sizes),
        recipe=recipe,
        mixture=None if kind is None else _read_mixture(str(kind), record["segments"], len(used)),
        version=str(record["made_by"]).removeprefix("crm_research "),
    )


def _read_mixture(kind: str, segments: Sequence[Mapping[str, Any]], n_inputs: int) -> Mixture:
    covariances = np.array([entry["cloud"]["covariance"] for entry in segments], dtype=float)
    if kind not in KINDS:
        raise ValueError(f"a mixture with {kind!r} covariances is not known")
    if covariances.shape[1:] != (n_inputs, n_inputs):
        raise ValueError("the covariances of the mixture do not fit its inputs")
    weights = np.array([float(entry["cloud"]["weight"]) for entry in segments])
    return Mixture(kind=kind, weights=weights, covariances=covariances)


def _read_transform(entry: Mapping[str, Any]) -> InputTransform:
    fields = {name: entry[name] for name in ("name", "what", "is_logarithmic", "fill", "centre", "scale", "clip")}
    numbers = {name: float(fields[name]) for name in ("fill", "centre", "scale")}
    if not all(np.isfinite(value) for value in numbers.values()) or numbers["scale"] <= 0:
        raise ValueError(
            f"the input {fields['name']!r} has a scale that is not above 0, or a number that is not finite"
        )
    clip = None if fields["clip"] is None else float(fields["clip"])
    return InputTransform(
        name=str(fields["name"]),
        what=str(fields["what"]),
        is_logarithmic=bool(fields["is_logarithmic"]),
        clip=clip,
        **numbers,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, (np.integer, np.floating)):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
