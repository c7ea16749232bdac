"""Trained classifiers as NIR: the network is written, what stands before and after it stays here.

A classifier is encoder → scaling → (delayed copies) → networks → decision. The networks are what
NIR can say. :func:`network_inputs` gives what goes into them, and :func:`decide` turns what comes
out of them, here or elsewhere, into the classifier's labels.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import mlx.core as mx
import nir
import numpy as np

from eegsnn._validation import check_number
from eegsnn.errors import DataError, ExchangeError
from eegsnn.estimators import SpikingClassifier
from eegsnn.exchange.elements import linear
from eegsnn.exchange.files import write_graph
from eegsnn.exchange.layout import Layout
from eegsnn.exchange.metadata import graph_metadata
from eegsnn.exchange.stateless import array
from eegsnn.exchange.writing import Chain, write_layer
from eegsnn.models import NetworkConfig


def estimator_to_nir(
    estimator: SpikingClassifier,
    path: str | os.PathLike[str] | None = None,
    *,
    dt: float | None = None,
) -> nir.NIRGraph:
    """Write the networks of a fitted classifier as one NIR graph.

    Parameters
    ----------
    estimator : SpikingClassifier or EEGSpikingClassifier
        Fitted.
    path : path, optional
        Write the graph to this file too.
    dt : float, optional
        Seconds per step. Default: the bin width of the encoder, where there is one.

    Returns
    -------
    NIRGraph
        One Input, that of :func:`network_inputs`; an Output ``output`` with the membranes (readout
        "membrane") or spikes (readout "rate") of the output neurons. Several networks
        (`n_networks`) stand side by side, with outputs ``output_0``, ``output_1``, …

    Raises
    ------
    ExchangeError
        If dt is not known, or a layer cannot be written.
    """
    ensemble = _ensemble_of(estimator)
    step = _time_step(estimator, dt)
    networks = ensemble.networks()
    start = Layout((ensemble.n_inputs * ensemble.config.n_delays,))
    nodes: dict[str, nir.NIRNode] = {"input": nir.Input(np.array(start.shape))}
    edges: list[tuple[str, str]] = []
    for member, network in enumerate(networks):
        prefix = "" if len(networks) == 1 else f"network{member}_"
        chain = Chain(step, False, start)
        neurons = [*network.neurons, network.output]
        for index, (weights, layer) in enumerate(zip(network.linear, neurons, strict=True)):
            kind = "output" if layer is network.output else f"hidden{index + 1}"
            affine = linear(array(weights.weight), array(weights.bias))
            write_layer(f"{prefix}{kind}_weights", affine, chain)
            write_layer(f"{prefix}{kind}_neurons", layer, chain)
        end = "output" if len(networks) == 1 else f"output_{member}"
        nodes |= {**chain.nodes, end: nir.Output(np.array(chain.layout.shape))}
        edges += [*chain.edges, *((source, end) for source in chain.last)]
    metadata = graph_metadata(step, readout=ensemble.config.readout)
    graph = nir.NIRGraph(nodes, edges, metadata, type_check=False)
    if path is not None:
        write_graph(graph, path)
    return graph


def network_inputs(estimator: SpikingClassifier, X: Any) -> np.ndarray:
    """Compute what goes into the networks of a fitted classifier for trials `X`.

    Returns
    -------
    ndarray, float32 [T, trials, inputs]
        Encoded, scaled, with the delayed copies side by side (`n_delays`); rows of features are
        repeated for `n_steps` steps, or drawn as spikes.
    """
    ensemble = _ensemble_of(estimator)
    series = estimator._prediction_series(X)
    given = ensemble.source(series).predicting(np.arange(series.shape[1]), ensemble.seed)
    x = np.asarray(given if isinstance(given, mx.array) else given.dense())
    if len(x) == 1:
        x = np.repeat(x, ensemble.n_steps, axis=0)
    config = ensemble.config
    first = np.zeros(len(x), dtype=int)
    steps = np.arange(len(x))
    lagged = [np.maximum(steps - lag * config.delay_step, first) for lag in range(config.n_delays)]
    return np.concatenate([x[index] for index in lagged], axis=-1)


def decide(estimator: SpikingClassifier, outputs: Any) -> np.ndarray:
    """Labels from what the networks of a fitted classifier gave, here or elsewhere.

    Parameters
    ----------
    estimator : SpikingClassifier
    outputs : array [T, trials, classes], or dict of such by the name of the output
        Of the graph that :func:`estimator_to_nir` wrote, run on :func:`network_inputs`.

    Returns
    -------
    ndarray (trials,)
        As ``estimator.predict``.

    Raises
    ------
    DataError
        If there is not one output [T, trials, classes] for each network.
    """
    ensemble = _ensemble_of(estimator)
    networks = ensemble.networks()
    named = outputs if isinstance(outputs, Mapping) else {"output_0": outputs}
    given = [np.asarray(named.get(f"output_{k}", ())) for k in range(len(networks))]
    shapes = [values.shape for values in given]
    if len(named) != len(networks) or any(s[2:] != (ensemble.n_classes,) for s in shapes):
        raise DataError(
            f"outputs: expected {len(networks)} of shape [T, trials, {ensemble.n_classes}], but "
            f"got the shapes {shapes}."
        )
    logits = [
        np.array(network.logits(mx.array(values))).astype(np.float64)
        for network, values in zip(networks, given, strict=True)
    ]
    shifted = [np.exp(values - values.max(axis=1, keepdims=True)) for values in logits]
    total = sum(values / values.sum(axis=1, keepdims=True) for values in shifted)
    return estimator.classes_[np.argmax(total, axis=1)]


def _ensemble_of(estimator: SpikingClassifier) -> Any:
    from sklearn.utils.validation import check_is_fitted

    if not isinstance(estimator, SpikingClassifier):
        raise ExchangeError(
            f"estimator: expected a SpikingClassifier or EEGSpikingClassifier, but got "
            f"{type(estimator).__name__}, which NIR cannot say. Train one of those to exchange it."
        )
    check_is_fitted(estimator, "classes_")
    if estimator._ensemble is None:
        raise ExchangeError(
            "architecture: expected 'feedforward', which NIR can say, but the model was chosen "
            "automatically: views whose log-probabilities are added up. Name the architecture, or "
            "an encoder, to train a network that can be exchanged."
        )
    if not isinstance(estimator._ensemble.config, NetworkConfig):
        raise ExchangeError(
            f"architecture: expected 'feedforward', which NIR can say, but the model has "
            f"{estimator._ensemble.config.name!r}. Train that one to exchange it."
        )
    return estimator._ensemble


def _time_step(estimator: SpikingClassifier, dt: float | None) -> float:
    known = getattr(getattr(estimator, "encoder_", None), "bin_width", None)
    if dt is None and known is None:
        raise ExchangeError(
            "dt: the duration of a step is not known, because the model has no encoder with a bin "
            "width. Give dt in seconds (1 / sampling rate for series that were given as they are)."
        )
    return check_number("dt", known if dt is None else dt, low=0, low_open=True, unit="s")
