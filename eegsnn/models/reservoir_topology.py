"""Which units of a reservoir are connected, how strongly and how late: pure functions.

A matrix here is [source, target], in units of the threshold: a spike over a weight of 1 lifts its
target from rest to the threshold.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from eegsnn.errors import ConfigurationError

TOPOLOGIES: tuple[str, ...] = ("distance", "random")
SCALINGS: tuple[str, ...] = ("spectral_radius", "branching_factor")

MAASS_PROBABILITY: dict[str, float] = {"EE": 0.3, "EI": 0.2, "IE": 0.4, "II": 0.1}
"""C of the connection probability by kind of source and target (Maass et al., 2002)."""

MAASS_STRENGTH: dict[str, float] = {"EE": 30.0, "EI": 60.0, "IE": 19.0, "II": 19.0}
"""Mean strengths of the same connections in nA, without sign; here their proportions matter."""

# Below this size all eigenvalues cost less than an iteration for the largest; see below.
_DENSE = 200


def draw_signs(n_units: int, excitatory: float, generator: np.random.Generator) -> np.ndarray:
    """Return +1 for excitatory and −1 for inhibitory units, dealt at random.

    Their number is the nearest to the wanted fraction, at least one excitatory.

    Examples
    --------
    >>> int((draw_signs(10, 0.8, np.random.default_rng(0)) == 1).sum())
    8
    """
    signs = np.full(n_units, -1.0)
    signs[: max(1, round(excitatory * n_units))] = 1.0
    return generator.permutation(signs)


def grid_positions(n_units: int, grid: tuple[int, int, int] | None = None) -> np.ndarray:
    """Integer positions of units in a box, float64 (units, 3).

    Parameters
    ----------
    n_units : int
    grid : (int, int, int), optional
        Sides of the box, whose product is `n_units`. Default: the smallest cube that holds all,
        filled layer by layer. The column of Maass et al. is (3, 3, 15).

    Examples
    --------
    >>> grid_positions(3).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    if grid is None:
        side = 1
        while side**3 < n_units:
            side += 1
        grid = (side, side, side)
    return np.argwhere(np.ones(grid, dtype=bool))[:n_units].astype(np.float64)


def distance_connections(
    positions: np.ndarray,
    signs: np.ndarray,
    generator: np.random.Generator,
    *,
    probability: dict[str, float] | None = None,
    length: float = 2.0,
) -> np.ndarray:
    """Connect near units rather than far ones, with probability ``C·exp(−(d/length)²)``.

    Parameters
    ----------
    positions : ndarray (units, 3)
    signs : ndarray (units,)
        Positive for excitatory units.
    generator : Generator
    probability : dict of "EE", "EI", "IE", "II" to float, optional
        C by kind of source, then target. Default :data:`MAASS_PROBABILITY`.
    length : float, default 2.0
        λ, in distances of the grid; 0 connects nothing.

    Returns
    -------
    ndarray of bool (units, units)
        [source, target]; no unit is connected with itself. Takes memory in proportion to the
        square of the number of units.

    References
    ----------
    Maass, Natschläger & Markram (2002), "Real-time computing without stable states", appendix B.
    """
    n_units = len(signs)
    if length == 0:
        return np.zeros((n_units, n_units), dtype=bool)
    squares = np.zeros((n_units, n_units))
    for axis in positions.T:
        squares += np.square(axis[:, None] - axis[None])
    chance = _by_kind(signs, probability or MAASS_PROBABILITY) * np.exp(-squares / length**2)
    np.fill_diagonal(chance, 0.0)
    return generator.random((n_units, n_units)) < chance


def random_connections(n_units: int, density: float, generator: np.random.Generator) -> np.ndarray:
    """Connect each ordered pair of different units with probability `density`; bool [from, to]."""
    connected = generator.random((n_units, n_units)) < density
    np.fill_diagonal(connected, False)
    return connected


def draw_weights(
    connected: np.ndarray,
    signs: np.ndarray,
    generator: np.random.Generator,
    strength: dict[str, float] | None = None,
) -> sparse.csr_array:
    """Weights of the connections, by Dale's law: all that leave a unit have its sign.

    Magnitudes are exponentially distributed (a gamma distribution whose deviation is its mean).

    Parameters
    ----------
    connected : ndarray of bool (units, units)
    signs : ndarray (units,)
    generator : Generator
    strength : dict of "EE", "EI", "IE", "II" to float, optional
        Mean magnitudes. Default :data:`MAASS_STRENGTH`.

    Returns
    -------
    csr_array (units, units), float64
    """
    source, target = np.nonzero(connected)
    mean = _by_kind(signs, strength or MAASS_STRENGTH)[source, target]
    # An exponential draw of 0 would be a connection that is none.
    drawn = np.maximum(generator.exponential(size=len(source)), 1e-12) * mean
    return sparse.csr_array((signs[source] * drawn, (source, target)), shape=connected.shape)


