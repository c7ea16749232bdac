from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from mlx.utils import tree_flatten

from eegsnn.errors import ConfigurationError, InterruptedTrainingWarning
from eegsnn.models import NetworkConfig, SpikingNetwork
from eegsnn.training import EpochRecord, Trainer, TrainingConfig, TrainingData, batches_per_epoch

N_TRIALS, N_STEPS, N_INPUTS = 40, 8, 4


def make_data(weights: np.ndarray | None = None) -> TrainingData:
    """Two classes that differ in the sign of the first input."""
    rng = np.random.default_rng(5)
    labels = np.arange(N_TRIALS, dtype=np.int32) % 2
    series = rng.normal(size=(N_STEPS, N_TRIALS, N_INPUTS))
    series[:, :, 0] += np.where(labels == 1, 1.0, -1.0)
    x = mx.array(series, mx.float32)
    return TrainingData(
        lambda indices, _: x[:, mx.array(indices)],
        labels,
        np.ones(N_TRIALS, dtype=np.float32) if weights is None else weights,
        N_STEPS,
    )


def make_network(**config: Any) -> SpikingNetwork:
    network = SpikingNetwork(
        NetworkConfig(**{"hidden": (8,)} | config), N_INPUTS, 2, N_STEPS, key=mx.random.key(0)
    )
    data = make_data()
    network.calibrate(data.inputs(np.arange(N_TRIALS), np.random.default_rng(0)))
    return network


def make_trainer(
    network: SpikingNetwork | None = None,
    seed: int = 0,
    n_updates: int | None = None,
    **config: Any,
) -> Trainer:
    settings = TrainingConfig(**{"max_epochs": 5, "batch_size": 10} | config)
    return Trainer(network or make_network(), settings, seed=seed, n_updates=n_updates)


def weights_of(network: SpikingNetwork) -> dict[str, np.ndarray]:
    return {name: np.array(value) for name, value in tree_flatten(network.parameters())}


def same_weights(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(first[name], second[name]) for name in first | second)


def accuracy(network: SpikingNetwork) -> float:
    data = make_data()
    logits = network(data.inputs(np.arange(N_TRIALS), np.random.default_rng(0))).logits
    return float((np.array(logits).argmax(axis=1) == data.labels).mean())


class Validation:
    """Held-out losses as a test wants them; remembers the weights at each call."""

    def __init__(self, network: SpikingNetwork, losses: list[float]) -> None:
        self.network, self.losses = network, losses
        self.weights: list[dict[str, np.ndarray]] = []

    def __call__(self) -> tuple[float, float]:
        self.weights.append(weights_of(self.network))
        return self.losses[len(self.weights) - 1], 0.5


def test_training_learns() -> None:
    trainer = make_trainer(max_epochs=15, learning_rate=0.02, weight_decay=0.0)
    history = trainer.fit(make_data())
    assert accuracy(trainer.network) > 0.9
    assert history.loss_curve[-1] < 0.7 * history.loss_curve[0]
    assert [record.epoch for record in history.records] == list(range(1, 16))
    assert history.validation_scores == []
    assert not history.interrupted


@pytest.mark.parametrize("noisy", [{}, {"input_noise": 0.3}], ids=["plain", "noise"])
def test_the_same_seed_gives_identical_weights(noisy: dict[str, float]) -> None:
    def train(seed: int) -> dict[str, np.ndarray]:
        trainer = make_trainer(make_network(dropout=0.2), seed=seed, **noisy)
        trainer.fit(make_data())
        return weights_of(trainer.network)

    first = train(3)
    assert same_weights(first, train(3))
    assert not same_weights(first, train(4))


