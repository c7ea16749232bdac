"""What each kind of features measures, against what is known of the signal."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.features import (
    BandPower,
    EvokedTangentSpace,
    FilterBankCSP,
    KernelRates,
    OscillationCorrelations,
    PowerCourse,
    TangentSpace,
    TrialFeatures,
    WhitenedBandPower,
    WhitenedWindowMeans,
    WindowMeans,
)
from eegsnn.features.kernels import TRIPLES, kernel_responses


def test_tangent_space_ignores_a_fixed_mix_of_channels(rng: np.random.Generator) -> None:
    X = rng.normal(size=(20, 3, 1000))
    mixed = (rng.normal(size=(3, 3)) + 2 * np.eye(3)) @ X
    first, second = (TangentSpace(128.0).fit_transform(x) for x in (X, mixed))
    # Distances between trials are what a linear readout sees. (Shrinkage depends on the mix.)
    distances = [np.linalg.norm(z[:, None] - z[None], axis=2).ravel() for z in (first, second)]
    assert np.corrcoef(*distances)[0, 1] > 0.8


def test_more_channels_than_components_are_reduced(rng: np.random.Generator) -> None:
    X = rng.normal(size=(12, 7, 300))
    features = TangentSpace(128.0, max_components=4).fit(X)
    assert features.transform(X).shape == (12, 4 * 5 // 2)


def _travelling(rng: np.random.Generator, direction: np.ndarray) -> np.ndarray:
    """Noise about 10 Hz that the second of three channels has a quarter cycle after or before."""
    n_trials, n_times, quarter = len(direction), 512, 3  # at 128 Hz, 10.7 Hz
    X = rng.normal(size=(n_trials, 3, n_times))
    source = rng.normal(size=(n_trials, n_times + 4 * quarter))
    kernel = np.hanning(65) * np.sin(2 * np.pi * 10.7 * np.arange(65) / 128)
    source = np.stack([np.convolve(one, kernel, mode="same") for one in source])
    middle = slice(2 * quarter, 2 * quarter + n_times)
    X[:, 0] += source[:, middle]
    for trial, sign in enumerate(direction):
        X[trial, 1] += np.roll(source[trial], sign * quarter)[middle]
    return X


def test_delays_tell_which_way_a_wave_travels(rng: np.random.Generator) -> None:
    direction = np.tile([-1, 1], 40)
    X = _travelling(rng, direction)

    def accuracy(delay_cycles: float) -> float:
        features = TangentSpace(128.0, [(8, 13)], delay_cycles=delay_cycles).fit(X[:40])
        readout = LinearDiscriminantAnalysis().fit(features.transform(X[:40]), direction[:40])
        return float(readout.score(features.transform(X[40:]), direction[40:]))

    assert accuracy(0.25) > 0.95
    assert accuracy(0.0) < 0.75  # covariances at one instant are the same both ways


def test_delays_need_trials_that_outlast_them(rng: np.random.Generator) -> None:
    X = rng.normal(size=(6, 2, 40))
    features = TangentSpace(128.0, [(1, 4)], delay_cycles=0.5)  # 26 samples
    with pytest.raises(DataError, match="26 samples in the lowest band, and trials have 40"):
        features.fit(X)


def test_evoked_responses_are_told_apart_by_their_shape(rng: np.random.Generator) -> None:
    time = np.arange(128) / 128
    X = rng.normal(size=(80, 4, 128))
    y = np.arange(80) % 2
    X[y == 1, 1] += 2 * np.exp(-(((time - 0.3) / 0.05) ** 2))
    Z = EvokedTangentSpace(128.0).fit(X[:40], y[:40]).transform(X[40:])
    gap = Z[y[40:] == 1].mean(axis=0) - Z[y[40:] == 0].mean(axis=0)
    effect = np.abs(gap) / Z.std(axis=0)
    assert effect.max() > 1.0


def test_spatial_patterns_find_the_rhythm_of_a_class(rng: np.random.Generator) -> None:
    X = rng.normal(size=(40, 4, 512))
    y = np.repeat([0, 1], 20)
    X[y == 0] += np.array([1.0, -0.5, 0.2, 0])[:, None] * np.sin(
        2 * np.pi * 10 * np.arange(512) / 128 + rng.uniform(0, 6, (20, 1, 1))
    )
    Z = FilterBankCSP(128.0, bands=[(4, 8), (8, 12), (20, 24)], n_components=2).fit_transform(X, y)
    effect = np.abs(Z[:20].mean(axis=0) - Z[20:].mean(axis=0)) / Z.std(axis=0)
    assert effect.reshape(3, 2).max(axis=1).argmax() == 1


def test_band_power_is_the_logarithm_of_power(rng: np.random.Generator) -> None:
    X = rng.normal(size=(30, 2, 512))
    X[:15] *= 3
    Z = BandPower(128.0).fit_transform(X)
    assert np.mean(Z[:15]) - np.mean(Z[15:]) == pytest.approx(2 * np.log(3), abs=0.1)
    with pytest.raises(ConfigurationError, match="holds no frequency"):
        BandPower(128.0, bands=[(8.2, 8.8)]).fit(X[:, :, :128])


def test_window_means_are_means(rng: np.random.Generator) -> None:
    X = rng.normal(size=(3, 2, 100))
    features = WindowMeans(100.0, n_windows=4).fit(X)
    expected = X.reshape(3, 2, 4, 25).mean(axis=3).reshape(3, -1) / X.std()
    np.testing.assert_allclose(features.transform(X), expected)
    assert WindowMeans(100.0, n_windows=500).fit_transform(X).shape == (3, 200)


@pytest.mark.parametrize("frequency", [8.0, 13.0, 21.5])
def test_oscillations_are_found_in_any_mix_and_phase(
    frequency: float, rng: np.random.Generator
) -> None:
    time = np.arange(512) / 128
    X = rng.normal(size=(10, 3, 512))
    phases = rng.uniform(0, 2 * np.pi, (10, 3, 1))
    X += 0.5 * np.sin(2 * np.pi * frequency * time + phases)
    features = OscillationCorrelations(128.0).fit(X)
    found = features._frequencies()[features.transform(X).argmax(axis=1)]
    np.testing.assert_array_equal(found, frequency)


def test_unit_rates_are_those_of_the_definition(rng: np.random.Generator) -> None:
    X = rng.normal(size=(5, 3, 90)).cumsum(axis=2)
    features = KernelRates(128.0, n_units=84 * 2 * 5, n_thresholds=2).fit(X)
    rates = features.transform(X)
    assert rates.shape == (5, 840)
    np.testing.assert_allclose(features.spikes(X).mean(axis=0), rates, atol=1e-6)


def test_kernels_are_those_of_minirocket(rng: np.random.Generator) -> None:
    x = rng.normal(size=(1, 40))
    responses = kernel_responses(x, dilation=3)
    assert responses.shape == (1, 84, 40)
    for kernel in (0, 17, 83):
        weights = -np.ones(9)
        weights[TRIPLES[kernel]] = 2
        padded = np.pad(x[0], 12)
        plain = [padded[t : t + 25 : 3] @ weights for t in range(40)]
        np.testing.assert_allclose(responses[0, kernel], plain, atol=1e-5)


def test_thresholds_come_from_training_trials(rng: np.random.Generator) -> None:
    X = rng.normal(size=(40, 1, 200))
    rates = KernelRates(128.0, n_units=672).fit_transform(X)
    # Quantiles of what the kernels give: units of all rates, evenly.
    assert np.histogram(rates.mean(axis=0), bins=4, range=(0, 1))[0].min() > 0.15 * rates.shape[1]


def test_long_trials_are_shortened_for_kernels(rng: np.random.Generator) -> None:
    X = rng.normal(size=(4, 1, 1000))
    features = KernelRates(128.0, n_units=336, max_samples=300).fit(X)
    assert features.prepare(X).shape == (4, 1, 250)


def test_seeds_draw_kernels(rng: np.random.Generator) -> None:
    X = rng.normal(size=(6, 4, 200))
    first, again, other = (
        KernelRates(128.0, n_units=672, seed=seed).fit_transform(X) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def _two_sources(rng: np.random.Generator, sources: np.ndarray) -> np.ndarray:
    """Two electrodes that both see a strong source, and only one of them a weak one as well."""
    strong = 2 * rng.normal(size=sources.shape)
    return np.stack([strong, strong + sources], axis=1)


def _separation(Z: np.ndarray, y: np.ndarray) -> float:
    """How far the classes lie apart in the feature that tells most, in deviations."""
    gap = Z[y == 1].mean(axis=0) - Z[y == 0].mean(axis=0)
    within = np.hypot(Z[y == 1].std(axis=0), Z[y == 0].std(axis=0))
    return float(np.max(np.abs(gap) / within))


def test_whitening_uncovers_a_potential_beside_a_stronger_source(rng: np.random.Generator) -> None:
    sources = rng.normal(size=(80, 200))
    y = np.arange(80) % 2
    sources[y == 1, 100:] += 1.0
    X = _two_sources(rng, sources)

    def separation(features: TrialFeatures) -> float:
        return _separation(features.fit(X).transform(X), y)

    assert separation(WhitenedWindowMeans(100.0, 4)) > 1.1 * separation(WindowMeans(100.0, 4))


def test_whitening_uncovers_a_rhythm_beside_a_stronger_source(rng: np.random.Generator) -> None:
    sources = rng.normal(size=(60, 512))
    y = np.arange(60) % 2
    sources[y == 1] *= 1.5
    X = _two_sources(rng, sources)
    bands = [(8.0, 13.0), (13.0, 30.0)]

    def separation(features: TrialFeatures) -> float:
        return _separation(features.fit(X).transform(X), y)

    assert separation(WhitenedBandPower(128.0, bands)) > 1.5 * separation(BandPower(128.0, bands))


def test_whitened_power_of_unmixed_channels_is_their_power(rng: np.random.Generator) -> None:
    X = rng.normal(size=(40, 3, 1024)) * np.array([1.0, 2.0, 4.0])[:, None]
    X *= rng.uniform(0.5, 2.0, size=(40, 3, 1))
    plain = BandPower(128.0, [(8.0, 30.0)]).fit_transform(X)
    whitened = WhitenedBandPower(128.0, [(8.0, 30.0)]).fit_transform(X)
    for one, other in zip(plain.T, whitened.T, strict=True):
        assert np.corrcoef(one, other)[0, 1] > 0.95


def test_the_course_of_power_tells_when_and_power_does_not(rng: np.random.Generator) -> None:
    """The same rhythm, in the first or in the second half, in one mix of four channels."""
    time, y = np.arange(500) / 250.0, np.arange(80) % 2
    rhythm = np.sin(2 * np.pi * 10 * time + rng.uniform(0, 6, (80, 1)))
    rhythm *= np.where(y[:, None], time >= 1.0, time < 1.0)
    X = rng.normal(size=(80, 4, 500)) + 0.7 * rhythm[:, None] * rng.normal(size=(4, 1))
    bands = [(8.0, 13.0), (13.0, 20.0)]
    course = PowerCourse(250.0, bands).fit(X)
    Z = course.transform(X).reshape(80, 2, 7, 4)  # windows of half a second, a quarter apart
    effect = (Z[y == 1].mean(axis=0) - Z[y == 0].mean(axis=0)) / Z.std(axis=0)
    strongest = np.abs(effect[0]).max(axis=0).argmax()
    assert effect[0, -1, strongest] > 1.0
    assert effect[0, 0, strongest] < -1.0
    assert np.abs(effect[1]).max() < 0.9
    assert np.abs(_separation(WhitenedBandPower(250.0, bands).fit_transform(X), y)) < 1.0


def test_windows_are_longer_in_long_trials_and_few_in_short_ones() -> None:
    course = PowerCourse(100.0)
    assert course.windows(200) == (7, 50)
    assert course.windows(3000) == (8, 666)
    assert course.windows(60) == course.windows(74) == (1, 50)
    assert course.windows(30) == (1, 30)


def test_a_window_that_holds_nothing_of_a_band_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ConfigurationError, match="band 4–5 Hz holds no frequency of a stretch"):
        PowerCourse(100.0, bands=[(4.0, 5.0)], shortest=0.3).fit(rng.normal(size=(4, 2, 100)))
