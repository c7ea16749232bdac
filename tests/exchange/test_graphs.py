"""Graphs written elsewhere: every node of NIR judged by plain NumPy, branches, sums, cycles."""

import itertools

import mlx.core as mx
import mlx.nn as nn
import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.errors import DataError, ExchangeError
from eegsnn.exchange import Convention, GraphModel, NIRNeuron, from_nir, write_graph
from eegsnn.neurons import Leaky

DT = 1e-3
T, B, N = 30, 2, 3
RNG = np.random.default_rng(3)
X = (RNG.standard_normal((T, B, N)) + 0.5).astype(np.float32)


def chain(*nodes, shape=(N,), to=None):
    """Graph of nodes one after the other."""
    named = {"input": nir.Input(np.array(shape))}
    named |= {f"n{i}": node for i, node in enumerate(nodes)}
    named["output"] = nir.Output(None if to is None else np.array(to))
    names = list(named)
    edges = list(itertools.pairwise(names))
    return nir.NIRGraph(named, edges, type_check=False)


def out(graph, x=X, **options):
    options.setdefault("dt", DT)
    return np.array(from_nir(graph, **options).run(mx.array(x))[0])


def euler(x, node, *, reset="value"):
    """NIR's equations in double precision, step by step, one neuron kind at a time."""
    g = lambda name: np.asarray(getattr(node, name), np.float64)  # noqa: E731
    v, current = np.zeros(x.shape[1:]), np.zeros(x.shape[1:])
    spikes, membranes = [], []
    for now in x.astype(np.float64):
        drive = now
        if hasattr(node, "tau_syn"):
            current = current + DT / g("tau_syn") * (-current + g("w_in") * now)
            drive = current
        if isinstance(node, nir.I | nir.IF):
            v = v + DT * g("r") * drive
        else:
            tau = g("tau_mem") if hasattr(node, "tau_mem") else g("tau")
            v = v + DT / tau * (g("v_leak") - v + g("r") * drive)
        if hasattr(node, "v_threshold"):
            fired = v > g("v_threshold")
            v = np.where(fired, g("v_reset"), v)
            spikes.append(fired)
        membranes.append(v)
    return np.array(spikes or membranes, np.float32), np.array(membranes)


def per_neuron(low, high):
    return RNG.uniform(low, high, N)


LI = {"tau": per_neuron(2e-3, 2e-2), "r": per_neuron(1, 9), "v_leak": per_neuron(-0.5, 0.5)}
FIRE = {"v_threshold": per_neuron(0.2, 0.9), "v_reset": per_neuron(-0.3, 0.1)}
CUBA = {
    "tau_syn": per_neuron(2e-3, 2e-2),
    "tau_mem": LI["tau"],
    "r": LI["r"],
    "v_leak": LI["v_leak"],
    "w_in": per_neuron(1, 3),
}
NODES = {
    "I": nir.I(per_neuron(50, 500)),
    "IF": nir.IF(per_neuron(50, 500), FIRE["v_threshold"], FIRE["v_reset"]),
    "LI": nir.LI(**LI),
    "LIF": nir.LIF(**LI, **FIRE),
    "LIF that reduces": nir.LIF(LI["tau"], LI["tau"] / DT, np.zeros(N), np.ones(N)),
    "CubaLI": nir.CubaLI(**CUBA),
    "CubaLIF": nir.CubaLIF(**CUBA, **FIRE),
}


@pytest.mark.parametrize("name", list(NODES))
def test_neuron_keeps_every_parameter(name):
    expected, membranes = euler(X, NODES[name])
    found = from_nir(chain(NODES[name]), DT)
    np.testing.assert_allclose(np.array(found.run(mx.array(X))[0]), expected, atol=2e-5)
    trace = next(t for t in found.trace(mx.array(X)) if t.name == "n0")
    np.testing.assert_allclose(np.array(trace.states["mem"]), membranes, atol=2e-5)
    assert expected.any()


