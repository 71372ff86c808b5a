"""Published correlations of the mobile phone satisfaction items, and what seminr makes of them.

250 customers of European mobile phone providers (Tenenhaus, Esposito Vinzi, Chatelin and Lauro 2005, Computational
Statistics & Data Analysis 48, 159-205). Correlations and results as the R package seminr (Ray, Danks and Calero Valdez)
prints them in its reference outputs.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

CONSTRUCTS = {
    "Image": ["IMAG1", "IMAG2", "IMAG3", "IMAG4", "IMAG5"],
    "Expectation": ["CUEX1", "CUEX2", "CUEX3"],
    "Value": ["PERV1", "PERV2"],
    "Satisfaction": ["CUSA1", "CUSA2", "CUSA3"],
}
PATHS = [("Image", "Satisfaction"), ("Expectation", "Satisfaction"), ("Value", "Satisfaction")]
N = 250

_BELOW_THE_DIAGONAL = """
0.389510
0.262591 0.130541
0.445008 0.297687 0.413899
0.429135 0.295384 0.337089 0.427086
0.242102 0.286043 0.219685 0.222856 0.257389
0.276576 0.203482 0.249101 0.303849 0.364018 0.325803
0.209140 0.301444 0.117481 0.247503 0.120443 0.213763 0.107181
0.345215 0.220848 0.275239 0.342653 0.187402 0.264707 0.135700 0.243587
0.382668 0.279535 0.342152 0.516449 0.300346 0.277121 0.189890 0.261121 0.700148
0.451773 0.405817 0.218722 0.439716 0.442748 0.324662 0.369708 0.331712 0.328728 0.420077
0.380770 0.271073 0.320365 0.433825 0.387407 0.299422 0.270281 0.254716 0.386607 0.507130 0.539201
0.527949 0.366991 0.287065 0.491207 0.450765 0.306416 0.279494 0.221366 0.487136 0.604658 0.489952 0.592357
"""

# construct: alpha, rho_c, AVE, rho_A
RELIABILITY = {
    "Image": (0.722835, 0.818326, 0.477980, 0.745292),
    "Expectation": (0.451903, 0.733178, 0.480507, 0.461658),
    "Value": (0.823632, 0.917897, 0.848311, 0.857527),
    "Satisfaction": (0.779195, 0.871458, 0.693364, 0.784024),
}
R2, R2_ADJUSTED = 0.590603, 0.585611
# consistent paths (PLSc), factorial scheme
CORRECTED = {"Image": 0.537705, "Expectation": 0.240968, "Value": 0.258280}
HTMT = {
    ("Image", "Expectation"): 0.888030,
    ("Image", "Value"): 0.651659,
    ("Image", "Satisfaction"): 0.910101,
    ("Expectation", "Value"): 0.588629,
    ("Expectation", "Satisfaction"): 0.865108,
    ("Value", "Satisfaction"): 0.740809,
}


def correlations():
    """The 13 by 13 matrix."""
    rows = [[float(value) for value in line.split()] for line in _BELOW_THE_DIAGONAL.split("\n") if line]
    found = np.eye(len(rows) + 1)
    for place, row in enumerate(rows, start=1):
        found[place, :place] = found[:place, place] = row
    return found


def answers():
    """Answers of 250 with exactly these correlations (made, not observed)."""
    made = np.random.default_rng(0).normal(size=(N, 13))
    left, _, right = np.linalg.svd(made - made.mean(axis=0), full_matrices=False)
    items = [item for block in CONSTRUCTS.values() for item in block]
    return pd.DataFrame(left @ right * np.sqrt(N) @ np.linalg.cholesky(correlations()).T, columns=items)
