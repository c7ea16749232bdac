"""What NIR cannot say, as something near it: marked, and its cost measured."""

import mlx.core as mx
import numpy as np
import pytest

from eegsnn.errors import ApproximationWarning, ExchangeError
from eegsnn.exchange import from_nir, inspect_nir, to_nir
from eegsnn.layers import Conv2d, Flatten, Linear, MaxPool2d, Residual, Sequential, TdBN
from eegsnn.neurons import ALIF, Alpha, Izhikevich, Leaky
from eegsnn.surrogate import Surrogate

KEY = mx.random.key(0)


def sample(*shape):
    rng = np.random.default_rng(1)
    return mx.array(rng.standard_normal(shape).astype(np.float32) + 0.3)


def approximated(model, x, path):
    with pytest.warns(ApproximationWarning, match="of the outputs differ"):
        graph = to_nir(model, path, dt=1e-3, features=tuple(x.shape[2:]), approximate=x)
    return graph.metadata, from_nir(path)


@pytest.mark.parametrize(
    ("layer", "most"),
    [
        (Alpha(0.9, 0.8, 0.5), 0.4),
        (Alpha(0.9, 0.8, 0.5, reset_mechanism="none"), 0.0),
        (ALIF(reset_mechanism="zero"), 0.5),
        (ALIF(reset_delay=False), 0.5),
        (Leaky(surrogate=Surrogate("mine", 1.0, lambda u, k, xp: u)), 0.0),
    ],
    ids=["Alpha", "Alpha without reset", "ALIF", "ALIF at once", "surrogate"],
)
def test_cost_is_measured_and_told(layer, most, tmp_path):
    model, x = Sequential(Linear(3, 4, key=KEY), layer), sample(50, 4, 3)
    metadata, back = approximated(model, x, tmp_path / "near.nir")
    differing = np.mean(np.array(back.run(x)[0]) != np.array(model.run(x)[0]))
    assert metadata["approximation_mismatch"] == pytest.approx(differing)
    assert differing <= most
    assert f"1_{type(layer).__name__.lower()}" in metadata["approximation"]
    kept = inspect_nir(tmp_path / "near.nir")
    assert "approximation" in kept.metadata
    assert any("approximation" in node.note for node in kept.nodes)


def test_maximum_of_spikes_and_normalisation_cost_nothing(tmp_path):
    norm = TdBN(3)
    norm.running_mean, norm.running_var = mx.array([0.1, 0.2, -0.3]), mx.array([1.0, 2.0, 0.5])
    model = Sequential(
        Residual(Conv2d(2, 3, 3, padding=1, key=KEY), norm, Leaky(), MaxPool2d(2, 2)),
        Flatten(),
        Linear(12, 4, key=KEY),
        TdBN(4, threshold=1.5),
        Leaky(),
    )
    model.layers[0] = model.layers[0].block
    model.eval()
    metadata, back = approximated(model, sample(20, 2, 4, 4, 2), tmp_path / "near.nir")
    assert metadata["approximation_mismatch"] == 0
    assert metadata["approximation"].count("TdBN") == 2
    assert len(back.layers) == 9


def test_nothing_is_replaced_unless_needed_or_possible():
    x = sample(10, 2, 3)
    graph = to_nir(Leaky(), dt=1e-3, features=3, approximate=x)
    assert "approximation" not in graph.metadata
    with pytest.raises(ExchangeError, match="quadratic"):
        to_nir(Izhikevich(), dt=1e-3, features=3, approximate=x)