def test_training_leaves_the_global_random_state_alone() -> None:
    before = np.array(mx.random.state[0]), np.random.get_state()[1].copy()  # noqa: NPY002
    make_trainer(make_network(dropout=0.2), input_noise=0.1).fit(make_data())
    np.testing.assert_array_equal(mx.random.state[0], before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


def test_trials_of_weight_zero_do_not_count() -> None:
    data = make_data()
    wrong = np.arange(N_TRIALS) < 10
    labels = np.where(wrong, 1 - data.labels, data.labels).astype(np.int32)
    weights = np.where(wrong, 0.0, 1.0).astype(np.float32)

    def step(labels: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
        trainer = make_trainer()
        trainer.step(data._replace(labels=labels, weights=weights), np.arange(N_TRIALS))
        return weights_of(trainer.network)

    assert same_weights(step(labels, weights), step(data.labels, weights))
    assert not same_weights(step(labels, np.ones_like(weights)), step(data.labels, weights))


def test_an_epoch_presents_equal_batches_and_no_trial_twice() -> None:
    data, seen = make_data(), []

    def inputs(indices: np.ndarray, generator: np.random.Generator) -> mx.array:
        seen.append(indices)
        return data.inputs(indices, generator)

    make_trainer(batch_size=12).epoch(data._replace(inputs=inputs))
    assert [len(batch) for batch in seen] == [13, 13, 13]
    assert len(np.unique(np.concatenate(seen))) == 39


def test_trials_come_in_a_new_order_in_every_epoch() -> None:
    data, seen = make_data(), []

    def inputs(indices: np.ndarray, generator: np.random.Generator) -> mx.array:
        seen.append(indices.tolist())
        return data.inputs(indices, generator)

    trainer = make_trainer(batch_size=N_TRIALS)
    for _ in range(2):
        trainer.epoch(data._replace(inputs=inputs))
    assert seen[0] != seen[1]
    assert sorted(seen[0]) == sorted(seen[1])


@pytest.mark.parametrize(
    ("n_trials", "batch_size", "expected"), [(1, 32, 1), (47, 32, 1), (64, 32, 2), (100, 32, 3)]
)
def test_number_of_batches(n_trials: int, batch_size: int, expected: int) -> None:
    assert batches_per_epoch(n_trials, batch_size) == expected


def test_the_step_falls_to_zero_along_half_a_cosine() -> None:
    trainer = make_trainer(n_updates=8, learning_rate=0.01, weight_decay=0.0)
    data, rates = make_data(), []
    for _ in range(8):
        trainer.step(data, np.arange(N_TRIALS))
        rates.append(trainer._optimizer.learning_rate.item())
    expected = 0.01 * (1 + np.cos(np.pi * np.arange(8) / 8)) / 2
    np.testing.assert_allclose(rates, expected, atol=1e-6)
    settled = weights_of(trainer.network)
    trainer.step(data, np.arange(N_TRIALS))  # beyond the end nothing moves any more
    assert same_weights(weights_of(trainer.network), settled)


def test_without_a_number_of_updates_the_step_is_constant() -> None:
    trainer = make_trainer(learning_rate=0.01)
    for _ in range(4):
        trainer.step(make_data(), np.arange(N_TRIALS))
        assert trainer._optimizer.learning_rate.item() == pytest.approx(0.01)


def test_gradients_are_clipped() -> None:
    # Adam divides a common factor of all gradients out, but not against what it remembers: after
    # a clipped outlier the next steps are as long as before.
    def outlier_then_step(clip_norm: float) -> float:
        trainer = make_trainer(clip_norm=clip_norm, weight_decay=0.0)
        data = make_data()
        loud = data._replace(weights=np.full(N_TRIALS, 1e6, dtype=np.float32))
        trainer.step(loud, np.arange(N_TRIALS))
        before = weights_of(trainer.network)
        trainer.step(data, np.arange(N_TRIALS))
        after = weights_of(trainer.network)
        return float(np.abs(after["linear.0.weight"] - before["linear.0.weight"]).mean())

    assert outlier_then_step(1e-3) != pytest.approx(outlier_then_step(1e9), rel=0.05)


def test_weight_decay_shrinks_weights_alone() -> None:
    flat = make_data()._replace(weights=np.zeros(N_TRIALS, dtype=np.float32))  # no gradient
    trainer = make_trainer(learning_rate=0.01, weight_decay=5.0)
    trainer.network.linear[0].bias = mx.full((8,), 0.7)
    before = weights_of(trainer.network)
    trainer.step(flat, np.arange(N_TRIALS))
    after = weights_of(trainer.network)
    for name in before:
        factor = 0.95 if name.startswith("linear") and name.endswith("weight") else 1.0
        np.testing.assert_allclose(after[name], factor * before[name], rtol=1e-6, err_msg=name)


def test_a_decay_beyond_one_step_takes_all_and_no_more() -> None:
    trainer = make_trainer(learning_rate=1.0, weight_decay=100.0)
    flat = make_data()._replace(weights=np.zeros(N_TRIALS, dtype=np.float32))
    trainer.step(flat, np.arange(N_TRIALS))
    assert not weights_of(trainer.network)["linear.0.weight"].any()


class TestEarlyStopping:
    def test_stops_and_restores_the_best_weights(self) -> None:
        trainer = make_trainer(max_epochs=20, early_stopping=True, n_iter_no_change=3)
        validation = Validation(trainer.network, [0.9, 0.7, 0.8, 0.75, 0.72, 0.1])
        history = trainer.fit(make_data(), validation=validation)
        assert [r.validation_loss for r in history.records] == [0.9, 0.7, 0.8, 0.75, 0.72]
        assert history.validation_scores == [0.5] * 5
        assert same_weights(weights_of(trainer.network), validation.weights[1])

    def test_smaller_improvements_than_tol_do_not_count(self) -> None:
        trainer = make_trainer(max_epochs=20, early_stopping=True, n_iter_no_change=2, tol=0.1)
        validation = Validation(trainer.network, [0.9, 0.85, 0.84, 0.1])
        history = trainer.fit(make_data(), validation=validation)
        assert len(history.records) == 3
        assert same_weights(weights_of(trainer.network), validation.weights[2])

    def test_restores_the_best_at_the_last_epoch_too(self) -> None:
        trainer = make_trainer(max_epochs=3, early_stopping=True)
        validation = Validation(trainer.network, [0.5, 0.9, 0.8])
        trainer.fit(make_data(), validation=validation)
        assert same_weights(weights_of(trainer.network), validation.weights[0])

    def test_without_it_the_last_weights_are_kept(self) -> None:
        trainer = make_trainer(max_epochs=3)
        validation = Validation(trainer.network, [0.5, 0.9, 0.8])
        trainer.fit(make_data(), validation=validation)
        assert same_weights(weights_of(trainer.network), validation.weights[2])


class TestInterruption:
    def interrupt_after(self, epoch: int) -> Any:
        def on_epoch(record: EpochRecord) -> None:
            if record.epoch == epoch:
                raise KeyboardInterrupt

        return on_epoch

    def test_keeps_what_was_learned_and_says_so(self) -> None:
        trainer = make_trainer(max_epochs=50, learning_rate=0.03, weight_decay=0.0)
        with pytest.warns(InterruptedTrainingWarning, match=r"after 9 of 50 epochs.*max_epochs"):
            history = trainer.fit(make_data(), on_epoch=self.interrupt_after(9))
        assert history.interrupted
        assert len(history.records) == 9
        assert accuracy(trainer.network) > 0.9

    def test_keeps_the_best_on_held_out_trials(self) -> None:
        trainer = make_trainer(max_epochs=50)
        validation = Validation(trainer.network, [0.9, 0.4, 0.6])
        with pytest.warns(InterruptedTrainingWarning):
            trainer.fit(make_data(), validation=validation, on_epoch=self.interrupt_after(3))
        assert same_weights(weights_of(trainer.network), validation.weights[1])

    def test_the_epoch_just_told_counts(self) -> None:
        trainer = make_trainer(max_epochs=50)
        validation = Validation(trainer.network, [0.9, 0.4])
        with pytest.warns(InterruptedTrainingWarning):
            trainer.fit(make_data(), validation=validation, on_epoch=self.interrupt_after(2))
        assert same_weights(weights_of(trainer.network), validation.weights[1])

    @pytest.mark.filterwarnings("error")
    def test_in_the_first_epoch_it_is_passed_on(self) -> None:
        def inputs(indices: np.ndarray, generator: np.random.Generator) -> mx.array:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make_trainer().fit(make_data()._replace(inputs=inputs))

    def test_other_errors_are_passed_on(self) -> None:
        def on_epoch(record: EpochRecord) -> None:
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            make_trainer().fit(make_data(), on_epoch=on_epoch)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_epochs", 0),
        ("batch_size", 2.5),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("weight_decay", -0.1),
        ("clip_norm", 0),
        ("label_smoothing", 1.0),
        ("input_noise", -1.0),
        ("early_stopping", "yes"),
        ("n_iter_no_change", 0),
        ("tol", -1e-3),
    ],
)
def test_impossible_values_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{name}: expected"):
        TrainingConfig(**{name: value})


