"""One step of neurons in biological units: Izhikevich's and the adaptive exponential one.

Their reset is part of the model: the membrane is set to a value and the recovery variable raised,
at once. ``reset_mechanism`` and ``reset_delay`` therefore do not exist here. The membrane after a
step is that after the reset, so that its peaks do not appear in a trace: the spikes do.
"""

from __future__ import annotations

import mlx.core as mx

from eegsnn.neurons.functional._reset import Value
from eegsnn.surrogate import Surrogate, get_surrogate, spike

PER_MILLIVOLT = 0.25
"""Slope of the default surrogate, a fast sigmoid of the distance to the peak in mV.

Membranes span about 100 mV here and 1 in a LIF neuron: 25 / 100.
"""

HIGHEST_EXPONENT = 10.0
"""Bound of (mem − threshold)/slope_factor in the exponential of :func:`adex_step`."""


def izhikevich_step(
    x: mx.array,
    mem: mx.array,
    u: mx.array,
    *,
    a: Value,
    b: Value,
    c: Value,
    d: Value,
    dt: Value = 1.0,
    peak: Value = 30.0,
    detach_reset: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array, mx.array]:
    """One step of Izhikevich's neuron, by Euler's method.

    Both equations take the old membrane::

        mem' = mem + dt·(0.04·mem² + 5·mem + 140 − u + x)
        u'   = u + dt·a·(b·mem − u)

    Where mem' > peak there is a spike, and mem' := c, u' += d.

    Parameters
    ----------
    x : array (batch, …)
        Input current of this step, in the model's own unit (10 is a strong one).
    mem, u : arrays, same shape as `x`
        Membrane potential in mV, and recovery variable, after the previous step.
    a, b, c, d : float or array
        Rate of recovery (1/ms), its sensitivity to the membrane, membrane after a spike (mV), what
        a spike adds to u. A scalar or one value per neuron.
    dt : float or array, default 1.0
        Time step in ms. Spike times shift a little above 0.5 ms, and much above 1 ms.
    peak : float or array, default 30.0
        mV.
    detach_reset : bool, default True
        Whether the gradient ignores the reset; with False it flows through the spike.
    surrogate : Surrogate, optional
        A function of mem' − peak in mV; default fast sigmoid with slope 0.25 per mV.

    Returns
    -------
    spikes, mem, u : arrays, same shape as `x`

    References
    ----------
    Izhikevich (2003), "Simple model of spiking neurons", equations 1 to 3. There v is integrated
    in two half steps and a spike is where v ≥ 30; Norse 1.1 integrates as here.
    """
    after = mem + dt * (0.04 * mem * mem + 5.0 * mem + 140.0 - u + x)
    u = u + dt * a * (b * mem - u)
    return _fire_and_set(after, u, peak, c, d, detach_reset, surrogate)


def adex_step(
    x: mx.array,
    mem: mx.array,
    w: mx.array,
    *,
    capacitance: Value = 281.0,
    leak: Value = 30.0,
    rest_potential: Value = -70.6,
    threshold: Value = -50.4,
    slope_factor: Value = 2.0,
    tau_w: Value = 144.0,
    a: Value = 4.0,
    b: Value = 80.5,
    reset: Value = -70.6,
    dt: Value = 1.0,
    peak: Value = 20.0,
    detach_reset: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array, mx.array]:
    """One step of the adaptive exponential integrate-and-fire neuron (AdEx), by Euler's method.

    Both equations take the old values::

        mem' = mem + dt/C·(−g·(mem − E) + g·Δ·exp((mem − threshold)/Δ) − w + x)
        w'   = w + dt/tau_w·(a·(mem − E) − w)

    with C the capacitance, g the leak, E the rest potential and Δ the slope factor. Where
    mem' > peak there is a spike, and mem' := reset, w' += b.

    The exponent is held at 10 at the most: the membrane then rises by volts per ms, so that it
    passes the peak in this step or the next, while without a bound the exponential overflows (in
    half precision at 11) and its gradient drowns all others.

    Parameters
    ----------
    x : array (batch, …)
        Input current of this step in pA.
    mem, w : arrays, same shape as `x`
        Membrane potential in mV, and adaptation current in pA, after the previous step.
    capacitance, leak, rest_potential, threshold, slope_factor, tau_w, a, b, reset
        In pF, nS, mV, mV, mV, ms, nS, pA and mV; a scalar or one value per neuron. The defaults are
        the paper's.
    dt : float or array, default 1.0
        Time step in ms. Above 1 ms spike times shift.
    peak : float or array, default 20.0
        mV.
    detach_reset : bool, default True
        Whether the gradient ignores the reset; with False it flows through the spike.
    surrogate : Surrogate, optional
        A function of mem' − peak in mV; default fast sigmoid with slope 0.25 per mV.

    Returns
    -------
    spikes, mem, w : arrays, same shape as `x`

    References
    ----------
    Brette & Gerstner (2005), "Adaptive exponential integrate-and-fire model as an effective
    description of neuronal activity", equations 1 to 3.
    """
    exponent = mx.minimum((mem - threshold) / slope_factor, HIGHEST_EXPONENT)
    # Conductance over capacitance first: currents would leave the range of half precision.
    upstroke = slope_factor * mx.exp(exponent) - (mem - rest_potential)
    after = mem + dt * (leak / capacitance * upstroke + (x - w) / capacitance)
    w = w + dt / tau_w * (a * (mem - rest_potential) - w)
    return _fire_and_set(after, w, peak, reset, b, detach_reset, surrogate)


def _fire_and_set(
    mem: mx.array,
    recovery: mx.array,
    peak: Value,
    value: Value,
    added: Value,
    detach_reset: bool,
    surrogate: Surrogate | None,
) -> tuple[mx.array, mx.array, mx.array]:
    """Spikes; the membrane set to `value` and the recovery raised by `added` where there is one."""
    spikes = spike(mem - peak, surrogate or get_surrogate("fast_sigmoid", PER_MILLIVOLT))
    if detach_reset:
        fired = mx.stop_gradient(spikes)
        return spikes, mx.where(fired > 0, value, mem), recovery + fired * added
    return spikes, (1.0 - spikes) * mem + spikes * value, recovery + spikes * added
