"""Worlds: drawing one, block by block, and writing it down with its truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from crm_research.simulate import fixed_tables, truth
from crm_research.simulate.blocks import draw_block, write_block, write_true_block
from crm_research.simulate.chance import Ints
from crm_research.simulate.ledger import Ledger, open_ledger
from crm_research.simulate.products import Products, draw_products
from crm_research.simulate.settings import WorldSettings
from crm_research.simulate.study_file import write_study_file
from crm_research.simulate.surroundings import Partners, draw_partners
from crm_research.simulate.system_dealings import write_dealings
from crm_research.simulate.system_files import SYSTEMS_FOLDER, write_records
from crm_research.simulate.writing import STUDY_FILE, TRUTH_FOLDER, TableWriter, replaced_folder

# Customers drawn at once. It seeds the draws: a world of the same seed changes with it.
BLOCK_SIZE: Final = 10_000


@dataclass(frozen=True, eq=False, kw_only=True)
class World:
    """A world on disk.

    Parameters
    ----------
    path
        Its folder: one folder of Parquet files for each canonical table, ``study.yaml`` and ``truth/``;
        with dirt also ``systems/``, the CSV files of three systems and the numbers under which they deal, and
        ``systems.yaml``, a study of them.
    settings
        What it was drawn from.
    n_rows
        Rows of each canonical table.
    """

    path: Path
    settings: WorldSettings
    n_rows: Mapping[str, int]

    @property
    def study_file(self) -> Path:
        """The study file; ``crm-research run --study`` takes it."""
        return self.path / STUDY_FILE

    @property
    def truth(self) -> Path:
        """The folder of what is true: ``truth.json``; Parquet of customers, contracts, profits by quarter and more."""
        return self.path / TRUTH_FOLDER


def simulate_world(
    settings: WorldSettings,
    out: Path,
    *,
    replace: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> World:
    """What would the records of a company look like whose customers are known through and through?

    Draws customers in blocks of 10,000 and writes each block before the next, so that memory does not grow with
    their number. The same settings give the same bytes in every table, with the same versions of numpy and pyarrow.
    A larger world of the same seed begins with the same full blocks of customers, but for its dealers.

    Parameters
    ----------
    settings
        What the world is like.
    out
        Folder to write; it appears when the world is complete, by rename.
    replace
        Replace a simulated world that is already there.
    on_progress
        Called after each block with customers done and all customers.

    Raises
    ------
    StudyError
        If `out` is not empty, or cannot be written.
    """
    products, partners = draw_products(settings), draw_partners(settings)
    product_ids = fixed_tables.product_ids(products)
    ledger = open_ledger(settings, partners.n_dealers)
    n_addressed = np.zeros(settings.n_campaigns, dtype=np.int64)
    with replaced_folder(out, replace=replace) as folder:
        with (
            TableWriter(folder) as records,
            TableWriter(folder / TRUTH_FOLDER) as secrets,
            TableWriter(folder / SYSTEMS_FOLDER) as numbers,
        ):
            for number, index in _split_blocks(settings.n_customers):
                block = draw_block(settings, number, index, products, partners.n_dealers)
                write_block(settings, block, ledger, product_ids, records)
                write_true_block(settings, block, ledger, secrets)
                if settings.dirt > 0:
                    held = write_records(folder, settings, number, block.people, secrets)
                    write_dealings(settings, number, block, held, numbers)
                addressed = block.targets.campaign[~block.targets.is_control]
                n_addressed += np.bincount(addressed, minlength=settings.n_campaigns)
                if on_progress is not None:
                    on_progress(int(index[-1]) + 1, settings.n_customers)
            _write_fixed(settings, products, partners, ledger, n_addressed, records)
            secrets.append("partners", truth.true_partner_rows(partners))
        truth.write_truth(folder / TRUTH_FOLDER, settings)
        write_study_file(folder, settings)
    return World(path=out, settings=settings, n_rows=dict(records.n_rows))


def _split_blocks(n_customers: int) -> Iterator[tuple[int, Ints]]:
    for number, begin in enumerate(range(0, n_customers, BLOCK_SIZE)):
        yield number, np.arange(begin, min(begin + BLOCK_SIZE, n_customers))


def _write_fixed(
    world: WorldSettings,
    products: Products,
    partners: Partners,
    ledger: Ledger,
    n_addressed: Ints,
    records: TableWriter,
) -> None:
    records.append("products", fixed_tables.product_rows(products))
    records.append("campaigns", fixed_tables.campaign_rows(world, n_addressed))
    records.append("activities", fixed_tables.activity_rows(ledger))
    records.append("partners", fixed_tables.partner_rows(world, partners))
    records.append("partner_results", fixed_tables.partner_result_rows(world, partners, ledger))
    records.append("indicators", fixed_tables.indicator_rows(world))
