"""One step of the LIF neuron whose input passes through a synaptic current."""

from __future__ import annotations

import mlx.core as mx

from eegsnn.neurons.functional._reset import Firing, Value
from eegsnn.surrogate import Surrogate


def synaptic_step(
    x: mx.array,
    syn: mx.array,
    mem: mx.array,
    *,
    alpha: Value,
    beta: Value,
    threshold: Value = 1.0,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    detach_reset: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array, mx.array]:
    """One step of the LIF neuron with a synaptic current (second order, CuBa-LIF).

    With R = [mem > threshold] from the previous step::

        syn' = alpha·syn + x
        mem' = beta·mem + syn'
        subtract:  mem' −= R·threshold
        zero:      mem' −= R·mem'            (the input is emptied with it; syn' stays)

    and spikes = [mem' > threshold]. With ``reset_delay=False`` the new spike is then taken off
    at once: ``mem' −= (spikes − R)·threshold``, or ``·mem'``.

    Parameters
    ----------
    x : array (batch, …)
        Input of this step.
    syn, mem : arrays, same shape as `x`
        Synaptic current and membrane potential after the previous step.
    alpha, beta : float or array
        Decay per step of the current and of the membrane, in [0, 1]; scalar or one per neuron.
    threshold, reset_mechanism, reset_delay, detach_reset, surrogate
        As in :func:`~eegsnn.neurons.functional.leaky_step`.

    Returns
    -------
    spikes, syn, mem : arrays, same shape as `x`

    Raises
    ------
    ConfigurationError
        For an unknown `reset_mechanism`.

    References
    ----------
    Equations of snnTorch 1.0.0 (``snn.Synaptic``), Eshraghian et al. (2023).
    """
    firing = Firing.checked(reset_mechanism, reset_delay, detach_reset, surrogate)
    previous = firing.previous_spikes(mem, threshold)
    syn = alpha * syn + x
    mem = firing.take_off(beta * mem + syn, previous, threshold)
    spikes, mem = firing.fire(mem, previous, threshold)
    return spikes, syn, mem
