"""With which versions of Python and of other packages are the numbers made?"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Final

PACKAGES: Final = (
    "crm-research",
    "duckdb",
    "ibis-framework",
    "lifelines",
    "matplotlib",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "seaborn",
)


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that make the numbers."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
