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
    mem = firing.leak(x, mem, previous, beta, threshold)
    return firing.fire(mem, previous, threshold)


def parametric_leaky_step(
    x: mx.array,
    mem: mx.array,
    *,
    tau: Value,
    decay_input: bool = True,
    threshold: Value = 1.0,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    detach_reset: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array]:
    """One step of the parametric LIF neuron (PLIF): LIF described by its time constant.

    :func:`leaky_step` with ``beta = 1 − 1/tau`` and, if `decay_input`, the input scaled by 1/tau::

        mem' = mem + (x − mem)/tau     decay_input=True:  the input decays with the membrane
        mem' = mem − mem/tau + x       decay_input=False

    before the reset. SpikingJelly, which resets at once and to zero by default, is
    ``reset_mechanism="zero", reset_delay=False``.

    Parameters
    ----------
    x : array (batch, …)
        Input current of this step.
    mem : array, same shape as `x`
        Membrane potential after the previous step.
    tau : float or array
        Time constant in steps, above 1; a scalar or one value per neuron.
    decay_input : bool, default True
        See above; SpikingJelly's default.
    threshold, reset_mechanism, reset_delay, detach_reset, surrogate
        As in :func:`leaky_step`.

    Returns
    -------
    spikes, mem : arrays, same shape as `x`

    Raises
    ------
    ConfigurationError
        For an unknown `reset_mechanism`.

    References
    ----------
    Fang et al. (2021), "Incorporating learnable membrane time constant to enhance learning of
    spiking neural networks"; SpikingJelly 2.0 (``ParametricLIFNode``).
    """
    rate = 1.0 / tau
    return leaky_step(
        x * rate if decay_input else x,
        mem,
        beta=1.0 - rate,
        threshold=threshold,
        reset_mechanism=reset_mechanism,
        reset_delay=reset_delay,
        detach_reset=detach_reset,
        surrogate=surrogate,
    )


def integrator_step(x: mx.array, mem: mx.array, *, beta: Value) -> mx.array:
    """One step of the leaky integrator, ``mem' = beta·mem + x``: a readout that never spikes."""
    return beta * mem + x
