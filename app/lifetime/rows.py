"""Scores as rows of the tables."""

from typing import Any

import numpy as np

from app.lifetime.models import ModelRun
from app.lifetime.scoring import GroupScores, Scores
from app.lifetime.sufficient import Customers

_IDS = ("workspace_id", "run_id", "customer_id")
_COUNTS = ("repeat_days", "last_days", "age_days")
_REALS = (
    "mean_value", "historic", "p_alive", "purchase_value", "purchases_year", "purchases_12",
    "purchases_24", "purchases_36", "residual_12", "residual_24", "residual_36",
    "residual_infinite",
)  # fmt: skip
COLUMNS = (*_IDS, *_COUNTS, *_REALS)
_KINDS = {"V16": _IDS, ">i8": _COUNTS, ">f8": _REALS}
_ROW = np.dtype(
    [("fields", ">i2")]
    + [
        part
        for kind, names in _KINDS.items()
        for name in names
        for part in ((f"length_{name}", ">i4"), (name, kind))
    ]
)
_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL = b"\xff\xff"


def packed(run: ModelRun, customers: Customers, scores: Scores) -> bytes:
    """Every customer's prediction in the binary form of COPY."""
    rows = np.zeros(len(customers), _ROW)
    rows["fields"] = len(COLUMNS)
    for kind, names in _KINDS.items():
        for name in names:
            rows[f"length_{name}"] = np.dtype(kind).itemsize
    rows["workspace_id"] = np.void(run.workspace_id.bytes)
    rows["run_id"] = np.void(run.id.bytes)
    rows["customer_id"] = customers.ids
    rows["repeat_days"] = customers.x
    rows["last_days"] = customers.t_x
    rows["age_days"] = customers.age
    rows["mean_value"] = customers.mean
    rows["historic"] = customers.total
    rows["p_alive"] = scores.p_alive
    rows["purchase_value"] = scores.value
    rows["purchases_year"] = scores.year
    for horizon, each in scores.purchases.items():
        rows[f"purchases_{horizon}"] = each
    for horizon, each in scores.residual.items():
        rows[f"residual_{horizon}"] = each
    return _HEAD + rows.tobytes() + _TAIL


def group_row(run: ModelRun, scores: GroupScores) -> dict[str, Any]:
    """A row of group predictions."""
    return {
        "workspace_id": run.workspace_id,
        "run_id": run.id,
        "dimension": scores.dimension,
        "member": scores.member,
        "customers": scores.customers,
        "figures": {
            "alive": scores.alive,
            "historic": scores.historic,
            "purchases": scores.purchases,
            "residual": scores.residual,
            "deciles": scores.deciles,
            "draws": scores.draws,
        },
    }
