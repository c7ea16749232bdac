"""Scales learned and signals decoded chunk by chunk are those of one go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.encoding import ENCODERS, DecoderStream, ScaleLearner, make_encoder
from eegsnn.errors import ConfigurationError, DataError

pytestmark = pytest.mark.filterwarnings("ignore::eegsnn.errors.SlewLimitWarning")

SETTINGS = {
    "poisson": {"random_state": 3},
    "latency": {"n_steps": 5, "window": 3},
    "population": {"n_units": 5, "quantile": 0.98},
    "bsa": {"quantile": 0.95},
}
every_encoder = pytest.mark.parametrize("name", ENCODERS)
cuts = st.lists(st.integers(0, 300), max_size=6).map(sorted)


def signal(seed=0):
    rng = np.random.default_rng(seed)
    return np.array([[1e-5], [3.0]]) * (rng.normal(size=(2, 300)).cumsum(axis=1) + 5)


@every_encoder
@settings(max_examples=4, deadline=None)
@given(where=cuts)
def test_learning_in_chunks_is_fitting(name, where):
    X = signal()
    learner = ScaleLearner(make_encoder(name, SETTINGS.get(name)), ["a", "b"], X.shape[1])
    for chunk in np.split(X, where, axis=1):
        learner.add(chunk)
    learned = learner.finish()
    fitted = make_encoder(name, SETTINGS.get(name)).fit(X[None], ch_names=["a", "b"])
    assert learned.ch_names_ == ["a", "b"]
    for key, value in fitted.learned_arrays().items():
        assert np.allclose(learned.learned_arrays()[key], value, rtol=1e-9, atol=0), key


@every_encoder
@settings(max_examples=4, deadline=None)
@given(where=cuts)
def test_decoding_in_chunks_is_decoding(name, where):
    X = signal(1)
    encoder = make_encoder(name, SETTINGS.get(name)).fit(X[None])
    if encoder.instead_of_inverse is not None:
        with pytest.raises(ConfigurationError, match="no inverse"):
            DecoderStream(encoder, X[:, 0])
        return
    coder, decoder = encoder.stream(), DecoderStream(encoder, X[:, 0])
    parts = [decoder.process(coder.process(chunk)) for chunk in np.split(X, where, axis=1)]
    parts += [decoder.process(coder.flush()), decoder.flush()]
    whole = encoder.inverse_transform(encoder.transform(X[None]), start=X[None, :, 0])[0]
    tolerance = 1e-6 * X.std(axis=1, keepdims=True)
    assert np.all(np.abs(np.concatenate(parts, axis=1) - whole) <= tolerance)


def test_a_flat_channel_is_named():
    learner = ScaleLearner(make_encoder("level_crossing"), ["a", "b"], 10)
    with pytest.raises(DataError, match="No samples"):
        learner.finish()
    learner.add(np.array([[0.0, 1.0, 2.0], [5.0, 5.0, 5.0]]))
    with pytest.raises(DataError, match="channel b does not vary"):
        learner.finish()
