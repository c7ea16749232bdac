"""Operations are counted one by one here, and all at once there."""

from __future__ import annotations

import itertools
import json
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest

from eegsnn.errors import ConfigurationError
from eegsnn.layers import (
    BNTT,
    AvgPool2d,
    Conv1d,
    Conv2d,
    Flatten,
    Linear,
    Residual,
    Sequential,
    SumPool2d,
)
from eegsnn.monitoring import count_operations, fan_out, record
from eegsnn.neurons import Leaky, RLeaky

KEYS = mx.random.split(mx.random.key(0), 4)


def draw(rng: np.random.Generator, *shape: int, rate: float = 0.3) -> mx.array:
    return mx.array((rng.random(shape) < rate).astype(np.float32))


def fan_out_one_by_one(layer: Any, features: tuple[int, ...]) -> np.ndarray:
    """Go through all outputs and all weights of each, and count at the input that they read."""
    weight = layer.weight
    axes = weight.ndim - 2
    as_pair = lambda v: v if isinstance(v, tuple) else (v,) * axes  # noqa: E731
    stride, padding, dilation = map(as_pair, (layer.stride, layer.padding, layer.dilation))
    out = layer(mx.zeros((1, *features))).shape[1:]
    per_group, group = out[-1] // layer.groups, weight.shape[-1]
    counts = np.zeros(features)
    for index in itertools.product(*map(range, out)):
        for tap in itertools.product(*map(range, weight.shape[1:-1])):
            at = [
                o * s - p + k * d
                for o, s, p, k, d in zip(index[:-1], stride, padding, tap, dilation, strict=True)
            ]
            if all(0 <= a < size for a, size in zip(at, features[:-1], strict=True)):
                first = index[-1] // per_group * group
                counts[(*at, slice(first, first + group))] += 1
    return counts


@pytest.mark.parametrize(
    ("layer", "features"),
    [
        (Conv1d(2, 3, 3, key=KEYS[0]), (7, 2)),
        (Conv1d(4, 6, 3, stride=2, padding=2, dilation=2, groups=2, key=KEYS[0]), (9, 4)),
        (Conv2d(2, 3, 3, padding=1, key=KEYS[0]), (5, 4, 2)),
        (Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(0, 1), groups=2, key=KEYS[0]), (6, 5, 2)),
        (nn.Conv2d(1, 2, 5), (5, 5, 1)),
    ],
)
def test_fan_out_counts_borders(layer: Any, features: tuple[int, ...]) -> None:
    np.testing.assert_array_equal(fan_out(layer, features), fan_out_one_by_one(layer, features))


def test_synaptic_operations_of_a_network(rng: np.random.Generator) -> None:
    model = Sequential(
        Conv2d(1, 2, 3, padding=1, key=KEYS[0]),
        Leaky(beta=0.5, threshold=0.2),
        SumPool2d(2),
        Flatten(),
        Linear(8, 3, key=KEYS[1]),
        Leaky(),
    )
    x = draw(rng, 6, 4, 4, 4, 1)
    recording = record(model, x)
    first, second = count_operations(recording).layers
    reach = fan_out_one_by_one(model.layers[0], (4, 4, 1))
    assert first.synaptic_operations == pytest.approx((np.asarray(x) * reach).sum() / 4)
    assert first.spikes == pytest.approx(float(x.sum()) / 4)
    assert first.dense_multiply_accumulates == reach.sum()
    assert first.multiply_accumulates == second.multiply_accumulates == 0
    hidden = float(recording["layers.1"].spikes.sum())
    assert hidden > 0
    assert second.spikes == pytest.approx(hidden / 4)  # a sum pool loses no spike
    assert second.synaptic_operations == pytest.approx(3 * hidden / 4)
    assert second.dense_multiply_accumulates == 24


