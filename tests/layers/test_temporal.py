"""Filters over time: both ways of computing them are the definition, gradients included."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from eegsnn.layers import temporal


def by_definition(x: np.ndarray, taps: np.ndarray) -> np.ndarray:
    n_steps, first = len(x), taps.shape[1] // 2
    y = np.zeros_like(x)
    for t in range(n_steps):
        for k in range(taps.shape[1]):
            if 0 <= t + k - first < n_steps:
                y[t] += taps[:, k] * x[t + k - first]
    return y


@pytest.mark.parametrize("n_taps", [1, 2, 7, 30])
@pytest.mark.parametrize("way", ["_by_kernel", "_by_transform"])
def test_is_the_definition(way: str, n_taps: int, rng: np.random.Generator) -> None:
    x, taps = rng.normal(size=(20, 3, 40)), rng.normal(size=(40, n_taps))
    y = getattr(temporal, way)(mx.array(x, mx.float32), mx.array(taps, mx.float32))
    np.testing.assert_allclose(y, by_definition(x, taps), atol=1e-4)


@pytest.mark.parametrize("n_taps", [4, 9])
def test_gradients_agree(n_taps: int, rng: np.random.Generator) -> None:
    x = mx.array(rng.normal(size=(25, 2, 5)), mx.float32)
    taps = mx.array(rng.normal(size=(5, n_taps)), mx.float32)
    weights = mx.array(rng.normal(size=x.shape), mx.float32)
    gradients = [
        mx.grad(lambda x, taps, run=run: (run(x, taps) * weights).sum(), argnums=(0, 1))(x, taps)
        for run in (temporal._by_kernel, temporal._by_transform)
    ]
    for got, expected in zip(*gradients, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-4)


@pytest.mark.parametrize(("n_steps", "n_taps", "dilation"), [(7, 5, 1), (20, 4, 3), (6, 9, 2)])
def test_products_are_counted_where_there_are_samples(n_steps, n_taps, dilation):
    """One count for each output and tap that meet a sample."""
    counted = sum(
        0 <= output + (tap - n_taps // 2) * dilation < n_steps
        for output in range(n_steps)
        for tap in range(n_taps)
    )
    assert temporal.taps_per_sample(n_steps, n_taps, dilation) * n_steps == pytest.approx(counted)
