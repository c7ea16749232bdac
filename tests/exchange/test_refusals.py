"""What cannot be exchanged exactly, and files that should not be trusted: a clear error each."""

import itertools

import h5py
import mlx.core as mx
import mlx.nn as nn
import nir
import numpy as np
import pytest

from eegsnn.errors import ConfigurationError, ExchangeError
from eegsnn.exchange import from_nir, read_graph, to_nir, write_graph
from eegsnn.layers import BNTT, Flatten, Linear, MaxPool2d, Residual, Sequential, TdBN
from eegsnn.neurons import (
    ALIF,
    AdEx,
    Alpha,
    Izhikevich,
    Leaky,
    ResonateAndFire,
    RLeaky,
)
from eegsnn.surrogate import Surrogate

KEY = mx.random.key(0)
DT = 1e-3


def lif(n=3, **changes):
    values = {"tau": 0.01, "r": 10.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0} | changes
    return nir.LIF(**{k: np.full(n, v) for k, v in values.items()})


def graph(edges, **nodes):
    shape = np.array([3])
    nodes = {"input": nir.Input(shape), **nodes, "output": nir.Output(shape)}
    return nir.NIRGraph(nodes, edges, type_check=False)


def through(node):
    return graph([("input", "x"), ("x", "output")], x=node)


