"""What every report imports, imported once in the parent that kernels are forked from.

Import only: nothing here opens a connection, a window or a thread, since those do not survive a fork.
"""

from __future__ import annotations

import ctypes
import importlib
import logging
import os
import signal
import sys

from crm_research.reporting.deaths import PARENT_VARIABLE

_PR_SET_PDEATHSIG = 1

HEAVY = (
    # The notebooks' side
    "numpy",
    "pandas",
    "pyarrow",
    "duckdb",
    "ibis",
    "ibis.backends.duckdb",
    "scipy.stats",
    "scipy.optimize",
    "scipy.special",
    "sklearn.cluster",
    "sklearn.preprocessing",
    "sklearn.metrics",
    "sklearn.mixture",
    "sklearn.tree",
    "sklearn.linear_model",
    "sklearn.decomposition",
    "lifelines",
    "matplotlib.figure",
    "matplotlib.backends.backend_svg",
    "matplotlib.backends.backend_agg",
    "matplotlib.font_manager",
    "seaborn",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "IPython.display",
    "matplotlib_inline.backend_inline",
    "pandas.io.formats.style",
    "crm_research.show",
    "crm_research.catalogue",
    "crm_research.theme",
    "crm_research.sources.opening",
    "crm_research.pillars.customer_base",
    "crm_research.pillars.segmentation",
    "crm_research.pillars.churn",
    "crm_research.pillars.loyalty",
    # The runner's side
    "papermill",
    "nbclient",
    "nbconvert.exporters.html",
    "crm_research.reporting.worker",
)


def import_all() -> None:
    """Import what there is; what is missing is left to the report that needs it."""
    for name in HEAVY:
        try:
            importlib.import_module(name)
        except Exception:
            # A module that fails here fails again, and with its reason, in the report that uses it.
            logging.getLogger(__name__).debug("not preloaded: %s", name, exc_info=True)


def end_with_parent(parent: int) -> None:
    """Let the system end this process with its parent, also while it imports; its own children are not touched."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


if __name__ != "__main__" and PARENT_VARIABLE in os.environ:
    # Ctrl-C goes to all processes of a terminal, and is for the run alone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(int(os.environ.pop(PARENT_VARIABLE)))
if __name__ != "__main__":
    import_all()
