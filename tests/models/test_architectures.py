"""What every architecture has in common: shapes, gradients, rates, seeds, counts."""

from __future__ import annotations

import json
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.utils import tree_flatten

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.models import (
    ARCHITECTURES,
    AdaptiveRecurrentConfig,
    NetworkConfig,
    ResonatorConfig,
    SpikingAttentionConfig,
    SpikingConvolutionConfig,
    SpikingEEGNetConfig,
    resolve_architecture,
)
from eegsnn.models.convolution import _frames
from eegsnn.models.eegnet import band_passes

N_STEPS, BATCH, N_INPUTS, N_CLASSES, SFREQ = 48, 12, 5, 3, 64.0

SMALL: dict[str, Any] = {
    "feedforward": NetworkConfig(hidden=(12, 8), target_rate=0.15),
    "eegnet": SpikingEEGNetConfig(
        sfreq=SFREQ, n_filters=3, n_spatial=2, hidden=12, n_bins=16, high=25.0
    ),
    "recurrent": AdaptiveRecurrentConfig(hidden=12),
    "resonator": ResonatorConfig(sfreq=SFREQ, n_frequencies=5, high=25.0, hidden=6),
    "convolution": SpikingConvolutionConfig(n_kernels=12, kernel_size=5, hidden=6),
    "attention": SpikingAttentionConfig(size=8, n_heads=2),
}
VARIANTS = {
    "eegnet leaky": SpikingEEGNetConfig(sfreq=SFREQ, n_filters=2, n_slow=0, neuron="leaky"),
    "resonator zero": ResonatorConfig(
        sfreq=SFREQ, frequencies=(8.0, 12.0), learn=False, reset_mechanism="zero"
    ),
    "convolution leaky": SpikingConvolutionConfig(
        n_kernels=8, kernel_size=4, dilations=(1, 3), unit="leaky"
    ),
    "recurrent windows": AdaptiveRecurrentConfig(hidden=8, adaptive=1.0, n_windows=3),
}
ALL = {**SMALL, **VARIANTS}


@pytest.fixture
def x(rng: np.random.Generator) -> mx.array:
    return mx.array(rng.normal(size=(N_STEPS, BATCH, N_INPUTS)), mx.float32)


def build(config: Any, seed: int = 0) -> Any:
    return config.build(N_INPUTS, N_CLASSES, N_STEPS, key=mx.random.key(seed))


def weights_of(network: Any) -> dict[str, np.ndarray]:
    return {name: np.array(value) for name, value in tree_flatten(network.parameters())}


def test_there_is_an_example_of_every_architecture() -> None:
    assert list(SMALL) == list(ARCHITECTURES)


@pytest.mark.parametrize("config", ALL.values(), ids=ALL)
def test_shapes_rates_and_layers(config: Any, x: mx.array) -> None:
    network = build(config)
    network.calibrate(x)
    output = network(x)
    assert output.logits.shape == (BATCH, N_CLASSES)
    assert len(output.spikes) == len(config.layer_names)
    for spikes in output.spikes:
        assert spikes.shape[1] == BATCH
        assert set(np.unique(np.asarray(spikes))) <= {0.0, 1.0}
        # Layers behind others see what those gave, in search and here, but only approximately.
        assert 0.4 * config.target_rate < spikes.mean().item() < 2 * config.target_rate


@pytest.mark.parametrize("config", ALL.values(), ids=ALL)
def test_scale_of_the_input_does_not_matter_after_calibration(config: Any, x: mx.array) -> None:
    rates = []
    for scale in (1.0, 30.0):
        network = build(config)
        network.calibrate(scale * x)
        rates.append([spikes.mean().item() for spikes in network(scale * x).spikes])
    np.testing.assert_allclose(rates[0], rates[1], rtol=0.35)


@pytest.mark.parametrize("config", ALL.values(), ids=ALL)
def test_gradients_reach_every_parameter(config: Any, x: mx.array) -> None:
    network = build(config)
    network.calibrate(x)
    labels = mx.arange(BATCH) % N_CLASSES

    def loss(key: mx.array) -> mx.array:
        return nn.losses.cross_entropy(network(x, dropout_key=key).logits, labels).mean()

    _, gradients = nn.value_and_grad(network, loss)(mx.random.key(1))
    flat = dict(tree_flatten(gradients))
    assert set(flat) == set(dict(tree_flatten(network.trainable_parameters())))
    for name, gradient in flat.items():
        assert np.isfinite(np.asarray(gradient)).all(), name
        assert mx.abs(gradient).sum().item() > 0, name


@pytest.mark.parametrize("config", ALL.values(), ids=ALL)
def test_one_key_one_network_and_no_dropout_without_a_key(config: Any, x: mx.array) -> None:
    first, second, other = build(config), build(config), build(config, seed=1)
    for network in (first, second):
        network.calibrate(x)
    assert weights_of(first).keys() == weights_of(other).keys()
    for name, values in weights_of(first).items():
        np.testing.assert_array_equal(values, weights_of(second)[name])
    assert mx.array_equal(first(x).logits, first(x).logits).item()
    other.calibrate(x)
    assert not mx.allclose(first(x).logits, other(x).logits).item()
    trained = first(x, dropout_key=mx.random.key(0)).logits
    again = first(x, dropout_key=mx.random.key(0)).logits
    assert mx.array_equal(trained, again).item()


