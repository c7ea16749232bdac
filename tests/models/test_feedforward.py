from __future__ import annotations

import json
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.utils import tree_flatten

from eegsnn.errors import ConfigurationError
from eegsnn.models import NetworkConfig, SpikingNetwork


def make_network(n_inputs: int = 5, n_steps: int = 12, seed: int = 0, **config: Any) -> Any:
    return SpikingNetwork(
        NetworkConfig(**{"hidden": (16,)} | config), n_inputs, 3, n_steps, key=mx.random.key(seed)
    )


def noise(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> mx.array:
    return mx.array(rng.normal(scale=scale, size=shape), mx.float32)


@pytest.mark.parametrize("readout", ["membrane", "rate"])
@pytest.mark.parametrize("neuron", ["leaky", "if"])
def test_scores_and_spikes_have_documented_shapes(
    readout: str, neuron: str, rng: np.random.Generator
) -> None:
    network = make_network(hidden=(16, 8), readout=readout, neuron=neuron)
    output = network(noise(rng, 12, 4, 5))
    assert output.logits.shape == (4, 3)
    layers = [(12, 4, 16), (12, 4, 8)] + ([(12, 4, 3)] if readout == "rate" else [])
    assert [spikes.shape for spikes in output.spikes] == layers
    for spikes in output.spikes:
        assert set(np.unique(np.array(spikes))) <= {0.0, 1.0}


def test_the_same_key_gives_the_same_weights() -> None:
    first, second, other = make_network(seed=1), make_network(seed=1), make_network(seed=2)
    for (name, a), (_, b), (_, c) in zip(
        *(tree_flatten(n.parameters()) for n in (first, second, other)), strict=True
    ):
        np.testing.assert_array_equal(a, b)
        if name.endswith("weight"):
            assert not np.array_equal(a, c)


def test_the_global_random_state_is_left_alone(rng: np.random.Generator) -> None:
    before = np.array(mx.random.state[0])
    network = make_network(dropout=0.5)
    mx.eval(network(noise(rng, 12, 4, 5), dropout_key=mx.random.key(3)).logits)
    np.testing.assert_array_equal(mx.random.state[0], before)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 1e3])
@pytest.mark.parametrize("density", [0.05, 1.0], ids=["sparse", "dense"])
@pytest.mark.parametrize("readout", ["membrane", "rate"])
def test_calibration_leaves_no_layer_silent_or_saturated(
    readout: str, scale: float, density: float, rng: np.random.Generator
) -> None:
    network = make_network(hidden=(32, 32), n_inputs=20, readout=readout)
    x = scale * rng.normal(size=(12, 40, 20)) * (rng.random((12, 40, 20)) < density)
    network.calibrate(mx.array(x, mx.float32))
    for spikes in network(mx.array(x, mx.float32)).spikes:
        assert 0.02 < spikes.mean().item() < 0.6


def test_calibrated_membranes_have_the_threshold_as_their_deviation(
    rng: np.random.Generator,
) -> None:
    network = make_network(beta=0.0, threshold=2.0, hidden=(8,))
    x = noise(rng, 50, 60, 5, scale=30)
    network.calibrate(x)
    current = np.array(x @ network.linear[0].weight.T)  # without memory, this is the membrane
    np.testing.assert_allclose(np.sqrt(np.square(current).mean(axis=(0, 1))), 2.0, rtol=1e-4)


def test_calibration_survives_inputs_of_nothing() -> None:
    network = make_network()
    network.calibrate(mx.zeros((12, 4, 5)))
    assert np.isfinite(np.array(network(mx.zeros((12, 4, 5))).logits)).all()


