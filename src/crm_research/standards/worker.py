"""A process beside: reads a function's name and rows, and writes what the function says of each."""

from __future__ import annotations

import pickle
import sys

from crm_research.standards.distinct import apply

if __name__ == "__main__":
    function, rows = pickle.load(sys.stdin.buffer)
    pickle.dump(apply(function, rows), sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)
