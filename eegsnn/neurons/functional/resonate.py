"""One step of the resonate-and-fire neuron: a damped oscillator with a threshold."""

from __future__ import annotations

import math

import mlx.core as mx

from eegsnn.neurons.functional._reset import Firing, Value, as_array
from eegsnn.surrogate import Surrogate, spike


def resonate_step(
    x: mx.array,
    real: mx.array,
    mem: mx.array,
    *,
    frequency: Value,
    damping: Value,
    dt: Value = 1.0,
    threshold: Value = 1.0,
    reset_mechanism: str = "zero",
    reset_delay: bool = True,
    detach_reset: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array, mx.array]:
    """One step of the resonate-and-fire neuron: it answers to inputs at its own frequency.

    The complex z = real + i·mem turns and shrinks, exactly for any `dt`, and the input pushes its
    real part::

        z' = exp((−damping + 2πi·frequency)·dt)·z + x

    With R = [mem > threshold] from the previous step::

        zero:      z is emptied before the turn, z·(1 − R)      (the input is kept)
        subtract:  mem' −= R·threshold                          (the real part is left)

    and spikes = [mem' > threshold]. With ``reset_delay=False`` the new spike is taken off at once,
    from both parts (zero) or from `mem` (subtract).

    A sine of amplitude A at its own frequency drives it to an amplitude of about
    A / (2·damping·dt); the input of one step reaches `mem` at the next.

    Parameters
    ----------
    x : array (batch, …)
        Input of this step.
    real, mem : arrays, same shape as `x`
        Real and imaginary part (in Izhikevich's words: current-like and voltage-like) after the
        previous step.
    frequency : float or array
        Cycles per unit of `dt`: Hz if `dt` is in seconds, cycles per step if it is 1.
    damping : float or array
        Decay per unit of `dt`, above 0: the amplitude falls to 1/e in 1/damping.
    dt : float or array, default 1.0
        Duration of a step.
    threshold : float or array, default 1.0
    reset_mechanism : {"zero", "subtract", "none"}, default "zero"
        Forgets the phase, as Izhikevich's reset to z = i does, without leaving the membrane at its
        threshold.
    reset_delay, detach_reset, surrogate
        As in :func:`~eegsnn.neurons.functional.leaky_step`.

    Returns
    -------
    spikes, real, mem : arrays, same shape as `x`

    Raises
    ------
    ConfigurationError
        For an unknown `reset_mechanism`.

    References
    ----------
    Izhikevich (2001), "Resonate-and-fire neurons".
    """
    firing = Firing.checked(reset_mechanism, reset_delay, detach_reset, surrogate)
    previous = firing.previous_spikes(mem, threshold)
    decay = mx.exp(-as_array(damping, x.dtype) * dt)
    angle = 2.0 * math.pi * as_array(frequency, x.dtype) * dt
    cosine, sine = decay * mx.cos(angle), decay * mx.sin(angle)
    if reset_mechanism == "zero":
        real, mem = (1.0 - previous) * real, (1.0 - previous) * mem
    real, mem = cosine * real - sine * mem + x, sine * real + cosine * mem
    if reset_mechanism == "subtract":
        mem = mem - previous * threshold
    spikes = spike(mem - threshold, firing.surrogate)
    if not reset_delay:
        due = firing.due_at_once(spikes, previous)
        mem = firing.take_off(mem, due, threshold)
        real = real - due * real if reset_mechanism == "zero" else real
    return spikes, real, mem
