"""There → here → there: an imported graph is written again, and is the same graph."""

import importlib.util
import sys
from pathlib import Path

import mlx.core as mx
import nir
import numpy as np
import pytest
from hypothesis import given, settings

from eegsnn.errors import ExchangeError
from eegsnn.exchange import Convention, from_nir, to_nir

spec = importlib.util.spec_from_file_location(
    "graphs_of_others", Path(__file__).with_name("test_graphs.py")
)
others = importlib.util.module_from_spec(spec)
sys.modules["graphs_of_others"] = others
spec.loader.exec_module(others)
DT = others.DT


def assert_same_graph(model, x, path):
    to_nir(model, path, dt=model.dt)
    again = from_nir(path)
    ours, theirs = model.run(x)[0], again.run(x)[0]
    assert mx.array_equal(ours, theirs).item()
    assert set(again.layers) >= set(model.layers)
    for one, other in zip(model.trace(x), again.trace(x), strict=True):
        assert one.name == other.name
        for key, values in one.states.items():
            assert mx.array_equal(values, other.states[key]).item()


@pytest.mark.parametrize("convention", ["nir", "snntorch"])
@pytest.mark.parametrize("name", list(others.NODES))
def test_every_neuron(name, convention, tmp_path):
    model = from_nir(others.chain(others.NODES[name], to=[3]), DT, convention=convention)
    assert_same_graph(model, mx.array(others.X), tmp_path / "again.nir")


@settings(max_examples=15, deadline=None)
@given(others.graphs())
def test_random_graphs(tmp_path_factory, graph):
    path = tmp_path_factory.mktemp("again") / "again.nir"
    assert_same_graph(from_nir(graph, DT), mx.array(others.X[:7]), path)


@pytest.mark.parametrize("make", [others.braille, others.nmnist])
def test_networks_of_the_nir_paper(make, tmp_path):
    model = from_nir(make(), 1e-4)
    (shape,) = model.input_features.values()
    x = mx.array((others.RNG.random((5, 2, *shape)) < 0.3).astype(np.float32))
    assert_same_graph(model, x, tmp_path / "again.nir")


def test_odd_layers_and_nested_graphs(tmp_path):
    rng = np.random.default_rng(0)
    conv = nir.Conv2d((6, 5), rng.standard_normal((4, 2, 2, 3)), 1, "same", 1, 1, np.zeros(4))
    inner = others.chain(nir.Scale(rng.standard_normal((4, 6, 5))), shape=(4, 6, 5), to=[4, 6, 5])
    weight = rng.standard_normal((4, 3, 30))
    graph = others.chain(
        conv,
        inner,
        nir.Flatten(np.array([4, 6, 5]), 1, 2),
        nir.Affine(weight, rng.standard_normal((4, 3))),
        nir.Threshold(np.zeros((4, 3))),
        shape=(2, 6, 5),
        to=[4, 3],
    )
    x = mx.array(rng.standard_normal((6, 2, 6, 5, 2)).astype(np.float32))
    assert_same_graph(from_nir(graph, DT), x, tmp_path / "again.nir")


def test_trained_weights_are_the_ones_written():
    model = from_nir(others.chain(nir.Linear(np.eye(3)), others.LIF, to=[3]), DT)
    model.layers["n0"].weight = model.layers["n0"].weight * 2
    np.testing.assert_array_equal(to_nir(model, dt=DT).nodes["n0"].weight, 2 * np.eye(3))
    with pytest.raises(ExchangeError, match="dt"):
        to_nir(model, dt=2 * DT)


def test_what_nir_cannot_say_is_refused():
    model = from_nir(
        others.chain(others.NODES["CubaLIF"], to=[3]), DT, convention=Convention(current="old")
    )
    with pytest.raises(ExchangeError, match=r"Layer .n0. .*current"):
        to_nir(model, dt=DT)
