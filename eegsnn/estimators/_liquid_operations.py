"""What one decision of a liquid state machine costs: its connections, and those of its readout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import mlx.core as mx
import numpy as np

from eegsnn.layers.base import Connection
from eegsnn.models import LiquidStateMachine
from eegsnn.models.reservoir_dynamics import Response
from eegsnn.monitoring import Operations
from eegsnn.monitoring.operations import count_connections

_AMONG_UNITS = "reservoir"


def liquid_operations(
    liquid: LiquidStateMachine,
    responses: Iterable[tuple[np.ndarray, Response]],
    *,
    n_trials: int,
    n_classes: int,
    with_rates: bool,
    with_input: bool,
    static: bool,
) -> Operations:
    """Count what trials cost a calibrated reservoir and its linear readout, per trial.

    Parameters
    ----------
    liquid : LiquidStateMachine
    responses : iterable of (ndarray, Response)
        For batches of trials: what comes in, [T, batch, features], and what the reservoir did,
        spikes and the liquid states that are read out.
    n_trials, n_classes : int
        Trials of all batches.
    with_rates, with_input : bool
        Whether rates, and what comes in, are read out as well.
    static : bool
        Whether what comes in is the same at every step, and read out once.

    Notes
    -----
    Rates are read out as their spikes come, one addition per class. With short-term plasticity a
    spike is multiplied by what its synapses have left, so that each costs a product.
    """
    fan_in, fan_out = (
        np.diff(synapses.starts).astype(np.float64)
        for synapses in (liquid.reservoir.inputs, liquid.reservoir.recurrent)
    )

    def runs() -> Iterator[tuple[int, list[tuple[Connection, mx.array]]]]:
        for series, found in responses:
            assert found.spikes is not None
            n_steps, batch, _ = series.shape
            passes = 1 if static else n_steps
            # The spikes of the last step arrive nowhere.
            pairs = [
                _pair("input", "Sparse", series, fan_in, passes),
                _pair(_AMONG_UNITS, "Sparse", found.spikes[:-1], fan_out, n_steps - 1),
                _pair("readout of states", "Linear", found.samples, n_classes, len(found.samples)),
            ]
            if with_rates:
                pairs.append(_pair("readout of rates", "Linear", found.spikes, n_classes, 1))
            if with_input:
                read = series[:passes]
                pairs.append(_pair("readout of the input", "Linear", read, n_classes, passes))
            yield batch, pairs

    counted = count_connections(runs(), n_trials)
    if liquid.reservoir.plasticity is None:
        return counted
    return replace(
        counted,
        layers=tuple(
            replace(layer, synaptic_operations=0.0, multiply_accumulates=layer.synaptic_operations)
            if layer.name == _AMONG_UNITS
            else layer
            for layer in counted.layers
        ),
    )


def _pair(
    name: str, kind: str, arriving: np.ndarray, reach: float | np.ndarray, passes: int
) -> tuple[Connection, mx.array]:
    values = mx.array(np.asarray(arriving, dtype=np.float32))
    return Connection(name, kind, values, reach, passes), values
