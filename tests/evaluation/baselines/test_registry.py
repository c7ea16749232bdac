"""Baselines by name: parameters, seeds, what a pipeline passes on."""

import numpy as np
import pytest
from sklearn.base import clone

from eegsnn.errors import ConfigurationError
from eegsnn.evaluation import BASELINES, Signal, baseline_parameters, build_baseline
from eegsnn.evaluation.baselines import baseline_is_seeded

SIGNAL = Signal(100.0, 3, 200, ("10Hz", "13Hz"))
NEEDS = {
    "tangent-space-lr": ("pyriemann",),
    "fb-tangent-space-lr": ("pyriemann",),
    "xdawn-tangent-lr": ("pyriemann",),
    "eegnet": ("torch", "braindecode"),
}
BUILT_ALONE = sorted(set(BASELINES) - {"gru-twin"})


def build(name, **options):
    for module in NEEDS.get(name, ()):
        pytest.importorskip(module, reason="needs an extra")
    return build_baseline(name, baseline_parameters(name), SIGNAL, **options)


@pytest.mark.parametrize("name", BUILT_ALONE)
def test_baselines_can_be_cloned_and_say_their_parameters(name):
    assert not {"signal", "seed", "network"} & set(baseline_parameters(name))
    clone(build(name))


@pytest.mark.parametrize("name", BUILT_ALONE)
def test_settings_can_be_told_from_one_another(name):
    from eegsnn.evaluation import describe_estimator

    first, again, other = (describe_estimator(build(name, seed=seed)) for seed in (0, 0, 1))
    assert first == again
    assert (first != other) == baseline_is_seeded(name)
    assert " at 0x" not in str(first)  # an address is another one in every process


@pytest.mark.parametrize("name", sorted(set(BUILT_ALONE) - {"eegnet"}))
def test_every_baseline_fits_and_says_what_a_prediction_costs(rng, name):
    y = np.array(["10Hz", "13Hz"] * 12)
    X = rng.normal(size=(24, 3, 200))
    X[:, 0] += np.sin(2 * np.pi * np.where(y == "10Hz", 10, 13)[:, None] * np.arange(200) / 100)
    model = build(name).fit(X, y)
    assert set(model.predict(X)) <= {"10Hz", "13Hz"}
    assert model.macs_ > 0


def test_signal_of_a_data_set(dataset):
    assert Signal.of(dataset) == Signal(100.0, 2, 150, ("right", "left"))


def test_a_twin_needs_its_network():
    with pytest.raises(ConfigurationError, match="none was given"):
        build_baseline("gru-twin", {}, SIGNAL)
    with pytest.raises(ConfigurationError, match="but got CountedPipeline"):
        build_baseline("gru-twin", {}, SIGNAL, network=build("logistic"))


def test_a_band_between_two_frequencies_of_a_trial_is_refused():
    with pytest.raises(ConfigurationError, match=r"'narrow'.*steps of 0\.5 Hz"):
        build_baseline("band-power-lda", {"bands": {"narrow": [8.1, 8.4]}}, SIGNAL)