def draw_delays(
    n_connections: int, delays: tuple[int, int], generator: np.random.Generator
) -> np.ndarray:
    """Draw steps from a spike to its arrival, uniform over the range with both ends; int64."""
    return generator.integers(delays[0], delays[1], size=n_connections, endpoint=True)


def spectral_radius(weights: sparse.csr_array) -> float:
    """Largest magnitude of an eigenvalue; 0 where no loop leads back to a unit.

    Examples
    --------
    >>> round(spectral_radius(sparse.csr_array([[0.0, 4.0], [1.0, 0.0]])), 12)
    2.0
    """
    if not _has_loop(weights):
        return 0.0  # nilpotent: rounding would make small eigenvalues of nothing
    n_units = weights.shape[0]
    if n_units > _DENSE:
        from scipy.sparse.linalg import ArpackError, eigs

        # Many eigenvalues of random matrices are nearly as large as the largest: a wide basis.
        begin = np.ones(n_units)
        try:
            found = eigs(weights, k=4, ncv=80, v0=begin, tol=1e-10, return_eigenvectors=False)
            return float(np.abs(found).max())
        except ArpackError:  # no convergence
            pass
    return float(np.abs(np.linalg.eigvals(weights.toarray())).max())


def branching_factor(weights: sparse.csr_array, factor: float = 1.0) -> float:
    """Mean number of descendants of an excitatory unit's spike.

    The spikes that one spike brings about if the membranes of its targets lie evenly between rest
    and threshold: the sum of ``min(factor·w, 1)`` over the targets. Inhibition, leak and the
    membranes' true distribution lower it in a running network.

    Parameters
    ----------
    weights : csr_array (units, units)
    factor : float, default 1.0
        By which all weights are multiplied.

    References
    ----------
    Haldeman & Beggs (2005), "Critical branching captures activity in living neural networks".

    Examples
    --------
    >>> weights = sparse.csr_array([[0.0, 0.5, 0.25], [3.0, 0.0, 0.0], [-1.0, -1.0, 0.0]])
    >>> branching_factor(weights)
    0.875
    """
    exciting = weights.data[weights.data > 0]
    n_sources = np.count_nonzero((weights > 0).sum(axis=1))
    return float(np.minimum(factor * exciting, 1.0).sum() / max(n_sources, 1))


def scale_weights(weights: sparse.csr_array, scaling: str, strength: float) -> sparse.csr_array:
    """Multiply all weights by one factor, so that the matrix has the wanted strength.

    Parameters
    ----------
    weights : csr_array (units, units)
    scaling : {"spectral_radius", "branching_factor"}
        What `strength` is; see the functions of these names.
    strength : float
        0 takes all weights away.

    Raises
    ------
    ConfigurationError
        If the connections cannot have that strength: none, no loops, or fewer targets than
        descendants wanted.
    """
    if strength == 0:
        return 0.0 * weights
    if scaling == "spectral_radius":
        radius = spectral_radius(weights)
        if radius == 0:
            raise ConfigurationError(
                f"strength: expected 0 for a reservoir without loops (its spectral radius is 0 "
                f"whatever the weights), but got {strength:g}. Raise density or length, or take "
                f"more units."
            )
        return weights * (strength / radius)
    most = branching_factor(weights, np.inf) if weights.nnz else 0.0
    if most <= strength:
        raise ConfigurationError(
            f"strength: expected fewer descendants per spike than the {most:.3g} targets that an "
            f"excitatory unit has on average, but got {strength:g}. Raise density or length."
        )
    return weights * _factor_for(weights, strength)


def _factor_for(weights: sparse.csr_array, descendants: float) -> float:
    """Solve ``branching_factor(weights, factor) = descendants`` by bisection; it is monotone."""
    low, high = 0.0, 1.0 / np.abs(weights.data).max()
    while branching_factor(weights, high) < descendants:
        high *= 2.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (
            (middle, high) if branching_factor(weights, middle) < descendants else (low, middle)
        )
    return high


def _by_kind(signs: np.ndarray, values: dict[str, float]) -> np.ndarray:
    """Value of each pair [source, target] by the kinds of the two."""
    table = np.array([[values["EE"], values["EI"]], [values["IE"], values["II"]]])
    kind = (signs < 0).astype(int)
    return table[kind[:, None], kind[None]]


def _has_loop(weights: sparse.csr_array) -> bool:
    from scipy.sparse.csgraph import connected_components

    # Every unit is a component of its own exactly when nothing leads back (no unit has itself).
    n_components, _ = connected_components(weights, directed=True, connection="strong")
    return bool(n_components < weights.shape[0] or weights.diagonal().any())
