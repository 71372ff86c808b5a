"""Do the tests see what a reader sees? Break the code on purpose, a sample of places, and count what no test notices.

    make mutants                                      every room, 40 mutants each, drawn by a seed
    make mutants ROOMS="churn loyalty" SAMPLE=100     some rooms, more of them
    .venv/bin/python scripts/mutants.py churn --seed 7 --show

The mutants are mutmut's (operators, numbers, words, arguments), never ours. A room is a list of modules and the tests
that answer for them. mutmut runs the tests that it saw reach a mutant; what survives is tried once more against every
file of tests that reaches its module, since a fixture that is shared hides its users from mutmut. A mutant that only
ran out of time is tried once more, too, under a limit of processor time that no load of the machine can use up.
Nothing is written into the checkout: mutants live in a scratch folder. Exit 1 where a room notices a smaller share than
it promises.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "src/crm_research"
# Pages too: they choose what stands on them, and hold the notes, headers and remarks around the sentences.
SAID = (
    "words.py", "*_words.py", "figures.py", "*_figures.py", "page.py", "*_page.py",
    "tables.py", "cautions.py",
)  # fmt: skip
PILLARS = 0.85
MODELS = 0.80
_ARGUMENTS = ("-m", "not slow and not browser and not postgres", "-p", "no:cacheprovider", "-p", "quick_tests_first")
# 1: a test failed; 2 and 3: the tests could not run to their end. What ran out of time is tried once more.
_KILLED = {1, 2, 3}
# Processor time for a second try, as a multiple of how long the tests took when they were watched, and more of it.
_TIMES_AS_LONG, _SECONDS_MORE, _SECONDS_AT_MOST = 4, 30, 1800


@dataclass(frozen=True)
class Room:
    """Modules to break, the tests that answer for them, and the share that must be noticed."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    promised: float


def said(pillar: str, *more: str) -> tuple[str, ...]:
    """The modules of a pillar that make sentences and figures, wherever they stand in it."""
    return tuple(f"{PACKAGE}/pillars/{pillar}/{name}" for name in (*SAID, *(f"*/{name}" for name in SAID), *more))


ROOMS = {
    "customer_base": Room(said("customer_base", "base.py"), ("tests/customer_base",), PILLARS),
    "segmentation": Room(said("segmentation"), ("tests/segmentation",), PILLARS),
    "churn": Room(said("churn", "decisions/*.py"), ("tests/churn",), PILLARS),
    "silent_churn": Room(said("silent_churn"), ("tests/silent_churn",), PILLARS),
    "loyalty": Room(said("loyalty"), ("tests/loyalty",), PILLARS),
    "brand_loyalty": Room(said("brand_loyalty"), ("tests/brand_loyalty",), PILLARS),
    "satisfaction": Room(said("satisfaction"), ("tests/satisfaction",), PILLARS),
    "value": Room(said("value"), ("tests/value",), PILLARS),
    "grades": Room(said("grades"), ("tests/grades",), PILLARS),
    "customer_base_audit": Room(said("customer_base_audit"), ("tests/customer_base_audit",), PILLARS),
    "data_quality": Room(
        said("data_quality", "effects.py", "trends.py", "suspicions.py", "untrue.py"), ("tests/data_quality",), PILLARS
    ),
    "single_view": Room(said("single_view", "measure.py"), ("tests/single_view",), PILLARS),
    "customer_file": Room(
        said("customer_file", "choose.py", "next_steps.py", "worth.py"), ("tests/customer_file",), PILLARS
    ),
    "summary": Room(said("summary", "actions.py", "claims/*.py"), ("tests/summary",), PILLARS),
    "survival": Room((f"{PACKAGE}/models/survival/*",), ("tests/models/survival",), MODELS),
    "hazards": Room((f"{PACKAGE}/models/hazards/*",), ("tests/models/hazards",), MODELS),
    "decisions": Room((f"{PACKAGE}/models/decisions/*",), ("tests/models/decisions",), MODELS),
    "validation": Room((f"{PACKAGE}/models/validation/*",), ("tests/models/validation",), MODELS),
    "btyd": Room((f"{PACKAGE}/models/btyd/*",), ("tests/models/btyd",), MODELS),
    "costing": Room((f"{PACKAGE}/models/costing/*",), ("tests/models/costing",), MODELS),
    "grading": Room((f"{PACKAGE}/models/grading/*",), ("tests/models/grading",), MODELS),
    "lifetime_value": Room((f"{PACKAGE}/models/lifetime_value/*",), ("tests/models/lifetime_value",), MODELS),
    "joins": Room((f"{PACKAGE}/models/joins/*",), ("tests/models/joins",), MODELS),
    "importance": Room((f"{PACKAGE}/models/importance/*",), ("tests/models/importance",), MODELS),
    "paths": Room((f"{PACKAGE}/models/paths/*",), ("tests/models/paths",), MODELS),
    "scales": Room((f"{PACKAGE}/models/scales/*",), ("tests/models/scales",), MODELS),
    "dirichlet": Room((f"{PACKAGE}/models/dirichlet/*",), ("tests/models/dirichlet",), MODELS),
    "markov": Room((f"{PACKAGE}/models/markov/*",), ("tests/models/markov",), MODELS),
    "renewals": Room((f"{PACKAGE}/models/renewals/*",), ("tests/models/renewals",), MODELS),
    "parametric": Room((f"{PACKAGE}/models/parametric/*",), ("tests/models/parametric",), MODELS),
    "attitude": Room((f"{PACKAGE}/models/attitude/*",), ("tests/models/attitude",), MODELS),
    "second_opinion": Room((f"{PACKAGE}/models/second_opinion/*",), ("tests/models/second_opinion",), MODELS),
    "stats": Room((f"{PACKAGE}/stats/*",), ("tests/stats", "tests/customer_base/test_concentration.py"), MODELS),
    "features": Room((f"{PACKAGE}/features/*",), ("tests/features",), PILLARS),
    "standards": Room((f"{PACKAGE}/standards/*",), ("tests/standards",), PILLARS),
    "sources": Room((f"{PACKAGE}/sources/*",), ("tests/sources",), PILLARS),
    "linking": Room((f"{PACKAGE}/linking/*",), ("tests/linking",), MODELS),
    "repair": Room((f"{PACKAGE}/repair/*",), ("tests/repair",), MODELS),
    "reporting": Room((f"{PACKAGE}/reporting/*",), ("tests/reporting",), PILLARS),
    "contracts": Room((f"{PACKAGE}/contracts/*",), ("tests/contracts",), PILLARS),
    "show": Room((f"{PACKAGE}/show/*", f"{PACKAGE}/figures.py"), ("tests/show", "tests/test_figures.py"), PILLARS),
    "theme": Room((f"{PACKAGE}/theme/*",), ("tests/theme",), PILLARS),
}


