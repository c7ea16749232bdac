"""eegsnn, through its public interface, on MLX as a user has it after ``import eegsnn``."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import mlx.core as mx
import numpy as np
import protocol

import eegsnn.neurons
from eegsnn.backend import blas_state, threads_for
from eegsnn.estimators._trials import PoissonSpikes
from eegsnn.models import NetworkConfig, SpikingNetwork
from eegsnn.training import Trainer, TrainingConfig, TrainingData

SURROGATE = {"surrogate": "fast_sigmoid", "surrogate_slope": protocol.SLOPE}


CONFIG = NetworkConfig(
    hidden=(protocol.HIDDEN,),
    beta=protocol.BETA,
    threshold=protocol.THRESHOLD,
    learn_beta=False,
    readout="rate",
    **SURROGATE,
)


def network() -> SpikingNetwork:
    """LIF everywhere, the output too: its spike counts are the class scores."""
    net = SpikingNetwork(
        CONFIG, protocol.INPUTS, protocol.CLASSES, protocol.N_STEPS, key=mx.random.key(0)
    )
    for layer, (weight, bias) in zip(net.linear, protocol.weights(), strict=True):
        layer.weight, layer.bias = mx.array(weight), mx.array(bias)
    mx.eval(net.parameters())
    return net


def product_size(source: PoissonSpikes, batch: int) -> float:
    """Multiply-adds of the largest dense product, by which BLAS gets its threads."""
    sizes = (protocol.INPUTS, protocol.CLASSES, protocol.N_STEPS, batch)
    return CONFIG.product_size(*sizes, events=source.gives_events(batch))


def poisson(probabilities: np.ndarray) -> PoissonSpikes:
    """Spikes drawn anew at each presentation of these trials [trials, inputs]."""
    return PoissonSpikes(probabilities[None], protocol.N_STEPS)


def training_step() -> Callable[[], object]:
    blas_state()
    pool = protocol.pixels()
    probabilities = pool.probabilities.reshape(-1, protocol.INPUTS)
    labels = pool.labels.reshape(-1)
    weights = np.ones(len(labels), np.float32)
    data = TrainingData(poisson(probabilities), labels, weights, protocol.N_STEPS)
    config = TrainingConfig(
        batch_size=protocol.BATCH, learning_rate=protocol.RATE, weight_decay=0.0
    )
    trainer = Trainer(network(), config, seed=0)
    batches = itertools.cycle(np.split(np.arange(len(labels)), protocol.POOL))
    size = product_size(data.inputs, protocol.BATCH)

    def call() -> None:
        with threads_for(size):  # as the estimators train
            trainer.step(data, next(batches))

    return call


def inference(batch: int) -> Callable[[], object]:
    blas_state()
    probabilities = protocol.pixels(batch).probabilities.reshape(-1, protocol.INPUTS)
    inputs, net = poisson(probabilities), network()
    generator = np.random.default_rng(0)
    batches = itertools.cycle(np.split(np.arange(len(probabilities)), protocol.POOL))
    size = product_size(inputs, batch)

    def call() -> None:
        with threads_for(size):  # as the estimators predict
            mx.eval(net(inputs(next(batches), generator)).logits)

    return call


def neuron(kind: str, n_steps: int, **arguments: Any) -> Callable[[], object]:
    blas_state()
    module = getattr(eegsnn.neurons, kind)(beta=protocol.BETA, **arguments)
    x = mx.array(protocol.currents(n_steps))
    gradient = mx.grad(lambda x: module.run(x)[0].sum())
    return lambda: mx.eval(gradient(x))


def recurrent(n_steps: int) -> Callable[[], object]:
    blas_state()
    module = eegsnn.neurons.RLeaky(
        beta=protocol.BETA, linear_features=protocol.NEURONS, key=mx.random.key(0)
    )
    module.recurrent_weight = protocol.recurrent_weight()
    x = mx.array(protocol.currents(n_steps))

    def total(parameters: dict, x: mx.array) -> mx.array:
        module.update(parameters)
        return module.run(x)[0].sum()

    gradient = mx.grad(total, argnums=(0, 1))
    weights = module.trainable_parameters()
    return lambda: mx.eval(gradient(weights, x))


def product() -> Callable[[], object]:
    blas_state()
    left, right = (mx.array(factor) for factor in protocol.matrices())
    return lambda: mx.eval(left @ right)


MEASURES = {
    "product": product,
    "training_step": training_step,
    "forward": partial(inference, protocol.BATCH),
    "latency": partial(inference, 1),
    **{f"lif_{t}": partial(neuron, "Leaky", t) for t in protocol.NEURON_STEPS},
    "synaptic_250": partial(neuron, "Synaptic", 250, alpha=0.8),
    "alif_250": partial(neuron, "ALIF", 250),
    "rlif_250": partial(recurrent, 250),
}

if __name__ == "__main__":
    protocol.main("eegsnn", ["eegsnn", "mlx"], MEASURES)