@pytest.mark.parametrize("config", SMALL.values(), ids=SMALL)
def test_a_trial_is_classified_alone(config: Any, x: mx.array) -> None:
    network = build(config)
    network.calibrate(x)
    np.testing.assert_allclose(network(x).logits[:3], network(x[:, :3]).logits, atol=1e-4)


@pytest.mark.parametrize("config", SMALL.values(), ids=SMALL)
def test_as_json_and_back(config: Any) -> None:
    values = json.loads(json.dumps(config.to_dict()))
    assert type(config).from_dict(values) == config
    assert resolve_architecture({"name": config.name, **values}) == config
    assert config.n_parameters(N_INPUTS, N_CLASSES, N_STEPS) == sum(
        array.size for _, array in tree_flatten(build(config).trainable_parameters())
    )
    assert config.product_size(N_INPUTS, N_CLASSES, N_STEPS, BATCH) > 0


@pytest.mark.parametrize("config", ALL.values(), ids=ALL)
def test_what_arrives_at_connections(config: Any, x: mx.array) -> None:
    network = build(config)
    network.calibrate(x)
    connections = network.connections(x)
    for part in connections:
        assert part.arriving.shape[1] == BATCH, part.name
        assert part.passes >= 1
    assert len({part.name for part in connections}) == len(connections)
    # The input is analog; what arrives at the readout are spikes, each of which counts.
    readout = np.asarray(connections[-1].arriving)
    assert (readout == np.round(readout)).all()
    assert readout.sum() > 0


class TestConvolution:
    def test_every_kernel_is_in_one_dilation(self) -> None:
        config = SpikingConvolutionConfig(n_kernels=10)
        network = config.build(2, 2, 200, key=mx.random.key(0))
        assert sum(len(kernels) for kernels in network.kernels) == 10
        assert config.dilations_for(200) == (1, 2, 4, 8)

    def test_a_constant_does_not_fire_kernels(self, x: mx.array) -> None:
        network = build(SpikingConvolutionConfig(n_kernels=12, dilations=(1,)))
        network.calibrate(x)
        shifted = network(x + 5.0).spikes[0][8:-8]
        assert mx.array_equal(shifted > 0, network(x).spikes[0][8:-8] > 0).item() or (
            mx.abs(shifted - network(x).spikes[0][8:-8]).mean().item() < 1e-3
        )

    def test_products_with_what_is_beyond_the_ends_are_not_counted(self, x: mx.array) -> None:
        network = build(SpikingConvolutionConfig(n_kernels=12, kernel_size=5, dilations=(1, 8)))
        kernels = next(part for part in network.connections(x) if part.name == "kernels")
        n_steps, n_mixes = len(x), kernels.arriving.shape[-1]
        products = sum(
            6 * np.count_nonzero(_frames(mx.ones((n_steps, 1, n_mixes)), 5, dilation))
            for dilation in (1, 8)
        )
        assert kernels.reach * n_steps * n_mixes == pytest.approx(products)


class TestEEGNet:
    def test_filters_begin_as_band_passes_over_the_range(self) -> None:
        kernels = band_passes(8, 0.5, 128.0, 4.0, 40.0)
        frequencies = np.fft.rfftfreq(1024, 1 / 128)
        peaks = frequencies[np.abs(np.fft.rfft(kernels, 1024)).argmax(axis=1)]
        np.testing.assert_allclose(peaks, np.geomspace(4, 40, 8), rtol=0.15)
        np.testing.assert_allclose(kernels.sum(axis=1), 0, atol=1e-5)

    def test_the_rate_has_to_be_known(self) -> None:
        with pytest.raises(ConfigurationError, match=r"architecture\.sfreq: .*sfreq=…"):
            SpikingEEGNetConfig().build(1, 2, 100, key=mx.random.key(0))

    def test_trials_of_a_few_samples_are_refused(self, x: mx.array) -> None:
        with pytest.raises(DataError, match="at least 8 samples, but got 3"):
            build(SMALL["eegnet"])(x[:3])


@pytest.mark.parametrize(
    ("architecture", "parameters", "message"),
    [
        ("eegnett", {}, "architecture: .*Did you mean 'eegnet'"),
        (3, {}, "architecture: expected a name"),
        ({"n_filters": 3}, {}, r"architecture\.name"),
        ({"name": "eegnet", "hiden": 3}, {}, r"architecture\.hiden: 'eegnet' has no such"),
        ({"name": "eegnet", "hidden": 0}, {}, "hidden: expected an integer ≥ 1"),
        ("eegnet", {"hidden": (3,)}, "hidden: is a parameter of the architecture 'feedforward'"),
        ({"name": "attention", "size": 7}, {}, "size: expected a multiple of n_heads"),
        ({"name": "recurrent", "target_rate": 0.6}, {}, "target_rate: expected a number"),
        ({"name": "recurrent", "rho": [0.9]}, {}, "rho: expected one decay or a pair"),
        ({"name": "convolution", "unit": "alpha"}, {}, "unit: expected one of"),
        ({"name": "resonator", "frequencies": [-1.0]}, {}, "frequencies: expected a number"),
        ({"name": "resonator", "low": 9.0, "high": 8.0}, {}, "high: expected a number"),
    ],
)
def test_impossible_architectures_are_refused(
    architecture: Any, parameters: dict, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        resolve_architecture(architecture, parameters)


def test_a_configuration_stays_as_it_is() -> None:
    config = ResonatorConfig(damping=3.0)
    assert resolve_architecture(config, {"hidden": (64,)}) is config