@pytest.mark.parametrize(
    ("layer", "features", "reason"),
    [
        (Alpha(), 3, "two currents"),
        (Izhikevich(), 3, "quadratic"),
        (AdEx(), 3, "exponential"),
        (ResonateAndFire(), 3, "oscillating"),
        (ALIF(reset_mechanism="zero"), 3, "'none', and 'subtract'"),
        (MaxPool2d(2), (4, 4, 1), "no maximum"),
        (TdBN(3), 3, "fold its scale"),
        (BNTT(3, 5), 3, "step to step"),
        (nn.LayerNorm(3), 3, "no node"),
        (nn.ReLU(), 3, "no node"),
        (mx.abs, 3, "abs"),
        (Linear(3, 2, key=KEY), (4, 3), "Flatten first"),
        (Linear(3, 2, key=KEY), 5, "takes 3 inputs"),
        (RLeaky(linear_features=3, key=KEY), (4, 3), "in a row"),
        (Leaky(surrogate=Surrogate("mine", 1.0, lambda u, k, xp: u)), 3, "is code"),
        (Leaky([1e-12, 0.5, 0.5]), 3, "has no exact form"),
        (Leaky([0.5, 0.5]), 3, "Leaky"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_export_refuses_by_name_and_reason(layer, features, reason):
    with pytest.raises(ExchangeError, match=reason) as caught:
        to_nir([("first", Leaky()), ("bad", layer)], dt=DT, features=features)
    assert "Layer 'bad'" in str(caught.value)


def test_refusal_inside_a_block_names_the_layer_inside():
    model = Sequential(Linear(3, 3, key=KEY), Residual(Leaky(), Izhikevich()))
    with pytest.raises(ExchangeError, match="1_residual_block_1_izhikevich"):
        to_nir(model, dt=DT)


def test_sum_of_two_orders_of_one_vector_is_refused():
    model = Residual(Flatten(), Linear(24, 24, key=KEY), shortcut=Flatten())
    with pytest.raises(ExchangeError, match="in two orders"):
        to_nir(model, dt=DT, features=(2, 3, 4))


def test_weights_that_are_not_finite_are_not_written():
    layer = Linear(3, 2, key=KEY)
    layer.weight = layer.weight * float("nan")
    with pytest.raises(ExchangeError, match="weight holds NaN"):
        to_nir(layer, dt=DT)


@pytest.mark.parametrize(
    ("model", "options", "match"),
    [
        (Leaky(), {"dt": DT}, "Give features"),
        (Leaky(), {"dt": 0.0, "features": 3}, "dt"),
        (Leaky(), {"dt": DT, "features": 3, "reset": "soft"}, "reset"),
        ([Leaky()], {"dt": DT, "features": 3}, "pairs"),
        ([("a", Leaky()), ("a", Leaky())], {"dt": DT, "features": 3}, "have this name"),
        ([("a/b", Leaky())], {"dt": DT, "features": 3}, "without '/'"),
        ([("input", Leaky())], {"dt": DT, "features": 3}, "have this name"),
    ],
)
def test_impossible_requests(model, options, match):
    with pytest.raises((ExchangeError, ConfigurationError), match=match):
        to_nir(model, **options)


@pytest.mark.parametrize(
    ("node", "match"),
    [
        (lif(tau=5e-4), "x: .*at least dt"),
        (lif(tau=-1.0), "above 0"),
        (lif(tau=np.nan), "above 0"),
        (lif(r=np.inf), "NaN or infinite"),
        (lif(v_threshold=np.nan), "NaN or infinite"),
        (nir.Linear(np.full((3, 3), np.inf)), "9 of 9 values are NaN or infinite"),
        (nir.Linear(np.full((3, 3), 1e300)), "NaN or infinite"),
        (nir.Affine(np.ones((3, 3)), np.ones(4)), "3 biases"),
        (nir.Linear(np.ones((3, 4))), "'input' gives the shape"),
        (nir.Affine(np.ones((4, 3)), np.ones(4)), "'x' gives the shape"),
        (lif(4), "edge 'input' → 'x'"),
        (nir.Scale(np.ones(2)), "edge 'input' → 'x'"),
        (nir.Delay(np.full(3, 1.5 * DT)), "whole steps"),
        (nir.Delay(np.full(3, -DT)), "whole steps"),
        (nir.Delay(np.full(3, 1e9)), "too much memory"),
        (nir.Conv1d(3, np.ones((1, 1, 2)), 1, 0, 1, 1, np.ones(1)), "edge 'input' → 'x'"),
        (nir.SumPool2d(np.array([2]), np.array([2]), np.array([0])), "edge 'input' → 'x'"),
        (nir.Flatten(np.array([3]), 2, -1), "do not fit"),
    ],
    ids=str,
)
def test_import_refuses_and_names_the_node_or_the_edge(node, match):
    with pytest.raises(ExchangeError, match=match):
        from_nir(through(node), DT)


@pytest.mark.parametrize(
    ("edges", "match"),
    [
        ([("input", "a"), ("a", "b"), ("b", "a"), ("b", "output")], "cycle without delay: a → b"),
        ([("input", "a"), ("a", "a"), ("a", "b"), ("b", "output")], "cycle without delay"),
        ([("input", "a"), ("a", "ghost"), ("b", "output")], "no node 'ghost'"),
        ([("input", "a"), ("input", "a"), ("a", "b"), ("b", "output")], "given twice"),
    ],
)
def test_impossible_edges(edges, match):
    weights = {name: nir.Linear(np.ones((3, 3))) for name in "ab"}
    with pytest.raises(ExchangeError, match=match):
        from_nir(graph(edges, **weights), DT)


def test_sums_of_different_shapes_name_both_sources():
    nodes = {"a": nir.Linear(np.ones((2, 3))), "b": nir.Linear(np.ones((4, 3)))}
    nodes["flat"] = nir.Flatten(None, 0, -1)
    edges = [("input", "a"), ("input", "b"), ("a", "flat"), ("b", "flat")]
    with pytest.raises(ExchangeError, match=r"'a' gives \(2,\) and 'b' gives \(4,\)"):
        from_nir(graph(edges, **nodes), DT)


def test_shape_mismatch_on_an_edge_that_closes_a_cycle():
    nodes = {"lif": lif(), "w": nir.Linear(np.ones((4, 3)))}
    edges = [("input", "lif"), ("lif", "w"), ("w", "lif"), ("lif", "output")]
    with pytest.raises(ExchangeError, match="edge 'w' → 'lif'"):
        from_nir(graph(edges, **nodes), DT)


def test_other_dt_than_the_files():
    written = to_nir(Leaky(), dt=DT, features=3)
    assert from_nir(written, DT).dt == DT
    with pytest.raises(ExchangeError, match=r"steps of 0\.001 s, but got 0\.002"):
        from_nir(written, 2e-3)


def test_metadata_that_lie_are_not_believed():
    """A changed node is read as what its values say, not as the layer that it once was."""
    written = to_nir(Leaky(reset_mechanism="zero"), dt=DT, features=3)
    node = written.nodes["0_leaky"]
    node.r = node.r / 2
    layer = from_nir(written).layers["0_leaky"]
    np.testing.assert_allclose(np.array(layer.gain), 0.5)
    node.metadata["surrogate"] = "__import__('os')"
    with pytest.raises(ExchangeError, match="surrogate"):
        from_nir(written)


# Files.


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "good.nir"
    to_nir([("fc", Linear(3, 3, key=KEY)), ("lif", Leaky())], path, dt=DT)
    return path


def edit(path, change):
    with h5py.File(path, "r+") as file:
        change(file["node"])
    return path


def replace(group, name, value):
    del group[name]
    group[name] = value


def test_no_file_no_hdf5_truncated(written, tmp_path):
    with pytest.raises(ExchangeError, match="there is none"):
        from_nir(tmp_path / "missing.nir")
    noise = tmp_path / "noise.nir"
    noise.write_bytes(b"no HDF5 at all")
    with pytest.raises(ExchangeError, match="truncated, damaged or no NIR"):
        from_nir(noise)
    whole = written.read_bytes()
    for length in (len(whole) // 3, len(whole) // 2, len(whole) - 100):
        noise.write_bytes(whole[:length])
        with pytest.raises(ExchangeError, match="truncated, damaged"):
            from_nir(noise)


def test_flipped_bytes_never_crash(written, tmp_path):
    """Whatever a damaged file holds, the answer is a network or one of our errors."""
    rng = np.random.default_rng(0)
    whole = written.read_bytes()
    path = tmp_path / "damaged.nir"
    for _ in range(60):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(damaged), 4):
            damaged[place] = rng.integers(0, 256)
        path.write_bytes(bytes(damaged))
        try:
            from_nir(path)
        except ExchangeError:
            continue


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda n: replace(n["nodes/lif"], "type", "Mystery"), "node 'lif': unknown kind of node"),
        (lambda n: n["nodes/lif"].__delitem__("tau"), "lacks tau"),
        (lambda n: n["nodes/lif"].__delitem__("type"), "names its type"),
        (lambda n: n.__delitem__("edges"), "lacks edges"),
        (lambda n: replace(n["nodes/lif"], "tau", np.ones(2)), "same shape"),
        (lambda n: replace(n["nodes/lif"], "tau", "text"), "lif"),
        (lambda n: replace(n["nodes/fc"], "weight", np.ones(3)), "at least 2D"),
        (lambda n: replace(n["nodes/fc"], "weight", np.zeros((0, 3))), "fc"),
        (lambda n: replace(n, "edges", np.array([["input"]], dtype="S9")), "as pairs"),
        (lambda n: replace(n["nodes/input"], "shape", np.array([-3])), "sizes above 0"),
        (lambda n: replace(n["nodes/input"], "shape", np.array([7])), "'fc' expects"),
        (lambda n: replace(n["metadata"], "dt", "soon"), "dt"),
        (lambda n: replace(n["metadata"], "dt", -1.0), "dt"),
    ],
    ids=range(13),
)
def test_damaged_content(written, change, match):
    with pytest.raises(ExchangeError, match=match):
        from_nir(edit(written, change))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            lambda n: n["nodes/fc"].create_dataset("more", (10**6, 10**6), "f8", chunks=(100, 100)),
            "take more than",
        ),
        (lambda n: n.__setitem__("x", h5py.ExternalLink("/etc/passwd", "/")), "link to another"),
        (lambda n: n.__setitem__("x", h5py.SoftLink("/node")), "link to another"),
        (lambda n: n.__setitem__("loop", n), "nested too deeply"),
        (lambda n: n.create_dataset("x", (1,), h5py.ref_dtype), "neither numbers nor text"),
        (lambda n: n.create_dataset("x", data=h5py.Empty("f4")), "is empty"),
        (lambda n: n.create_dataset("x", (4,), "f4", external=[("/etc/passwd", 0, 16)]), "another"),
    ],
    ids=range(7),
)
def test_hostile_files_are_refused_before_anything_is_read(written, change, match):
    with pytest.raises(ExchangeError, match=match):
        from_nir(edit(written, change))


