"""What scikit-learn, and tools built on it, expect of an estimator."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from eegsnn.encoding import EEGEncoder
from eegsnn.estimators import EEGSpikingClassifier, SpikingClassifier

# Few and long steps: enough for the checks that ask for an accuracy.
CHECKED: dict[str, Any] = {
    "hidden": (16,),
    "n_steps": 4,
    "max_epochs": 6,
    "batch_size": 64,
    "learning_rate": 0.04,
}


@parametrize_with_checks([SpikingClassifier(**CHECKED), EEGSpikingClassifier(**CHECKED)])
@pytest.mark.filterwarnings("ignore::eegsnn.errors.EegsnnWarning")
def test_check_estimator(estimator: Any, check: Any) -> None:
    """The whole of scikit-learn's checks; no failure is expected."""
    check(estimator)


def test_parameters_go_through_the_constructor_and_back() -> None:
    spiking = set(SpikingClassifier().get_params())
    own = {"encoder", "sfreq", "time_budget_s", "frequencies", "clean_artefacts"}
    defaults = EEGSpikingClassifier().get_params()
    assert set(defaults) == spiking | own
    # No architecture: the choice is left to the estimator.
    shared = {name: defaults[name] for name in spiking} | {"architecture": "feedforward"}
    assert shared == SpikingClassifier().get_params()


def test_parameters_of_the_encoder_are_reached_by_name() -> None:
    model = EEGSpikingClassifier(EEGEncoder(bin_width=0.1))
    assert model.set_params(encoder__bin_width=0.2).encoder.bin_width == 0.2


def test_a_clone_is_unfitted_and_trains_to_the_same_model(rows: Any, quick: dict) -> None:
    model = SpikingClassifier(**quick).fit(rows.X, rows.y)
    copied = clone(model)
    assert not hasattr(copied, "classes_")
    np.testing.assert_array_equal(
        copied.fit(rows.X, rows.y).predict_proba(rows.X), model.predict_proba(rows.X)
    )


@pytest.mark.parametrize(
    "duplicate", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy], ids=["pickle", "copy"]
)
def test_copies_of_fitted_models_predict_the_same(duplicate: Any, rows: Any, quick: dict) -> None:
    model = SpikingClassifier(**quick, n_networks=2).fit(rows.X, rows.y)
    copied = duplicate(model)
    np.testing.assert_array_equal(copied.predict_proba(rows.X), model.predict_proba(rows.X))
    copied.partial_fit(rows.X, rows.y)
    assert not np.array_equal(copied.predict_proba(rows.X), model.predict_proba(rows.X))


@pytest.mark.slow
def test_grid_search_over_the_encoder_in_two_processes(quick: dict) -> None:
    # A burst of 10 Hz in the first or second half: bins as wide as the trial cannot tell.
    rng = np.random.default_rng(0)
    y = np.tile(["early", "late"], 20)
    time = np.arange(100) / 100
    X = rng.normal(scale=0.3, size=(40, 1, 100))
    for trial, label in enumerate(y):
        window = time < 0.5 if label == "early" else time >= 0.5
        X[trial, 0] += window * np.sin(2 * np.pi * 10 * time + rng.uniform(0, 6))
    encoder = EEGEncoder({"alpha": (8, 13)}, feature="envelope", method="direct")
    model = EEGSpikingClassifier(encoder, sfreq=100.0, **quick | {"max_epochs": 20})
    search = GridSearchCV(model, {"encoder__bin_width": [0.1, 1.0]}, n_jobs=2, cv=2)
    search.fit(X, y)
    assert search.best_params_ == {"encoder__bin_width": 0.1}
    by_width = search.cv_results_["mean_test_score"]
    assert by_width[0] > 0.85
    assert by_width[1] < 0.75
    np.testing.assert_array_equal(search.predict(X[:3]), y[:3])


def test_cross_validation_by_groups(rows: Any, quick: dict) -> None:
    scores = cross_val_score(
        SpikingClassifier(**quick), rows.X, rows.y, groups=rows.groups, cv=GroupKFold(3)
    )
    assert scores.shape == (3,)
    assert scores.min() > 0.8


def test_groups_and_weights_are_routed_to_fit(rows: Any, quick: dict) -> None:
    with sklearn.config_context(enable_metadata_routing=True):
        model = SpikingClassifier(**quick, early_stopping=True)
        model.set_fit_request(groups=True, sample_weight=True)
        model.set_score_request(sample_weight=True)
        scores = cross_val_score(
            model,
            rows.X,
            rows.y,
            params={"groups": rows.groups, "sample_weight": np.ones(len(rows.y))},
            cv=GroupKFold(2),
            error_score="raise",
        )
    assert scores.min() > 0.7


def test_works_at_the_end_of_a_pipeline(rows: Any, quick: dict) -> None:
    model = make_pipeline(StandardScaler(), SpikingClassifier(**quick))
    assert model.fit(rows.X, rows.y).score(rows.X, rows.y) > 0.9


def test_a_model_may_be_used_in_another_thread_than_it_was_fitted_in(
    rows: Any, quick: dict
) -> None:
    model, expected = SpikingClassifier(**quick), SpikingClassifier(**quick)
    expected.fit(rows.X, rows.y)

    def in_a_thread(work: Any) -> None:
        errors: list[BaseException] = []

        def run() -> None:
            try:
                work()
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]

    in_a_thread(lambda: model.fit(rows.X, rows.y))
    np.testing.assert_array_equal(model.predict_proba(rows.X), expected.predict_proba(rows.X))
    in_a_thread(lambda: model.partial_fit(rows.X, rows.y))
    in_a_thread(lambda: model.partial_fit(rows.X, rows.y))
    in_a_thread(lambda: model.predict_proba(rows.X))
    assert model.score(rows.X, rows.y) > 0.9
