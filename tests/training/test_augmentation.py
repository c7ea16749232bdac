"""What augmentations keep, and what they change."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError
from eegsnn.training.augmentation import (
    AUGMENTATIONS,
    augmented,
    channel_dropout,
    check_augmentation,
    fourier_surrogate,
    mixup,
    noise,
    scaling,
    spike_dropout,
    time_shift,
)

SHAPES = st.tuples(st.integers(1, 30), st.integers(1, 4), st.integers(1, 3))


def drawn(shape: tuple[int, ...], seed: int) -> tuple[mx.array, np.random.Generator]:
    generator = np.random.default_rng(seed)
    return mx.array(generator.normal(size=shape), mx.float32), generator


@given(shape=SHAPES, seed=st.integers(0, 1000), strength=st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_surrogates_keep_spectra_and_cross_spectra(
    shape: tuple[int, ...], seed: int, strength: float
) -> None:
    x, generator = drawn(shape, seed)
    changed = fourier_surrogate(x, strength, generator)
    before, after = (np.fft.rfft(np.asarray(a, np.float64), axis=0) for a in (x, changed))
    assert changed.shape == x.shape
    np.testing.assert_allclose(np.abs(after), np.abs(before), atol=2e-4)
    crossed = [s[:, :, :1] * s.conj() for s in (before, after)]
    np.testing.assert_allclose(crossed[1], crossed[0], atol=5e-3)


@given(shape=SHAPES, seed=st.integers(0, 1000), strength=st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_shifts_move_whole_trials_and_hold_the_ends(
    shape: tuple[int, ...], seed: int, strength: float
) -> None:
    x, generator = drawn(shape, seed)
    changed, given = np.asarray(time_shift(x, strength, generator)), np.asarray(x)
    n_steps, longest = shape[0], int(strength * shape[0])
    for trial in range(shape[1]):
        candidates = [
            given[np.clip(np.arange(n_steps) + shift, 0, n_steps - 1), trial]
            for shift in range(-longest, longest + 1)
        ]
        assert any(np.array_equal(changed[:, trial], one) for one in candidates)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_one_generator_one_result_and_zero_changes_nothing(name: str) -> None:
    x, _ = drawn((20, 6, 3), 0)
    first, second, other = (
        augmented(x, {name: 0.5}, np.random.default_rng(seed))[0] for seed in (1, 1, 2)
    )
    assert mx.array_equal(first, second).item()
    assert not mx.array_equal(first, other).item()
    assert not mx.array_equal(first, x).item()
    assert check_augmentation({name: 0}) == {}


def test_noise_has_the_deviation_asked_for() -> None:
    x = mx.zeros((500, 20, 4))
    changed = np.asarray(noise(x, 0.3, np.random.default_rng(0)))
    assert abs(changed.std() - 0.3) < 0.01
    assert abs(changed.mean()) < 0.01


def test_scaling_is_one_positive_factor_for_a_trial() -> None:
    x, generator = drawn((10, 5, 3), 0)
    ratio = np.asarray(scaling(x, 0.2, generator) / x)
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:1, :, :1], ratio.shape), rtol=1e-4)
    assert (ratio > 0).all()
    assert len(np.unique(ratio[0, :, 0])) == 5


def test_dropout_of_channels_takes_whole_features_and_of_spikes_single_values() -> None:
    x, generator = mx.ones((50, 40, 10)), np.random.default_rng(0)
    channels = np.asarray(channel_dropout(x, 0.3, generator))
    assert (channels.min(axis=0) == channels.max(axis=0)).all()
    assert abs((channels == 0).mean() - 0.3) < 0.06
    spikes = np.asarray(spike_dropout(x, 0.3, generator))
    assert abs((spikes == 0).mean() - 0.3) < 0.02
    assert (spikes.min(axis=0) != spikes.max(axis=0)).any()


def test_mixtures_are_mostly_themselves() -> None:
    x, generator = drawn((5, 8, 2), 0)
    mixed = mixup(x, 0.4, generator)
    assert (mixed.share >= 0.5).all()
    own = np.asarray(x) * mixed.share[None, :, None]
    rest = np.asarray(x)[:, mixed.partner] * (1 - mixed.share)[None, :, None]
    np.testing.assert_allclose(mixed.x, own + rest, atol=1e-6)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("noise", "augmentation: expected None or a mapping"),
        ({"nois": 0.1}, "augmentation: .*Did you mean 'noise'"),
        ({"time_shift": 1.5}, r"augmentation\.time_shift: expected a number"),
        ({"mixup": True}, r"augmentation\.mixup"),
    ],
)
def test_impossible_augmentation_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        check_augmentation(given)