@dataclass(frozen=True)
class Outcome:
    """What became of the mutants of one room."""

    room: str
    n_mutants: int
    killed: tuple[str, ...]
    survived: dict[str, str]
    undecided: tuple[str, ...] = ()

    @property
    def n_tried(self) -> int:
        """Mutants of which it is known whether a test noticed them."""
        return len(self.killed) + len(self.survived)

    @property
    def share(self) -> float:
        """Share of the tried that a test noticed."""
        return len(self.killed) / self.n_tried if self.n_tried else float("nan")


def main() -> int:
    """Try the rooms asked for, print a table, and what survived."""
    options = _read_options()
    outcomes = []
    for name in options.rooms or list(ROOMS):
        print(f"== {name}", flush=True)
        with tempfile.TemporaryDirectory(prefix="crm-mutants-") as folder:
            outcome = try_room(name, Path(folder), sample=options.sample, seed=options.seed, jobs=options.jobs)
        outcomes.append(outcome)
        open_ones = f"; {len(outcome.undecided)} undecided for want of time" if outcome.undecided else ""
        print(f"   {len(outcome.killed)} of {outcome.n_tried} noticed ({outcome.share:.0%}){open_ones}", flush=True)
        for mutant, change in outcome.survived.items():
            print(f"   survived: {mutant}")
            if options.show:
                print("\n".join(f"      {line}" for line in change.splitlines()))
    print(f"\n{'room':<16}{'mutants':>9}{'tried':>7}{'noticed':>9}{'share':>7}{'promised':>10}")
    short = 0
    for outcome in outcomes:
        promised = ROOMS[outcome.room].promised
        is_short = not outcome.share >= promised
        short += is_short
        print(
            f"{outcome.room:<16}{outcome.n_mutants:>9}{outcome.n_tried:>7}{len(outcome.killed):>9}{outcome.share:>7.0%}"
            f"{promised:>10.0%}{'  short' if is_short else ''}"
        )
    if options.out:
        rows = [
            {
                "room": o.room,
                "tried": o.n_tried,
                "killed": len(o.killed),
                "survived": o.survived,
                "undecided": o.undecided,
            }
            for o in outcomes
        ]
        options.out.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if short else 0


def try_room(name: str, folder: Path, *, sample: int, seed: int, jobs: int) -> Outcome:
    """Break a sample of the room's code in a scratch copy, one place at a time, and see which breaks go unnoticed."""
    room = ROOMS[name]
    copy_checkout(folder)
    write_settings(folder, room)
    # The first call makes every mutant and learns which test reaches which function; it tries none.
    make_mutants(folder)
    mutants = sorted(_verdicts(folder))
    if not mutants:
        raise SystemExit(f"room {name}: no mutant could be made; do its modules still exist?")
    drawn = random.Random(f"{seed} {name}").sample(mutants, min(sample, len(mutants)))
    _mutmut(folder, "run", "--max-children", str(jobs), *drawn)
    verdicts = _verdicts(folder)
    killed = [mutant for mutant in drawn if verdicts[mutant] in _KILLED]
    survived, undecided = {}, []
    for mutant in sorted(set(drawn) - set(killed)):
        is_noticed = _is_noticed(folder, room, mutant)
        if is_noticed is None:
            undecided.append(mutant)
        elif is_noticed:
            killed.append(mutant)
        else:
            survived[mutant] = _mutmut(folder, "show", mutant).stdout.strip()
    return Outcome(
        room=name,
        n_mutants=len(mutants),
        killed=tuple(sorted(killed)),
        survived=survived,
        undecided=tuple(undecided),
    )


