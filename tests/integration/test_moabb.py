"""The estimator inside MOABB, on data that hold nothing: scores off chance would be a leak.

The scores are printed: ``pytest tests/integration/test_moabb.py -rP`` shows them.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eegsnn.encoding import EEGEncoder
from eegsnn.estimators import EEGSpikingClassifier

moabb = pytest.importorskip("moabb", reason="needs the extra moabb")

SFREQ = 128


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep MOABB's and MNE's files and settings out of the user's home."""
    monkeypatch.setenv("_MNE_FAKE_HOME_DIR", str(tmp_path))
    monkeypatch.setenv("MNE_DATA", str(tmp_path))
    monkeypatch.setenv("MOABB_RESULTS", str(tmp_path))
    moabb.set_log_level("ERROR")


@pytest.fixture
def noise() -> Any:
    """Six subjects, two sessions of 60 trials each, of left- and right-hand imagery: noise.

    Trials of 3 s begin 4 s apart. MOABB's own default lets them overlap, which is a leak of its
    own: parts of a test trial are then in training.
    """
    from moabb.datasets.fake import FakeDataset

    return FakeDataset(
        event_list=("left_hand", "right_hand"),
        n_subjects=6,
        n_sessions=2,
        n_runs=2,
        n_events=30,
        duration=125,
        sfreq=SFREQ,
        seed=7,
    )


@pytest.fixture
def model() -> EEGSpikingClassifier:
    encoder = EEGEncoder("motor", feature="log_power", method="direct", bin_width=0.5)
    return EEGSpikingClassifier(
        encoder, sfreq=SFREQ, hidden=(32,), max_epochs=8, learning_rate=0.02, random_state=0
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["WithinSessionEvaluation", "CrossSubjectEvaluation"])
def test_noise_is_classified_at_chance(
    name: str, noise: Any, model: EEGSpikingClassifier, tmp_path: Path
) -> None:
    from moabb import evaluations
    from moabb.paradigms import LeftRightImagery

    evaluation = getattr(evaluations, name)(
        paradigm=LeftRightImagery(),
        datasets=[noise],
        random_state=0,
        overwrite=True,
        hdf5_path=str(tmp_path),
    )
    results = evaluation.process({"eegsnn": model})
    # Twelve sessions of 60 trials: the AUC of guesses has a deviation of 0.075 in each, and of
    # 0.022 in their mean; beyond 0.1 lie 4.6 deviations.
    assert len(results) == 12
    mean, spread = results["score"].mean(), results["score"].std()
    print(f"MOABB {moabb.__version__} {name}: mean ROC AUC {mean:.3f} (SD {spread:.3f}, n = 12)")
    assert abs(mean - 0.5) <= 0.1


@pytest.mark.filterwarnings("ignore")
def test_what_moabb_hands_over_is_taken_as_it_is(noise: Any, model: EEGSpikingClassifier) -> None:
    from moabb.paradigms import LeftRightImagery

    X, labels, metadata = LeftRightImagery().get_data(noise, subjects=[1])
    assert (X.dtype, X.shape) == (np.float64, (120, 3, 3 * SFREQ + 1))
    assert 1 < X.std() < 100  # microvolts
    default = EEGSpikingClassifier(sfreq=SFREQ, max_epochs=1, random_state=0).fit(X, labels)
    assert default.predict_proba(X).shape == (120, 2)
    # A difference that is there is found: the same data, with power added for one class.
    time = np.arange(X.shape[2]) / SFREQ
    X[labels == "left_hand", 0] += 20 * np.sin(2 * np.pi * 10 * time)
    first = (metadata.session == metadata.session.iloc[0]).to_numpy()
    model.fit(X[first], labels[first])
    assert model.score(X[~first], labels[~first]) > 0.9
    copied = pickle.loads(pickle.dumps(model))  # as save_model does
    np.testing.assert_array_equal(copied.predict_proba(X), model.predict_proba(X))
