"""One time step of each neuron, as a pure function: arrays in, arrays out.

Conventions, the same for every neuron: a spike is emitted when the membrane potential exceeds the
threshold; the reset is detached from the gradient; ``reset_delay=True`` takes the spike of step t
off the membrane at step t+1 (snnTorch's default, and the update written in the mlx-snn paper),
``reset_delay=False`` takes it off at once.
"""

from __future__ import annotations

import mlx.core as mx

from eegsnn._validation import check_choice
from eegsnn.surrogate import Surrogate, get_surrogate, spike

RESET_MECHANISMS: tuple[str, ...] = ("subtract", "zero", "none")
"""What a spike does to the membrane: take the threshold off, set it to zero, or nothing."""


def leaky_step(
    x: mx.array,
    mem: mx.array,
    *,
    beta: float | mx.array,
    threshold: float | mx.array = 1.0,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array]:
    """One step of the leaky integrate-and-fire neuron (LIF); `beta` = 1 makes it IF.

    With R = [mem > threshold] from the previous step (detached)::

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
    check_choice("reset_mechanism", reset_mechanism, RESET_MECHANISMS)
    surrogate = surrogate or get_surrogate()
    previous = mx.stop_gradient((mem > threshold).astype(x.dtype))
    if reset_mechanism == "subtract":
        mem = beta * mem + x - previous * threshold
    elif reset_mechanism == "zero":
        mem = beta * ((1.0 - previous) * mem) + x
    else:
        mem = beta * mem + x
    spikes = spike(mem - threshold, surrogate)
    if not reset_delay and reset_mechanism != "none":
        due = mx.stop_gradient(spikes) - previous
        mem = mem - due * (threshold if reset_mechanism == "subtract" else mem)
    return spikes, mem


def integrator_step(x: mx.array, mem: mx.array, *, beta: float | mx.array) -> mx.array:
    """One step of the leaky integrator, ``mem' = beta·mem + x``: a readout that never spikes."""
    return beta * mem + x
