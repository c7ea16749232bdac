"""A fitted encoder through JSON and arrays, and back."""

import json

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from eegsnn.encoding import EEGEncoder
from eegsnn.errors import ConfigurationError, ModelFileError
from eegsnn.filters import FrequencyBand, SpatialFilter


@pytest.fixture
def trials(rng):
    return rng.normal(size=(6, 3, 300))


def through_json(encoder):
    config, arrays = encoder.get_state()
    return json.loads(json.dumps(config)), arrays


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"method": "delta", "bands": [FrequencyBand("x", 8, None)], "threshold": np.float32(0.25)},
        {"method": "direct", "feature": "log_power", "spatial_filter": SpatialFilter("csp", 2)},
        {"rate_code": "poisson", "random_state": None, "spatial_filter": "whitening",
         "n_components": 2},
        {"method": "threshold", "phase": "causal", "spatial_filter": "average"},
    ],
)  # fmt: skip
def test_a_restored_encoder_does_the_same(trials, parameters):
    encoder = EEGEncoder(**{"bands": "motor", **parameters})
    encoder.fit(trials, np.arange(6) % 2, ch_names=["C3", "Cz", "C4"], sfreq=200.0)
    restored = EEGEncoder.from_state(*through_json(encoder))
    assert np.array_equal(restored.transform(trials), encoder.transform(trials))
    assert list(restored.get_feature_names_out()) == list(encoder.get_feature_names_out())
    turned = restored.transform(trials[:, ::-1], ch_names=["C4", "Cz", "C3"])
    assert np.array_equal(turned, encoder.transform(trials))
    config, arrays = through_json(restored)
    assert config == through_json(encoder)[0]
    assert all(array.dtype == np.float64 for array in arrays.values())


def test_what_is_not_fitted_has_no_state():
    with pytest.raises(NotFittedError):
        EEGEncoder().get_state()


def test_incomplete_or_foreign_states_are_refused(trials):
    config, arrays = through_json(EEGEncoder("motor", 200.0).fit(trials))
    with pytest.raises(ModelFileError, match="ch_names"):
        EEGEncoder.from_state({k: v for k, v in config.items() if k != "ch_names"}, arrays)
    with pytest.raises(ModelFileError, match="not complete"):
        EEGEncoder.from_state({**config, "parameters": {"bands": [], "colour": 1}}, arrays)
    with pytest.raises(ModelFileError, match=r"scale\.1\.unit"):
        EEGEncoder.from_state(config, {k: v for k, v in arrays.items() if k != "scale.1.unit"})
    with pytest.raises(ModelFileError, match="shape"):
        EEGEncoder.from_state(config, {**arrays, "scale.0.unit": np.ones(7)})
    wrong = {**config, "parameters": {**config["parameters"], "method": "smell"}}
    with pytest.raises(ConfigurationError, match="method"):
        EEGEncoder.from_state(wrong, arrays)