def test_bytes_allowed_are_an_argument(written):
    with pytest.raises(ExchangeError, match="more than 100 bytes"):
        from_nir(written, max_bytes=100)


def test_small_files_that_ask_for_a_lot_of_memory():
    big = nir.Conv2d((10**6, 10**6), np.ones((1, 1, 1, 1)), 1, 0, 1, 1, np.ones(1))
    nodes = {"input": nir.Input(np.array([1, 10**6, 10**6])), "x": big}
    with pytest.raises(ExchangeError, match="values per step"):
        from_nir(nir.NIRGraph(nodes, [("input", "x")], type_check=False))
    padded = nir.Conv2d((2, 2), np.ones((1, 1, 1, 1)), 1, 10**7, 1, 1, np.ones(1))
    nodes = {"input": nir.Input(np.array([1, 2, 2])), "x": padded}
    with pytest.raises(ExchangeError, match="values per step"):
        from_nir(nir.NIRGraph(nodes, [("input", "x")], type_check=False))


def test_deep_nesting_is_refused(tmp_path):
    inner = through(lif())
    for _ in range(20):
        inner = through(inner)
    with pytest.raises(ExchangeError, match="nested"):
        from_nir(inner, DT)
    with pytest.raises(ExchangeError, match="nested"):
        read_graph(write_graph(inner, tmp_path / "deep.nir"))


def test_nested_graph_with_two_inputs_is_refused():
    inner = through(nir.Scale(np.ones(3)))
    inner.nodes["more"] = nir.Input(np.array([3]))
    inner.edges.append(("more", "x"))
    with pytest.raises(ExchangeError, match="one Input, but it has 2"):
        from_nir(through(inner), DT)


def test_a_failed_export_leaves_the_file(written):
    before = written.read_bytes()
    with pytest.raises(ExchangeError):
        to_nir(Izhikevich(), written, dt=DT, features=3)
    assert written.read_bytes() == before


def test_graphs_of_absurd_size_are_refused_quickly():
    scale = nir.Scale(np.ones(3))
    names = [f"n{i}" for i in range(20_001)]
    chain = list(itertools.pairwise(names))
    with pytest.raises(ExchangeError, match="at most 20000 nodes"):
        from_nir(graph(chain, **dict.fromkeys(names, scale)), DT)
    few = names[:60]
    everywhere = [("input", "n0"), ("n0", "output"), *((a, b) for a in few for b in few)]
    with pytest.raises(ExchangeError, match="close cycles"):
        from_nir(graph(everywhere, **{name: lif() for name in few}), DT)
