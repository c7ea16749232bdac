"""Graphs with shapes that ``nir`` infers wrongly, and those with shapes that are wrong."""

import mlx.core as mx
import nir
import numpy as np
import pytest

from eegsnn.errors import ExchangeError
from eegsnn.exchange import from_nir

RNG = np.random.default_rng(3)


def conv(shape, weight, groups=1):
    return nir.Conv2d(shape, weight, 1, 0, 1, groups, np.zeros(len(weight)))


def out(graph, x):
    return np.array(from_nir(graph).run(mx.array(x))[0])


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ((), (5, 6, 3)),
        ((nir.SumPool2d(np.array([1, 2]), np.array([1, 2]), np.array([0, 0])),), (5, 3, 3)),
        ((conv(None, np.ones((2, 3, 2, 1))),), (4, 6, 2)),
        ((nir.Flatten(None, 0, -1),), (90,)),
    ],
)
def test_shapes_that_follow_from_uneven_kernels_are_not_believed(after, expected):
    """``nir`` takes a kernel of 1×3 for one of 1×1, and says so in the nodes after it."""
    first = conv((5, 8), RNG.standard_normal((3, 2, 1, 3)))
    graph = nir.NIRGraph.from_list(first, *after)
    wrong = graph.nodes["output"].output_type["output"].copy()
    x = RNG.standard_normal((2, 3, 5, 8, 2)).astype(np.float32)
    found = out(graph, x)
    assert found.shape[2:] == expected
    weight = np.moveaxis(np.float32(first.weight[:, :, 0]), 1, -1)  # out × width × in
    windows = np.lib.stride_tricks.sliding_window_view(x, 3, axis=3)
    if not after:
        np.testing.assert_allclose(
            found, np.einsum("tbhwck,okc->tbhwo", windows, weight), atol=1e-4
        )
    # What was given is left alone.
    np.testing.assert_array_equal(graph.nodes["output"].output_type["output"], wrong)


def test_an_uneven_kernel_excuses_no_neuron():
    """Parameters are not inferred: a neuron of another shape is refused as ever."""
    ones = np.ones((3, 5, 8))
    lif = nir.LIF(tau=0.01 * ones, r=ones, v_leak=0 * ones, v_threshold=ones)
    graph = nir.NIRGraph.from_list(conv((5, 8), np.ones((3, 2, 1, 3))), lif)
    with pytest.raises(ExchangeError, match=r"'conv2d' gives the shape \(3, 5, 6\)"):
        from_nir(graph, 1e-3)


def test_a_square_kernel_excuses_no_output():
    graph = nir.NIRGraph.from_list(conv((5, 8), np.ones((3, 2, 3, 3))))
    graph.nodes["output"] = nir.Output(np.array([3, 5, 8]))
    with pytest.raises(ExchangeError, match=r"'output' expects \(3, 5, 8\)"):
        from_nir(graph)


def test_channels_of_all_groups_come_in():
    """``nir`` infers those of one group."""
    images = nir.NIRGraph.from_list(conv((5, 8), np.ones((4, 1, 3, 3)), groups=4))
    assert out(images, np.ones((2, 3, 5, 8, 4), np.float32)).shape == (2, 3, 3, 6, 4)
    courses = nir.NIRGraph.from_list(nir.Conv1d(9, np.ones((4, 2, 3)), 1, 0, 1, 2, np.zeros(4)))
    assert out(courses, np.ones((2, 3, 9, 4), np.float32)).shape == (2, 3, 7, 4)
