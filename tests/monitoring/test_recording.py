from __future__ import annotations

import json

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.layers import Dropout, Linear, Residual, Sequential
from eegsnn.monitoring import gradient_norms, output_gradients, record
from eegsnn.neurons import IF, Leaky, LeakyIntegrator

KEYS = mx.random.split(mx.random.key(0), 4)


def network() -> Sequential:
    return Sequential(
        Linear(5, 8, key=KEYS[0]),
        Leaky(beta=0.8, learn_beta=True),
        Residual(Linear(8, 8, key=KEYS[1]), IF()),
        Linear(8, 2, key=KEYS[2]),
        LeakyIntegrator(),
    )


@pytest.fixture
def x(rng: np.random.Generator) -> mx.array:
    return mx.array(rng.normal(0.5, 2.0, (6, 4, 5)).astype(np.float32))


def test_what_is_recorded_is_what_happened(x: mx.array) -> None:
    model = network()
    recording = record(model, x)
    hidden, states = model.layers[1].trace(model.layers[0](x.reshape(24, 5)).reshape(6, 4, 8))
    assert mx.array_equal(recording["layers.1"].spikes, hidden)
    assert mx.allclose(recording["layers.1"].membranes, states["mem"])
    assert mx.allclose(recording.output, model.run(x)[0], atol=1e-6)
    assert [layer.name for layer in recording.spiking] == ["layers.1", "layers.2.block.layers.1"]
    assert recording["layers.0"].spikes is None
    assert recording["layers.0"].membranes is None
    assert recording["layers.4"].spikes is None
    assert mx.array_equal(recording["layers.4"].membranes, recording.output)


def test_a_run_may_go_on_from_a_state_and_have_dropout(x: mx.array) -> None:
    model = Sequential(Linear(5, 8, key=KEYS[0]), Dropout(0.5), Leaky())
    key = mx.random.key(1)
    _, state = model.run(x, key=key)
    wanted, _ = model.run(x, state, key=key)
    assert mx.array_equal(record(model, x, state, key=key).output, wanted)


def test_rates_and_fractions() -> None:
    # Four neurons: never, at every second step, at every step, in one trial only.
    current = np.zeros((20, 2, 4), np.float32)
    current[1::2, :, 1] = current[:, :, 2] = 1.5
    current[:, 0, 3] = 1.5
    recording = record(Leaky(beta=0.0, reset_mechanism="none"), mx.array(current))
    layer = recording[""]
    assert layer.firing_rates.tolist() == [0.0, 0.5, 1.0, 0.5]
    assert layer.firing_rate == 0.5
    assert layer.silent_fraction == layer.saturated_fraction == 0.25
    assert json.loads(json.dumps(recording.to_dict()))[""]["neurons"] == 4
    lines = str(recording).splitlines()
    assert lines[0].split() == ["layer", "kind", "neurons", "spikes/step", "silent", "saturated"]
    assert lines[1].split() == ["Leaky", "4", "0.5000", "25.0%", "25.0%"]


def test_what_cannot_be_recorded_is_named(x: mx.array) -> None:
    with pytest.raises(ConfigurationError, match=r"Sequential.*Linear"):
        record(nn.Linear(5, 2), x)
    recording = record(network(), x)
    with pytest.raises(ConfigurationError, match=r"'layers.0'.*'hidden'"):
        recording["hidden"]
    with pytest.raises(ConfigurationError, match=r"spikes.*'layers.0' is a Linear"):
        recording["layers.0"].firing_rates  # noqa: B018


def test_gradient_norms_by_layer(x: mx.array) -> None:
    model = network()
    _, gradients = nn.value_and_grad(model, lambda m: mx.square(m.run(x)[0]).mean())(model)
    norms = gradient_norms(model, gradients)
    assert list(norms) == ["layers.0", "layers.1", "layers.2.block.layers.0", "layers.3"]
    first = gradients["layers"][0]
    wanted = np.sqrt(sum(np.square(np.asarray(first[k])).sum() for k in ("weight", "bias")))
    assert norms["layers.0"] == pytest.approx(wanted, rel=1e-5)
    assert norms["layers.1"] == pytest.approx(abs(gradients["layers"][1]["beta_logit"].item()))


def test_gradients_of_another_model_are_refused(x: mx.array) -> None:
    model = network()
    with pytest.raises(DataError, match="'weight'"):
        gradient_norms(nn.Linear(2, 3), {"weight": mx.zeros((2, 3)), "bias": mx.zeros(3)})
    with pytest.raises(DataError, match=r"layers\.0"):
        gradient_norms(model, {})


def test_output_gradients_are_those_of_the_rest_of_the_network(x: mx.array) -> None:
    model = network()
    recording = record(model, x)

    def loss(outputs: mx.array) -> mx.array:
        return mx.square(outputs).mean()

    gradients = output_gradients(model, loss, x)
    assert list(gradients) == [f"layers.{i}" for i in range(5)]
    for index in range(4):
        rest = Sequential(*model.layers[index + 1 :])
        by_input = mx.grad(lambda h, rest=rest: loss(rest.run(h)[0]))
        wanted = by_input(recording[f"layers.{index}"].output)
        got = gradients[f"layers.{index}"]
        np.testing.assert_allclose(np.asarray(got), np.asarray(wanted), rtol=1e-5, atol=1e-8)
    assert float(mx.abs(gradients["layers.0"]).sum()) > 0