def test_each_parameter_acts():
    """None of r, v_leak, w_in, v_reset and v_threshold is dropped: changing one is seen."""
    base = {**CUBA, **FIRE}
    reference = from_nir(chain(nir.CubaLIF(**base)), DT)
    for name in base:
        changed = {**base, name: base[name] * 1.5 + 0.01}
        other = from_nir(chain(nir.CubaLIF(**changed)), DT)
        ours, theirs = (
            next(t for t in m.trace(mx.array(X)) if t.name == "n0").states["mem"]
            for m in (reference, other)
        )
        assert not mx.array_equal(ours, theirs).item(), name


def test_one_value_fits_all_neurons():
    node = nir.LIF(*(np.array([v]) for v in (0.01, 5.0, 0.1, 0.4, 0.0)))
    np.testing.assert_array_equal(out(chain(node)), euler(X, node)[0])
    scalar = nir.LIF(*(np.float64(v) for v in (0.01, 5.0, 0.1, 0.4, 0.0)))
    np.testing.assert_array_equal(out(chain(scalar)), euler(X, node)[0])


def test_conventions_of_others():
    node = nir.LIF(LI["tau"], LI["tau"] / DT, np.zeros(N), np.ones(N))
    (layer,) = from_nir(chain(node), DT, convention="snntorch").layers.values()
    assert isinstance(layer, Leaky)
    assert layer.firing["reset_mechanism"] == "subtract"
    at_once = Convention(reset="subtract")
    spikes = out(chain(node), convention=at_once)
    assert spikes.sum() > out(chain(node)).sum()  # what is above the threshold is kept
    late = out(chain(nir.CubaLI(**CUBA)), convention=Convention(current="old"))
    now = out(chain(nir.CubaLI(**CUBA)))
    assert not np.array_equal(late, now)
    slower = out(chain(nir.LI(**LI)), convention=Convention(decay="exponential"))
    assert not np.allclose(slower, out(chain(nir.LI(**LI))))


def test_weights_scales_thresholds():
    weight, bias = RNG.standard_normal((4, N)), RNG.standard_normal(4)
    graph = chain(nir.Affine(weight, bias), nir.Scale(np.arange(4.0)), nir.Threshold(np.full(4, 1)))
    expected = ((X @ weight.T + bias) * np.arange(4)) > 1
    np.testing.assert_array_equal(out(graph, dt=None), expected.astype(np.float32))
    np.testing.assert_allclose(
        out(chain(nir.Linear(weight)), dt=None), X @ weight.T, rtol=1e-5, atol=1e-5
    )


def test_stacked_weights():
    weight, bias = RNG.standard_normal((5, 4, N)), RNG.standard_normal((5, 4))
    x = RNG.standard_normal((T, B, 5, N)).astype(np.float32)
    graph = chain(nir.Affine(weight, bias), shape=(5, N))
    expected = np.einsum("goi,tbgi->tbgo", weight, x) + bias
    found = out(graph, np.moveaxis(x, 2, -1), dt=None)
    np.testing.assert_allclose(np.moveaxis(found, -1, 2), expected, rtol=1e-4, atol=1e-4)


