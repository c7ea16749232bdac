"""Record Spyx's neurons and surrogate gradients for the tests of our own.

    python benchmarks/record_fixtures/spyx_neurons.py

in an environment with spyx 1.0.0, JAX on the CPU, NumPy and safetensors. Writes
``tests/neurons/recorded/spyx.safetensors``, the same every time.

Spyx's order differs from the usual one: a step first fires on the membrane that it is *given*,
S[t] = H(V[t−1] − θ), and then integrates. Its membranes are those of the delayed reset; its spikes
are those of the usual order, one step late. (CuBaLIF resets before the leak: V is multiplied by
the decay after the threshold was taken off.) The gradient flows through the reset.

Every case holds ``x`` [T, B, N], ``parameters/<name>``, ``spikes`` as Spyx returns them,
``states/<name>`` after every step (``mem``; ``syn`` for CuBaLIF, ``adaptation`` for ALIF),
``cotangents`` of all of these and ``gradients`` by x and parameters of the sum of products. States
start at zero; the surrogate is superspike with k = 25 (fast sigmoid); the threshold is 1.

ALIF: T' = γ·T + (1 − γ)·S, threshold 1 + T, and the spike takes 1 + T off.

The surrogates (``surrogate-…``): ``u`` and ``gradient`` for tanh, triangular and boxcar, the last
with width 1/slope and height 1. Spyx's arctan is 1/(π·(1 + (πku)²)), another scale than snnTorch's.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import spyx.nn
from flax import nnx
from recording import TESTS, Recording
from spyx import axn

N_STEPS, BATCH, NEURONS = 20, 2, 3
# Spyx's class, our name of its parameters, and of its states in their order.
NEURON_TYPES = {
    "LIF": ({"beta": "beta"}, ("mem",)),
    "RLIF": ({"beta": "beta", "recurrent_w": "weight"}, ("mem",)),
    "CuBaLIF": ({"alpha": "alpha", "beta": "beta"}, ("mem", "syn")),
    "RCuBaLIF": (
        {"alpha": "alpha", "beta": "beta", "recurrent_w": "weight"},
        ("mem", "syn"),
    ),
    "ALIF": ({"beta": "beta", "gamma": "gamma"}, ("mem", "adaptation")),
}


def parameter_values(names: list[str], per_neuron: bool, rng: np.random.Generator) -> dict:
    shape = (NEURONS,) if per_neuron else ()
    ranges = {"beta": (0.6, 0.9), "alpha": (0.3, 0.7), "gamma": (0.7, 0.95)}
    values = {}
    for name in names:
        if name == "recurrent_w":
            drawn = rng.normal(0, 0.4, (NEURONS, NEURONS))
        else:
            drawn = rng.uniform(*ranges[name], shape)
        values[name] = jnp.asarray(drawn, jnp.float32)
    return values


def run_neuron(kind: str, n_states: int) -> Callable:
    def run(x: jax.Array, values: dict) -> tuple[jax.Array, list[jax.Array]]:
        fixed = {name: 0.5 for name in values if name != "recurrent_w"}
        neuron = getattr(spyx.nn, kind)((NEURONS,), **fixed, rngs=nnx.Rngs(0))
        for name, value in values.items():
            setattr(neuron, name, nnx.Param(value))
        state = neuron.initial_state(BATCH)
        spikes, states = [], []
        for step in x:
            fired, state = neuron(step, state)
            spikes.append(fired)
            states.append(state)
        return jnp.stack(spikes), jnp.split(jnp.stack(states), n_states, axis=-1)

    return run


def record(kind: str, per_neuron: bool, rng: np.random.Generator) -> dict[str, np.ndarray]:
    names, states = NEURON_TYPES[kind]
    run = run_neuron(kind, len(states))
    while True:
        values = parameter_values(list(names), per_neuron, rng)
        x = jnp.asarray(rng.normal(0.35, 0.8, (N_STEPS, BATCH, NEURONS)), jnp.float32)
        spikes, sequences = run(x, values)
        margin = sequences[0] - 1.0 - (sequences[1] if kind == "ALIF" else 0.0)
        if 0.2 < float(spikes.mean()) < 0.7 and float(jnp.abs(margin).min()) > 1e-4:
            break
    shape = (N_STEPS, BATCH, NEURONS)
    cotangents = {
        name: jnp.asarray(rng.normal(size=shape), jnp.float32) for name in ("spikes", *states)
    }

    def total(x: jax.Array, values: dict) -> jax.Array:
        spikes, sequences = run(x, values)
        outputs = dict(zip(("spikes", *states), (spikes, *sequences), strict=True))
        return sum((outputs[name] * cotangents[name]).sum() for name in outputs)

    by_x, by_values = jax.grad(total, argnums=(0, 1))(x, values)
    arrays = {"x": x, "spikes": spikes, "gradients/x": by_x}
    arrays |= {f"states/{name}": value for name, value in zip(states, sequences, strict=True)}
    arrays |= {f"cotangents/{name}": value for name, value in cotangents.items()}
    for theirs, ours in names.items():
        # Spyx multiplies spikes by the matrix; a dense layer, as here, by its transpose.
        value, gradient = values[theirs], by_values[theirs]
        if ours == "weight":
            value, gradient = value.T, gradient.T
        arrays |= {f"parameters/{ours}": value, f"gradients/{ours}": gradient}
    return {name: np.asarray(value) for name, value in arrays.items()}


def record_surrogate(activation: Callable) -> dict[str, np.ndarray]:
    # 0.51, so that no point lies on the edge of a box: there the conventions differ.
    u = jnp.asarray(np.linspace(-0.51 * 4, 0.51 * 4, 97), jnp.float32)
    gradient = jax.grad(lambda u: activation(u).sum())(u)
    return {
        "u": np.asarray(u),
        "spikes": np.asarray(activation(u)),
        "gradient": np.asarray(gradient),
    }


def main() -> None:
    rng = np.random.default_rng(31)
    recording = Recording("benchmarks/record_fixtures/spyx_neurons.py", "spyx", "jax")
    for kind in NEURON_TYPES:
        for per_neuron in (False, True):
            name = f"{kind}-{'per_neuron' if per_neuron else 'scalar'}"
            settings = {"neuron": kind, "surrogate": "fast_sigmoid", "slope": 25.0}
            recording.add(name, settings, record(kind, per_neuron, rng))
    for name, slope, activation in (
        ("fast_sigmoid", 25.0, axn.superspike(25)),
        ("tanh", 1.0, axn.tanh(1)),
        ("tanh", 3.0, axn.tanh(3)),
        ("triangular", 2.0, axn.triangular(2)),
        ("boxcar", 1.0, axn.boxcar(width=1.0, height=1.0)),
        ("boxcar", 0.5, axn.boxcar(width=2.0, height=1.0)),
    ):
        settings = {"neuron": "", "surrogate": name, "slope": slope}
        recording.add(f"surrogate-{name}-{slope:g}", settings, record_surrogate(activation))
    recording.save(TESTS / "neurons" / "recorded" / "spyx.safetensors")


if __name__ == "__main__":
    main()
