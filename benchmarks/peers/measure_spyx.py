"""Spyx: whole steps compiled by XLA (jit), neurons scanned over time by ``spyx.nn.run``."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import optax
import protocol
import spyx.axn
import spyx.nn
from flax import nnx

SPIKE = spyx.axn.superspike(k=protocol.SLOPE)


class Network(nnx.Module):
    """Linear layers take all steps at once; only the neurons are scanned."""

    def __init__(self) -> None:
        rngs = nnx.Rngs(0)
        sizes = (protocol.INPUTS, protocol.HIDDEN, protocol.CLASSES)
        self.first, self.second = (
            nnx.Linear(n_in, n_out, rngs=rngs) for n_in, n_out in itertools.pairwise(sizes)
        )
        for layer, (weight, bias) in zip(
            (self.first, self.second), protocol.weights(), strict=True
        ):
            layer.kernel = nnx.Param(jnp.asarray(weight.T))
            layer.bias = nnx.Param(jnp.asarray(bias))
        self.hidden, self.output = (
            spyx.nn.LIF((size,), beta=protocol.BETA, activation=SPIKE, rngs=rngs)
            for size in sizes[1:]
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        hidden, _ = spyx.nn.run(self.hidden, self.first(x))
        return spyx.nn.run(self.output, self.second(hidden))[0]


def counts(network: Network, probabilities: jax.Array, key: jax.Array) -> jax.Array:
    shape = (protocol.N_STEPS, *probabilities.shape)
    spikes = jax.random.bernoulli(key, probabilities, shape).astype(jnp.float32)
    return network(spikes).sum(0)


def training_step() -> Callable[[], object]:
    pool = protocol.pixels()
    probabilities = [jnp.asarray(p) for p in pool.probabilities]
    labels = [jnp.asarray(label) for label in pool.labels]
    graph, weights, rest = nnx.split(Network(), nnx.Param, ...)
    optimiser = optax.adam(protocol.RATE)
    turns = itertools.cycle(range(protocol.POOL))

    @partial(jax.jit, donate_argnums=(0, 1))
    def update(weights, state, key, probabilities, labels):
        def loss(weights):
            logits = counts(nnx.merge(graph, weights, rest), probabilities, key)
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

        key, next_key = jax.random.split(key)
        value, gradient = jax.value_and_grad(loss)(weights)
        updates, state = optimiser.update(gradient, state, weights)
        return optax.apply_updates(weights, updates), state, next_key, value

    kept = [weights, optimiser.init(weights), jax.random.key(0)]

    def step() -> object:
        turn = next(turns)
        *kept[:], value = update(*kept, probabilities[turn], labels[turn])
        jax.block_until_ready(kept[0])
        return value

    return step


def inference(batch: int) -> Callable[[], object]:
    probabilities = [jnp.asarray(p) for p in protocol.pixels(batch).probabilities]
    graph, weights, rest = nnx.split(Network(), nnx.Param, ...)
    turns = itertools.cycle(range(protocol.POOL))
    kept = [jax.random.key(0)]

    @jax.jit
    def forward(weights, key, probabilities):
        key, next_key = jax.random.split(key)
        return counts(nnx.merge(graph, weights, rest), probabilities, key), next_key

    def call() -> object:
        result, kept[0] = forward(weights, kept[0], probabilities[next(turns)])
        return jax.block_until_ready(result)

    return call


def neuron(kind: str, n_steps: int) -> Callable[[], object]:
    arguments = {
        "LIF": {"beta": protocol.BETA},
        "CuBaLIF": {"alpha": 0.8, "beta": protocol.BETA},
        "ALIF": {"beta": protocol.BETA, "gamma": 0.95},
        "RLIF": {"beta": protocol.BETA},
    }[kind]
    size = (protocol.NEURONS,)
    module = getattr(spyx.nn, kind)(size, **arguments, activation=SPIKE, rngs=nnx.Rngs(0))
    x = jnp.asarray(protocol.currents(n_steps))
    if kind == "RLIF":
        module.recurrent_w = nnx.Param(jnp.asarray(protocol.recurrent_weight().T))
    graph, weights = nnx.split(module)

    def total(x, weights):
        return spyx.nn.run(nnx.merge(graph, weights), x)[0].sum()

    # The other neurons have no weights of their own that the other libraries would learn here.
    gradient = jax.jit(jax.grad(total, argnums=(0, 1) if kind == "RLIF" else 0))
    return lambda: jax.block_until_ready(gradient(x, weights))


def product() -> Callable[[], object]:
    left, right = (jnp.asarray(factor) for factor in protocol.matrices())
    multiply = jax.jit(jnp.matmul)
    return lambda: multiply(left, right).block_until_ready()


MEASURES = {
    "product": product,
    "training_step": training_step,
    "forward": partial(inference, protocol.BATCH),
    "latency": partial(inference, 1),
    **{f"lif_{t}": partial(neuron, "LIF", t) for t in protocol.NEURON_STEPS},
    "synaptic_250": partial(neuron, "CuBaLIF", 250),
    "alif_250": partial(neuron, "ALIF", 250),
    "rlif_250": partial(neuron, "RLIF", 250),
}

if __name__ == "__main__":
    protocol.main("spyx", ["spyx", "jax"], MEASURES)
