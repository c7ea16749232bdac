"""Here → NIR → here: the same spikes and membranes, bit for bit, for every supported layer."""

import mlx.core as mx
import mlx.nn as nn
import nir
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eegsnn.exchange import export_to_nir, from_nir, import_from_nir, to_nir
from eegsnn.layers import (
    AvgPool1d,
    AvgPool2d,
    Conv1d,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    Residual,
    Sequential,
    SumPool1d,
    SumPool2d,
)
from eegsnn.neurons import (
    ALIF,
    IF,
    RALIF,
    DualExponential,
    Lapicque,
    Leaky,
    LeakyIntegrator,
    ParametricLeaky,
    RLeaky,
    RSynaptic,
    Synaptic,
)

KEY = mx.random.key(7)
N = 4
BETA = np.array([0.1, 0.5, 0.9, 0.99])


def currents(*shape, seed=0, scale=1.5, offset=0.3):
    rng = np.random.default_rng(seed)
    return mx.array((offset + scale * rng.standard_normal(shape)).astype(np.float32))


def assert_same(model, back, x):
    """Equal outputs over the sequence and step by step, and equal states of every neuron."""
    expected = model.run(x)[0]
    assert mx.array_equal(back.run(x)[0], expected).item()
    traces = [t for t in model.trace(x) if t.states] if hasattr(model, "layers") else []
    others = [t for t in back.trace(x) if t.states]
    assert len(others) == len(traces)
    for ours, theirs in zip(traces, others, strict=True):
        for name, values in ours.states.items():
            assert mx.array_equal(values, theirs.states[name]).item(), (ours.name, name)
    state, model_state = back.init_state(x.shape[1]), model.init_state(x.shape[1], x.shape[2:])
    for step in x:
        out, state = back(step, state)
        same, model_state = model(step, model_state)
        assert mx.array_equal(out, same).item()


NEURONS = {
    "Leaky": lambda **f: Leaky(BETA, [0.5, 1, 1, 2], **f),
    "IF": lambda **f: IF(1.5, **f),
    "Synaptic": lambda **f: Synaptic([0.2, 0.8, 0.7, 0.6], BETA, **f),
    "ParametricLeaky": lambda **f: ParametricLeaky([1.1, 2, 10, 3.3], **f),
    "ParametricLeaky, input kept": lambda **f: ParametricLeaky(3.3, decay_input=False, **f),
    "Lapicque": lambda **f: Lapicque(R=[1.5, 1, 2, 3], C=[2, 3, 1.7, 1], time_step=0.9, **f),
    "RLeaky": lambda **f: RLeaky(BETA, linear_features=N, key=KEY, **f),
    "RLeaky, one to one": lambda **f: RLeaky(0.8, [0.5, -1, 0, 2], all_to_all=False, **f),
    "RSynaptic": lambda **f: RSynaptic(0.7, BETA, linear_features=N, key=KEY, **f),
    "DualExponential": lambda **f: DualExponential(0.6, BETA, **f),
}


@pytest.mark.parametrize("reset_delay", [True, False])
@pytest.mark.parametrize("reset_mechanism", ["subtract", "zero", "none"])
@pytest.mark.parametrize("name", list(NEURONS))
def test_neuron_with_every_reset(name, reset_mechanism, reset_delay, through_file):
    neuron = NEURONS[name](reset_mechanism=reset_mechanism, reset_delay=reset_delay)
    model = Sequential(neuron)
    back = through_file(model, features=N)
    assert_same(model, back, currents(20, 3, N))
    (layer,) = back.layers.values()
    assert type(layer) is type(neuron)
    assert layer.firing["reset_delay"] == reset_delay


@pytest.mark.parametrize(
    "neuron",
    [
        LeakyIntegrator(BETA),
        LeakyIntegrator(1.0),
        Leaky([0.0, 1.0, 0.3, 1.0]),  # without memory, without leak
        Synaptic(1.0, [1.0, 0.5, 0.0, 1.0]),
        ALIF(BETA, 0.95, 0.3),
        ALIF(reset_mechanism="none"),
        RALIF(linear_features=N, key=KEY),
        Leaky(0.9, learn_beta=True, learn_threshold=True),
        Leaky(0.9, surrogate="triangular", detach_reset=False),
    ],
    ids=lambda n: type(n).__name__,
)
def test_other_neurons(neuron, through_file):
    model = Sequential(neuron)
    assert_same(model, through_file(model, features=N), currents(20, 3, N))


@pytest.mark.parametrize(
    "neuron",
    [Leaky(BETA), IF(), Synaptic(0.7, BETA), RLeaky(BETA, linear_features=N, key=KEY)],
    ids=lambda n: type(n).__name__,
)
def test_reset_by_subtraction_as_nodes(neuron, through_file):
    model = Sequential(neuron)
    assert_same(model, through_file(model, features=N, reset="loop"), currents(20, 3, N))


