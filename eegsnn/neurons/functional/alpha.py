"""One step of the two neurons that are called Alpha: snnTorch's, and the mlx-snn paper's."""

from __future__ import annotations

import mlx.core as mx

from eegsnn.neurons.functional._reset import Firing, Value, as_array
from eegsnn.neurons.functional.synaptic import synaptic_step
from eegsnn.surrogate import Surrogate, spike


def alpha_step(
    x: mx.array,
    syn_exc: mx.array,
    syn_inh: mx.array,
    mem: mx.array,
    *,
    alpha: Value,
    beta: Value,
    threshold: Value = 1.0,
    reset_mechanism: str = "zero",
    reset_delay: bool = True,
    detach_reset: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array, mx.array, mx.array]:
    """One step of snnTorch's ``Alpha`` neuron: each input adds an alpha function to the membrane.

    With R = [mem > threshold] from the previous step::

        exc' = alpha·exc + x
        inh' = beta·inh − x
        mem' = tau·(exc' + inh')    with tau = ln alpha / (ln beta − ln alpha) + 1
        zero:      exc', inh' and mem' are multiplied by 1 − R
        subtract:  exc' −= R·threshold;  inh' −= R·inh';  mem' += R·inh

    and spikes = [mem' > threshold]. The membrane is a difference of two exponentials and has no
    memory of its own, so that a reset has to act on the currents. With ``reset_delay=False``
    (which snnTorch does not have here) the same is done with the new spikes at once.

    For the neuron that the mlx-snn paper calls Alpha see :func:`dual_exponential_step`.

    Parameters
    ----------
    x : array (batch, …)
        Input of this step.
    syn_exc, syn_inh, mem : arrays, same shape as `x`
        The slow positive and the fast negative current, and their scaled sum, after the previous
        step.
    alpha, beta : float or array
        Decay per step of `syn_exc` and `syn_inh`, in [0, 1], alpha > beta; scalar or one per
        neuron. Nothing is checked here: :class:`~eegsnn.neurons.Alpha` does.
    reset_mechanism : {"zero", "subtract", "none"}, default "zero"
        snnTorch's default for this neuron.
    threshold, reset_delay, detach_reset, surrogate
        As in :func:`~eegsnn.neurons.functional.leaky_step`.

    Returns
    -------
    spikes, syn_exc, syn_inh, mem : arrays, same shape as `x`

    Raises
    ------
    ConfigurationError
        For an unknown `reset_mechanism`.

    References
    ----------
    Equations of snnTorch 1.0.0 (``snn.Alpha``), Eshraghian et al. (2023).
    """
    firing = Firing.checked(reset_mechanism, reset_delay, detach_reset, surrogate)
    previous = firing.previous_spikes(mem, threshold)
    exc, inh = alpha * syn_exc + x, beta * syn_inh - x
    log_alpha, log_beta = (mx.log(as_array(decay, x.dtype)) for decay in (alpha, beta))
    mem = (log_alpha / (log_beta - log_alpha) + 1) * (exc + inh)

    def take_off(due: mx.array, old_inh: mx.array) -> tuple[mx.array, mx.array, mx.array]:
        if reset_mechanism == "subtract":
            return exc - due * threshold, inh - due * inh, mem + due * old_inh
        kept_exc, kept_inh, kept = (firing.take_off(p, due, threshold) for p in (exc, inh, mem))
        return kept_exc, kept_inh, kept

    exc, inh, mem = take_off(previous, syn_inh)
    spikes = spike(mem - threshold, firing.surrogate)
    if not reset_delay:
        exc, inh, mem = take_off(firing.due_at_once(spikes, previous), inh)
    return spikes, exc, inh, mem


def dual_exponential_step(
    x: mx.array,
    syn_exc: mx.array,
    syn_inh: mx.array,
    mem: mx.array,
    *,
    alpha: Value,
    beta: Value,
    threshold: Value = 1.0,
    reset_mechanism: str = "subtract",
    reset_delay: bool = True,
    detach_reset: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[mx.array, mx.array, mx.array, mx.array]:
    """One step of a LIF neuron whose current rises and decays: the mlx-snn paper's Alpha neuron.

    With R = [mem > threshold] from the previous step::

        exc' = alpha·exc + x
        inh' = alpha·inh + exc'
        mem' = beta·mem + inh'
        subtract:  mem' −= R·threshold
        zero:      mem' −= R·mem'            (the currents stay)

    and spikes = [mem' > threshold]; ``reset_delay=False`` as in
    :func:`~eegsnn.neurons.functional.synaptic_step`. The names
    of the two currents are the paper's: both are excitatory, the second follows the first.
    snnTorch's Alpha is another neuron: :func:`alpha_step`.

    Parameters
    ----------
    x : array (batch, …)
        Input of this step.
    syn_exc, syn_inh, mem : arrays, same shape as `x`
        First and second current, and the membrane potential, after the previous step.
    alpha, beta : float or array
        Decay per step of both currents and of the membrane, in [0, 1]; scalar or one per neuron.
    threshold, reset_mechanism, reset_delay, detach_reset, surrogate
        As in :func:`~eegsnn.neurons.functional.leaky_step`.

    Returns
    -------
    spikes, syn_exc, syn_inh, mem : arrays, same shape as `x`

    Raises
    ------
    ConfigurationError
        For an unknown `reset_mechanism`.

    References
    ----------
    Equations 9 to 11 of the mlx-snn paper.
    """
    exc = alpha * syn_exc + x
    spikes, inh, mem = synaptic_step(
        exc,
        syn_inh,
        mem,
        alpha=alpha,
        beta=beta,
        threshold=threshold,
        reset_mechanism=reset_mechanism,
        reset_delay=reset_delay,
        detach_reset=detach_reset,
        surrogate=surrogate,
    )
    return spikes, exc, inh, mem
