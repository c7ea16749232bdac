"""One step of LIF neurons whose threshold rises with every spike, plain and recurrent."""

from __future__ import annotations

import mlx.core as mx

from eegsnn.neurons.functional._reset import Firing, Value
from eegsnn.neurons.functional.recurrent import recurrent_current
from eegsnn.surrogate import Surrogate


def alif_step(
    x: mx.array,
    spk: mx.array,
    adaptation: mx.array,
    mem: mx.array,
    *,
    beta: Value,
    rho: Value,
    b: Value,
    threshold: Value = 1.0,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    detach_reset: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array, mx.array]:
    """One step of the adaptive LIF neuron (ALIF): every spike raises its threshold for a while.

    With R = [mem > threshold + b·A] from the previous step::

        A'   = rho·A + spk
        subtract:  mem' = beta·mem + x − R·threshold      (the threshold at rest)
        zero:      mem' = beta·(1 − R)·mem + x            (the input is kept)
        none:      mem' = beta·mem + x

    and spikes = [mem' > threshold + b·A']. With ``reset_delay=False`` the new spike is then taken
    off at once: ``mem' −= (spikes − R)·threshold``, or ``·mem'``. With b = 0 this is
    :func:`~eegsnn.neurons.functional.leaky_step`.

    Parameters
    ----------
    x : array (batch, …)
        Input current of this step.
    spk, adaptation, mem : arrays, same shape as `x`
        Spikes, adaptation A (a decaying count of spikes) and membrane after the previous step.
    beta, rho : float or array
        Decay per step of the membrane and of the adaptation, in [0, 1]; scalar or one per neuron.
    b : float or array
        What each spike adds to the threshold, at least 0.
    threshold : float or array, default 1.0
        Threshold at rest.
    reset_mechanism, reset_delay, detach_reset, surrogate
        As in :func:`~eegsnn.neurons.functional.leaky_step`. The gradient through the adaptation is
        never detached: it is what this neuron learns long delays by.

    Returns
    -------
    spikes, adaptation, mem : arrays, same shape as `x`

    Raises
    ------
    ConfigurationError
        For an unknown `reset_mechanism`.

    References
    ----------
    Bellec et al. (2018), "Long short-term memory and learning-to-learn in networks of spiking
    neurons"; in the form of the mlx-snn paper, equations 4 to 6. Bellec's own A is smaller by the
    factor 1 − rho, so that their strength is b/(1 − rho), and their reset takes off the raised
    threshold.
    """
    firing = Firing.checked(reset_mechanism, reset_delay, detach_reset, surrogate)
    previous = firing.previous_spikes(mem, threshold + b * adaptation)
    adaptation = rho * adaptation + spk
    mem = firing.leak(x, mem, previous, beta, threshold)
    spikes, mem = firing.fire(mem, previous, threshold + b * adaptation, threshold)
    return spikes, adaptation, mem


def ralif_step(
    x: mx.array,
    spk: mx.array,
    adaptation: mx.array,
    mem: mx.array,
    *,
    beta: Value,
    rho: Value,
    b: Value,
    threshold: Value = 1.0,
    V: Value | None = None,
    recurrent_weight: mx.array | None = None,
    recurrent_bias: mx.array | None = None,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    detach_reset: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array, mx.array]:
    """One step of the recurrent adaptive LIF neuron, the unit of Bellec's LSNN.

    As :func:`alif_step`, with the neurons' own spikes fed back as in
    :func:`~eegsnn.neurons.functional.rleaky_step`::

        A'   = rho·A + spk
        mem' = beta·mem + x + recurrent(spk)
        subtract:  mem' −= R·threshold
        zero:      mem' −= R·mem'            (the input is emptied with it, as in RLeaky)

    Parameters
    ----------
    x : array (batch, …)
        Input of this step.
    spk, adaptation, mem : arrays, same shape as `x`
        Spikes, adaptation and membrane potential after the previous step.
    beta, rho, b, threshold, reset_mechanism, reset_delay, detach_reset, surrogate
        As in :func:`alif_step`.
    V, recurrent_weight, recurrent_bias
        As in :func:`~eegsnn.neurons.functional.recurrent_current`.

    Returns
    -------
    spikes, adaptation, mem : arrays, same shape as `x`

    Raises
    ------
    ConfigurationError
        For an unknown `reset_mechanism`, or no recurrence, or two.

    References
    ----------
    Bellec et al. (2018); see :func:`alif_step`.
    """
    firing = Firing.checked(reset_mechanism, reset_delay, detach_reset, surrogate)
    previous = firing.previous_spikes(mem, threshold + b * adaptation)
    feedback = recurrent_current(
        spk, V=V, recurrent_weight=recurrent_weight, recurrent_bias=recurrent_bias
    )
    adaptation = rho * adaptation + spk
    mem = firing.take_off(beta * mem + x + feedback, previous, threshold)
    spikes, mem = firing.fire(mem, previous, threshold + b * adaptation, threshold)
    return spikes, adaptation, mem
