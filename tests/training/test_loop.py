from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.optimizers import SGD, Adafactor, Adam, step_decay
from mlx.utils import tree_flatten

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.layers import Linear, Sequential
from eegsnn.neurons import Leaky, LeakyIntegrator
from eegsnn.training import ArrayBatches, Callback, TrainingContext, WindowedLoss, fit, step_key

Batch = tuple[mx.array, mx.array]


def line(n: int = 64) -> ArrayBatches:
    x = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)
    return ArrayBatches(x, x @ np.float32([[1], [2], [3]]), batch_size=16, time_first=False)


def squares(model: Any, batch: Batch, key: mx.array) -> mx.array:
    return mx.square(model(batch[0]) - batch[1]).mean()


def linear() -> Linear:
    return Linear(3, 1, key=mx.random.key(0))


def weights_of(model: nn.Module) -> dict[str, np.ndarray]:
    return {name: np.array(value) for name, value in tree_flatten(model.parameters())}


def spiking() -> Sequential:
    first, second = mx.random.split(mx.random.key(1))
    return Sequential(
        Linear(3, 16, key=first), Leaky(0.9), Linear(16, 2, key=second), LeakyIntegrator(0.9)
    )


def two_classes(n_steps: int = 10) -> ArrayBatches:
    labels = np.arange(40) % 2
    x = np.random.default_rng(0).normal(size=(n_steps, 40, 3)) + 0.7 * (2 * labels[:, None] - 1)
    return ArrayBatches(x.astype(np.float32), labels.astype(np.int32), batch_size=10)


def cross_entropy(model: Sequential, batch: Batch, key: mx.array) -> mx.array:
    outputs, _ = model.run(batch[0])
    return nn.losses.cross_entropy(outputs.mean(axis=0), batch[1], reduction="mean")