def conv2d(x, weight, bias, stride, pads, dilation, groups):
    """Cross-correlation of [N, C, H, W], as a plain sum."""
    x = np.pad(x, [(0, 0), (0, 0), *pads])
    n_out, per_group, kh, kw = weight.shape
    rows = (x.shape[2] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    columns = (x.shape[3] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    result = np.zeros((len(x), n_out, rows, columns))
    for o in range(n_out):
        first = o // (n_out // groups) * per_group
        for c in range(per_group):
            for i in range(kh):
                for j in range(kw):
                    top, left = i * dilation[0], j * dilation[1]
                    part = x[:, first + c, top:, left:]
                    part = part[
                        :, : rows * stride[0] : stride[0], : columns * stride[1] : stride[1]
                    ]
                    result[:, o] += weight[o, c, i, j] * part[:, :rows, :columns]
        result[:, o] += bias[o]
    return result


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups", "pads"),
    [
        ((1, 1), (0, 0), (1, 1), 1, [(0, 0), (0, 0)]),
        ((2, 1), (1, 2), (1, 2), 2, [(1, 1), (2, 2)]),
        (1, 1, 1, 1, [(1, 1), (1, 1)]),
        ((1, 1), "same", (1, 1), 2, [(1, 1), (0, 1)]),
        ((1, 1), "valid", (1, 1), 1, [(0, 0), (0, 0)]),
    ],
)
def test_convolution(stride, padding, dilation, groups, pads):
    weight, bias = RNG.standard_normal((4, 4 // groups, 3, 2)), RNG.standard_normal(4)
    graph = chain(
        nir.Conv2d((6, 7), weight, stride, padding, dilation, groups, bias), shape=(4, 6, 7)
    )
    x = RNG.standard_normal((2, 3, 6, 7, 4)).astype(np.float32)
    pairs = [(v, v) if isinstance(v, int) else v for v in (stride, dilation)]
    expected = conv2d(
        np.moveaxis(x.reshape(6, 6, 7, 4), -1, 1), weight, bias, pairs[0], pads, pairs[1], groups
    )
    found = out(graph, x, dt=None)
    found = np.moveaxis(found.reshape(6, *found.shape[2:]), -1, 1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_convolution_over_one_axis():
    weight, bias = RNG.standard_normal((4, 3, 3)), RNG.standard_normal(4)
    x = RNG.standard_normal((2, 3, 9, 3)).astype(np.float32)
    found = out(chain(nir.Conv1d(9, weight, 2, 1, 1, 1, bias), shape=(3, 9)), x, dt=None)
    images = np.moveaxis(x.reshape(6, 9, 3), -1, 1)[:, :, None]
    expected = conv2d(images, weight[:, :, None], bias, (1, 2), [(0, 0), (1, 1)], (1, 1), 1)
    found = np.moveaxis(found.reshape(6, 5, 4), -1, 1)
    np.testing.assert_allclose(found, expected[:, :, 0], rtol=1e-4, atol=1e-4)


def test_pools_and_flatten_of_some_axes():
    x = RNG.standard_normal((2, 3, 4, 6, 2)).astype(np.float32)
    windows = x.reshape(2, 3, 2, 2, 3, 2, 2)
    arguments = (np.array([2, 2]), np.array([2, 2]), np.array([0, 0]))
    summed = out(chain(nir.SumPool2d(*arguments), shape=(2, 4, 6)), x, dt=None)
    np.testing.assert_allclose(summed, windows.sum(axis=(3, 5)), rtol=1e-5, atol=1e-5)
    mean = out(chain(nir.AvgPool2d(*arguments), shape=(2, 4, 6)), x, dt=None)
    np.testing.assert_allclose(mean, windows.mean(axis=(3, 5)), rtol=1e-5, atol=1e-5)
    first = np.moveaxis(x, -1, 2)  # [T, batch, C, H, W]
    for start, end, shape in ((0, 1, (8, 6)), (1, -1, (2, 24)), (1, 2, (2, 24))):
        flat = nir.Flatten(np.array([2, 4, 6]), start, end)
        found = out(chain(flat, shape=(2, 4, 6)), x, dt=None)
        np.testing.assert_array_equal(np.moveaxis(found, -1, 2), first.reshape(2, 3, *shape))


def test_what_meets_a_flattened_image_is_in_its_order():
    """Flatten → per-neuron LIF → Linear, and a sum with a vector that was never an image."""
    x = RNG.standard_normal((T, B, 2, 3, 4)).astype(np.float32)
    scale, weight = RNG.standard_normal(24), RNG.standard_normal((5, 24))
    vector = RNG.standard_normal((24, 24))
    nodes = {
        "input": nir.Input(np.array([4, 2, 3])),
        "flat": nir.Flatten(np.array([4, 2, 3]), 0, -1),
        "scale": nir.Scale(scale),
        "mix": nir.Linear(vector),
        "sum": nir.Scale(np.ones(24)),
        "read": nir.Linear(weight),
        "output": nir.Output(np.array([5])),
    }
    edges = [
        ("input", "flat"),
        ("flat", "scale"),
        ("scale", "mix"),
        ("scale", "sum"),
        ("mix", "sum"),
        ("sum", "read"),
        ("read", "output"),
    ]
    flat = np.moveaxis(x, -1, 2).reshape(T, B, 24) * scale
    expected = (flat + flat @ vector.T) @ weight.T
    for order in (edges, [*edges[:3], edges[4], edges[3], *edges[5:]]):
        found = out(nir.NIRGraph(nodes, order, type_check=False), x, dt=None)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_branches_are_summed_and_outputs_are_told_apart():
    nodes = {
        "a": nir.Input(np.array([N])),
        "b": nir.Input(np.array([N])),
        "twice": nir.Scale(np.full(N, 2.0)),
        "sum": nir.Scale(np.ones(N)),
        "out1": nir.Output(np.array([N])),
        "out2": nir.Output(np.array([N])),
    }
    edges = [("a", "twice"), ("twice", "sum"), ("b", "sum"), ("a", "sum")]
    edges += [("sum", "out1"), ("twice", "out2")]
    model = from_nir(nir.NIRGraph(nodes, edges, type_check=False))
    found, _ = model.run({"a": mx.array(X), "b": mx.array(-X)})
    np.testing.assert_allclose(np.array(found["out1"]), 2 * X, atol=1e-6)
    np.testing.assert_allclose(np.array(found["out2"]), 2 * X, atol=1e-6)
    with pytest.raises(DataError, match="inputs a, b"):
        model.run(mx.array(X))


def test_delays_of_every_length():
    node = nir.Delay(np.array([0.0, 2 * DT, 5 * DT]))
    model = from_nir(chain(node), DT)
    expected = np.zeros_like(X)
    for neuron, steps in enumerate((0, 2, 5)):
        expected[steps:, :, neuron] = X[: T - steps, :, neuron]
    np.testing.assert_array_equal(np.array(model.run(mx.array(X))[0]), expected)
    state, steps = model.init_state(B), []
    for x in mx.array(X):
        step, state = model(x, state)
        steps.append(step)
    np.testing.assert_array_equal(np.array(mx.stack(steps)), expected)


def recurrent(x, lif, weight, bias, later=1):
    """LIF with its spikes of `later` steps ago through a matrix, in double precision."""
    v, past, spikes = np.zeros(x.shape[1:]), [np.zeros(x.shape[1:])] * later, []
    for now in x.astype(np.float64):
        drive = now + past[-later] @ weight.T + bias
        v = v + DT / lif.tau * (lif.v_leak - v + lif.r * drive)
        fired = v > lif.v_threshold
        v = np.where(fired, lif.v_reset, v)
        past.append(fired.astype(float))
        spikes.append(fired)
    return np.array(spikes, np.float32)


LIF = nir.LIF(**LI, **FIRE)
W_REC, B_REC = RNG.standard_normal((N, N)), RNG.standard_normal(N) * 0.1


def test_recurrence_in_both_written_forms():
    expected = recurrent(X, LIF, W_REC, B_REC)
    w = nir.Affine(W_REC, B_REC)
    ends = {"input": nir.Input(np.array([N])), "output": nir.Output(np.array([N]))}
    cycle = [("input", "lif"), ("lif", "w"), ("w", "lif"), ("lif", "output")]
    flat = nir.NIRGraph({**ends, "lif": LIF, "w": w}, cycle, type_check=False)
    np.testing.assert_array_equal(out(flat), expected)
    nested = nir.NIRGraph(
        {**ends, "rnn": flat}, [("input", "rnn"), ("rnn", "output")], type_check=False
    )
    np.testing.assert_array_equal(out(nested), expected)
    assert not np.array_equal(expected, euler(X, LIF)[0])


def test_delay_on_a_cycle_is_the_whole_delay():
    w, ends = nir.Affine(W_REC, B_REC), {"input": nir.Input(np.array([N]))}
    cycle = [("input", "lif"), ("lif", "wait"), ("wait", "w"), ("w", "lif"), ("lif", "output")]
    ends["output"] = nir.Output(np.array([N]))
    for steps in (1, 3):
        wait = nir.Delay(np.full(N, steps * DT))
        graph = nir.NIRGraph({**ends, "lif": LIF, "w": w, "wait": wait}, cycle, type_check=False)
        np.testing.assert_array_equal(out(graph), recurrent(X, LIF, W_REC, B_REC, steps))
        model = from_nir(graph, DT)
        state, found = model.init_state(B), []
        for x in mx.array(X):
            step, state = model(x, state)
            found.append(step)
        np.testing.assert_array_equal(np.array(mx.stack(found)), out(graph))


def test_roots_and_leaves_get_ends_of_their_own():
    graph = nir.NIRGraph({"lif": LIF}, [], type_check=False)
    np.testing.assert_array_equal(out(graph), euler(X, LIF)[0])


def test_state_is_carried_over():
    model = from_nir(chain(LIF, nir.Affine(W_REC, B_REC), nir.LI(**LI)), DT)
    whole = model.run(mx.array(X))[0]
    first, state = model.run(mx.array(X[:11]))
    second, _ = model.run(mx.array(X[11:]), state)
    assert mx.array_equal(mx.concatenate([first, second]), whole).item()
    with pytest.raises(DataError, match="init_state"):
        model.run(mx.array(X), {"layers": {}})
    with pytest.raises(DataError, match=r"shape \(3,\)"):
        model.run(mx.zeros((T, B, 4)))


# The shapes of the NIR paper (Pedersen et al. 2024): one LIF; a recurrent CubaLIF for Braille
# reading (12 inputs, 38 hidden, 7 letters); a convolutional IF network for N-MNIST.


def braille():
    rng = np.random.default_rng(0)

    def cuba(n):
        c = lambda value: np.full(n, value)  # noqa: E731
        return nir.CubaLIF(c(5e-4), c(1e-3), c(10.0), c(0.0), c(1.0), w_in=c(5.0))

    w = lambda o, i: nir.Affine(rng.standard_normal((o, i)) * 0.4, np.zeros(o))  # noqa: E731
    nodes = {
        "input": nir.Input(np.array([12])),
        "fc1": w(38, 12),
        "lif1.lif": cuba(38),
        "lif1.w_rec": w(38, 38),
        "fc2": w(7, 38),
        "lif2": cuba(7),
        "output": nir.Output(np.array([7])),
    }
    edges = [("input", "fc1"), ("fc1", "lif1.lif"), ("lif1.lif", "lif1.w_rec")]
    edges += [("lif1.w_rec", "lif1.lif"), ("lif1.lif", "fc2"), ("fc2", "lif2"), ("lif2", "output")]
    return nir.NIRGraph(nodes, edges)


def nmnist():
    rng = np.random.default_rng(0)
    nodes, size, channels = [], 34, 2
    two = np.array([2, 2])
    for filters, kernel, padding in ((16, 5, 1), (16, 3, 1), (8, 3, 1)):
        weight = rng.standard_normal((filters, channels, kernel, kernel)) * 0.2
        bias = np.zeros(filters)
        nodes.append(nir.Conv2d((size, size), weight, 1, padding, 1, 1, bias))
        size, channels = size + 2 * padding - kernel + 1, filters
        shape = (channels, size, size)
        nodes.append(nir.IF(np.full(shape, 1 / 1e-4), np.ones(shape)))
        nodes.append(nir.SumPool2d(two, two, 0 * two))
        size //= 2
    n_flat = channels * size * size
    nodes.append(nir.Flatten(np.array([channels, size, size]), 0, -1))
    nodes.append(nir.Linear(rng.standard_normal((10, n_flat)) * 0.2))
    nodes.append(nir.IF(np.full(10, 1 / 1e-4), np.ones(10)))
    return chain(*nodes, shape=(2, 34, 34), to=[10])


@pytest.mark.parametrize(("graph", "features", "n_out"), [(braille, (12,), 7), (nmnist, None, 10)])
def test_networks_of_the_nir_paper(graph, features, n_out, tmp_path):
    path = write_graph(graph(), tmp_path / "paper.nir")
    model = from_nir(path, 1e-4)
    assert isinstance(model, GraphModel)
    (shape,) = model.input_features.values()
    assert shape == (features or (34, 34, 2))
    x = mx.array((RNG.random((12, 2, *shape)) < 0.3).astype(np.float32))
    spikes = model.run(x)[0]
    assert spikes.shape == (12, 2, n_out)
    assert 0 < spikes.mean().item() < 1


def test_the_lif_of_the_nir_paper():
    node = nir.LIF(np.array([2.5e-3]), np.array([1.0]), np.array([0.0]), np.array([0.1]))
    spikes = out(nir.NIRGraph.from_list(nir.Linear(np.array([[1.0]])), node), X[..., :1], dt=1e-4)
    assert spikes.any()


@st.composite
def graphs(draw):
    """Random graphs: every node takes from any before it, and some feed back to one before."""
    n = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    nodes = {"input": nir.Input(np.array([N]))}
    edges = []
    for index in range(n):
        kind = draw(st.sampled_from(["lif", "affine", "scale", "cuba", "delay"]))
        node = {
            "lif": lambda: nir.LIF(**LI, **FIRE),
            "affine": lambda: nir.Affine(rng.standard_normal((N, N)), rng.standard_normal(N)),
            "scale": lambda: nir.Scale(rng.standard_normal(N)),
            "cuba": lambda: nir.CubaLIF(**CUBA, **FIRE),
            "delay": lambda: nir.Delay(np.array([0, 1, 3]) * DT),
        }[kind]()
        before = list(nodes)
        nodes[f"n{index}"] = node
        for source in draw(st.lists(st.sampled_from(before), min_size=1, max_size=3, unique=True)):
            edges.append((source, f"n{index}"))
        target = f"n{draw(st.integers(0, index))}"
        if kind in ("lif", "cuba") and draw(st.booleans()):
            edges.append((f"n{index}", target))
    nodes["output"] = nir.Output(np.array([N]))
    ends = set(nodes) - {source for source, _ in edges} - {"input", "output"}
    edges += [(name, "output") for name in sorted(ends | {f"n{n - 1}"})]
    return nir.NIRGraph(nodes, list(dict.fromkeys(edges)), type_check=False)


@settings(max_examples=25, deadline=None)
@given(graphs())
def test_random_graph_is_the_same_whole_and_step_by_step(graph):
    model = from_nir(graph, DT)
    x = mx.array(X[:9])
    whole, _ = model.run(x)
    state, steps = model.init_state(B), []
    for now in x:
        step, state = model(now, state)
        steps.append(step)
    np.testing.assert_allclose(np.array(mx.stack(steps)), np.array(whole), rtol=1e-4, atol=1e-4)


def test_a_missing_dt_that_matters_is_an_error():
    with pytest.raises(ExchangeError, match="dt: node 'n0' is described in seconds"):
        from_nir(chain(LIF))


def test_what_is_fixed_stays_fixed_and_the_rest_can_be_trained():
    weight = RNG.standard_normal((N, N)) * 0.5
    nodes = {"input": nir.Input(np.array([N])), "w": nir.Linear(weight), "lif": LIF}
    nodes |= {"rec": nir.Linear(W_REC), "output": nir.Output(np.array([N]))}
    edges = [("input", "w"), ("w", "lif"), ("lif", "rec"), ("rec", "lif"), ("lif", "output")]
    model = from_nir(nir.NIRGraph(nodes, edges, type_check=False), DT)
    model.unfreeze()
    assert set(model.trainable_parameters()["layers"]) >= {"w", "rec"}
    assert not model.trainable_parameters()["layers"].get("lif")
    _, gradients = nn.value_and_grad(model, lambda x: model.run(x)[0].sum())(mx.array(X))
    assert mx.any(gradients["layers"]["w"]["weight"] != 0).item()
    assert mx.any(gradients["layers"]["rec"]["weight"] != 0).item()


def test_what_snntorch_writes_is_read_as_it_computes():
    """Its r·dt/τ is 1 but for rounding; a reset one step late takes off what does not leak."""
    for beta in np.linspace(0.02, 0.99, 25):
        tau = np.float32(1e-4) / np.float32(1 - beta)
        node = nir.LIF(*(np.array([v], np.float32) for v in (tau, tau / 1e-4, 0.0, 1.0)))
        graph = chain(node, shape=(1,))
        (layer,) = from_nir(graph, 1e-4, convention="snntorch").layers.values()
        assert isinstance(layer, Leaky)
        np.testing.assert_allclose(np.array(layer.beta), beta, rtol=1e-3)


@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_a_late_subtraction_does_not_leak(gain):
    x = RNG.random((60, 1, 1)).astype(np.float32)
    neuron = NIRNeuron(0.9, gain, 0.0, threshold=1.0, reset="subtract", reset_delay=True)
    spikes, _ = neuron.run(mx.array(x))
    expected, _ = Leaky(0.9, reset_mechanism="subtract").run(mx.array(np.float32(gain) * x))
    np.testing.assert_array_equal(np.array(spikes), np.array(expected))
