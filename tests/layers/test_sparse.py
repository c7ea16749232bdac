from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.backend import kernels_available
from eegsnn.errors import DataError
from eegsnn.layers.sparse import SparseSpikes, sparse_linear

pytestmark = pytest.mark.skipif(not kernels_available(), reason="no compiled kernels here")


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 9),
    st.integers(1, 6),
    st.integers(1, 40),
    st.floats(0, 1),
    st.integers(0, 2**31),
)
def test_events_hold_what_the_dense_array_holds(
    n_steps: int, batch: int, n_inputs: int, density: float, seed: int
) -> None:
    dense = np.random.default_rng(seed).random((n_steps, batch, n_inputs)) < density
    spikes = SparseSpikes.from_dense(dense)
    assert spikes.shape == dense.shape
    assert spikes.density == pytest.approx(dense.mean())
    np.testing.assert_array_equal(spikes.dense(), dense.astype(np.float32))


@pytest.mark.parametrize("n_steps", [1, 2, 25])
@pytest.mark.parametrize("size", [1, 7, 64, 300])
@pytest.mark.parametrize("density", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("batch", [1, 5])
def test_the_product_equals_the_dense_one_gradients_included(
    n_steps: int, size: int, density: float, batch: int, rng: np.random.Generator
) -> None:
    dense = (rng.random((n_steps, batch, size)) < density).astype(np.float32)
    spikes = SparseSpikes.from_dense(dense)
    weight = mx.array(rng.normal(size=(11, size)).astype(np.float32))
    bias = mx.array(rng.normal(size=11).astype(np.float32))
    cotangent = mx.array(rng.normal(size=(n_steps, batch, 11)).astype(np.float32))

    def by_events(weight: mx.array, bias: mx.array) -> list[mx.array]:
        return [sparse_linear(spikes, weight, bias)]

    def densely(weight: mx.array, bias: mx.array) -> list[mx.array]:
        return [mx.array(dense) @ weight.T + bias]

    got, got_gradients = mx.vjp(by_events, [weight, bias], [cotangent])
    expected, gradients = mx.vjp(densely, [weight, bias], [cotangent])
    for ours, theirs in zip([*got, *got_gradients], [*expected, *gradients], strict=True):
        scale = max(1.0, float(mx.abs(theirs).max()))
        np.testing.assert_allclose(ours, theirs, atol=2e-6 * scale)


def test_spikes_are_drawn_with_the_probabilities_asked_for(rng: np.random.Generator) -> None:
    probabilities = np.array([0.0, 0.1, 0.5, 0.9, 1.0])
    levels = np.tile(np.round(65536 * probabilities).astype(np.uint32), (1, 200, 1))
    drawn = np.array(SparseSpikes.drawn(levels, 100, rng).dense())
    rates = drawn.mean(axis=(0, 1))
    assert rates[0] == 0
    assert rates[-1] == 1
    # Four standard errors of 20,000 draws.
    np.testing.assert_allclose(rates, probabilities, atol=4 * 0.5 / np.sqrt(20_000))
    # Steps and trials are independent draws.
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[:, 0], drawn[:, 1])


def test_levels_may_change_with_time(rng: np.random.Generator) -> None:
    levels = np.zeros((6, 3, 4), np.uint32)
    levels[2, 1, 3] = levels[5, 0, 0] = 65536
    dense = np.array(SparseSpikes.drawn(levels, 6, rng).dense())
    np.testing.assert_array_equal(dense, (levels > 0).astype(np.float32))


def test_the_same_draws_serve_every_trial(rng: np.random.Generator) -> None:
    level = np.round(65536 * rng.random((1, 1, 50)))
    levels = np.tile(level, (1, 4, 1)).astype(np.uint32)
    levels[0, 2, ::2] = 0  # a trial that needs fewer numbers must not shift the others
    dense = np.array(SparseSpikes.drawn(levels, 20, rng, same_draws=True).dense())
    np.testing.assert_array_equal(dense[:, 0], dense[:, 1])
    np.testing.assert_array_equal(dense[:, 0], dense[:, 3])
    np.testing.assert_array_equal(dense[:, 0, 1::2], dense[:, 2, 1::2])


def test_one_seed_gives_one_draw() -> None:
    levels = np.full((1, 3, 20), 30_000, np.uint32)
    first, second = (
        SparseSpikes.drawn(levels, 10, np.random.default_rng(7)).dense() for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "array", [np.zeros((3, 4)), np.full((2, 1, 3), 0.5), np.full((2, 1, 3), 2)]
)
def test_other_arrays_are_refused(array: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"spikes: expected zeros and ones \[T, batch, inputs\]"):
        SparseSpikes.from_dense(array)


def test_weights_for_other_inputs_are_refused() -> None:
    spikes = SparseSpikes.from_dense(np.ones((2, 1, 3)))
    with pytest.raises(DataError, match="expected 4 inputs, as the weights have, but got 3"):
        sparse_linear(spikes, mx.zeros((5, 4)), mx.zeros((5,)))