def strip(graph):
    """The graph as a reader sees it that knows plain NIR and the time step alone."""
    nodes = {k: strip(n) if isinstance(n, nir.NIRGraph) else n for k, n in graph.nodes.items()}
    for node in nodes.values():
        node.metadata = {}
    return nir.NIRGraph(nodes, graph.edges, {}, type_check=False)


@pytest.mark.parametrize(
    ("neuron", "options"),
    [
        (Leaky(BETA, reset_mechanism="zero"), {}),
        (Leaky(BETA, reset_mechanism="zero", reset_delay=False), {}),
        (Leaky(BETA, reset_mechanism="none"), {}),
        (Leaky(BETA), {"reset": "loop"}),
        (Synaptic(0.6, BETA), {"reset": "loop"}),
        (Synaptic(0.6, BETA, reset_mechanism="zero", reset_delay=False), {}),
        (RLeaky(BETA, linear_features=N, key=KEY), {"reset": "loop"}),
        (RLeaky(0.8, [0.5, -1, 0, 2], all_to_all=False), {"reset": "loop"}),
        (RLeaky(BETA, linear_features=N, key=KEY, reset_mechanism="none"), {}),
        (RSynaptic(0.6, BETA, linear_features=N, key=KEY), {"reset": "loop"}),
        (ALIF(BETA, 0.95, 0.3), {}),
        (RALIF(BETA, linear_features=N, key=KEY), {}),
        (DualExponential(0.6, 0.8, reset_mechanism="zero", reset_delay=False), {}),
        (ParametricLeaky(3.3, reset_mechanism="zero"), {}),
        (Lapicque(R=2.0, C=3.0, reset_mechanism="zero", reset_delay=False), {}),
    ],
    ids=lambda v: "-".join(v.values()) if type(v) is dict else type(v).__name__,
)
def test_the_nodes_alone_say_it_all(neuron, options):
    """Without any metadata the graph spikes alike: what is called exact in plain NIR is."""
    graph = to_nir(Sequential(neuron), dt=1e-3, features=N, **options)
    (name,) = set(graph.nodes) - {"input", "output"}
    assert graph.nodes[name].metadata["plain_reading"] == "same"
    x = currents(60, 5, N)
    plain = from_nir(strip(graph), dt=1e-3)
    assert mx.array_equal(plain.run(x)[0], neuron.run(x)[0]).item()


def test_what_needs_metadata_says_so():
    graph = to_nir(Leaky(), dt=1e-3, features=2)
    assert graph.nodes["0_leaky"].metadata["plain_reading"] == "other reset"


def test_chain_of_images_keeps_channels_where_each_side_has_them(through_file):
    per_neuron = np.random.default_rng(0).uniform(0.1, 0.99, (8, 5, 6))
    model = Sequential(
        Conv2d(2, 6, (3, 2), padding=(1, 0), key=KEY),
        Leaky(per_neuron, np.linspace(0.1, 0.5, 6)),
        SumPool2d((2, 1)),
        Conv2d(6, 4, 3, groups=2, dilation=(1, 2), padding=2, bias=False, key=KEY),
        Synaptic(threshold=0.2),
        AvgPool2d(3, 2, 1),
        Flatten(),
        IF(0.3),
        Linear(36, 5, key=KEY),
        LeakyIntegrator(),
    )
    assert_same(model, through_file(model, features=(8, 6, 2)), currents(6, 2, 8, 6, 2))


def test_exported_image_network_is_right_for_channels_first():
    """Judged by NumPy on the NIR side: Flatten in C order of (C, H, W), weights as in the file."""
    model = Sequential(Flatten(), Linear(2 * 3 * 4, 5, key=KEY))
    graph = to_nir(model, dt=1.0, features=(2, 3, 4))
    assert tuple(graph.nodes["input"].input_type["input"]) == (4, 2, 3)
    x = np.random.default_rng(0).standard_normal((1, 2, 3, 4)).astype(np.float32)
    node = graph.nodes["1_linear"]
    there = node.weight @ np.moveaxis(x[0], -1, 0).reshape(-1) + node.bias
    here = np.array(model.run(mx.array(x[None]))[0])[0, 0]
    np.testing.assert_allclose(there, here, rtol=1e-5, atol=1e-6)


def test_chain_over_one_axis(through_file):
    model = Sequential(
        Conv1d(3, 6, 3, stride=2, groups=3, key=KEY),
        RLeaky(V=0.3, all_to_all=False),
        AvgPool1d(2),
        SumPool1d(2, 1, 1),
        Flatten(),
        Leaky(np.linspace(0.1, 0.9, 30)),
        RLeaky(linear_features=30, key=KEY),
        ALIF(np.linspace(0.1, 0.9, 30)),
        Linear(30, 2, bias=False, key=KEY),
    )
    assert_same(model, through_file(model, features=(18, 3)), currents(8, 2, 18, 3))


