"""Baselines by name: what a pipeline file may say, and what comes of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from eegsnn._validation import check_choice
from eegsnn.evaluation.baselines.correlation import cca, fbcca, fbcca_lr
from eegsnn.evaluation.baselines.eegnet import eegnet
from eegsnn.evaluation.baselines.linear import (
    band_power_lda,
    lda_windows,
    logistic,
    windows_band_power_lda,
)
from eegsnn.evaluation.baselines.minirocket import minirocket_ridge
from eegsnn.evaluation.baselines.riemannian import (
    fb_tangent_space_lr,
    tangent_space_lr,
    xdawn_tangent_lr,
)
from eegsnn.evaluation.baselines.signal import Signal
from eegsnn.evaluation.baselines.spatial import csp_lda, fbcsp_lda
from eegsnn.evaluation.baselines.twin import gru_twin

BASELINES: dict[str, Callable[..., Any]] = {
    "lda-windows": lda_windows,
    "band-power-lda": band_power_lda,
    "windows-band-power-lda": windows_band_power_lda,
    "csp-lda": csp_lda,
    "fbcsp-lda": fbcsp_lda,
    "tangent-space-lr": tangent_space_lr,
    "fb-tangent-space-lr": fb_tangent_space_lr,
    "xdawn-tangent-lr": xdawn_tangent_lr,
    "cca": cca,
    "fbcca": fbcca,
    "fbcca-lr": fbcca_lr,
    "minirocket-ridge": minirocket_ridge,
    "eegnet": eegnet,
    "gru-twin": gru_twin,
    "logistic": logistic,
}
"""Baselines by the name that pipeline files use."""

# What the caller gives, and not the user.
_GIVEN = ("signal", "seed", "network")


def baseline_parameters(name: str) -> dict[str, Any]:
    """Return the parameters of a baseline and their defaults.

    Raises
    ------
    ConfigurationError
        If there is no baseline of that name; the nearest is suggested.

    Examples
    --------
    >>> baseline_parameters("csp-lda")
    {'low': 8.0, 'high': 30.0, 'n_components': 6}
    """
    return {
        key: parameter.default for key, parameter in _signature(name).items() if key not in _GIVEN
    }


def baseline_is_seeded(name: str) -> bool:
    """Return whether anything in a baseline is random, so that it is to be run once per seed.

    Examples
    --------
    >>> baseline_is_seeded("csp-lda"), baseline_is_seeded("minirocket-ridge")
    (False, True)
    """
    return "seed" in _signature(name)


def build_baseline(
    name: str,
    parameters: dict[str, Any],
    signal: Signal,
    *,
    seed: int | None = None,
    network: Any = None,
) -> Any:
    """Return the unfitted classifier of that name.

    Parameters
    ----------
    name : str
        A key of :data:`BASELINES`.
    parameters : dict
        Those of :func:`baseline_parameters` that differ from their defaults.
    signal : Signal
    seed : int, optional
        For those of which :func:`baseline_is_seeded` is true; 0 if not given.
    network : unfitted spiking classifier, optional
        The one that "gru-twin" is to be the twin of; the others do not look at it.

    Raises
    ------
    ConfigurationError
        If the name or a parameter is unknown, a value impossible, or the data are of a kind that
        the baseline cannot read.
    DependencyError
        If the baseline needs an extra that is not installed.
    """
    allowed = baseline_parameters(name)
    for key in parameters:
        check_choice(f"baseline {name!r}: parameter", key, allowed)
    given = {"seed": 0 if seed is None else seed, "network": network}
    wanted = {key: value for key, value in given.items() if key in _signature(name)}
    return BASELINES[name](signal, **parameters, **wanted)


def _signature(name: str) -> dict[str, inspect.Parameter]:
    check_choice("baselines.name", name, BASELINES)
    return dict(inspect.signature(BASELINES[name]).parameters)
