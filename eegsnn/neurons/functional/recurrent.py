"""One step of recurrent neurons: their own spikes of the step before are part of the input."""

from __future__ import annotations

import mlx.core as mx

from eegsnn.errors import ConfigurationError
from eegsnn.neurons.functional._reset import Firing, Value
from eegsnn.surrogate import Surrogate


def recurrent_current(
    spk: mx.array,
    *,
    V: Value | None = None,
    recurrent_weight: mx.array | None = None,
    recurrent_bias: mx.array | None = None,
) -> mx.array:
    """Feed spikes back as a current: one to one, dense or convolutional, by what is given.

    Parameters
    ----------
    spk : array (batch, …)
        Spikes of the previous step.
    V : float or array, optional
        One to one: ``V·spk``; a scalar or one value per neuron.
    recurrent_weight : array (N, N) or (channels, height, width, channels), optional
        Dense, ``spk @ weightᵀ + bias`` with `spk` (batch, N); or a convolution with stride 1 that
        keeps the size of images `spk` (batch, height, width, channels). Out × in, as in ``mlx.nn``.
    recurrent_bias : array (N,) or (channels,), optional
        Zero if it is not given.

    Returns
    -------
    array, same shape as `spk`

    Raises
    ------
    ConfigurationError
        Unless exactly one of `V` and `recurrent_weight` is given.
    """
    if (V is None) == (recurrent_weight is None):
        raise ConfigurationError(
            "V, recurrent_weight: expected one of the two, V for one-to-one recurrence or weights "
            f"for a dense or convolutional one, but got {'neither' if V is None else 'both'}."
        )
    if V is not None:
        return spk * V
    assert recurrent_weight is not None
    if recurrent_weight.ndim == 2:
        current = spk @ recurrent_weight.T
    else:
        height, width = recurrent_weight.shape[1:3]
        current = mx.conv2d(spk, recurrent_weight, padding=(height // 2, width // 2))
    return current if recurrent_bias is None else current + recurrent_bias


def rleaky_step(
    x: mx.array,
    spk: mx.array,
    mem: mx.array,
    *,
    beta: Value,
    threshold: Value = 1.0,
    V: Value | None = None,
    recurrent_weight: mx.array | None = None,
    recurrent_bias: mx.array | None = None,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    detach_reset: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array]:
    """One step of the recurrent LIF neuron.

    With R = [mem > threshold] from the previous step::

        mem' = beta·mem + x + recurrent(spk)
        subtract:  mem' −= R·threshold
        zero:      mem' −= R·mem'            (the input is emptied with it)

    and spikes = [mem' > threshold]. With ``reset_delay=False`` the new spike is then taken off
    at once: ``mem' −= (spikes − R)·threshold``, or ``·mem'``.

    Parameters
    ----------
    x : array (batch, …)
        Input of this step.
    spk, mem : arrays, same shape as `x`
        Spikes and membrane potential after the previous step.
    beta, threshold, reset_mechanism, reset_delay, detach_reset, surrogate
        As in :func:`~eegsnn.neurons.functional.leaky_step`.
    V, recurrent_weight, recurrent_bias
        As in :func:`recurrent_current`.

    Returns
    -------
    spikes, mem : arrays, same shape as `x`

    Raises
    ------
    ConfigurationError
        For an unknown `reset_mechanism`, or no recurrence, or two.

    References
    ----------
    Equations of snnTorch 1.0.0 (``snn.RLeaky``), Eshraghian et al. (2023).
    """
    firing = Firing.checked(reset_mechanism, reset_delay, detach_reset, surrogate)
    previous = firing.previous_spikes(mem, threshold)
    feedback = recurrent_current(
        spk, V=V, recurrent_weight=recurrent_weight, recurrent_bias=recurrent_bias
    )
    mem = firing.take_off(beta * mem + x + feedback, previous, threshold)
    return firing.fire(mem, previous, threshold)


def rsynaptic_step(
    x: mx.array,
    spk: mx.array,
    syn: mx.array,
    mem: mx.array,
    *,
    alpha: Value,
    beta: Value,
    threshold: Value = 1.0,
    V: Value | None = None,
    recurrent_weight: mx.array | None = None,
    recurrent_bias: mx.array | None = None,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    detach_reset: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array, mx.array]:
    """One step of the recurrent LIF neuron with a synaptic current.

    With R = [mem > threshold] from the previous step::

        syn' = alpha·syn + x + recurrent(spk)
        mem' = beta·mem + syn'
        subtract:  mem' −= R·threshold
        zero:      mem' −= R·mem'            (the input is emptied with it; syn' stays)

    and spikes = [mem' > threshold]; ``reset_delay=False`` as in :func:`rleaky_step`. (snnTorch
    1.0.0 takes the flag for this neuron, but computes its effect on a variable that it drops.)

    Parameters
    ----------
    x : array (batch, …)
        Input of this step.
    spk, syn, mem : arrays, same shape as `x`
        Spikes, synaptic current and membrane potential after the previous step.
    alpha, beta : float or array
        Decay per step of the current and of the membrane, in [0, 1]; scalar or one per neuron.
    threshold, reset_mechanism, reset_delay, detach_reset, surrogate
        As in :func:`~eegsnn.neurons.functional.leaky_step`.
    V, recurrent_weight, recurrent_bias
        As in :func:`recurrent_current`.

    Returns
    -------
    spikes, syn, mem : arrays, same shape as `x`

    Raises
    ------
    ConfigurationError
        For an unknown `reset_mechanism`, or no recurrence, or two.

    References
    ----------
    Equations of snnTorch 1.0.0 (``snn.RSynaptic``), Eshraghian et al. (2023).
    """
    firing = Firing.checked(reset_mechanism, reset_delay, detach_reset, surrogate)
    previous = firing.previous_spikes(mem, threshold)
    feedback = recurrent_current(
        spk, V=V, recurrent_weight=recurrent_weight, recurrent_bias=recurrent_bias
    )
    syn = alpha * syn + x + feedback
    mem = firing.take_off(beta * mem + syn, previous, threshold)
    spikes, mem = firing.fire(mem, previous, threshold)
    return spikes, syn, mem
