"""A segmentation on paper: what it takes to assign customers again, and what it looked like when it was made."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pandas.api.types import is_numeric_dtype

from crm_research import __version__
from crm_research.errors import NotEnoughData, ParameterError
from crm_research.segmentation.assigning import name_features
from crm_research.segmentation.clustering import assign_nearest
from crm_research.segmentation.portrait import Portrait, take_portrait
from crm_research.segmentation.transforms import InputTransform, recover_transforms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.segmentation.segments import Grouping, Segmentation
    from crm_research.study import Study

FORMAT: Final = "crm-research segmentation"
FORMAT_VERSION: Final = 1
FILE_NAME: Final = "segmentation.json"
_TIE: Final = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class SavedSegmentation:
    """Everything needed to place a customer, and the evidence the groups were taken on.

    Parameters
    ----------
    study, currency, as_of
        The study the groups were found in, its money, and the instant it stood at.
    purpose
        What the customers were grouped by, in one word (behaviour).
    inputs
        How each input is made from the feature of its name.
    names
        Segments, in the order of the cards.
    centres
        Their centres, one row a segment, one column an input.
    evidence
        n_customers, n_groups, verdict, silhouette, weakest_jaccard: as found then.
    portrait
        How the customers lay around the centres then.
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
    portrait: Portrait
    version: str = __version__

    @property
    def used(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(transform.name for transform in self.inputs)

    @property
    def k(self) -> int:
        """Number of segments."""
        return len(self.names)


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
    held = found.inputs.customers
    made = {column for columns in name_features(study).values() for column in columns}
    missing = [
        name for name in found.inputs.used if name not in made or name not in held or not is_numeric_dtype(held[name])
    ]
    if missing:
        raise ParameterError(
            f"The inputs {', '.join(missing)} of this segmentation are not among the numbers of buying behaviour "
            "that the engine makes, so the segmentation cannot be saved and assigned later. Save one on behaviour."
        )
    centres = _centres_of(found)
    words = found.inputs.choice.set_index("input")["what"]
    inputs = recover_transforms(
        found.inputs.customers, found.inputs.scaled, found.inputs.used, [str(words[name]) for name in found.inputs.used]
    )
    raw = found.inputs.customers[list(found.inputs.used)].to_numpy(dtype=float, na_value=np.nan)
    return SavedSegmentation(
        study=study.name,
        currency=segments.currency,
        as_of=segments.as_of,
        purpose=str(getattr(found.inputs, "purpose", "behaviour")),
        inputs=inputs,
        names=tuple(found.cards["segment"]),
        centres=centres,
        evidence={
            "n_customers": found.n_customers,
            "n_groups": found.k,
            "verdict": found.verdict,
            "silhouette": float(found.silhouette.estimate),
            "weakest_jaccard": float(found.stability["mean_jaccard"].min()),
        },
        portrait=take_portrait(raw, found.inputs.scaled, centres, found.inputs.used),
    )


def _centres_of(found: Grouping) -> NDArray[np.float64]:
    """Centres in the order of the cards, if customers do belong to the nearest of them."""
    groups = found.cards["group"].to_numpy()
    refusal = ParameterError(
        "The groups of this segmentation are not those of the nearest centre (the method was another, or some "
        "customers belong to no group), so they cannot be assigned by distances in the engine and the segmentation "
        "cannot be saved. Save one made by k-means."
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


def save_segmentation(saved: SavedSegmentation, path: str | Path) -> Path:
    """Write a segmentation as JSON that a person can read, by rename; returns the path."""
    target = Path(path)
    handle, scratch = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(as_text(saved))
        Path(scratch).chmod(0o644)
        Path(scratch).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(scratch).unlink()
        raise
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
        "assignment": "nearest centre of the scaled inputs",
        "inputs": [asdict(transform) for transform in saved.inputs],
        "segments": [
            {
                "name": name,
                "n_customers": int(n),
                "centre": dict(zip(saved.used, (float(value) for value in centre), strict=True)),
            }
            for name, n, centre in zip(saved.names, saved.portrait.sizes, saved.centres, strict=True)
        ],
        "evidence": {name: _plain(value) for name, value in saved.evidence.items()},
        "as_found": saved.portrait.as_record(),
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
    if version != FORMAT_VERSION:
        raise ParameterError(
            f"{source} has format_version {version!r}; this package reads {FORMAT_VERSION} (the file was made by "
            f"{record.get('made_by', 'an unknown version')}). Save the segmentation again with this version."
        )
    try:
        return _read(record)
    except KeyError as problem:
        raise ParameterError(f"{source} lacks {problem.args[0]!r}. Save the segmentation again.") from None
    except (TypeError, ValueError, AttributeError, IndexError) as problem:
        raise ParameterError(f"{source} cannot be used: {problem}. Save the segmentation again.") from None


def _read(record: Mapping[str, Any]) -> SavedSegmentation:
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
    study = record["study"]
    return SavedSegmentation(
        study=str(study["name"]),
        currency=str(study["currency"]),
        as_of=datetime.fromisoformat(study["as_of"]),
        purpose=str(record["purpose"]),
        inputs=inputs,
        names=names,
        centres=centres,
        evidence=dict(record["evidence"]),
        portrait=Portrait.from_record(record["as_found"], [int(entry["n_customers"]) for entry in record["segments"]]),
        version=str(record["made_by"]).removeprefix("crm_research "),
    )


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
