from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest

from eegsnn.errors import ConfigurationError
from eegsnn.layers import Conv1d, Conv2d, Flatten, Linear, SumPool1d, SumPool2d

KEY = mx.random.key(3)


def make(kind: type, key: mx.array = KEY) -> Any:
    if kind is Linear:
        return Linear(4, 6, key=key)
    return kind(4, 6, 3, stride=2, padding=1, groups=2, key=key)


@pytest.mark.parametrize("kind", [Linear, Conv1d, Conv2d])
def test_weights_depend_on_the_key_alone(kind: type) -> None:
    mx.random.seed(1)
    before = mx.random.state[0].tolist()
    first = make(kind)
    assert mx.random.state[0].tolist() == before
    mx.random.seed(2)
    assert mx.array_equal(first.weight, make(kind).weight)
    assert not mx.array_equal(first.weight, make(kind, mx.random.key(4)).weight)


@pytest.mark.parametrize(
    ("kind", "shape"), [(Linear, (5, 4)), (Conv1d, (5, 9, 4)), (Conv2d, (5, 9, 7, 4))]
)
def test_the_same_layer_as_that_of_mlx(kind: type, shape: tuple, rng: np.random.Generator) -> None:
    ours = make(kind)
    theirs: Any = getattr(nn, kind.__name__)
    arguments = (4, 6) if kind is Linear else (4, 6, 3, 2, 1, 1, 2)
    theirs = theirs(*arguments)
    assert {k: v.shape for k, v in theirs.parameters().items()} == {
        k: v.shape for k, v in ours.parameters().items()
    }
    theirs.update(ours.parameters())
    x = mx.array(rng.normal(size=shape).astype(np.float32))
    assert mx.allclose(ours(x), theirs(x), atol=1e-6)
    assert "bias" in ours
    assert isinstance(ours, getattr(nn, kind.__name__))


def test_weights_have_the_scale_of_their_inputs() -> None:
    weight = np.asarray(Linear(100, 400, key=KEY).weight)
    assert abs(weight).max() <= 0.1
    assert weight.std() == pytest.approx(0.1 / np.sqrt(3), rel=0.02)


def test_bias_can_be_left_out() -> None:
    assert "bias" not in Linear(2, 3, bias=False, key=KEY)
    assert "bias" not in Conv2d(2, 3, 3, bias=False, key=KEY)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Linear(0, 3, key=KEY), "input_dims.*0"),
        (lambda: Linear(2, 3, key=0), "key.*mx.random.key.*0"),
        (lambda: Conv1d(4, 6, 0, key=KEY), "kernel_size.*0"),
        (lambda: Conv2d(4, 6, (3, 3, 3), key=KEY), "kernel_size.*2 sizes"),
        (lambda: Conv1d(4, 6, 3, groups=4, key=KEY), "out_channels.*groups = 4.*6"),
        (lambda: Conv1d(4, 6, 3, padding=-1, key=KEY), "padding.*-1"),
    ],
)
def test_impossible_parameters_are_named(call: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        call()


def test_sum_pools_count_spikes() -> None:
    x = mx.arange(12, dtype=mx.float32).reshape(1, 6, 2)
    assert SumPool1d(3)(x)[0].tolist() == [[6.0, 9.0], [24.0, 27.0]]
    image = mx.ones((1, 5, 4, 1))
    assert SumPool2d((2, 3), stride=1)(image).tolist() == mx.full((1, 4, 2, 1), 6.0).tolist()
    assert SumPool2d(2, padding=1)(mx.ones((1, 2, 2, 1))).reshape(-1).tolist() == [1.0] * 4


def test_flatten_keeps_trials() -> None:
    assert Flatten()(mx.zeros((5, 2, 3, 4))).shape == (5, 24)


@pytest.mark.parametrize("size", range(2, 26))
def test_sums_of_spikes_are_whole_numbers(size):
    spikes = (np.random.default_rng(size).random((3, 60, 2)) < 0.3).astype(np.float32)
    found = np.array(SumPool1d(size)(mx.array(spikes)))
    n = 60 // size
    expected = spikes[:, : n * size].reshape(3, n, size, 2).sum(axis=2)
    np.testing.assert_array_equal(found, expected)
    square = np.array(SumPool2d(size)(mx.ones((1, 30, 30, 1))))
    np.testing.assert_array_equal(square, np.full(square.shape, size * size))
