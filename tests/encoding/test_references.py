"""Every compiled code against its definition as a plain loop: exactly equal, whole or in chunks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.encoding import crossing, delta, modulation, spikers, window
from eegsnn.encoding.rate import (
    signed_poisson_chunk,
    signed_poisson_reference,
    signed_rate_chunk,
    signed_rate_reference,
)

TAPS = np.array([0.1, 0.25, 0.3, 0.25, 0.1])
# Twenty rows: more than the kernels take at once, so that a full and a partial group occur.
N_ROWS = 20


@st.composite
def rows(draw):
    kind = draw(st.sampled_from(["smooth", "noise", "ties", "steps", "impulse", "constant"]))
    n_times = draw(st.integers(1, 300))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    z = rng.normal(size=(N_ROWS, n_times))
    if kind == "smooth":
        z = z.cumsum(axis=1) / 4
    elif kind == "ties":
        z = np.round(4 * z) / 4
    elif kind == "steps":
        z = np.round(z.cumsum(axis=1) / 5) * 3.0
    elif kind == "impulse":
        z = np.where(rng.random(z.shape) < 0.02, 1e4 * z, 0.0)
    elif kind == "constant":
        z = np.broadcast_to(z[:, :1], z.shape).copy()
    return z


def positive(z):
    return np.abs(z) / (np.abs(z).max() + 1e-9)


CODES = {
    "level": (delta.level_crossing, delta.level_crossing_reference, [0.25]),
    "step": (delta.step_forward, delta.step_forward_reference, [0.25]),
    "window": (window.moving_window, window.moving_window_reference, [0.5, 12]),
    "sigma": (modulation.sigma_delta, modulation.sigma_delta_reference, [2.0]),
    "rate": (
        lambda z, rate: signed_rate_chunk(np.atleast_2d(z), rate)[0].reshape(z.shape),
        signed_rate_reference,
        [0.7],
    ),
    "crossing": (
        crossing.threshold_crossing,
        crossing.threshold_crossing_reference,
        [1.0, 0.25, 4],
    ),
    "bsa": (spikers.spiker, spikers.spiker_reference, [TAPS, 0.3, "bsa"]),
    "hsa": (spikers.spiker, spikers.spiker_reference, [TAPS, 0.0, "hsa"]),
    "modified_hsa": (spikers.spiker, spikers.spiker_reference, [TAPS, 0.05, "modified_hsa"]),
}


def generators():
    return [np.random.default_rng(row) for row in range(N_ROWS)]


@settings(max_examples=30)
@given(z=rows(), rate=st.floats(0.01, 1.0))
def test_compiled_draws_equal_numpy(z, rate):
    expected = signed_poisson_reference(z, rate, generators())
    got = signed_poisson_chunk(z, rate, generators())
    assert got.dtype == expected.dtype
    assert np.array_equal(got, expected)


def test_draws_are_the_same_beyond_one_buffer_of_them(rng):
    z = rng.normal(size=(N_ROWS, 40_000))
    assert np.array_equal(
        signed_poisson_chunk(z, 0.5, generators()), signed_poisson_reference(z, 0.5, generators())
    )


@pytest.mark.parametrize("name", CODES)
@settings(max_examples=30)
@given(z=rows())
def test_compiled_equals_the_plain_loop(name, z):
    code, reference, parameters = CODES[name]
    z = positive(z) if name in spikers.SPIKERS else z
    expected = reference(z, *parameters)
    got = code(z, *parameters)
    assert got.dtype == expected.dtype
    assert np.array_equal(got, expected)
    one = code(z[3], *parameters)
    assert np.array_equal(one, expected[3])


CHUNKED = {
    "level": lambda z, state: delta.level_crossing_chunk(z, 0.25, state),
    "step": lambda z, state: delta.step_forward_chunk(z, 0.25, state),
    "window": lambda z, state: window.moving_window_chunk(z, 0.5, 12, state),
    "sigma": lambda z, state: modulation.sigma_delta_chunk(z, 2.0, state),
    "crossing": lambda z, state: crossing.threshold_crossing_chunk(z, 1.0, 0.25, 4, state),
    "bsa": lambda z, state: spikers.spiker_chunk(z, TAPS, 0.3, "bsa", state),
    "rate": lambda z, state: signed_rate_chunk(z, 0.7, state),
}


@pytest.mark.parametrize("name", CHUNKED)
@settings(max_examples=30)
@given(z=rows(), data=st.data())
def test_chunks_equal_the_whole(name, z, data):
    z = positive(z) if name == "bsa" else z
    code = CHUNKED[name]
    whole, last = code(z, None)
    cuts = sorted(set(data.draw(st.lists(st.integers(1, max(1, z.shape[1] - 1)), max_size=6))))
    state, parts = None, []
    for part in np.split(z, [cut for cut in cuts if cut < z.shape[1]], axis=1):
        spikes, state = code(np.ascontiguousarray(part), state)
        parts.append(spikes)
    assert np.array_equal(np.concatenate(parts, axis=1), whole)
    for left, right in zip(
        *(v if isinstance(v, tuple) else [v] for v in (last, state)), strict=True
    ):
        assert np.array_equal(left, right)


def test_many_rows_in_threads_are_the_same(rng, monkeypatch):
    from eegsnn import _sharing

    z = rng.normal(size=(70, 400)).cumsum(axis=1)
    alone = delta.level_crossing(z, 0.3)
    monkeypatch.setattr(_sharing, "_LEAST_ELEMENTS", 1)
    monkeypatch.setattr(_sharing, "n_cores", lambda: 3)
    assert np.array_equal(delta.level_crossing(z, 0.3), alone)
