from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.optimizers import SGD
from mlx.utils import tree_flatten

from eegsnn.errors import DataError, EegsnnError, TrainingError
from eegsnn.layers import Linear, Sequential
from eegsnn.models import NetworkConfig, SpikingNetwork
from eegsnn.neurons import Leaky
from eegsnn.training import Trainer, TrainingConfig, TrainingData, fit


def batches(bad: float = np.nan) -> list[Any]:
    good = np.ones((4, 2, 3), np.float32)
    spoilt = good.copy()
    spoilt[3, 1, 2] = bad
    return [{"x": mx.array(good)}, {"x": mx.array(spoilt)}]


def loss(model: Any, batch: Any, key: mx.array) -> mx.array:
    return mx.square(model(batch["x"])).mean()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_batch_is_named(bad: float) -> None:
    text = r"^epoch 1, batch 2: the batch contains NaN.*array x of shape \(4, 2, 3\).*\(3, 1, 2\)"
    with pytest.raises(DataError, match=text):
        fit(nn.Linear(3, 1), loss, batches(bad))


def test_neurons_do_not_swallow_it() -> None:
    # A NaN never exceeds a threshold: to the loss it is a neuron that does not spike.
    lif = Leaky(0.9, learn_threshold=True)
    with pytest.raises(DataError, match="epoch 1, batch 2"):
        fit(lif, lambda model, batch, key: model.run(batch["x"])[0].mean(), batches())


@pytest.mark.parametrize("dtype", [mx.float16, mx.bfloat16])
def test_half_precision_is_looked_at_too(dtype: mx.Dtype) -> None:
    halves = [{"x": batch["x"].astype(dtype)} for batch in batches()]
    with pytest.raises(DataError, match="epoch 1, batch 2"):
        fit(nn.Linear(3, 1), loss, halves)


def test_large_values_are_finite() -> None:
    huge = [{"x": mx.full((4, 2, 3), 1e30)}]
    history = fit(
        nn.Linear(3, 1), lambda m, b, key: 1e-30 * m(b["x"]).mean(), huge, SGD(1e-9), epochs=1
    )
    assert len(history.records) == 1


def test_without_the_look_it_is_found_in_the_loss() -> None:
    with pytest.raises(DataError, match=r"epoch 1, batch 2: the batch contains NaN"):
        fit(nn.Linear(3, 1), loss, batches(), check_batches=False)


def test_the_loss_is_named_and_nothing_changes() -> None:
    model = nn.Linear(3, 1)

    def broken(model: Any, batch: Any, key: mx.array) -> mx.array:
        return mx.log(0 * loss(model, batch, key))

    before = {name: np.array(value) for name, value in tree_flatten(model.parameters())}
    with pytest.raises(TrainingError, match=r"^epoch 1, batch 1: the loss is -inf.*learning rate"):
        fit(model, broken, batches())
    for name, value in tree_flatten(model.parameters()):
        np.testing.assert_array_equal(value, before[name])


def test_the_gradient_is_named() -> None:
    def kinked(model: Any, batch: Any, key: mx.array) -> mx.array:
        return mx.sqrt(0 * model.weight).sum() + loss(model, batch, key)

    with pytest.raises(TrainingError, match=r"the loss is finite, but the gradient is not, of wei"):
        fit(nn.Linear(3, 1), kinked, batches())


def test_a_parameter_is_named() -> None:
    key = mx.random.key(0)
    model = Sequential(Linear(3, 2, key=key), Leaky(), Linear(2, 1, key=key))
    model.layers[2].bias = mx.array([np.nan])

    def outputs(model: Any, batch: Any, key: mx.array) -> mx.array:
        return model.run(batch["x"])[0].mean()

    with pytest.raises(
        TrainingError, match=r"parameter layers\.2\.bias is NaN or infinite already"
    ):
        fit(model, outputs, batches())


def test_it_can_be_caught_as_python_and_as_ours() -> None:
    assert issubclass(TrainingError, ArithmeticError)
    assert issubclass(TrainingError, EegsnnError)


def test_the_trainer_of_the_estimators_tells_too() -> None:
    network = SpikingNetwork(NetworkConfig(hidden=(4,)), 3, 2, 5, key=mx.random.key(0))
    x = np.ones((5, 8, 3), np.float32)
    x[0, 7, 1] = np.nan
    data = TrainingData(
        lambda indices, _: mx.array(x[:, indices]),
        np.arange(8, dtype=np.int32) % 2,
        np.ones(8, np.float32),
        5,
    )
    with pytest.raises(DataError, match=r"^epoch 1, batch [12]: the batch contains NaN"):
        Trainer(network, TrainingConfig(batch_size=4), seed=0).fit(data)