def test_convolutional_recurrence(through_file):
    model = Sequential(RLeaky(conv2d_channels=3, kernel_size=(3, 5), key=KEY))
    assert_same(model, through_file(model, features=(5, 4, 3)), currents(8, 2, 5, 4, 3))


def test_dropout_is_left_out(through_file):
    model = Sequential(Linear(3, 4, key=KEY), Dropout(0.5), nn.Dropout(0.5).eval(), Leaky())
    assert mx.array_equal(
        through_file(model).run(currents(5, 2, 3))[0], model.run(currents(5, 2, 3))[0]
    ).item()


def test_named_pairs_as_in_mlx_snn():
    layers = [("fc1", nn.Linear(5, 4)), ("lif1", Leaky()), ("fc2", nn.Linear(4, 2)), ("out", IF())]
    graph = export_to_nir(layers)
    assert list(graph.nodes) == ["input", "fc1", "lif1", "fc2", "out", "output"]
    assert graph.metadata["dt"] == 1e-4
    model = import_from_nir(graph)
    assert list(model.layers) == ["fc1", "lif1", "fc2", "out"]
    x = currents(9, 2, 5)
    assert mx.array_equal(
        model.run(x)[0], Sequential(*(layer for _, layer in layers)).run(x)[0]
    ).item()


def test_a_single_layer(through_file):
    x = currents(9, 2, 5)
    assert mx.array_equal(through_file(Leaky(), features=5).run(x)[0], Leaky().run(x)[0]).item()


def test_gradients_pass_through_an_imported_network(through_file):
    model = Sequential(Linear(4, 4, key=KEY), RLeaky(linear_features=4, key=KEY), Leaky())
    back = through_file(model)
    x = currents(9, 2, 4)
    ours, theirs = (mx.grad(lambda v, m=m: m.run(v)[0].sum())(x) for m in (model, back))
    assert mx.any(ours != 0).item()
    assert mx.array_equal(ours, theirs).item()


def test_dt_and_surrogate_travel(tmp_path):
    to_nir(Leaky(surrogate="arctan"), tmp_path / "a.nir", dt=0.004, features=3)
    model = from_nir(tmp_path / "a.nir")
    assert model.dt == 0.004
    assert next(iter(model.layers.values())).firing["surrogate"].name == "arctan"


# Random graphs: chains, branches, skips and recurrence of layers that keep or change the width.

widths = st.integers(1, 5)
decays = st.floats(0.0009765625, 1.0, width=32)
resets = st.fixed_dictionaries(
    {
        "reset_mechanism": st.sampled_from(["subtract", "zero", "none"]),
        "reset_delay": st.booleans(),
    }
)
seeds = st.integers(0, 2**16).map(mx.random.key)


@st.composite
def layers(draw, width, depth=0):
    kind = draw(st.sampled_from(["linear", "leaky", "synaptic", "if", "rleaky", "skip", "li"]))
    firing = draw(resets)
    if kind == "linear" or (kind == "skip" and depth == 2):
        return Linear(width, width, draw(st.booleans()), key=draw(seeds))
    if kind == "leaky":
        return Leaky(draw(st.lists(decays, min_size=width, max_size=width)), **firing)
    if kind == "synaptic":
        return Synaptic(draw(decays), draw(decays), **firing)
    if kind == "if":
        return IF(draw(st.floats(0.125, 8.0, width=32)), **firing)
    if kind == "rleaky":
        return RLeaky(draw(decays), linear_features=width, key=draw(seeds), **firing)
    if kind == "li":
        return LeakyIntegrator(draw(decays))
    inside = draw(st.lists(layers(width, depth + 1), min_size=1, max_size=3))
    around = draw(st.none() | layers(width, depth + 1))
    return Residual(*inside, shortcut=around)


@st.composite
def networks(draw):
    n_inputs, width = draw(widths), draw(widths)
    body = draw(st.lists(layers(width), min_size=1, max_size=4))
    return n_inputs, Sequential(Linear(n_inputs, width, key=draw(seeds)), *body)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(networks(), st.integers(0, 100))
def test_random_networks(through_file, network, seed):
    n_inputs, model = network
    back = through_file(model, features=n_inputs)
    x = currents(7, 2, n_inputs, seed=seed)
    assert mx.array_equal(back.run(x)[0], model.run(x)[0]).item()


def test_sums_are_taken_in_the_same_order(through_file):
    """Blocks that follow each other, blocks in a shortcut, and a block that changes nothing."""
    dense = lambda: Linear(4, 4, key=KEY)  # noqa: E731
    model = Sequential(
        Residual(dense()),
        Residual(dense(), shortcut=Residual(dense(), shortcut=dense())),
        Residual(Dropout(0.5)),
        Residual(Residual(dense()), Residual(dense())),
    )
    back = through_file(model)
    x = currents(7, 3, 4)
    assert mx.array_equal(back.run(x)[0], model.run(x)[0]).item()
