from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.utils import tree_flatten

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.neurons import RALIF, Leaky, RLeaky, RSynaptic, loop
from eegsnn.neurons.functional import recurrent_current

KEY = mx.random.key(3)
RECURRENT = [RLeaky, RSynaptic, RALIF]


@pytest.mark.parametrize("kind", RECURRENT)
class TestEveryKind:
    def test_dense_recurrence_with_a_diagonal_is_one_to_one(
        self, kind: Any, rng: np.random.Generator
    ) -> None:
        feedback = np.array([0.5, -0.3, 0.1], np.float32)
        dense = kind(linear_features=3, key=KEY)
        dense.recurrent_weight, dense.recurrent_bias = np.diag(feedback), np.zeros(3)
        single = kind(V=feedback, all_to_all=False)
        x = mx.array(rng.normal(0.3, 0.5, (30, 2, 3)), mx.float32)
        np.testing.assert_array_equal(dense.run(x)[0], single.run(x)[0])

    def test_a_kernel_of_one_pixel_is_dense_over_channels(
        self, kind: Any, rng: np.random.Generator
    ) -> None:
        images = kind(conv2d_channels=3, kernel_size=1, key=KEY)
        dense = kind(linear_features=3, key=KEY)
        dense.recurrent_weight = images.recurrent_weight.reshape(3, 3)
        dense.recurrent_bias = images.recurrent_bias
        x = mx.array(rng.normal(0.3, 0.5, (20, 2, 4, 5, 3)), mx.float32)
        expected, _ = dense.run(x.reshape(20, -1, 3))
        spikes, state = images.run(x)
        np.testing.assert_array_equal(spikes.reshape(20, -1, 3), expected)
        assert state["spk"].shape == (2, 4, 5, 3)

    def test_images_in_a_run_and_in_a_loop(self, kind: Any, rng: np.random.Generator) -> None:
        neuron = kind(conv2d_channels=2, kernel_size=(3, 5), key=KEY)
        x = mx.array(rng.normal(0.3, 0.5, (6, 2, 4, 5, 2)), mx.float32)

        def loss(neuron: Any, plain: bool) -> mx.array:
            state = neuron.init_state(2, (4, 5, 2))
            if plain:
                spikes, states = loop(neuron.step, x, state, neuron.values(x[0]))
            else:
                spikes, states = neuron.trace(x, state)
            return spikes.sum() + mx.square(states["mem"]).sum()

        value_and_grad = nn.value_and_grad(neuron, loss)
        value, gradients = value_and_grad(neuron, False)
        expected, expected_gradients = value_and_grad(neuron, True)
        assert value.item() == pytest.approx(expected.item(), rel=1e-5)
        assert set(gradients) == {"recurrent_weight", "recurrent_bias"}
        for name, gradient in expected_gradients.items():
            np.testing.assert_allclose(gradients[name], gradient, rtol=1e-4, atol=1e-4)

    def test_weights_come_from_the_key_alone(self, kind: Any) -> None:
        first, again = (kind(linear_features=50, key=KEY) for _ in range(2))
        other = kind(linear_features=50, key=mx.random.key(4))
        np.testing.assert_array_equal(first.recurrent_weight, again.recurrent_weight)
        assert not np.array_equal(first.recurrent_weight, other.recurrent_weight)
        weight = np.array(first.recurrent_weight)
        assert np.abs(weight).max() <= 1 / np.sqrt(50)
        assert weight.std() == pytest.approx(1 / np.sqrt(3 * 50), rel=0.05)

    def test_weights_are_learned_unless_they_are_not(self, kind: Any) -> None:
        learned = kind(linear_features=4, key=KEY)
        names = dict(tree_flatten(learned.trainable_parameters()))
        assert sorted(names) == ["recurrent_bias", "recurrent_weight"]
        fixed = kind(linear_features=4, key=KEY, learn_recurrent=False)
        fixed.unfreeze()
        assert dict(tree_flatten(fixed.trainable_parameters())) == {}
        np.testing.assert_array_equal(fixed.recurrent_weight, learned.recurrent_weight)
        single = kind(V=0.5, all_to_all=False)
        assert list(dict(tree_flatten(single.trainable_parameters()))) == ["V"]
        assert kind(all_to_all=False, learn_recurrent=False).V.item() == 1.0

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({}, r"all_to_all: .*none of them.*all_to_all=False"),
            ({"conv2d_channels": 2}, r"all_to_all: .*conv2d_channels=2"),
            ({"kernel_size": 3}, r"all_to_all: .*kernel_size=3"),
            ({"linear_features": 4, "kernel_size": 3}, r"linear_features=4, kernel_size=3"),
            ({"linear_features": 4, "V": 0.5}, r"V: .*all_to_all=False"),
            ({"linear_features": 4, "all_to_all": False}, r"all_to_all: .*linear_features=4"),
            ({"linear_features": 0}, "linear_features"),
            ({"linear_features": 4, "key": None}, r"key: .*mx.random.key\(0\)"),
            ({"linear_features": 4, "key": 7}, "key"),
            ({"conv2d_channels": 2, "kernel_size": 4}, "kernel_size: expected odd"),
            ({"conv2d_channels": 2, "kernel_size": (3, 3, 3)}, "kernel_size"),
            ({"all_to_all": False, "V": float("nan")}, "V: expected"),
            ({"linear_features": 4, "learn_recurrent": 1}, "learn_recurrent"),
        ],
    )
    def test_unclear_recurrence_is_refused(
        self, kind: Any, given: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ConfigurationError, match=message):
            kind(**{"key": KEY, **given})

    def test_inputs_for_other_weights_are_refused(self, kind: Any) -> None:
        dense = kind(linear_features=4, key=KEY)
        with pytest.raises(DataError, match=rf"{kind.__name__}: expected input .* 4 of them"):
            dense.run(mx.zeros((5, 2, 3)))
        images = kind(conv2d_channels=2, kernel_size=3, key=KEY)
        with pytest.raises(DataError, match=r"\[batch, height, width, channels\]"):
            images.run(mx.zeros((5, 2, 2)))


def test_without_feedback_it_is_leaky(rng: np.random.Generator) -> None:
    x = mx.array(rng.normal(0.3, 0.8, (30, 2, 3)), mx.float32)
    for options in ({}, {"reset_delay": False}, {"reset_mechanism": "none"}):
        expected, _ = Leaky(0.9, **options).run(x)
        spikes, _ = RLeaky(0.9, 0.0, all_to_all=False, **options).run(x)
        np.testing.assert_array_equal(spikes, expected)


def test_spikes_come_back_one_step_later() -> None:
    neuron = RLeaky(0.0, 0.25, all_to_all=False, reset_mechanism="none")
    _, states = neuron.trace(mx.array([1.5, 0.0, 0.0])[:, None, None])
    assert states["mem"].flatten().tolist() == [1.5, 0.25, 0.0]
    assert states["spk"].flatten().tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("given", [{}, {"V": 1.0, "recurrent_weight": mx.ones((2, 2))}])
def test_a_current_needs_one_recurrence(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="V, recurrent_weight: expected one of the two"):
        recurrent_current(mx.ones((1, 2)), **given)


def test_a_neuron_without_weights_says_so() -> None:
    with pytest.raises(AttributeError, match=r"RLeaky: .* made without recurrent_weight"):
        _ = RLeaky(all_to_all=False).recurrent_weight