def copy_checkout(folder: Path) -> None:
    """What git knows of the checkout, as it lies in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def write_settings(folder: Path, room: Room) -> None:
    """Settings of mutmut for this room alone."""
    also = sorted(
        path.name for path in folder.iterdir() if path.name not in {"src", "tests", "mutants", "pyproject.toml"}
    )
    settings = {
        "source_paths": ["src"],
        "only_mutate": list(room.modules),
        "pytest_add_cli_args_test_selection": list(room.tests),
        "pytest_add_cli_args": list(_ARGUMENTS),
        "also_copy": also,
        "process_isolation": "forkserver",
        # By the clock, so short or long is a matter of load: whatever runs out of it gets a second try.
        "timeout_multiplier": 4.0,
        "timeout_constant": 5.0,
        "use_git_change_detection": False,
        "track_dependencies": False,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")


def make_mutants(folder: Path) -> None:
    """Write every mutant and learn what tests reach them, without trying any."""
    made = _mutmut(folder, "print-time-estimates", check=False)
    if made.returncode or not _verdicts(folder):
        nothing = _mutmut(folder, "run", "no.such.mutant__mutmut_*", check=False)
        if not _verdicts(folder):
            raise SystemExit(f"mutmut made no mutants:\n{nothing.stdout[-4000:]}\n{nothing.stderr[-2000:]}")


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of: {', '.join(ROOMS)} (all)")
    parser.add_argument("--sample", type=int, default=40, metavar="N", help="mutants tried a room (40)")
    parser.add_argument("--seed", type=int, default=1, metavar="SEED", help="which ones are drawn (1)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="mutants tried at once (2)")
    parser.add_argument("--show", action="store_true", help="show what was changed in those that survived")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write what survived as JSON")
    options = parser.parse_args()
    unknown = sorted(set(options.rooms) - set(ROOMS))
    if unknown:
        parser.error(f"no such room: {', '.join(unknown)}; there are {', '.join(ROOMS)}")
    return options


def _mutmut(folder: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mutmut", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=_environment(), check=False)
    if check and done.returncode:
        raise SystemExit(f"{' '.join(words[:1])} failed:\n{_plain(done.stdout)[-6000:]}\n{done.stderr[-3000:]}")
    return done


def _plain(text: str) -> str:
    """Text without the turning wheel that a terminal would draw over itself."""
    return "\n".join(line.rsplit("\r", 1)[-1] for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines())


def _environment() -> dict[str, str]:
    # A test run may start this one: its own settings are none of the mutants' business.
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    plugin = str(Path(__file__).resolve().parent)
    return {
        **outer,
        "OMP_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": plugin,
    }


def _verdicts(folder: Path) -> dict[str, int | None]:
    """Exit code of each mutant that was made; None where it was not tried."""
    found: dict[str, int | None] = {}
    for path in _meta_files(folder):
        found.update(json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"])
    return found


def _meta_files(folder: Path) -> Iterator[Path]:
    return (folder / "mutants" / "src").rglob("*.meta")


def _is_noticed(folder: Path, room: Room, mutant: str) -> bool | None:
    """Does a test fail with this mutant in place, of the files that reach its module? None where there was no time."""
    here = folder / "mutants"
    watched = json.loads((here / "mutmut-stats.json").read_text(encoding="utf-8"))
    module = _module_of(mutant)
    reaching = {
        test.partition("::")[0]
        for function, tests in watched["tests_by_mangled_function_name"].items()
        if _module_of(function) == module
        for test in tests
    }
    took = sum(time for test, time in watched["duration_by_test"].items() if test.partition("::")[0] in reaching)
    limit = int(_TIMES_AS_LONG * took) + _SECONDS_MORE

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))

    environment = {**_environment(), "MUTANT_UNDER_TEST": mutant}
    environment["PYTHONPATH"] = os.pathsep.join([str(here / "src"), environment["PYTHONPATH"]])
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--rootdir=.",
        "-x",
        "-q",
        *_ARGUMENTS,
        *(sorted(reaching) or room.tests),
    ]
    try:
        done = subprocess.run(
            command,
            cwd=here,
            capture_output=True,
            env=environment,
            check=False,
            timeout=_SECONDS_AT_MOST,
            preexec_fn=bound,
        )
    except subprocess.TimeoutExpired:
        return None
    # Whoever used up four times the processor time (whatever else ran beside it) goes round in circles.
    if done.returncode in {0, *_KILLED, -signal.SIGXCPU}:
        return done.returncode != 0
    return None


def _module_of(name: str) -> str:
    """The module of a function or mutant as mutmut names it: package.module.x_function__mutmut_3."""
    return name.rpartition(".")[0]


if __name__ == "__main__":
    raise SystemExit(main())