class Log(Callback):
    """Every call, in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def on_train_start(self, context: TrainingContext) -> None:
        self.calls.append("start")

    def on_step(self, context: TrainingContext) -> None:
        self.calls.append(f"step {context.epochs_done}.{context.steps_done}")

    def on_epoch(self, context: TrainingContext) -> None:
        self.calls.append(f"epoch {context.record.epoch}")

    def on_train_end(self, context: TrainingContext) -> None:
        self.calls.append("end")


def test_any_model_learns() -> None:
    model = linear()
    history = fit(model, squares, line(), Adam(0.1), epochs=30)
    np.testing.assert_allclose(model.weight, [[1, 2, 3]], atol=0.05)
    assert [record.epoch for record in history.records] == list(range(1, 31))
    assert not history.interrupted


def test_a_spiking_network_learns() -> None:
    def validate(model: Sequential) -> dict[str, float]:
        x, labels = next(iter(two_classes()(1, 1)))
        right = model.run(x)[0].mean(axis=0).argmax(axis=1) == labels
        return {"loss": 0.0, "accuracy": right.mean().item(), "size": len(labels)}

    history = fit(spiking(), cross_entropy, two_classes(), Adam(0.02), epochs=20, validate=validate)
    assert history.validation_scores[-1] == 1.0
    assert history.curve("size") == [10] * 20
    assert history.loss_curve[-1] < 0.5 * history.loss_curve[0]


def test_the_same_seed_gives_identical_weights() -> None:
    def noisy(model: Any, batch: Batch, key: mx.array) -> mx.array:
        return squares(model, (batch[0] + mx.random.normal(batch[0].shape, key=key), batch[1]), key)

    def train(seed: int) -> np.ndarray:
        model = linear()
        fit(model, noisy, line(), Adam(0.01), epochs=2, seed=seed)
        return np.array(model.weight)

    np.testing.assert_array_equal(train(1), train(1))
    assert (train(1) != train(2)).any()


def test_every_step_has_its_own_key() -> None:
    keys = []

    def loss(model: Any, batch: Batch, key: mx.array) -> mx.array:
        keys.append(tuple(key.tolist()))
        return squares(model, batch, key)

    fit(linear(), loss, line(), epochs=3, seed=5)
    assert len(set(keys)) == 12
    assert keys[5] == tuple(step_key(5, 2, 1).tolist())


def test_the_global_generator_is_left_alone() -> None:
    before = np.array(mx.random.state[0])
    fit(linear(), squares, line(), epochs=1)
    np.testing.assert_array_equal(mx.random.state[0], before)


def test_batches_may_be_a_list() -> None:
    batches = list(line()(1, 0))
    log = Log()
    fit(linear(), squares, batches, epochs=2, callbacks=[log])
    assert sum(call.startswith("step") for call in log.calls) == 8


def test_callbacks_are_called_in_order() -> None:
    log, told = Log(), []
    fit(
        linear(),
        squares,
        line(32),
        epochs=2,
        callbacks=[log, lambda context: told.append(context.record.loss)],
    )
    assert log.calls == [
        *("start", "step 0.1", "step 0.2", "epoch 1"),
        *("step 1.1", "step 1.2", "epoch 2", "end"),
    ]
    assert len(told) == 2


def test_a_callback_may_stop_within_an_epoch() -> None:
    class Stop(Callback):
        def on_step(self, context: TrainingContext) -> None:
            if context.updates_done == 6:
                context.stop("six updates")

    log = Log()
    history = fit(linear(), squares, line(), epochs=5, callbacks=[log, Stop()])
    assert history.stop_reason == "six updates"
    assert log.calls[-2:] == ["step 1.2", "end"]
    assert len(history.records) == 1


def test_the_learning_rate_follows_its_schedule() -> None:
    history = fit(linear(), squares, line(), SGD(step_decay(0.1, 0.5, 4)), epochs=3)
    np.testing.assert_allclose(history.curve("learning_rate"), [0.1, 0.05, 0.025], rtol=1e-6)


def test_a_callback_may_change_the_learning_rate() -> None:
    def halve(context: TrainingContext) -> None:
        context.optimizer.learning_rate = context.learning_rate / 2

    history = fit(linear(), squares, line(), SGD(0.1), epochs=3, callbacks=[halve])
    np.testing.assert_allclose(history.curve("learning_rate"), [0.1, 0.05, 0.025], rtol=1e-6)


def test_gradients_are_clipped_together() -> None:
    model = linear()
    before = weights_of(model)
    fit(model, squares, line(16), SGD(1.0), epochs=1, clip_norm=0.5)
    moved = [weights_of(model)[name] - before[name] for name in before]
    norm = np.sqrt(sum(np.square(part).sum() for part in moved))
    assert norm == pytest.approx(0.5, rel=1e-4)


def test_weights_decay_and_biases_do_not() -> None:
    def nothing(model: Any, batch: Batch, key: mx.array) -> mx.array:
        return 0.0 * model(batch[0]).sum()

    model = linear()
    before = weights_of(model)
    fit(model, nothing, line(16), SGD(0.1), epochs=1, weight_decay=2.0)
    np.testing.assert_allclose(model.weight, 0.8 * before["weight"], rtol=1e-6)
    np.testing.assert_array_equal(model.bias, before["bias"])
    fit(
        model,
        nothing,
        line(16),
        SGD(0.1),
        epochs=1,
        weight_decay=2.0,
        decays=lambda name, _: name == "bias",
    )
    np.testing.assert_allclose(model.bias, 0.8 * before["bias"], rtol=1e-6)


def test_frozen_parameters_stay() -> None:
    model = linear()
    model.freeze(keys="bias")
    before = weights_of(model)
    fit(model, squares, line(), SGD(0.1), epochs=1)
    np.testing.assert_array_equal(model.bias, before["bias"])


def test_validation_sees_the_model_in_evaluation_mode() -> None:
    model, modes = linear(), []
    model.eval()

    def loss(model: Any, batch: Batch, key: mx.array) -> mx.array:
        modes.append(model.training)
        return squares(model, batch, key)

    def validate(model: Any) -> dict[str, float]:
        modes.append(model.training)
        return {}

    fit(model, loss, line(16), epochs=2, validate=validate)
    assert modes == [True, False, True, False]
    assert not model.training


def test_truncated_backpropagation_updates_after_every_window() -> None:
    def windowed(outputs: mx.array, batch: Batch, steps: slice) -> mx.array:
        assert len(outputs) == steps.stop - steps.start
        return nn.losses.cross_entropy(outputs.mean(axis=0), batch[1], reduction="mean")

    model, optimizer = spiking(), Adam(0.02)
    history = fit(model, WindowedLoss(windowed, 4), two_classes(10), optimizer, epochs=15)
    assert optimizer.step.item() == 15 * 4 * 3
    assert history.loss_curve[-1] < 0.7 * history.loss_curve[0]


@pytest.mark.parametrize("with_key", [False, True])
def test_windows_pass_the_key_on_where_asked(with_key: bool) -> None:
    class Keyed(LeakyIntegrator):
        keys: list[Any] = []  # noqa: RUF012

        def run(self, x: mx.array, state: Any = None, key: Any = None) -> Any:
            self.keys.append(key)
            return super().run(x, state)

    loss = WindowedLoss(lambda outputs, *_: outputs.mean(), 2, with_key=with_key)
    fit(Keyed(0.5, learn_beta=True), loss, [(mx.ones((6, 1, 1)),)], epochs=1, seed=4)
    expected = [step_key(4, 1, 0).tolist() if with_key else None] * 3
    assert [key if key is None else key.tolist() for key in Keyed.keys] == expected


def test_one_window_is_the_full_gradient() -> None:
    def whole(outputs: mx.array, batch: Batch, steps: slice) -> mx.array:
        return nn.losses.cross_entropy(outputs.mean(axis=0), batch[1], reduction="mean")

    models = spiking(), spiking()
    for model, loss in zip(models, (cross_entropy, WindowedLoss(whole, 10)), strict=True):
        fit(model, loss, two_classes(10), Adam(0.02), epochs=2)
    for name, value in weights_of(models[0]).items():
        np.testing.assert_array_equal(weights_of(models[1])[name], value, err_msg=name)


def test_progress_is_shown_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    fit(linear(), squares, line(), epochs=2, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "epoch 2: loss" in err


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"epochs": 0}, "^epochs: expected"),
        ({"seed": -1}, "^seed: expected"),
        ({"clip_norm": 0.0}, "^clip_norm: expected"),
        ({"weight_decay": -1.0}, "^weight_decay: expected"),
        ({"weight_decay": 1.0, "optimizer": Adafactor()}, "^weight_decay: expected 0"),
    ],
)
def test_impossible_values_are_refused_by_name(given: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        fit(linear(), squares, line(), **given)


def test_an_epoch_without_batches_is_an_error() -> None:
    with pytest.raises(DataError, match=r"^batches: expected at least one batch, but epoch 1"):
        fit(linear(), squares, [])


def test_validation_must_name_its_metrics() -> None:
    with pytest.raises(DataError, match=r"^validate: expected metrics by name"):
        fit(linear(), squares, line(16), epochs=1, validate=lambda model: 0.5)
