"""Connections of reservoirs: by their definitions, in number, sign and strength."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from eegsnn.errors import ConfigurationError
from eegsnn.models.reservoir_topology import (
    MAASS_PROBABILITY,
    MAASS_STRENGTH,
    branching_factor,
    distance_connections,
    draw_delays,
    draw_signs,
    draw_weights,
    grid_positions,
    random_connections,
    scale_weights,
    spectral_radius,
)


@given(n_units=st.integers(1, 300), excitatory=st.floats(0.01, 1.0))
def test_populations_have_the_nearest_size_to_the_fraction(n_units, excitatory):
    signs = draw_signs(n_units, excitatory, np.random.default_rng(0))
    count = int((signs == 1).sum())
    assert count + int((signs == -1).sum()) == n_units
    assert count == 1 or abs(count - excitatory * n_units) <= 0.5


@given(n_units=st.integers(1, 200))
def test_units_have_places_of_their_own_in_the_smallest_cube(n_units):
    positions = grid_positions(n_units)
    assert len(np.unique(positions, axis=0)) == n_units
    side = positions.max() + 1
    assert (side - 1) ** 3 < n_units <= side**3


def test_the_column_of_the_paper():
    positions = grid_positions(135, (3, 3, 15))
    assert positions.max(axis=0).tolist() == [2, 2, 14]
    assert len(np.unique(positions, axis=0)) == 135


def test_near_units_are_connected_with_the_papers_probability(rng):
    signs = draw_signs(1000, 0.8, rng)
    positions = grid_positions(1000)
    connected = distance_connections(positions, signs, rng)
    assert not connected.diagonal().any()
    squares = np.square(positions[:, None] - positions[None]).sum(axis=-1)
    for source, a in (("E", 1), ("I", -1)):
        for target, b in (("E", 1), ("I", -1)):
            chosen = (signs == a)[:, None] & (signs == b)[None]
            for square in (1, 2, 4, 9):
                drawn = connected[chosen & (squares == square)]
                chance = MAASS_PROBABILITY[source + target] * np.exp(-square / 2.0**2)
                spread = np.sqrt(chance * (1 - chance) / drawn.size)
                assert abs(drawn.mean() - chance) < 4.5 * spread


def test_no_length_connects_nothing(rng):
    signs = draw_signs(20, 0.8, rng)
    assert not distance_connections(grid_positions(20), signs, rng, length=0).any()


def test_random_connections_have_their_density(rng):
    connected = random_connections(400, 0.2, rng)
    assert not connected.diagonal().any()
    assert connected.mean() == pytest.approx(0.2, abs=0.01)


def test_dales_law_and_proportions_of_strength(rng):
    signs = draw_signs(400, 0.8, rng)
    connected = random_connections(400, 0.3, rng)
    weights = draw_weights(connected, signs, rng).toarray()
    assert ((weights != 0) == connected).all()
    assert (np.sign(weights) == connected * signs[:, None]).all()
    for source, a in (("E", 1), ("I", -1)):
        for target, b in (("E", 1), ("I", -1)):
            own = np.abs(weights[connected & (signs == a)[:, None] & (signs == b)[None]])
            assert own.mean() == pytest.approx(MAASS_STRENGTH[source + target], rel=0.08)
            assert own.std() == pytest.approx(own.mean(), rel=0.1)


def drawn_weights(n_units, seed=0, density=0.15):
    generator = np.random.default_rng(seed)
    signs = draw_signs(n_units, 0.8, generator)
    return draw_weights(random_connections(n_units, density, generator), signs, generator)


@pytest.mark.parametrize("n_units", [40, 260], ids=["dense", "iterative"])
def test_the_spectral_radius_is_that_of_all_eigenvalues(n_units):
    weights = drawn_weights(n_units)
    every = np.abs(np.linalg.eigvals(weights.toarray())).max()
    assert spectral_radius(weights) == pytest.approx(every, rel=1e-8)


def test_without_a_loop_the_spectral_radius_is_zero(rng):
    chain = sparse.csr_array(np.triu(rng.random((30, 30)), 1))
    assert spectral_radius(chain) == 0.0


@settings(max_examples=20)
@given(
    seed=st.integers(0, 10**6),
    strength=st.floats(0.05, 3.0),
    scaling=st.sampled_from(["spectral_radius", "branching_factor"]),
)
def test_scaled_weights_have_the_strength_and_the_old_proportions(seed, strength, scaling):
    weights = drawn_weights(60, seed)
    scaled = scale_weights(weights, scaling, strength)
    measured = {"spectral_radius": spectral_radius, "branching_factor": branching_factor}
    assert measured[scaling](scaled) == pytest.approx(strength, rel=1e-9)
    ratio = scaled.data / weights.data
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)


def test_strengths_that_cannot_be_had_are_refused():
    chain = sparse.csr_array(np.triu(np.ones((5, 5)), 1))
    with pytest.raises(ConfigurationError, match="a reservoir without loops"):
        scale_weights(chain, "spectral_radius", 0.9)
    with pytest.raises(ConfigurationError, match=r"than the 2\.5 targets"):
        scale_weights(chain, "branching_factor", 4.0)
    assert not scale_weights(chain, "spectral_radius", 0.0).toarray().any()


@given(low=st.integers(1, 5), more=st.integers(0, 5))
def test_delays_cover_their_range(low, more):
    delays = draw_delays(500, (low, low + more), np.random.default_rng(0))
    assert set(delays.tolist()) == set(range(low, low + more + 1))
