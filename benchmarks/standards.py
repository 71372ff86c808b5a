"""Records of three systems in one spelling: ours beside the same functions row by row, and phonenumbers alone.

    python benchmarks/standards.py [--records 1000000] [--rows 50000] [--processes 2]

Names (a quarter Chinese), companies, e-mail, phones, streets, postcodes, cities, birth dates and VAT numbers in the
spellings of three systems; a customer stands in two of them. Ours asks once for each distinct value, on several
processors. `row by row` is the same functions called for each of `--rows` records on one core, and `phonenumbers` what
the library alone takes to parse and write their phone numbers; both are scaled to all records. Prints a Markdown table
of seconds, processor seconds (all processes) and peak memory, then what each step of ours took.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from crm_research.standards import distinct, records, standardise
from crm_research.standards.steps import STEPS

FAMILIES = ("Müller", "Schmidt", "García", "O'Brien", "van Dijk", "Kovács", "Özdemir", "Nowak", "Rossi", "Lindström")
GIVEN = ("Hans", "María", "Jürgen", "Anna", "Lukas", "Zoë", "Peter", "Ines", "Tom", "Greta")
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗单仇解曾查吕"
SIGNS = "伟芳娜敏静丽强磊军洋秀英建国晓明婷志雪梅文博子涵浩然思远"
SEED = 15


def make_records(n_records: int) -> pa.Table:
    """Records of customers, each in two systems, with a tenth of each column missing."""
    rng = np.random.default_rng(SEED)
    n_customers = max(n_records // 2, 1)
    customer = rng.integers(0, n_customers, n_records)
    system = rng.integers(0, 3, n_records)
    family = [f"{FAMILIES[i % 10]}{'aeiou'[i // 10 % 5]}{'nrst'[i // 50 % 4]}" for i in range(200)]
    given = [f"{GIVEN[i % 10]}{'aeiou'[i // 10 % 5]}" for i in range(50)]
    cities = [f"{FAMILIES[i % 10]}stadt {i // 10}" for i in range(3000)]

    def name(c: int, s: int) -> str:
        if c % 4 == 0:
            return SURNAMES[c // 4 % 26] + SIGNS[c // 104 % 27] + SIGNS[c // 2808 % 27]
        if c % 10 == 1:
            return f"{family[c % 200]} Handel {c} {('GmbH & Co. KG', 'Ltd.', 'AG')[s]}"
        first, last = given[c // 7 % 50], f"{family[c % 200]}{'bdfgklmn'[c // 200 % 8]}{'aeiou'[c // 1600 % 5]}"
        return f"{last.upper()}, {first}" if s == 1 else f"{first} {last}"

    def column(write: Callable[[int, int], str]) -> pa.Array:
        missing = rng.random(n_records) < 0.1
        written = (
            None if m else write(c, s) for c, s, m in zip(customer.tolist(), system.tolist(), missing, strict=True)
        )
        return pa.array(written, pa.string())

    marks = (("+49 ", " "), ("0", "/"), ("0049-", "-"))
    dates = ("{y}-{m:02d}-{d:02d}", "{d:02d}.{m:02d}.{y}", "{y}/{m}/{d}")
    return pa.table(
        {
            "system": pa.array([("head_office", "dealers", "service_points")[s] for s in system]),
            "local_id": pa.array([f"r{i}" for i in range(n_records)]),
            "name": column(name),
            "email": column(lambda c, s: f"Kunde.{c}@{('example.org', 'GMAIL.com', 'example.net')[s]}"),
            "phone": column(lambda c, s: f"{marks[s][0]}30{marks[s][1]}{2_000_000 + c * 7 % 7_000_000}"),
            "street": column(lambda c, s: f"{family[c % 200]}{('straße', 'str.', 'strasse')[s]} {c // 200 % 300}"),
            "postcode": column(lambda c, _: f"{c * 31 % 99_000 + 1000:05d}"),
            "city": column(lambda c, _: cities[c % 3000]),
            "birth_date": column(lambda c, s: dates[s].format(y=1930 + c % 75, m=1 + c % 12, d=1 + c % 28)),
            "identifier": column(lambda c, _: f"DE{c * 13 % 899_999_999 + 100_000_000}"),
        }
    )


def measure(table: pa.Table, n_processes: int) -> tuple[float, float, list[tuple[str, int, float]]]:
    """Seconds and processor seconds of ours, and each step's distinct rows and seconds."""
    steps = []
    asked = distinct.map_rows

    def timed(function: str, rows: list, *, n_processes: int | None = None) -> list:
        began = time.perf_counter()
        answered = asked(function, rows, n_processes=n_processes)
        steps.append((function.rpartition(":")[2], len(rows), time.perf_counter() - began))
        return answered

    records.map_rows = timed
    began, before = time.perf_counter(), processor_seconds()
    standardise(table, country="DE", n_processes=n_processes)
    return time.perf_counter() - began, processor_seconds() - before, steps


def processor_seconds() -> float:
    """Of this process and of those it started."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def row_by_row(table: pa.Table) -> float:
    """Processor seconds of the same functions, called for each row."""
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    nothing = [None] * len(table)
    began = time.process_time()
    for step in STEPS:
        rows = zip(*(columns.get(name, nothing) for name in step.reads), strict=True)
        needs = [step.reads.index(name) for name in step.needs]
        distinct.apply(step.function, [row for row in rows if any(row[at] is not None for at in needs)])
    return time.process_time() - began


def phonenumbers_alone(table: pa.Table) -> float:
    """Processor seconds of the library for the phone numbers of each row."""
    import phonenumbers

    phones = [phone for phone in table.column("phone").to_pylist() if phone]
    began = time.process_time()
    for phone in phones:
        number = phonenumbers.parse(phone, "DE")
        phonenumbers.is_valid_number(number)
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    print(f"making {options.records:,} records ...", file=sys.stderr, flush=True)
    table = make_records(options.records)
    sample = table.slice(0, options.rows)
    scale = options.records / len(sample)
    # Tables of the libraries are loaded before anything is measured.
    standardise(table.slice(0, 1000), country="DE", n_processes=1)
    seconds, processor, steps = measure(table, options.processes)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    by_row, library = row_by_row(sample) * scale, phonenumbers_alone(sample) * scale
    print("| contender | records | seconds | processor seconds | times ours | peak memory |")
    print("|---|---:|---:|---:|---:|---:|")
    print(f"| ours | {options.records:,} | {seconds:.1f} | {processor:.1f} | 1.00 | {peak:,.0f} MB |")
    print(f"| row by row, scaled | {options.records:,} | | {by_row:.1f} | {by_row / processor:.2f} | |")
    print(f"| phonenumbers alone, scaled | {options.records:,} | | {library:.1f} | {library / processor:.2f} | |")
    print("\n| step | distinct | seconds |\n|---|---:|---:|")
    for name, n_rows, took in steps:
        print(f"| {name} | {n_rows:,} | {took:.1f} |")


if __name__ == "__main__":
    main()
