"""``crm-research assign``: give customers the segments of a saved segmentation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from crm_research.cli.options import timeout_option
from crm_research.scratch import replacing
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.pillars.segmentation.deployment.saved import SavedSegmentation
    from crm_research.study import Study

_WRITERS: Final = {".parquet": "to_parquet", ".csv": "to_csv"}
# What spreadsheet programs take for the beginning of a formula.
_FORMULA: Final = r"^[=+\-@\t\r]"


@click.command("assign", short_help="Give customers the segments of a saved segmentation.")
@click.argument("segmentation", metavar="SEGMENTATION.json", type=click.Path(path_type=Path))
@click.option("--study", required=True, metavar="NAME|FILE", help="Study whose customers are assigned.")
@click.option("--as-of", metavar="DATE", help="Stand at another day than the study's own.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.parquet|FILE.csv",
    help="Write one row a customer here; without it only the sizes are printed.",
)
@timeout_option
@click.option("--drift", "tells_drift", is_flag=True, help="Say also whether the segmentation has aged.")
def command(
    segmentation: Path, study: str, as_of: str | None, out: Path | None, timeout: float | None, tells_drift: bool
) -> None:
    """Give customers the segments of a saved segmentation, without finding groups anew.

    SEGMENTATION.json is what crm-research run segmentation leaves beside its page. All customers are assigned where
    the data live, by the rule the file holds (nearest centre, or likeliest cloud of a mixture), with the certainty of
    the segment and the next nearest one. Those who cannot be assigned are kept in the file with an empty segment and
    the reason. Exit status: 0 done, 2 what was asked cannot be done (nothing was written).

    \b
    Example:
      crm-research assign reports/cdnow/1997-09-30/segmentation.json \\
          --study cdnow --as-of 1998-03-31 --out segments.parquet
    """  # noqa: D301  (click needs the bare \b)
    from crm_research.errors import ParameterError
    from crm_research.pillars.segmentation.deployment.assign import assign_customers
    from crm_research.pillars.segmentation.deployment.saved import load_segmentation
    from crm_research.sources.opening import open_study
    from crm_research.time_limit import time_limit

    if out is not None and out.suffix.lower() not in _WRITERS:
        raise ParameterError(f"--out must end in .parquet or .csv, found {out.name!r}.")
    if out is not None and not out.parent.is_dir():
        raise ParameterError(f"There is no folder {out.parent} to write {out.name} into. Make it first.")
    if segmentation.exists() and not segmentation.is_file():
        raise ParameterError(f"{segmentation} is no file but a folder, a pipe or a device. Give segmentation.json.")
    saved = load_segmentation(segmentation)
    _tell(
        f"{say_count(saved.k, 'segment')} by {saved.purpose}, found in study {saved.study} as of "
        f"{saved.as_of:%Y-%m-%d}."
    )
    _tell(f"Rule: {saved.rule()}.")
    with time_limit(f"Reading {study}", seconds=timeout):
        opened = open_study(study, as_of=as_of)
    _tell(f"Assigning the customers of study {opened.name} as of {opened.as_of:%Y-%m-%d} ...")
    assigned = assign_customers(opened, saved).order_by("customer_id")
    counts = _count(assigned) if out is None else _write(assigned, out)
    _print_counts(counts, saved.names)
    if tells_drift:
        _print_drift(opened, saved)
    if out is not None:
        _warn_of_formulas(assigned, out)
        click.echo(str(out))


def _warn_of_formulas(assigned: Any, out: Path) -> None:
    """Ids are written as they are, so that they meet those of the source; a spreadsheet may take some for formulas."""
    if out.suffix.lower() != ".csv":
        return
    odd = assigned.filter(assigned.customer_id.re_search(_FORMULA))
    found = odd.aggregate(n=odd.count(), example=odd.customer_id.min()).to_pyarrow().to_pylist()[0]
    if found["n"]:
        ids = "customer id begins" if found["n"] == 1 else "customer ids begin"
        _tell(
            f"warning: {found['n']:,} {ids} with =, +, -, @ or a tab (such as {found['example']!r}), which spreadsheet "
            "programs run as formulas when they open a CSV file. They are written as they are, so that they meet the "
            "ids of your records: import the file with that column as text, or write a .parquet file."
        )


def _write(assigned: Any, out: Path) -> pd.DataFrame:
    """Write by rename, so that a reader sees the old file or the whole new one; then count what was written."""
    import ibis

    ending = out.suffix.lower()
    with replacing(out, ending=ending) as scratch:
        getattr(assigned, _WRITERS[ending])(str(scratch))
        engine = ibis.duckdb.connect()
        read = engine.read_parquet(scratch) if ending == ".parquet" else _read_csv(engine, str(scratch), assigned)
        return _count(read)


def _read_csv(engine: Any, path: str, assigned: Any) -> Any:
    types = {"customer_id": "VARCHAR", "segment": "VARCHAR", "why_not": "VARCHAR", "certainty": "DOUBLE"}
    return engine.read_csv(path, types=types, header=True, all_varchar=False).select(*assigned.columns)


def _count(assigned: Any) -> pd.DataFrame:
    counts: pd.DataFrame = (
        assigned.group_by("segment", "why_not")
        .agg(
            n_customers=assigned.count(),
            certainty=assigned.certainty.mean(),
            n_uncertain=assigned.is_uncertain.cast("boolean").ifelse(1, 0).sum(),
            example=assigned.customer_id.min(),
        )
        .to_pandas()
    )
    return counts


def _print_counts(counts: pd.DataFrame, names: tuple[str, ...]) -> None:
    placed = counts[counts["segment"].notna() & (counts["segment"] != "")].set_index("segment")
    n_placed = int(placed["n_customers"].sum())
    for name in names:
        n = int(placed["n_customers"].get(name, 0))
        share = f"{n / n_placed:6.1%}" if n_placed else "      "
        sure = f", mean certainty {placed['certainty'][name]:.2f}" if n else ""
        click.echo(f"  {n:>12,} {share}  {name}{sure}")
    n_uncertain = int(placed["n_uncertain"].sum())
    click.echo(f"{say_count(n_placed, 'customer')} assigned, {n_uncertain:,} of them near a line between two segments.")
    others = counts.drop(index=counts.index[counts["segment"].notna() & (counts["segment"] != "")])
    for row in others.to_dict("records"):
        click.echo(f"{row['n_customers']:,} cannot be assigned: {row['why_not']} (such as {row['example']}).")


def _print_drift(study: Study, saved: SavedSegmentation) -> None:
    from crm_research.errors import NotEnoughData
    from crm_research.pillars.segmentation.deployment.drift import measure_drift

    try:
        drift = measure_drift(study, saved)
    except NotEnoughData as problem:
        click.echo(str(problem))
        return
    click.echo(drift.sentence())
    for remark in drift.notes:
        click.echo(f"  {remark}")


def _tell(words: str) -> None:
    click.echo(words, err=True)
