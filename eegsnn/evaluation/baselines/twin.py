"""The non-spiking twin of the network that is judged: what spiking costs, or brings."""

from __future__ import annotations

from typing import Any

from eegsnn.errors import ConfigurationError
from eegsnn.evaluation.baselines.signal import Signal


def gru_twin(signal: Signal, *, network: Any = None, seed: int = 0) -> Any:
    """Return the network with gated recurrent units in place of its spiking neurons.

    The same encoder, layer sizes, training settings and seeds.

    Parameters
    ----------
    signal : Signal
    network : unfitted classifier
        Of which it is the twin: something with a method ``twin(random_state=…)``, such as
        :class:`~eegsnn.estimators.EEGSpikingClassifier`.
    seed : int, default 0

    Raises
    ------
    ConfigurationError
        If there is no network, or it is of a kind that has no twin.
    """
    if not hasattr(network, "twin"):
        given = "none was given" if network is None else f"got {type(network).__name__}"
        raise ConfigurationError(
            f"Baseline 'gru-twin' is the twin of an EEGSpikingClassifier or SpikingClassifier, but "
            f"{given}. Use it beside such a network."
        )
    return network.twin(random_state=seed)
