"""The non-spiking twin of the network that is judged: what spiking costs, or brings."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from eegsnn.errors import ConfigurationError
from eegsnn.evaluation.baselines.signal import Signal


def gru_twin(
    signal: Signal,
    hidden: Any = None,
    encoders: Any = None,
    *,
    network: Any = None,
    seed: int = 0,
) -> Any:
    """Return the network with gated recurrent units in place of its spiking neurons.

    The same front end, layer sizes, training settings and seeds; see
    :func:`eegsnn.estimators.twin.twin_of`.

    Parameters
    ----------
    signal : Signal
    hidden : list of int, optional
        Units of each layer, where the network has no layers of hidden neurons to be replaced.
    encoders : list of dict, optional
        Parameters of the encoders before it, where the network chooses its front end in `fit`.
    network : unfitted spiking classifier
        Of which it is the twin.
    seed : int, default 0

    Raises
    ------
    ConfigurationError
        If there is no network, or it is of a kind that has no twin.
    """
    if network is None:
        raise ConfigurationError(
            "Baseline 'gru-twin' is the twin of a spiking network, but none was given. Use it in a "
            "pipeline file, beside the network, or call eegsnn.estimators.twin.twin_of."
        )
    estimators = import_module("eegsnn.estimators.twin")  # who judges does not know what is judged
    return estimators.twin_of(network, hidden=hidden, encoders=encoders, random_state=seed)