@pytest.mark.parametrize("n_delays", [1, 3])
@pytest.mark.parametrize("readout", ["membrane", "rate"])
def test_a_constant_input_equals_the_same_input_repeated(
    readout: str, n_delays: int, rng: np.random.Generator
) -> None:
    network = make_network(readout=readout, n_delays=n_delays, delay_step=2)
    x = noise(rng, 1, 4, 5, scale=2)
    network.calibrate(x, n_steps=12)
    once = network(x, n_steps=12)
    repeated = network(mx.repeat(x, 12, axis=0))
    np.testing.assert_allclose(once.logits, repeated.logits, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(once.spikes[0], repeated.spikes[0])


def test_a_series_of_one_step_stays_one_step(rng: np.random.Generator) -> None:
    assert make_network(n_steps=1)(noise(rng, 1, 4, 5)).spikes[0].shape == (1, 4, 16)


def test_delays_show_the_past_to_the_first_layer() -> None:
    # One neuron without memory, weights 1, 10, 100: its spikes tell which lag it sees.
    network = make_network(n_inputs=1, hidden=(1,), beta=0.0, n_delays=3, delay_step=2)
    x = mx.array([0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0])[:, None, None]
    for lag in range(3):
        weight = np.zeros((1, 3), dtype=np.float32)
        weight[0, lag] = 5.0
        network.linear[0].weight = mx.array(weight)
        spikes = np.array(network(x).spikes[0]).ravel()
        assert np.flatnonzero(spikes).tolist() == [1 + 2 * lag]


def test_before_the_first_step_the_first_value_has_lasted() -> None:
    network = make_network(n_inputs=1, hidden=(1,), beta=0.0, n_delays=2, delay_step=3)
    network.linear[0].weight = mx.array([[0.0, 5.0]])
    x = mx.array([1.0, 0.0, 0.0, 0.0, 0.0])[:, None, None]
    spikes = np.array(network(x).spikes[0]).ravel()
    assert spikes.tolist() == [1, 1, 1, 1, 0]


def test_the_rate_readout_counts_output_spikes(rng: np.random.Generator) -> None:
    network = make_network(readout="rate", hidden=(4,))
    network.linear[-1].weight = mx.zeros((3, 4))
    network.linear[-1].bias = mx.array([5.0, 0.0, -5.0])  # always, never, never
    logits = np.array(network(noise(rng, 12, 4, 5)).logits)
    gain = network.gain.item()
    np.testing.assert_allclose(logits, np.tile([gain, 0, 0], (4, 1)))


def test_the_membrane_readout_averages_leaky_integrators(rng: np.random.Generator) -> None:
    network = make_network(readout_beta=0.8, hidden=(4,))
    network.linear[-1].weight = mx.zeros((3, 4))
    network.linear[-1].bias = mx.array([1.0, 0.0, -2.0])
    logits = np.array(network(noise(rng, 12, 2, 5)).logits)
    # In units of the steady state the membrane is 1 − β^(t+1).
    course = np.mean(1 - 0.8 ** np.arange(1, 13))
    np.testing.assert_allclose(logits, np.outer([1, 1], [course, 0, -2 * course]), rtol=1e-5)


def test_readout_weights_start_as_the_plain_average(rng: np.random.Generator) -> None:
    x = noise(rng, 12, 4, 5)
    weighted = make_network(readout_weights=True)
    np.testing.assert_allclose(weighted(x).logits, make_network()(x).logits, rtol=1e-6)
    weights = np.zeros((12, 1, 3), dtype=np.float32)
    weights[-1] = 12.0
    weighted.readout_weights = mx.array(weights)
    assert not np.allclose(weighted(x).logits, make_network()(x).logits)


def test_dropout_needs_a_key_and_depends_on_it_alone(rng: np.random.Generator) -> None:
    network, x = make_network(dropout=0.5), noise(rng, 12, 4, 5, scale=5)
    network.calibrate(x)
    first, same = (network(x, dropout_key=mx.random.key(1)).logits for _ in range(2))
    np.testing.assert_array_equal(first, same)
    assert not np.allclose(first, network(x, dropout_key=mx.random.key(2)).logits)
    np.testing.assert_array_equal(network(x).logits, network(x).logits)


def test_dropout_silences_the_same_neurons_for_all_steps() -> None:
    network = make_network(hidden=(200,), dropout=0.5, n_inputs=1, readout_beta=0.0)
    network.linear[0].weight = mx.full((200, 1), 5.0)  # every neuron spikes at every step
    network.linear[-1].weight = mx.array(np.full((3, 200), 1 / 200, dtype=np.float32))
    logits = np.array(network(mx.ones((12, 3, 1)), dropout_key=mx.random.key(0)).logits)
    # A share k of the neurons, weighed 1/(1 − rate), at all steps: 2k; not averaged over steps.
    shares = logits[:, 0] / 2
    assert (np.abs(shares - 0.5) < 0.15).all()
    assert len(np.unique(shares)) > 1
    np.testing.assert_allclose(shares * 200, np.round(shares * 200), atol=1e-3)


def test_a_pair_of_decays_spreads_time_constants_over_a_layer() -> None:
    network = make_network(beta=(0.5, 0.99), hidden=(5,), learn_beta=False)
    constants = 1 / (1 - np.array(network.neurons[0].beta))
    assert constants[0] == pytest.approx(2, rel=1e-4)
    assert constants[-1] == pytest.approx(100, rel=1e-3)
    np.testing.assert_allclose(np.diff(np.log(constants)), np.log(50) / 4, rtol=1e-3)


@pytest.mark.parametrize("readout", ["membrane", "rate"])
def test_gradients_reach_every_parameter(readout: str, rng: np.random.Generator) -> None:
    network = make_network(hidden=(16, 8), readout=readout, readout_weights=True, n_delays=2)
    x = noise(rng, 12, 6, 5, scale=2)
    network.calibrate(x)

    def loss(network: SpikingNetwork) -> mx.array:
        return nn.losses.cross_entropy(network(x).logits, mx.array([0, 1, 2, 0, 1, 2])).mean()

    _, gradients = nn.value_and_grad(network, loss)(network)
    for name, gradient in tree_flatten(gradients):
        assert np.isfinite(np.array(gradient)).all(), name
        assert np.abs(np.array(gradient)).max() > 0, name


class TestConfig:
    def test_one_layer_may_be_given_as_a_number(self) -> None:
        assert NetworkConfig(hidden=np.int64(32)).hidden == (32,)
        assert NetworkConfig(hidden=[8, 4]).hidden == (8, 4)

    def test_is_plain_values(self) -> None:
        config = NetworkConfig(hidden=[8], beta=[0.5, 0.9])
        copied = json.loads(json.dumps(config.to_dict()))
        assert NetworkConfig(**copied) == config

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("hidden", ()),
            ("hidden", (8, 0)),
            ("hidden", 2.5),
            ("hidden", "64"),
            ("hidden", None),
            ("neuron", "lif"),
            ("beta", 1.5),
            ("beta", (0.5,)),
            ("beta", (0.5, 1.0)),
            ("beta", "fast"),
            ("threshold", 0),
            ("reset_mechanism", "hard"),
            ("reset_delay", None),
            ("learn_beta", "no"),
            ("n_delays", 0),
            ("delay_step", 1.5),
            ("readout", "spikes"),
            ("readout_beta", 1.0),
            ("readout_weights", 1),
            ("dropout", 1.0),
            ("surrogate", "atan"),
            ("surrogate_slope", -1.0),
        ],
    )
    def test_impossible_values_are_refused_by_name(self, name: str, value: Any) -> None:
        with pytest.raises(ConfigurationError, match=rf"^{name}: expected"):
            NetworkConfig(**{name: value})