def test_analog_input_is_multiplied_at_every_step(rng: np.random.Generator) -> None:
    model = Sequential(Linear(5, 8, key=KEYS[0]), Leaky(), Linear(8, 2, key=KEYS[1]))
    x = mx.array(rng.normal(size=(6, 4, 5)).astype(np.float32))
    first, second = count_operations(record(model, x)).layers
    assert (first.spikes, first.synaptic_operations) == (0, 0)
    assert first.multiply_accumulates == 6 * 5 * 8
    assert first.dense_multiply_accumulates == 5 * 8
    assert second.multiply_accumulates == 0
    pooled = Sequential(AvgPool2d(2), Flatten(), Linear(4, 1, key=KEYS[2]))
    x = mx.zeros((1, 1, 4, 4, 1)).at[0, 0, 0, 0, 0].add(1.0)
    assert count_operations(record(pooled, x)).total.multiply_accumulates == 4


def test_whole_numbers_may_be_said_to_be_analog() -> None:
    recording = record(Sequential(Linear(3, 2, key=KEYS[0])), mx.full((5, 1, 3), 7.0))
    assert count_operations(recording).total.synaptic_operations == 5 * 3 * 7 * 2
    total = count_operations(recording, analog=["layers.0"]).total
    assert (total.synaptic_operations, total.multiply_accumulates) == (0, 5 * 6)
    with pytest.raises(ConfigurationError, match=r"layers\.0.*'layer 0'"):
        count_operations(recording, analog=["layer 0"])


@pytest.mark.parametrize("kind", ["one to one", "dense", "convolutional"])
def test_recurrent_connections_are_counted(kind: str, rng: np.random.Generator) -> None:
    shape = (3, 3, 2) if kind == "convolutional" else (4,)
    neuron = {
        "one to one": lambda: RLeaky(V=0.1, all_to_all=False),
        "dense": lambda: RLeaky(linear_features=4, key=KEYS[0]),
        "convolutional": lambda: RLeaky(conv2d_channels=2, kernel_size=3, key=KEYS[0]),
    }[kind]()
    recording = record(neuron, draw(rng, 7, 2, *shape, rate=0.6) * 1.5)
    (layer,) = count_operations(recording).layers
    fed_back = np.asarray(recording[""].spikes)[:-1]
    reach: Any = {"one to one": 1, "dense": 4}.get(kind)
    if reach is None:
        reach = fan_out_one_by_one(Conv2d(2, 2, 3, padding=1, key=KEYS[0]), shape)
    assert layer.kind == "RLeaky recurrent"
    assert layer.synaptic_operations == pytest.approx((fed_back * reach).sum() / 2)
    assert layer.synaptic_operations > 0


def test_energy_is_counts_times_constants(rng: np.random.Generator) -> None:
    model = Sequential(Linear(5, 8, key=KEYS[0]), Leaky(), Linear(8, 2, key=KEYS[1]))
    operations = count_operations(record(model, draw(rng, 6, 4, 5) * 1.25))
    total = operations.total
    wanted = 0.9e-12 * total.synaptic_operations + 4.6e-12 * total.multiply_accumulates
    assert total.energy == pytest.approx(wanted)
    assert total.dense_energy == pytest.approx(4.6e-12 * 56)
    assert total.energy == pytest.approx(sum(layer.energy for layer in operations.layers))
    told = json.loads(json.dumps(operations.to_dict()))
    assert told["total"]["energy"] == pytest.approx(wanted)
    assert [layer["name"] for layer in told["layers"]] == ["layers.0", "layers.2"]
    text = str(operations)
    assert "SynOps" in text
    assert "4.6 pJ" in text
    assert "Horowitz" in text
    assert len({len(line) for line in text.splitlines()[:2]}) == 1


def test_layers_inside_blocks_are_counted_and_unknown_ones_are_told(
    rng: np.random.Generator,
) -> None:
    model = Sequential(
        Residual(Linear(4, 4, key=KEYS[0]), Leaky(), shortcut=Linear(4, 4, key=KEYS[1])),
        BNTT(4, 6),
        _Product(4),
    )
    operations = count_operations(record(model.eval(), draw(rng, 6, 3, 4)))
    names = [layer.name for layer in operations.layers]
    assert names == ["layers.0.block.layers.0", "layers.0.shortcut.layers.0"]
    assert operations.uncounted == ("layers.2 (_Product)",)
    assert "not counted: layers.2 (_Product)" in str(operations)


class _Product(nn.Module):
    def __init__(self, n: int) -> None:
        super().__init__()
        self.matrix = mx.ones((n, n))

    def __call__(self, x: mx.array) -> mx.array:
        return x @ self.matrix
