"""Losses on spikes and membranes where no peer decides: meaning, several spikes, bad input."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.training import (
    accuracy_rate,
    accuracy_temporal,
    ce_count_loss,
    ce_membrane_loss,
    ce_rate_loss,
    ce_temporal_loss,
    classes_by_rate,
    classes_by_time,
    mse_count_loss,
    mse_membrane_loss,
    mse_temporal_loss,
    spike_times,
    tet_loss,
)

LOSSES = [
    ce_rate_loss,
    ce_count_loss,
    mse_count_loss,
    ce_membrane_loss,
    mse_membrane_loss,
    tet_loss,
    ce_temporal_loss,
    mse_temporal_loss,
]


def random_spikes(rng: np.random.Generator, *shape: int, rate: float = 0.3) -> mx.array:
    return mx.array((rng.random(shape) < rate).astype(np.float32))


def reference_times(spikes: np.ndarray, number: int) -> np.ndarray:
    n_steps = len(spikes)
    out = np.full(spikes.shape[1:], n_steps - 1.0)
    for index in np.ndindex(*out.shape):
        (steps,) = np.nonzero(spikes[(slice(None), *index)])
        if len(steps) >= number:
            out[index] = steps[number - 1]
    return out


@given(seed=st.integers(0, 2**16), n_steps=st.integers(1, 12), n_spikes=st.integers(1, 3))
def test_spike_times_are_the_steps_of_the_spikes(seed: int, n_steps: int, n_spikes: int) -> None:
    spikes = random_spikes(np.random.default_rng(seed), n_steps, 2, 3)
    got = np.asarray(spike_times(spikes, n_spikes))
    wanted = [reference_times(np.asarray(spikes), k) for k in range(1, n_spikes + 1)]
    np.testing.assert_array_equal(got, wanted)


def test_the_gradient_of_a_time_is_minus_one_at_its_own_step() -> None:
    spikes = mx.array([0.0, 1.0, 0.0, 1.0]).reshape(4, 1, 1)
    weights = mx.array([2.0, 5.0]).reshape(2, 1, 1)
    gradient = mx.grad(lambda s: (spike_times(s, 2) * weights).sum())(spikes)
    assert gradient.reshape(-1).tolist() == [0.0, -2.0, 0.0, -5.0]


def test_several_wanted_spikes(rng: np.random.Generator) -> None:
    spikes = random_spikes(rng, 10, 4, 3)
    targets = mx.array([0, 1, 2, 2])
    got = mse_temporal_loss(spikes, targets, on_target=(1, 3), off_target=(-1, -1))
    correct = np.eye(3, dtype=bool)[np.asarray(targets)]
    squares = [
        ((reference_times(np.asarray(spikes), k) - np.where(correct, on, 9)) / 10) ** 2
        for k, on in ((1, 1), (2, 3))
    ]
    assert got.item() == pytest.approx(np.mean(squares), rel=1e-5)


def test_by_default_a_network_that_only_spikes_for_the_class_has_no_temporal_loss() -> None:
    spikes = mx.array([[[0.0, 1.0]], [[0.0, 0.0]], [[0.0, 0.0]]])
    assert mse_temporal_loss(spikes, mx.array([1])).item() == 0
    assert mse_temporal_loss(spikes, mx.array([0])).item() > 0


def test_tet_is_cross_entropy_per_step_and_squared_distance_from_the_level(
    rng: np.random.Generator,
) -> None:
    membranes = mx.array(rng.normal(size=(5, 4, 3)).astype(np.float32))
    targets = mx.array([0, 2, 1, 1])
    per_step = ce_rate_loss(membranes, targets).item()
    squares = np.mean((np.asarray(membranes) - 0.8) ** 2)
    assert tet_loss(membranes, targets, regularisation=0).item() == pytest.approx(per_step)
    got = tet_loss(membranes, targets, regularisation=0.25, level=0.8)
    assert got.item() == pytest.approx(0.75 * per_step + 0.25 * squares, rel=1e-5)


def test_tet_penalises_steps_that_compensate_for_each_other() -> None:
    steady = mx.broadcast_to(mx.array([1.0, 0.0]), (4, 1, 2))
    varying = mx.array([[[5.0, 0.0]], [[-3.0, 0.0]]] * 2)  # the same mean over time
    targets = mx.array([0])
    assert ce_membrane_loss(steady, targets, over_time="mean").item() == pytest.approx(
        ce_membrane_loss(varying, targets, over_time="mean").item()
    )
    assert tet_loss(varying, targets, regularisation=0) > tet_loss(
        steady, targets, regularisation=0
    )


def test_wanted_membranes_may_vary_in_time(rng: np.random.Generator) -> None:
    membranes = mx.array(rng.normal(size=(5, 4, 3)).astype(np.float32))
    assert mse_membrane_loss(membranes, membranes + 2).item() == pytest.approx(4.0, rel=1e-5)


def test_a_population_is_a_group_of_consecutive_outputs(rng: np.random.Generator) -> None:
    spikes = random_spikes(rng, 6, 5, 6)
    grouped = spikes.reshape(6, 5, 3, 2).sum(axis=-1)
    targets = mx.array([0, 1, 2, 0, 1])
    assert ce_count_loss(spikes, targets, n_classes=3).item() == pytest.approx(
        ce_count_loss(grouped, targets).item()
    )
    assert classes_by_rate(spikes, n_classes=3).tolist() == classes_by_rate(grouped).tolist()


def test_of_a_population_the_earliest_spike_counts() -> None:
    spikes = np.zeros((5, 2, 4), np.float32)
    spikes[3, 0, 0] = spikes[1, 0, 3] = 1  # the second class's second neuron is first
    spikes[2, 1, 1] = spikes[4, 1, 2] = 1  # the first class's second neuron is first
    spikes = mx.array(spikes)
    assert classes_by_time(spikes, n_classes=2).tolist() == [1, 0]
    assert accuracy_temporal(spikes, mx.array([1, 1]), n_classes=2) == 0.5
    with pytest.raises(ConfigurationError, match="n_classes"):
        accuracy_temporal(spikes, mx.array([1, 1]), n_classes=3)


def test_the_first_of_equal_classes_is_chosen() -> None:
    silent = mx.zeros((4, 2, 3))
    assert classes_by_rate(silent).tolist() == [0, 0]
    assert classes_by_time(silent).tolist() == [0, 0]
    assert accuracy_rate(silent, mx.array([0, 1])) == accuracy_temporal(silent, [0, 1]) == 0.5


@pytest.mark.parametrize("loss", [ce_count_loss, ce_temporal_loss])
def test_a_loss_works_inside_compile(loss: Any, rng: np.random.Generator) -> None:
    spikes = random_spikes(rng, 6, 4, 3)
    targets = mx.array([0, 1, 2, 0])
    value = mx.compile(loss)(spikes, targets)
    assert value.item() == pytest.approx(loss(spikes, targets).item(), rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
@pytest.mark.parametrize(
    ("outputs", "targets", "message"),
    [
        (mx.zeros((4, 3)), mx.array([0, 1]), r"\[T, batch, outputs\].*\(4, 3\)"),
        (mx.zeros((4, 2, 3), mx.int32), mx.array([0, 1]), "floats.*int32"),
        (np.zeros((4, 2, 3)), mx.array([0, 1]), "MLX array.*ndarray"),
        (mx.zeros((0, 2, 3)), mx.array([0, 1]), r"at least one step.*\(0, 2, 3\)"),
        (mx.zeros((4, 2, 3)), mx.array([0, 1, 2]), r"shape \(2,\).*\(3,\)"),
        (mx.zeros((4, 2, 3)), mx.array([0.0, 1.0]), "integers.*float32"),
        (mx.zeros((4, 2, 3)), mx.array([0, 3]), r"\[0, 2\].*0 to 3"),
        (mx.zeros((4, 2, 3)), mx.array([-1, 2]), r"\[0, 2\].*-1 to 2"),
    ],
)
def test_bad_input_is_named(loss: Any, outputs: Any, targets: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        loss(outputs, targets)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s, y: ce_count_loss(s, y, n_classes=2), "divisor of the 3 outputs.*2"),
        (lambda s, y: mse_count_loss(s, y, correct_rate=1.5), "correct_rate.*1.5"),
        (lambda s, y: ce_membrane_loss(s, y, over_time="maximum"), "Did you mean 'max'"),
        (lambda s, y: ce_temporal_loss(s, y, inverse="negative"), "Did you mean 'negate'"),
        (lambda s, y: mse_temporal_loss(s, y, on_target=4), "on_target.*4"),
        (lambda s, y: mse_temporal_loss(s, y, on_target=(0, 1)), "2 and 1"),
        (lambda s, y: ce_rate_loss(s, y, class_weight=mx.ones(2)), r"3 classes.*\(2,\)"),
        (lambda s, y: tet_loss(s, y, regularisation=2), "regularisation.*2"),
    ],
)
def test_bad_parameters_are_named(call: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        call(mx.zeros((4, 2, 3)), mx.array([0, 1]))


def test_wanted_times_of_another_shape_are_refused() -> None:
    with pytest.raises(DataError, match=r"\(2, 3\).*\(2, 2\)"):
        mse_temporal_loss(mx.zeros((4, 2, 3)), mx.zeros((2, 2)))
