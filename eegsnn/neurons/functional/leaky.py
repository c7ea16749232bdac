"""One step of the leaky integrate-and-fire neuron and of its relatives with one state."""

from __future__ import annotations

import mlx.core as mx

from eegsnn.neurons.functional._reset import Firing, Value
from eegsnn.surrogate import Surrogate


def leaky_step(
    x: mx.array,
    mem: mx.array,
    *,
    beta: Value,
    threshold: Value = 1.0,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    detach_reset: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array]:
    """One step of the leaky integrate-and-fire neuron (LIF); `beta` = 1 makes it IF.

    With R = [mem > threshold] from the previous step::

        subtract:  mem' = beta·mem + x − R·threshold
        zero:      mem' = beta·(1 − R)·mem + x          (the input is kept)
        none:      mem' = beta·mem + x

    and spikes = [mem' > threshold]. With ``reset_delay=False`` the new spike is then taken off at
    once: ``mem' − (spikes − R)·threshold`` (subtract) or ``mem'·(1 − (spikes − R))`` (zero).

    Parameters
    ----------
    x : array (batch, …)
        Input current of this step.
    mem : array, same shape as `x`
        Membrane potential after the previous step.
    beta : float or array
        Decay of the membrane per step, in [0, 1]; a scalar or one value per neuron.
    threshold : float or array, default 1.0
        Firing threshold; a scalar or one value per neuron.
    reset_mechanism : {"subtract", "zero", "none"}
        See above.
    reset_delay : bool, default True
        See above.
    detach_reset : bool, default True
        Whether the gradient ignores the reset; with False it flows through the spike that resets.
    surrogate : Surrogate, optional
        Stands in for the derivative of the spike; default fast sigmoid with slope 25.

    Returns
    -------
    spikes, mem : arrays, same shape as `x`

    Raises
    ------
    ConfigurationError
        For an unknown `reset_mechanism`.

    References
    ----------
    Equations of snnTorch 1.0.0 (``snn.Leaky``), Eshraghian et al. (2023).
    """
    firing = Firing.checked(reset_mechanism, reset_delay, detach_reset, surrogate)
    previous = firing.previous_spikes(mem, threshold)
    if reset_mechanism == "subtract":
        mem = beta * mem + x - previous * threshold
    elif reset_mechanism == "zero":
        mem = beta * ((1.0 - previous) * mem) + x
    else:
        mem = beta * mem + x
    return firing.fire(mem, previous, threshold)


def integrator_step(x: mx.array, mem: mx.array, *, beta: Value) -> mx.array:
    """One step of the leaky integrator, ``mem' = beta·mem + x``: a readout that never spikes."""
    return beta * mem + x
