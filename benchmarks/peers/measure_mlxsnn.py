"""mlx-snn as its documentation uses it: a loop over x[t], on MLX as it comes from PyPI."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optimizers
import mlxsnn
import protocol


class Network(nn.Module):
    """Two linear layers, two LIF layers, one step at a time."""

    def __init__(self) -> None:
        super().__init__()
        layers = []
        for weight, bias in protocol.weights():
            layer = nn.Linear(weight.shape[1], weight.shape[0])
            layer.weight, layer.bias = mx.array(weight), mx.array(bias)
            layers.append(layer)
        self.first, self.second = layers
        self.hidden = mlxsnn.Leaky(beta=protocol.BETA, surrogate_scale=protocol.SLOPE)
        self.output = mlxsnn.Leaky(beta=protocol.BETA, surrogate_scale=protocol.SLOPE)

    def __call__(self, x: mx.array) -> mx.array:
        hidden_state = self.hidden.init_state(x.shape[1], protocol.HIDDEN)
        output_state = self.output.init_state(x.shape[1], protocol.CLASSES)
        spikes = []
        for t in range(x.shape[0]):
            hidden, hidden_state = self.hidden(self.first(x[t]), hidden_state)
            fired, output_state = self.output(self.second(hidden), output_state)
            spikes.append(fired)
        return mx.stack(spikes)


def training_step() -> Callable[[], object]:
    pool = protocol.pixels()
    probabilities = [mx.array(p) for p in pool.probabilities]
    labels = [mx.array(label) for label in pool.labels]
    network = Network()
    optimiser = optimizers.Adam(protocol.RATE)
    turns = itertools.cycle(range(protocol.POOL))

    def loss(spikes: mx.array, labels: mx.array) -> mx.array:
        return mlxsnn.ce_count_loss(network(spikes), labels)

    gradient = nn.value_and_grad(network, loss)

    def step() -> None:
        turn = next(turns)
        spikes = mlxsnn.rate_encode(probabilities[turn], protocol.N_STEPS)
        value, grads = gradient(spikes, labels[turn])
        optimiser.update(network, grads)
        mx.eval(value, network.parameters(), optimiser.state)

    return step


def inference(batch: int) -> Callable[[], object]:
    probabilities = [mx.array(p) for p in protocol.pixels(batch).probabilities]
    network = Network()
    turns = itertools.cycle(range(protocol.POOL))

    def call() -> None:
        spikes = mlxsnn.rate_encode(probabilities[next(turns)], protocol.N_STEPS)
        mx.eval(network(spikes).sum(axis=0))

    return call


def neuron(kind: str, n_steps: int) -> Callable[[], object]:
    arguments = {"Leaky": {}, "Synaptic": {"alpha": 0.8}, "ALIF": {"rho": 0.95}}[kind]
    module = getattr(mlxsnn, kind)(beta=protocol.BETA, surrogate_scale=protocol.SLOPE, **arguments)
    x = mx.array(protocol.currents(n_steps))

    def total(x: mx.array) -> mx.array:
        state = module.init_state(protocol.NEURON_BATCH, protocol.NEURONS)
        spikes = []
        for t in range(n_steps):
            fired, state = module(x[t], state)
            spikes.append(fired)
        return mx.stack(spikes).sum()

    gradient = mx.grad(total)
    return lambda: mx.eval(gradient(x))


def product() -> Callable[[], object]:
    left, right = (mx.array(factor) for factor in protocol.matrices())
    return lambda: mx.eval(left @ right)


MEASURES = {
    "product": product,
    "training_step": training_step,
    "forward": partial(inference, protocol.BATCH),
    "latency": partial(inference, 1),
    **{f"lif_{t}": partial(neuron, "Leaky", t) for t in protocol.NEURON_STEPS},
    "synaptic_250": partial(neuron, "Synaptic", 250),
    "alif_250": partial(neuron, "ALIF", 250),
}

if __name__ == "__main__":
    protocol.main("mlx-snn", ["mlx-snn", "mlx"], MEASURES)
