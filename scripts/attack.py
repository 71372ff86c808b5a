"""Attack the command line with malformed inputs: does each get its own true message, in time?

    python scripts/attack.py              all kinds
    python scripts/attack.py urls sql     some kinds
    python scripts/attack.py --show 17    one case: what was asked, and what was said

Each case is a folder of files and a command. It runs in a process of its own, forked from one that has imported what
commands need, with a time limit. What counts as a fault:

- traceback: a traceback, the command's last resort ("unforeseen"), or an exit status it does not have;
- hang: no end within the limit;
- silent: exit status 0, and no warning, where the input is at fault; or a file read or changed that nobody named.

Prints a table by kind and the three counts; exits with 1 if any is above 0.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from attack_cases import KINDS, REFUSED, SECRET, TOLD, Case

SECONDS_IN_ALL = 60  # after this the case is a hang


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a case ended: its exit status (None: it did not), what it said and which fault that is."""

    case: Case
    status: int | None
    said: str
    seconds: float
    fault: str | None


def run_case(case: Case, scratch: Path) -> Result:
    """Build a case in a folder of its own, run its command in a forked process, and judge how it ended."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    (folder / "secret.csv").write_text(f"order_id,customer_id,ordered_at,revenue\n9,{SECRET},2024-01-01,1\n")
    command = case.build(folder)
    before = _digest(folder)
    out = folder.with_suffix(".said")
    began = time.monotonic()
    child = os.fork()
    if not child:
        _be_the_command(command, folder, out, case.environment)
    status = _wait(child)
    seconds = time.monotonic() - began
    said = out.read_text(encoding="utf-8", errors="replace") if out.exists() else ""
    is_changed = any(path.name.upper().startswith("PWNED") for path in folder.iterdir()) or (
        case.kind in {"SQL", "databases", "URLs", "expressions"} and _digest(folder) != before
    )
    fault = _judge(case, status, said, is_changed)
    shutil.rmtree(folder, ignore_errors=True)
    return Result(
        case=case, status=status, said=f"$ crm-research {' '.join(command)[:300]}\n{said}", seconds=seconds, fault=fault
    )


def _be_the_command(command: list[str], folder: Path, out: Path, environment: dict[str, str]) -> None:
    """In the child: the command as if it had been typed in the folder, its words kept in a file. Does not return."""
    status = 1
    try:
        os.setsid()
        file = os.open(out, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        encoding = environment.get("PYTHONIOENCODING", "utf-8")
        sys.stdout = os.fdopen(
            1, "w", encoding=encoding, errors="strict" if encoding == "utf-8" else "replace", closefd=False
        )
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
        os.environ.update(environment)
        tempfile.tempdir = None
        os.chdir(folder)
        sys.argv = ["crm-research", *command]
        from crm_research.cli import main

        main()
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 0 if leaving.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


def _wait(child: int) -> int | None:
    """The exit status of the child, minus the signal that ended it; None where it had to be stopped."""
    deadline = time.monotonic() + SECONDS_IN_ALL
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _judge(case: Case, status: int | None, said: str, is_changed: bool) -> str | None:
    if status is None:
        return "hang"
    if status not in {0, 1, 2} or "Traceback (most recent call last)" in said or "unforeseen: " in said:
        return "traceback"
    is_told = status > 0 or "warning: " in said or "error: " in said
    if is_changed or SECRET in said or "S3cretPart"[3:] in said or (case.expected == REFUSED and status != 2):
        return "silent"
    return "silent" if case.expected == TOLD and not is_told else None


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


def _preload() -> None:
    """Import once what the commands need, so that each case costs what it does and not what it imports."""
    from importlib import import_module

    for name in (
        "crm_research.cli",
        "crm_research.cli.check",
        "crm_research.cli.run",
        "crm_research.cli.new",
        "crm_research.cli.assign",
        "crm_research.cli.simulate",
        "crm_research.sources.opening",
        "crm_research.contracts.checks",
        "crm_research.catalogue",
        "crm_research.sources.readers.server",
        "crm_research.sources.readers.excel",
        "crm_research.sources.in_place",
        "crm_research.simulate",
        "ibis",
        "ibis.backends.duckdb",
        "ibis.backends.postgres",
        "duckdb",
        "pandas",
        "pyarrow.parquet",
        "rich.table",
        "rich.console",
        "openpyxl",
        "psycopg",
    ):
        try:
            import_module(name)
        except ImportError:
            continue


def main() -> int:
    """Run the cases of the kinds that are asked for, and print what came of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; all by default")
    parser.add_argument(
        "--show", type=int, action="append", default=[], metavar="N", help="print all that this case said"
    )
    parser.add_argument("--all", action="store_true", help="print every case with its first line")
    asked = parser.parse_args()
    unknown = set(asked.kinds) - set(KINDS)
    if unknown:
        parser.error(f"no kind {', '.join(sorted(unknown))}; known are {', '.join(KINDS)}")
    # Built before the engines' libraries start threads, and before any child is forked.
    cases = [case for name, make in KINDS.items() if not asked.kinds or name in asked.kinds for case in make()]
    chosen = [(i, case) for i, case in enumerate(cases, start=1) if not asked.show or i in asked.show]
    _preload()
    results = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crm-attack-") as scratch:
        for i, case in chosen:
            result = run_case(case, Path(scratch))
            results.append(result)
            if result.fault or asked.show or asked.all:
                lines = result.said if asked.show else "\n".join(result.said.splitlines()[:4])[:600]
                print(
                    f"{i} {case.kind} / {case.name}: {result.fault or 'well'} (status {result.status}, "
                    f"{result.seconds:.1f} s)\n{lines}\n",
                    flush=True,
                )
    _print_table(results)
    print(f"{len(results)} inputs in {time.monotonic() - began:.0f} s")
    counts = {fault: sum(result.fault == fault for result in results) for fault in ("traceback", "hang", "silent")}
    print(f"{counts['traceback']} tracebacks, {counts['hang']} hangs, {counts['silent']} silent")
    return int(any(counts.values()))


def _print_table(results: list[Result]) -> None:
    print(f"{'kind':<12} {'inputs':>7} {'tracebacks':>11} {'hangs':>6} {'silent':>7} {'slowest':>8}")
    for kind in dict.fromkeys(result.case.kind for result in results):
        own = [result for result in results if result.case.kind == kind]
        faults = [sum(result.fault == fault for result in own) for fault in ("traceback", "hang", "silent")]
        slowest = max(result.seconds for result in own)
        print(f"{kind:<12} {len(own):>7} {faults[0]:>11} {faults[1]:>6} {faults[2]:>7} {slowest:>6.1f} s")


if __name__ == "__main__":
    sys.exit(main())
