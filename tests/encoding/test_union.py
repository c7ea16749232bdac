from __future__ import annotations

import pickle
from typing import Any

import mne
import numpy as np
import pytest
from sklearn.base import clone

from eegsnn.encoding import EEGEncoder
from eegsnn.encoding.union import EncoderUnion
from eegsnn.errors import ConfigurationError, DataError

SFREQ, NAMES = 100.0, ["C3", "C4"]


def make_union(**parameters: Any) -> EncoderUnion:
    return EncoderUnion(
        [
            EEGEncoder({"slow": (None, 4)}, method="direct", bin_width=0.1, **parameters),
            EEGEncoder({"mu": (8, 12)}, method="rate", bin_width=0.1, **parameters),
        ]
    )


@pytest.fixture(name="X")
def series(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(6, 2, 200))


@pytest.fixture
def fitted(X: np.ndarray) -> EncoderUnion:
    return make_union().fit(X, ch_names=NAMES, sfreq=SFREQ)


def epochs_of(X: np.ndarray, names: list[str], sfreq: float = SFREQ) -> mne.EpochsArray:
    return mne.EpochsArray(X, mne.create_info(names, sfreq, "eeg"), verbose="error")


def test_features_stand_side_by_side(X: np.ndarray, fitted: EncoderUnion) -> None:
    encoded = fitted.transform(X)
    parts = [
        encoder.fit(X, ch_names=NAMES, sfreq=SFREQ).transform(X)
        for encoder in make_union().encoders
    ]
    np.testing.assert_array_equal(encoded, np.concatenate(parts, axis=2))
    assert encoded.dtype == np.float32
    assert encoded.shape == (fitted.n_steps(200), 6, fitted.n_features_out_) == (20, 6, 6)
    assert fitted.get_feature_names_out().tolist() == [
        "C3_slow",
        "C4_slow",
        "C3_mu_up",
        "C3_mu_down",
        "C4_mu_up",
        "C4_mu_down",
    ]


def test_fit_transform_is_fit_and_transform(X: np.ndarray, fitted: EncoderUnion) -> None:
    both = make_union().fit_transform(X, ch_names=NAMES, sfreq=SFREQ)
    np.testing.assert_array_equal(both, fitted.transform(X))


def test_names_that_clash_are_told_apart(X: np.ndarray) -> None:
    union = EncoderUnion(
        [
            EEGEncoder({"mu": (8, 12)}, method="delta", bin_width=0.1),
            EEGEncoder({"mu": (8, 12)}, method="threshold", bin_width=0.1),
        ]
    )
    names = union.fit(X, ch_names=NAMES, sfreq=SFREQ).get_feature_names_out().tolist()
    assert names[0] == "delta1_C3_mu_up"
    assert names[4] == "threshold2_C3_mu_up"
    assert len(set(names)) == len(names) == union.n_features_out_


def test_the_given_encoders_stay_unfitted(fitted: EncoderUnion) -> None:
    assert len(fitted.encoders_) == 2
    assert not any(hasattr(encoder, "scales_") for encoder in fitted.encoders)


def test_says_what_it_was_trained_on(X: np.ndarray, fitted: EncoderUnion) -> None:
    assert fitted.ch_names_ == NAMES
    assert (fitted.sfreq_, fitted.n_channels_in_, fitted.bin_width) == (SFREQ, 2, 0.1)
    assert fitted.input_.named
    assert not make_union().fit(X, sfreq=SFREQ).input_.named


def test_epochs_are_matched_by_name(X: np.ndarray, fitted: EncoderUnion) -> None:
    got = fitted.transform(epochs_of(X[:, ::-1], ["C4", "C3"]))
    np.testing.assert_allclose(got, fitted.transform(X), atol=1e-5)
    with pytest.raises(DataError, match="C4"):
        fitted.transform(epochs_of(X[:, :1], ["C3"]))
    with pytest.raises(DataError, match="200 Hz"):
        fitted.transform(epochs_of(X, NAMES, sfreq=200.0))


def test_copies_work(X: np.ndarray, fitted: EncoderUnion) -> None:
    expected = fitted.transform(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).transform(X), expected)
    again = clone(fitted)
    assert not hasattr(again, "encoders_")
    np.testing.assert_array_equal(again.fit(X, ch_names=NAMES, sfreq=SFREQ).transform(X), expected)


def test_state_comes_back(X: np.ndarray, fitted: EncoderUnion) -> None:
    config, arrays = fitted.get_state()
    copied = EncoderUnion.from_state(config, arrays)
    np.testing.assert_array_equal(copied.transform(X), fitted.transform(X))
    assert copied.get_feature_names_out().tolist() == fitted.get_feature_names_out().tolist()


def test_more_than_ten_encoders_keep_their_arrays_apart(X: np.ndarray) -> None:
    bands = [{f"b{k}": (4 + k, 8 + k)} for k in range(12)]
    union = EncoderUnion([EEGEncoder(band, bin_width=0.1) for band in bands])
    union.fit(X, sfreq=SFREQ)
    copied = EncoderUnion.from_state(*union.get_state())
    np.testing.assert_array_equal(copied.transform(X), union.transform(X))


@pytest.mark.parametrize(
    ("encoders", "words"),
    [
        ([], "^encoders: expected a list of at least one EEGEncoder"),
        (EEGEncoder(), "^encoders: expected a list"),
        ([EEGEncoder(), None], "^encoder 2: expected an EEGEncoder"),
        ([EEGEncoder(), EEGEncoder(method="smell")], "^encoder 2: method"),
        ([EEGEncoder(), EEGEncoder(method="latency")], "^method: .*steps per bin.*1, 16"),
        ([EEGEncoder(bin_width=0.1), EEGEncoder(bin_width=0.2)], r"^bin_width: .*0\.1, 0\.2 s"),
    ],
)
def test_impossible_encoders_are_refused(encoders: Any, words: str, X: np.ndarray) -> None:
    for use in (
        lambda union: union.check_parameters(),
        lambda union: union.fit(X, sfreq=SFREQ),
        lambda union: union.fit_transform(X, sfreq=SFREQ),
    ):
        with pytest.raises(ConfigurationError, match=words):
            use(EncoderUnion(encoders))


def test_use_before_a_fit_is_refused(X: np.ndarray) -> None:
    for use in (lambda u: u.transform(X), lambda u: u.get_feature_names_out()):
        with pytest.raises(AttributeError, match="not fitted"):
            use(make_union())


def test_number_of_steps_is_known_before_a_fit() -> None:
    assert make_union(sfreq=SFREQ).n_steps(200) == 20
    assert make_union(sfreq=SFREQ).sfreq == SFREQ
