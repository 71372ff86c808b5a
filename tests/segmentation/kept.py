"""Segmentations written by hand, and the customers that fit them."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from crm_research.pillars.segmentation.deployment.reference import take_reference
from crm_research.pillars.segmentation.deployment.saved import SavedSegmentation
from crm_research.pillars.segmentation.inputs.transforms import InputTransform

AS_OF = datetime(2024, 7, 1)
RECENCY = InputTransform(
    name="days_since_last", what="days since the last purchase", is_logarithmic=False, fill=100.0, centre=100.0,
    scale=50.0, clip=3.0,
)  # fmt: skip
NUMBER = InputTransform(
    name="n_orders", what="number of purchases", is_logarithmic=True, fill=3.0, centre=1.5, scale=0.8, clip=3.0
)
NAMES = ("重要客户", "Long silent customers")
CENTRES = np.array([[-1.5, 1.0], [1.0, -0.8]])


def draw_features(n=400, seed=3, shift=0.0):
    """Customers around the two centres, in the units of the features; a few gaps."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, size=n)
    scaled = CENTRES[group] + rng.normal(0, 0.45, size=(n, 2)) + shift
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{i:05}" for i in range(n)],
            "days_since_last": RECENCY.centre + RECENCY.scale * scaled[:, 0],
            "n_orders": np.expm1(NUMBER.centre + NUMBER.scale * scaled[:, 1]),
        }
    )
    frame.loc[frame.index[: n // 50], "n_orders"] = np.nan
    return frame


def a_kept(frame=None, *, centres=CENTRES, names=NAMES, currency="EUR"):
    """The segmentation of those customers."""
    frame = draw_features() if frame is None else frame
    inputs = (RECENCY, NUMBER)
    raw = frame[["days_since_last", "n_orders"]].to_numpy(dtype=float)
    scaled = np.column_stack([transform.apply(raw[:, place]) for place, transform in enumerate(inputs)])
    return SavedSegmentation(
        study="handmade",
        currency=currency,
        as_of=AS_OF,
        purpose="behaviour",
        inputs=inputs,
        names=names,
        centres=np.asarray(centres, dtype=float),
        evidence={"n_customers": len(frame), "n_groups": len(names), "verdict": "natural", "silhouette": 0.6},
        reference=take_reference(raw, scaled, np.asarray(centres, dtype=float), ("days_since_last", "n_orders")),
    )
