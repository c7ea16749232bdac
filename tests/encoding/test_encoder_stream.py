"""`EEGEncoder.stream`: bins of a signal as it arrives are those of one call, however it is cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.encoding import ENCODERS, EEGEncoder, EncoderUnion
from eegsnn.encoding.coding import METHODS
from eegsnn.errors import ConfigurationError, DataError

pytestmark = pytest.mark.filterwarnings("ignore::eegsnn.errors.SlewLimitWarning")

SFREQ, N_TIMES = 100.0, 260
BANDS = {"slow": (None, 4), "mu": (8, 12)}
SETTINGS = {"latency": {"n_steps": 5}, "population": {"n_units": 5}, "bsa": {"n_taps": 9}}
cuts = st.lists(st.integers(0, N_TIMES), max_size=8).map(sorted)


def series(n_trials: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_trials, 3, N_TIMES)).cumsum(axis=2)


def fitted(bands: Any = BANDS, **parameters: Any) -> EEGEncoder:
    parameters = {"bin_width": 0.07, "phase": "causal", "random_state": 0, **parameters}
    return EEGEncoder(bands, SFREQ, **parameters).fit(series(4, seed=1))


def in_chunks(encoder: Any, X: np.ndarray, where: list[int]) -> np.ndarray:
    stream = encoder.stream()
    parts = [stream.process(chunk) for chunk in np.split(X, where, axis=-1)]
    return np.concatenate([*parts, stream.flush()])


@pytest.mark.parametrize("feature", ["signal", "log_power"])
@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=4, deadline=None)
@given(where=cuts)
def test_chunks_of_every_code_are_one_call(method: str, feature: str, where: list[int]) -> None:
    encoder = fitted(method=method, feature=feature, settings=SETTINGS.get(method))
    X = series()
    assert np.array_equal(in_chunks(encoder, X, where), encoder.transform(X))


@settings(max_examples=40, deadline=None)
@given(
    where=cuts,
    method=st.sampled_from(["rate", "delta", "threshold", "direct", "bsa", "population"]),
    feature=st.sampled_from(["signal", "envelope", "log_power"]),
    polarity=st.sampled_from(["split", "merged", "signed", "up", "down"]),
    bin_width=st.sampled_from([0.01, 0.033, 0.05, 0.4, 2.0]),
    bands=st.sampled_from([BANDS, None]),
)
def test_chunks_are_one_call(where: list[int], **parameters: Any) -> None:
    encoder = fitted(**parameters, refractory=0.05, max_rate=60.0)
    X = series()
    assert np.array_equal(in_chunks(encoder, X, where), encoder.transform(X))


def test_bins_come_as_soon_as_they_are_complete() -> None:
    stream = fitted(method="delta", bin_width=0.1).stream()
    X = series(1)[0]
    counts = [len(stream.process(X[:, i : i + 1])) for i in range(45)]
    assert [i + 1 for i, count in enumerate(counts) if count] == [10, 20, 30, 40]


def test_bands_with_codes_of_their_own_keep_step() -> None:
    """A spiker looks ahead; the others wait for it, and a bin is given whole."""
    encoder = fitted(method={"slow": {"method": "bsa", "n_taps": 11}, "mu": "delta"})
    X = series()
    assert np.array_equal(in_chunks(encoder, X, [5, 6, 7, 100]), encoder.transform(X))


def test_one_recording_needs_no_axis_of_trials() -> None:
    encoder, X = fitted(), series(1)
    found = in_chunks(encoder, X[0], [30, 31])
    assert np.array_equal(found, encoder.transform(X)[:, 0])


def test_spatial_filters_are_streamed_to_rounding() -> None:
    encoder = fitted(method="direct", spatial_filter="whitening", n_components=2)
    X = series()
    assert np.allclose(in_chunks(encoder, X, [1, 2, 50]), encoder.transform(X), atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(where=cuts)
def test_a_union_streams(where: list[int]) -> None:
    common = {"bin_width": 0.05, "phase": "causal", "sfreq": SFREQ}
    union = EncoderUnion(
        [EEGEncoder(BANDS, method=method, **common) for method in ("hsa", "delta", "direct")]
    ).fit(series(4, seed=1))
    X = series()
    assert np.array_equal(in_chunks(union, X, where), union.transform(X))


def test_what_needs_the_future_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match=r'phase: streaming needs "causal"'):
        fitted(phase="zero").stream()
    with pytest.raises(ConfigurationError, match=r"rate_code: 'poisson'.*method='poisson'"):
        fitted(method="rate", rate_code="poisson").stream()
    assert "poisson" in ENCODERS


def test_a_wrong_chunk_is_refused_and_changes_nothing() -> None:
    encoder, X = fitted(), series()
    stream = encoder.stream()
    with pytest.raises(DataError, match="no samples yet"):
        stream.flush()
    assert stream.process(X[..., :0]).shape == (0, 2, encoder.n_features_out_)
    parts = [stream.process(X[..., :99])]
    broken = X[..., 99:].copy()
    broken[1, 0, 3] = np.nan
    for chunk, said in (
        (broken, "NaN or infinity"),
        (X[:, :2, 99:], r"expected shape \(\[trials,\] 3, times\)"),
        (X[:1, :, 99:], r"Call reset\(\)"),
    ):
        with pytest.raises(DataError, match=said):
            stream.process(chunk)
    parts += [stream.process(X[..., 99:]), stream.flush()]
    assert np.array_equal(np.concatenate(parts), encoder.transform(X))