class TestWeightAveraging:
    def test_weights_are_the_mean_of_the_last_epochs(self) -> None:
        seen: list[dict[str, np.ndarray]] = []
        network = make_network()
        trainer = make_trainer(network, max_epochs=4, weight_averaging=0.5)
        trainer.fit(make_data(), on_epoch=lambda _: seen.append(weights_of(network)))
        for name, values in weights_of(network).items():
            np.testing.assert_allclose(values, (seen[2][name] + seen[3][name]) / 2, rtol=1e-5)

    def test_off_it_changes_nothing(self) -> None:
        networks = [make_network() for _ in range(2)]
        make_trainer(networks[0]).fit(make_data())
        make_trainer(networks[1], weight_averaging=False, augmentation={"noise": 0}).fit(
            make_data()
        )
        assert same_weights(weights_of(networks[0]), weights_of(networks[1]))


@pytest.mark.parametrize(
    "augmentation", [{"mixup": 0.4}, {"time_shift": 0.2, "noise": 0.1}, {"fourier_surrogate": 0.1}]
)
def test_learns_from_augmented_trials(augmentation: dict[str, float]) -> None:
    network = make_network()
    make_trainer(network, augmentation=augmentation, max_epochs=15).fit(make_data())
    assert accuracy(network) > 0.9
