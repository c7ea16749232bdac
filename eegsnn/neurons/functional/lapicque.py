"""One step of Lapicque's neuron: a resistor and a capacitor, integrated by Euler's method."""

from __future__ import annotations

import mlx.core as mx

from eegsnn.neurons.functional._reset import Firing, Value
from eegsnn.surrogate import Surrogate


def lapicque_step(
    x: mx.array,
    mem: mx.array,
    *,
    R: Value,
    C: Value,
    time_step: Value = 1.0,
    threshold: Value = 1.0,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    detach_reset: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array]:
    """One step of Lapicque's neuron, ``R·C·dU/dt = −U + R·I`` by Euler's method.

    With r = [mem > threshold] from the previous step::

        mem' = x·R·(1/(R·C))·time_step + (1 − time_step/(R·C))·mem
        subtract:  mem' −= r·threshold
        zero:      mem' −= r·mem'            (the input is emptied with it)

    and spikes = [mem' > threshold]. With ``reset_delay=False`` (which snnTorch does not have here)
    the new spike is then taken off at once: ``mem' −= (spikes − r)·threshold``, or ``·mem'``.

    Parameters
    ----------
    x : array (batch, …)
        Input current of this step.
    mem : array, same shape as `x`
        Membrane potential after the previous step.
    R, C : float or array
        Resistance and capacitance, above 0, in any units whose product is a time; scalar or one
        value per neuron.
    time_step : float or array, default 1.0
        In the unit of time of R·C.
    threshold, reset_mechanism, reset_delay, detach_reset, surrogate
        As in :func:`~eegsnn.neurons.functional.leaky_step`.

    Returns
    -------
    spikes, mem : arrays, same shape as `x`

    Raises
    ------
    ConfigurationError
        For an unknown `reset_mechanism`.

    References
    ----------
    Lapicque (1907); equations of snnTorch 1.0.0 (``snn.Lapicque``).
    """
    firing = Firing.checked(reset_mechanism, reset_delay, detach_reset, surrogate)
    previous = firing.previous_spikes(mem, threshold)
    mem = x * R * (1 / (R * C)) * time_step + (1 - time_step / (R * C)) * mem
    mem = firing.take_off(mem, previous, threshold)
    return firing.fire(mem, previous, threshold)
