from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.utils import tree_flatten

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.neurons import IF, Leaky, LeakyIntegrator

NEURONS = {
    "leaky": lambda: Leaky(0.9),
    "leaky, per neuron": lambda: Leaky([0.5, 0.7, 0.9, 1.0], learn_beta=False),
    "leaky, zero": lambda: Leaky(0.8, 0.7, reset_mechanism="zero"),
    "leaky, at once": lambda: Leaky(0.8, reset_delay=False),
    "leaky, learned": lambda: Leaky([0.5, 0.7, 0.9, 0.95], learn_beta=True),
    "if": lambda: IF(1.2),
}


@pytest.mark.parametrize("make", NEURONS.values(), ids=NEURONS.keys())
def test_steps_equal_a_run(make: Any, rng: np.random.Generator) -> None:
    neuron = make()
    x = mx.array(rng.normal(0.3, 1, size=(25, 3, 4)), mx.float32)
    spikes, membranes = neuron.run(x)
    state = neuron.init_state(batch=3, features=4)
    for t in range(25):
        fired, state = neuron(x[t], state)
        np.testing.assert_allclose(fired, spikes[t])
        np.testing.assert_allclose(state["mem"], membranes[t], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", NEURONS.values(), ids=NEURONS.keys())
def test_runs_go_on_from_a_state(make: Any, rng: np.random.Generator) -> None:
    neuron = make()
    x = mx.array(rng.normal(0.3, 1, size=(20, 3, 4)), mx.float32)
    spikes, _ = neuron.run(x)
    _, membranes = neuron.run(x[:8])
    rest, _ = neuron.run(x[8:], {"mem": membranes[-1]})
    np.testing.assert_array_equal(rest, spikes[8:])


def test_the_neuron_keeps_no_state_of_its_own() -> None:
    neuron, x = Leaky(0.9), mx.ones((5, 1, 1))
    np.testing.assert_array_equal(neuron.run(x)[1], neuron.run(x)[1])


def test_integrator_steps_equal_a_run(rng: np.random.Generator) -> None:
    integrator = LeakyIntegrator([0.5, 0.9], learn_beta=True)
    x = mx.array(rng.normal(size=(12, 3, 2)), mx.float32)
    run = integrator.run(x)
    state = integrator.init_state(3, 2)
    for t in range(12):
        out, state = integrator(x[t], state)
        np.testing.assert_allclose(out, run[t], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(integrator.run(x[5:], {"mem": run[4]}), run[5:], atol=1e-6)


def test_an_integrator_never_spikes_nor_resets() -> None:
    run = LeakyIntegrator(1.0).run(mx.full((4, 1, 1), 2.0))
    assert run.flatten().tolist() == [2.0, 4.0, 6.0, 8.0]


def test_state_has_the_shape_asked_for() -> None:
    state = Leaky().init_state(2, (3, 4))
    assert state["mem"].shape == (2, 3, 4)
    assert not state["mem"].any().item()


@pytest.mark.parametrize("neuron", [Leaky(), IF(), LeakyIntegrator()])
def test_a_state_of_another_shape_is_refused(neuron: Any) -> None:
    state = neuron.init_state(batch=4, features=3)
    name = type(neuron).__name__
    with pytest.raises(DataError, match=rf"{name}: .*\(2, 3\).*\(4, 3\).*init_state"):
        neuron(mx.zeros((2, 3)), state)
    with pytest.raises(DataError, match=rf"{name}: .*\(2, 3\).*\(4, 3\).*init_state"):
        neuron.run(mx.zeros((5, 2, 3)), state)


def test_only_what_is_learned_is_a_parameter() -> None:
    assert dict(tree_flatten(Leaky(0.9).trainable_parameters())) == {}
    assert list(dict(tree_flatten(Leaky(0.9, learn_beta=True).parameters()))) == ["beta_logit"]


@pytest.mark.parametrize("beta", [0.0, 0.3, 0.9, 1.0])
def test_a_learned_decay_starts_where_it_was_set(beta: float) -> None:
    assert Leaky(beta, learn_beta=True).beta.item() == pytest.approx(beta, abs=1.1e-4)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_learned_decay_stays_in_its_range(sign: float) -> None:
    neuron = Leaky([0.2, 0.9], learn_beta=True)
    x = mx.ones((6, 1, 2))

    def loss(neuron: Leaky) -> mx.array:
        return sign * neuron.run(x)[1].sum()

    start = np.array(neuron.beta)
    for _ in range(50):
        _, gradient = nn.value_and_grad(neuron, loss)(neuron)
        neuron.update({"beta_logit": neuron.beta_logit - 0.3 * gradient["beta_logit"]})
    beta = np.array(neuron.beta)
    assert ((beta - start) * sign < 0).all()
    assert ((beta > 0) & (beta < 1)).all()


@pytest.mark.parametrize("beta", [-0.1, 1.1, float("nan"), [0.5, 2.0], "fast", None])
@pytest.mark.parametrize("kind", [Leaky, LeakyIntegrator])
def test_impossible_decays_are_refused(kind: Any, beta: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"beta: expected decays per step in \[0, 1\]"):
        kind(beta)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", 0.0),
        ("threshold", float("nan")),
        ("threshold", "1"),
        ("reset_mechanism", "hard"),
        ("reset_delay", 1),
        ("learn_beta", "yes"),
        ("surrogate", "step"),
    ],
)
def test_impossible_parameters_are_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Leaky(**{name: value})


def test_a_decay_for_another_number_of_neurons_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="beta"):
        Leaky([0.5, 0.9]).run(mx.zeros((4, 1, 3)))
