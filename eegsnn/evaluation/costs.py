"""What a decision costs: operations, energy and parameters, as far as a model can tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

# Counts are means over trials: more of them change nothing but the time that counting takes.
_TRIALS = 128
_MULTIPLICATIONS = "multiply_accumulates"


def decision_costs(estimator: Any, X: np.ndarray) -> dict[str, float] | None:
    """Return what one decision of a fitted model costs, on average over trials.

    Parameters
    ----------
    estimator : fitted classifier
        Asked for ``count_operations(X)`` (:class:`~eegsnn.monitoring.Operations`, or a mapping
        with the keys below), else for ``macs_`` (multiply-accumulates per trial), and for
        ``n_parameters_``.
    X : ndarray, shape (trials, …)
        Test trials; up to 128 of them, evenly spaced, are looked at.

    Returns
    -------
    dict or None
        ``synaptic_operations`` (additions caused by spikes) and ``multiply_accumulates`` per
        trial; ``energy_nj``, their energy in nanojoules at 0.9 and 4.6 pJ each (45 nm, Horowitz
        2014; arithmetic alone, no memory access); ``parameters``, where known. None where a model
        counts nothing.

    Examples
    --------
    >>> class Twin:
    ...     macs_, n_parameters_ = 1000, 40
    >>> decision_costs(Twin(), np.zeros((2, 3)))["energy_nj"]
    4.6
    """
    from eegsnn.monitoring import ACCUMULATE_ENERGY, MULTIPLY_ACCUMULATE_ENERGY

    costs = _counted(estimator, X)
    if costs is None:
        return None
    parameters = getattr(estimator, "n_parameters_", None)
    if parameters is not None:
        costs["parameters"] = float(parameters)
    joules = (
        costs["synaptic_operations"] * ACCUMULATE_ENERGY
        + costs["multiply_accumulates"] * MULTIPLY_ACCUMULATE_ENERGY
    )
    return {"energy_nj": float(round(joules * 1e9, 9)), **costs}


def _counted(estimator: Any, X: np.ndarray) -> dict[str, float] | None:
    if hasattr(estimator, "count_operations"):
        chosen = np.unique(np.linspace(0, len(X) - 1, min(_TRIALS, len(X))).round().astype(int))
        counted = estimator.count_operations(X[chosen])
        total = getattr(counted, "total", counted)
        return {
            name: float(_read(total, name)) for name in ("synaptic_operations", _MULTIPLICATIONS)
        }
    macs = getattr(estimator, "macs_", None)
    if macs is None:
        return None
    return {"synaptic_operations": 0.0, _MULTIPLICATIONS: float(macs)}


def _read(counts: Any, name: str) -> Any:
    return counts.get(name, 0.0) if isinstance(counts, Mapping) else getattr(counts, name)


def selection_of(estimator: Any) -> list[dict[str, Any]]:
    """Return what an estimator chose by itself (its ``selection_``), as JSON can hold it.

    Examples
    --------
    >>> class Automatic:
    ...     selection_ = [{"name": "a", "score": np.float64(0.5), "seconds": 1, "chosen": True}]
    >>> selection_of(Automatic())
    [{'name': 'a', 'score': 0.5, 'seconds': 1.0, 'chosen': True}]
    """
    return [
        {
            "name": str(tried["name"]),
            "score": _number(tried.get("score")),
            "seconds": _number(tried.get("seconds")),
            "chosen": bool(tried.get("chosen", False)),
            **({"weight": float(tried["weight"])} if "weight" in tried else {}),
        }
        for tried in getattr(estimator, "selection_", None) or []
    ]


def _number(value: Any) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
