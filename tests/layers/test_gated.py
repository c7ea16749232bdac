"""The gated recurrent unit against mlx.nn.GRU, and its fast gradient against the plain loop's."""

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest

from eegsnn.layers import gated
from eegsnn.layers.gated import GatedRecurrent, gated_step
from eegsnn.neurons.sequence import loop

T, BATCH, INPUTS, UNITS = 7, 3, 5, 4


@pytest.fixture
def layer():
    made = GatedRecurrent(INPUTS, UNITS, key=mx.random.key(1))
    made.bias = mx.random.normal((3 * UNITS,), key=mx.random.key(2))
    made.recurrent_bias = mx.random.normal((UNITS,), key=mx.random.key(3))
    return made


@pytest.fixture
def x():
    return mx.random.normal((T, BATCH, INPUTS), key=mx.random.key(4))


def test_outputs_are_those_of_mlx(layer, x):
    peer = nn.GRU(INPUTS, UNITS)
    peer.Wx, peer.Wh, peer.b = layer.weight, layer.recurrent_weight, layer.bias
    peer.bhn = layer.recurrent_bias
    expected = mx.swapaxes(peer(mx.swapaxes(x, 0, 1)), 0, 1)
    np.testing.assert_allclose(layer.run(x)[0], expected, atol=1e-6)


@pytest.mark.parametrize("fast", [True, False])
def test_gradients_are_those_of_the_plain_loop(layer, x, fast, monkeypatch):
    if not fast:
        monkeypatch.setattr(gated, "_numpy_serves", lambda *arrays: False)
    first = mx.random.normal((BATCH, UNITS), key=mx.random.key(5))
    target = mx.random.normal((T, BATCH, UNITS), key=mx.random.key(6))

    def plain(parameters, x, first):
        projected = x @ parameters["weight"].T + parameters["bias"]
        constants = {
            "weight": parameters["recurrent_weight"],
            "bias": parameters["recurrent_bias"],
        }
        outputs, states = loop(gated_step, projected, {"h": first}, constants)
        return mx.square(outputs - target).sum() + states["h"][-1].sum()

    def ours(parameters, x, first):
        layer.update(parameters)
        outputs, state = layer.run(x, {"h": first})
        return mx.square(outputs - target).sum() + state["h"].sum()

    arguments = (dict(layer.parameters()), x, first)
    expected, wanted = mx.value_and_grad(plain, argnums=(0, 1, 2))(*arguments)
    value, found = mx.value_and_grad(ours, argnums=(0, 1, 2))(*arguments)
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    for name in wanted[0]:
        np.testing.assert_allclose(found[0][name], wanted[0][name], rtol=1e-4, atol=1e-5)
    for one, other in zip(found[1:], wanted[1:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_a_run_in_two_parts_is_the_run(layer, x):
    whole, last = layer.run(x)
    first, state = layer.run(x[:3])
    second, state = layer.run(x[3:], state)
    np.testing.assert_allclose(mx.concatenate([first, second]), whole, atol=1e-6)
    np.testing.assert_allclose(state["h"], last["h"], atol=1e-6)


def test_large_inputs_do_not_overflow(layer, x):
    with np.errstate(over="raise"):
        assert np.isfinite(np.asarray(layer.run(1e6 * x)[0])).all()
