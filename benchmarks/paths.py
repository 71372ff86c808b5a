"""Path models with their bootstrap, beside the package plspm, on the same answers.

Run: python benchmarks/paths.py [--bootstraps 5000] [--theirs 50] [--repeats 3]

250 respondents, 24 items, six constructs, eight paths (the size of the customer satisfaction index of mobile phones;
answers are simulated). Seconds are of the processor. plspm fits every resample anew; it is timed on as many resamples
as --theirs says and scaled up, which is said in the table. Items are standardised first, for plspm divides all items by
one common spread and would otherwise fit another model. Without plspm (`pip install plspm`) its rows are left out.
Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import resource
import statistics
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from crm_research.models.paths import compare_paths, fit_paths, predict_paths

PATHS = (
    ("image", "expectation"),
    ("expectation", "quality"),
    ("quality", "value"),
    ("quality", "satisfaction"),
    ("value", "satisfaction"),
    ("image", "satisfaction"),
    ("satisfaction", "loyalty"),
    ("image", "loyalty"),
)
NAMES = ("image", "expectation", "quality", "value", "satisfaction", "loyalty")


def make_answers(n: int, n_items: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    held: dict[str, np.ndarray] = {}
    for name in NAMES:
        causes = [source for source, target in PATHS if target == name]
        held[name] = 0.4 * sum((held[cause] for cause in causes), np.zeros(n)) + rng.normal(size=n)
        held[name] /= held[name].std()
    items = {
        f"{name}_{place}": 0.8 * trait + 0.6 * rng.normal(size=n)
        for name, trait in held.items()
        for place in range(n_items)
    }
    frame = pd.DataFrame(items)
    return (frame - frame.mean()) / frame.std()


def constructs_of(answers: pd.DataFrame) -> dict[str, list[str]]:
    return {name: [item for item in answers if item.startswith(name)] for name in NAMES}


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median seconds of the processor, children included: a busy machine disturbs them less than the wall clock."""
    taken = []
    for _ in range(repeats):
        start = _processor()
        work()
        taken.append(_processor() - start)
    return statistics.median(taken)


def _processor() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def run_plspm(answers: pd.DataFrame, n_bootstraps: int) -> pd.DataFrame:
    """Their fit, with a bootstrap in one process where resamples are asked for; the matrix of paths."""
    from plspm import config
    from plspm.mode import Mode
    from plspm.plspm import Plspm
    from plspm.scheme import Scheme

    structure = config.Structure()
    for source, target in PATHS:
        structure.add_path([source], [target])
    model = config.Config(structure.path(), scaled=True)
    for name, items in constructs_of(answers).items():
        model.add_lv(name, Mode.A, *[config.MV(item) for item in items])
    extra = {"bootstrap": True, "bootstrap_iterations": n_bootstraps, "processes": 1} if n_bootstraps else {}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return Plspm(answers, model, Scheme.PATH, iterations=300, tolerance=1e-9, **extra).path_coefficients()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstraps", type=int, default=5000)
    parser.add_argument("--theirs", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    answers = make_answers(250)
    constructs = constructs_of(answers)
    print("| work | who | resamples run | seconds | seconds for all |\n|---|---|---|---|---|")

    def tell(work: str, who: str, n: int | None, taken: float, scaled: float | None = None) -> None:
        print(f"| {work} | {who} | {n or ''} | {taken:.2f} | {taken if scaled is None else scaled:.2f} |", flush=True)

    fit = seconds(lambda: fit_paths(answers, constructs, PATHS, n_bootstraps=0), chosen.repeats)
    tell("fit alone", "ours", None, fit)
    n = chosen.bootstraps
    ours = seconds(lambda: fit_paths(answers, constructs, PATHS, n_bootstraps=n), chosen.repeats)
    tell(f"{n:,} resamples, 250 x 24", "ours", n, ours)
    try:
        alone = seconds(lambda: run_plspm(answers, 0), chosen.repeats)
    except ImportError:
        print("\nplspm is not installed; its rows are left out.")
    else:
        tell("fit alone", "plspm", None, alone)
        some = seconds(lambda: run_plspm(answers, chosen.theirs), 1)
        scaled = alone + (some - alone) / chosen.theirs * n
        tell(f"{n:,} resamples, 250 x 24", "plspm", chosen.theirs, some, scaled)
        theirs = run_plspm(answers, 0)
        found = fit_paths(answers, constructs, PATHS, n_bootstraps=0)
        apart = max(abs(found.path(source, target) - theirs.loc[target, source]) for source, target in PATHS)
        print(f"\nplspm takes {scaled / ours:,.0f} times as long; largest difference of a path {apart:.1e}.\n")
    predicted = seconds(lambda: predict_paths(answers, constructs, PATHS), chosen.repeats)
    tell("PLSpredict, 10 folds, 10 times", "ours", None, predicted)
    halves = answers.assign(group=np.arange(len(answers)) % 2)
    compared = seconds(lambda: compare_paths(halves, constructs, PATHS, "group"), chosen.repeats)
    tell("two groups, 1,000 permutations and resamples", "ours", None, compared)
    many = make_answers(200_000)
    tell(
        f"{n:,} resamples, 200,000 x 24",
        "ours",
        n,
        seconds(lambda: fit_paths(many, constructs, PATHS, n_bootstraps=n), 1),
    )


if __name__ == "__main__":
    main()
