"""How long does it take to simulate a world, and how much memory at its peak?

python benchmarks/simulator.py --customers 1000000
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

from crm_research.simulate import WorldSettings, simulate_world


def main() -> None:
    """Simulate into a temporary folder and print one line for each figure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--customers", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--dirt", type=float, default=0.0)
    chosen = arguments.parse_args()
    settings = WorldSettings(n_customers=chosen.customers, seed=chosen.seed, dirt=chosen.dirt)
    with tempfile.TemporaryDirectory() as folder:
        began, busy = time.monotonic(), time.process_time()
        world = simulate_world(settings, Path(folder) / "world")
        seconds, busy = time.monotonic() - began, time.process_time() - busy
        size = sum(path.stat().st_size for path in world.path.rglob("*") if path.is_file())
    # Linux counts the peak in KiB, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(f"customers        {chosen.customers:,}")
    print(f"rows             {sum(world.n_rows.values()):,}")
    print(f"orders           {world.n_rows['orders']:,}")
    print(f"order lines      {world.n_rows['order_lines']:,}")
    print(f"seconds          {seconds:.1f}")
    print(f"processor        {busy:.1f} s")
    print(f"peak RSS         {peak:,.0f} MiB")
    print(f"on disk          {size / 2**20:,.0f} MiB")


if __name__ == "__main__":
    main()
