"""EEGNet where torch and braindecode are installed; elsewhere one line that names the extra."""

import numpy as np
import pytest

from eegsnn.errors import ConfigurationError, DependencyError
from eegsnn.evaluation import Signal, build_baseline
from eegsnn.evaluation.baselines import signal as signal_module


def test_the_missing_extra_is_named_when_it_is_built(monkeypatch):
    monkeypatch.setattr(signal_module, "find_spec", lambda module: None)
    with pytest.raises(DependencyError, match=r"torch and braindecode.*eegsnn\[eegnet\]"):
        build_baseline("eegnet", {}, Signal(100.0, 3, 200))


def test_a_library_that_cannot_be_imported_is_named_when_it_is_built(monkeypatch):
    def fail(module):
        raise OSError("libtorchaudio.so: undefined symbol")

    monkeypatch.setattr(signal_module, "find_spec", lambda module: True)
    monkeypatch.setattr(signal_module, "import_module", fail)
    with pytest.raises(DependencyError, match=r"cannot be imported: OSError: libtorchaudio"):
        build_baseline("eegnet", {}, Signal(100.0, 3, 200))


def test_short_trials_are_refused():
    with pytest.raises(ConfigurationError, match="at least 32 samples"):
        build_baseline("eegnet", {}, Signal(100.0, 3, 30))


def test_it_learns_and_repeats_itself(rng):
    reason = "needs the extra 'eegnet'"
    pytest.importorskip("torch", reason=reason)
    pytest.importorskip("braindecode", reason=reason)
    y = np.arange(60) % 2
    X = 1e-5 * rng.normal(size=(60, 2, 128))
    X[:, 0] += 3e-5 * y[:, None] * np.sin(2 * np.pi * 10 * np.arange(128) / 64)
    signal = Signal(64.0, 2, 128)
    fitted = [
        build_baseline("eegnet", {"max_epochs": 40, "batch_size": 8}, signal, seed=4).fit(
            X[:40], y[:40]
        )
        for _ in range(2)
    ]
    assert fitted[0].score(X[40:], y[40:]) >= 0.85
    np.testing.assert_array_equal(*(model.predict_proba(X) for model in fitted))
    # EEGNet-8,2 of Lawhern et al.: eight filters of 32 taps at 129 places (an even kernel, padded
    # on both sides) of two channels, two spatial filters for each, 16 separable ones after
    # pooling by 4, and two classes of 16 filters pooled by 8.
    temporal, spatial = 8 * 32 * 2 * 129, 16 * 2 * 129
    depthwise, pointwise, linear = 16 * 16 * 33, 16 * 16 * 33, 2 * 16 * 4
    expected = temporal + spatial + depthwise + pointwise + linear
    assert fitted[0].macs_ == expected
