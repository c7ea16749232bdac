"""What stands in for layers that NIR cannot say, where a user asks for an approximation."""

from __future__ import annotations

import copy
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn.exchange.elements import Delay, Scale, Threshold, linear
from eegsnn.exchange.layout import Layout
from eegsnn.exchange.stateless import array
from eegsnn.layers import (
    Conv1d,
    Conv2d,
    MaxPool1d,
    MaxPool2d,
    Sequential,
    SumPool1d,
    SumPool2d,
    TdBN,
)
from eegsnn.neurons import ALIF, RALIF, Alpha, SpikingNeuron, Synaptic
from eegsnn.surrogate import SURROGATES, get_surrogate


def substitute(layer: Any, layout: Layout) -> tuple[list[Any], str] | None:
    """Layers that come near one that NIR cannot say, and what differs; None if there are none.

    ================================  =========================================================
    layer                             stands in
    ================================  =========================================================
    surrogate gradient given as code  the default one; spikes are the same
    ALIF, RALIF, reset at once or to  the same with reset by subtraction one step later
    zero
    Alpha                             Synaptic with its two decays, one step later; its reset
                                      empties the membrane and not the currents
    MaxPool1d, MaxPool2d              "any spike in the window": exact for spikes
    TdBN, nn.BatchNorm                a product and a sum with the running statistics: exact but
                                      for rounding
    ================================  =========================================================
    """
    if isinstance(layer, MaxPool1d | MaxPool2d):
        kind: Any = SumPool1d if isinstance(layer, MaxPool1d) else SumPool2d
        sizes = tuple(layer._kernel_size), tuple(layer._stride)
        padding = tuple(p[0] for p in layer._padding)
        pool = kind(*(s if len(s) > 1 else s[0] for s in (*sizes, padding)))
        return [pool, Threshold(np.zeros(()))], "the maximum as any spike in the window"
    if isinstance(layer, TdBN | nn.BatchNorm):
        return [_normalisation(layer, layout)], "its running statistics as a product and a sum"
    if isinstance(layer, Alpha):
        return _alpha(layer), "its two currents as one, its reset of the membrane alone"
    if not isinstance(layer, SpikingNeuron):
        return None
    firing, told = layer.firing, []
    if firing["surrogate"].name not in SURROGATES:
        firing["surrogate"] = get_surrogate()
        told.append("the default surrogate gradient")
    kept = (("none", False), ("none", True), ("subtract", True))
    if isinstance(layer, ALIF | RALIF) and (
        (firing["reset_mechanism"], firing["reset_delay"]) not in kept
    ):
        firing |= {"reset_mechanism": "subtract", "reset_delay": True}
        told.append("its reset by subtraction, one step later")
    if not told:
        return None
    other = copy.copy(layer)
    other._firing = firing
    return [other], " and ".join(told)


def _alpha(layer: Alpha) -> list[Any]:
    """Delay, gain and Synaptic whose response without reset is that of Alpha.

    A single input gives the membrane of Alpha ``τ·(αᵏ − βᵏ)`` after k steps, and that of Synaptic
    ``(αᵏ⁺¹ − βᵏ⁺¹)/(α − β)``.
    """
    slow, fast = (array(v).astype(np.float64) for v in (layer.alpha, layer.beta))
    tau = np.log(slow) / (np.log(fast) - np.log(slow)) + 1
    firing = {**layer.firing, "reset_delay": False}
    firing["reset_mechanism"] = "none" if firing["reset_mechanism"] == "none" else "zero"
    neuron = Synaptic(fast, slow, layer.threshold, **firing)
    return [Delay(np.array(1)), Scale(tau * (slow - fast)), neuron]


def _normalisation(layer: Any, layout: Layout) -> Any:
    eps, gain = (layer._eps, layer._gain) if isinstance(layer, TdBN) else (layer.eps, 1.0)
    mean, variance = array(layer.running_mean), array(layer.running_var)
    ones = np.ones_like(mean)
    weight = array(layer.weight) if "weight" in layer else ones
    bias = array(layer.bias) if "bias" in layer else 0 * ones
    product = (weight * gain / np.sqrt(variance + eps)).astype(np.float32)
    shift = (bias - mean * product).astype(np.float32)
    channels = len(product)
    if len(layout.shape) == 1:
        return linear(np.diag(product), shift)
    axes = len(layout.shape) - 1
    convolution: Any = Conv1d if axes == 1 else Conv2d
    conv = convolution(channels, channels, 1, groups=channels, key=mx.random.key(0))
    conv.weight = mx.array(product.reshape(channels, *[1] * axes, 1))
    conv.bias = mx.array(shift)
    return conv


def mismatch(original: Any, imported: Any, sample: mx.array) -> float:
    """Share of the outputs, over steps, trials and neurons, in which two networks differ.

    Membranes and other outputs that are no spikes differ where they do by more than rounding,
    1e-4 of the largest.
    """
    model = original if isinstance(original, Sequential) else Sequential(original)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        ours, theirs = (np.array(network.run(sample)[0]) for network in (model, imported))
    finally:
        for module, training in modes:
            module.train(training)
    tolerance = 1e-4 * float(np.abs(ours).max(initial=0))
    return float(np.mean(np.abs(ours - theirs) > tolerance))
