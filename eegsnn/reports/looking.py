"""Look into a fitted network: what its spatial filters see, and what its neurons listen to."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# More maps than this nobody looks at; the strongest are kept.
_MAPS = 12
# Trials that a network is asked about: bounds time and memory, whatever the number of channels.
_PROBES = 1000
_BACKGROUNDS = 6
_FEWEST_FREQUENCIES, _MOST_FREQUENCIES = 14, 36
_CHANNELS = 64
_NEURONS = 200
_TRIALS_FOR_COVARIANCE = 200


@dataclass(frozen=True)
class SpatialMaps:
    """Spatial filters of a network and the patterns that belong to them.

    Attributes
    ----------
    names : list of str
    filters, patterns : ndarray, shape (filters, channels)
        Weights of the channels; and how strongly what a filter extracts appears in each channel,
        which is what may be interpreted (Haufe et al. 2014).
    ch_names : list of str
    """

    names: list[str]
    filters: np.ndarray
    patterns: np.ndarray
    ch_names: list[str]


@dataclass(frozen=True)
class Selectivity:
    """How hidden neurons answer to sinusoids.

    Attributes
    ----------
    change : ndarray, shape (neurons, channels, frequencies)
        Change of the spikes per step when the sinusoid is added to one channel.
    frequencies : ndarray
        Hertz.
    ch_names : list of str
    """

    change: np.ndarray
    frequencies: np.ndarray
    ch_names: list[str]


@dataclass(frozen=True)
class Look:
    """What can be seen of a fitted network; None where there is nothing of the kind."""

    maps: SpatialMaps | None = None
    selectivity: Selectivity | None = None


def look_into(estimator: Any, dataset: Any, trials: np.ndarray) -> Look:
    """Look into a fitted network with the trials that it was trained on.

    Parameters
    ----------
    estimator : fitted classifier
    dataset : EEGDataset or TabularDataset
        Of a table of features nothing is shown.
    trials : ndarray of int
        Its training trials.
    """
    if getattr(dataset, "sfreq", None) is None:
        return Look()
    X, ch_names = dataset.X[trials], list(dataset.ch_names)
    return Look(
        spatial_maps(estimator, X, ch_names, float(dataset.sfreq)),
        selectivity(estimator, X, float(dataset.sfreq), ch_names),
    )


def patterns_of_filters(
    filters: np.ndarray, X: np.ndarray, band: tuple[float, float] | None = None, sfreq: float = 1.0
) -> np.ndarray:
    """Patterns ``C wᵀ (w C wᵀ)⁻¹`` of spatial filters, each taken by itself.

    A filter has large weights where it cancels noise, too; its pattern shows where the signal is
    that it extracts.

    Parameters
    ----------
    filters : ndarray, shape (filters, channels)
    X : ndarray, shape (trials, channels, times)
        Training trials: their covariance is used, mean over trials.
    band : (low, high), optional
        In hertz, at the sampling rate `sfreq`: of a filter that sees that band alone, the
        covariance within it counts.
    sfreq : float

    Returns
    -------
    ndarray, shape (filters, channels)

    References
    ----------
    Haufe, S. et al. (2014). On the interpretation of weight vectors of linear models in
    multivariate neuroimaging. *NeuroImage* 87.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noise, source = rng.normal(size=(2, 1, 4000))
    >>> X = np.stack([source + noise, noise], axis=1)  # the second channel has no source
    >>> np.round(patterns_of_filters(np.array([[1.0, -1.0]]), X), 1) + 0.0
    array([[1., 0.]])
    """
    covariance = _covariance(X, band, sfreq)
    projected = filters @ covariance
    power = np.einsum("fc,fc->f", projected, filters)
    return np.asarray(projected / np.where(power > 0, power, 1.0)[:, None])


def _covariance(X: np.ndarray, band: tuple[float, float] | None, sfreq: float) -> np.ndarray:
    """Covariance of channels over all trials, of one band or of everything but the mean."""
    spectrum = np.fft.rfft(X, axis=2)
    frequencies = np.fft.rfftfreq(X.shape[2], 1 / sfreq)
    low, high = band if band is not None else (0.0, np.inf)
    inside = spectrum[..., (frequencies > 0) & (frequencies >= low) & (frequencies <= high)]
    both = np.einsum("icf,idf->cd", inside, inside.conj(), optimize=True)
    return np.asarray(both.real / (len(X) * X.shape[2]))


def spatial_maps(
    estimator: Any, X: np.ndarray, ch_names: Sequence[str], sfreq: float = 1.0
) -> SpatialMaps | None:
    """Return the spatial filters of a fitted estimator; None where it has none.

    Parameters
    ----------
    estimator : fitted classifier
        Looked for are ``spatial_filters_`` (filters, channels) in units of the input; an encoder
        (or several) with spatial filters per band, or features that have such; networks whose
        first layer mixes channels.
    X : ndarray, shape (trials, channels, times)
        Training trials.
    ch_names : sequence of str
    sfreq : float
        Hertz.
    """
    X = np.asarray(X[:: max(1, len(X) // _TRIALS_FOR_COVARIANCE)], dtype=np.float64)
    found: list[tuple[str, np.ndarray, np.ndarray]] = []
    own = getattr(estimator, "spatial_filters_", None)
    encoders = [] if own is not None else _encoders(estimator)
    for encoder in encoders:
        found += _of_encoder(encoder)
    for member in _members(estimator) if own is None else []:
        found += _of_features(member.features, X, sfreq)
    matrix = np.asarray(own, dtype=float) if own is not None else None
    if matrix is None and not found:
        matrix = _of_network(estimator, len(ch_names))
    if matrix is not None and matrix.ndim == 2 and matrix.shape[1] == len(ch_names):
        rows = zip(matrix, patterns_of_filters(matrix, X), strict=True)
        found += [(f"filter {k + 1}", row, pattern) for k, (row, pattern) in enumerate(rows)]
    found = [part for part in found if len(part[1]) == len(ch_names)][:_MAPS]
    if not found:
        return None
    names, weights, shown = zip(*found, strict=True)
    filters, patterns = np.stack(weights), np.stack(shown)
    # Signs are arbitrary: with the largest entry of each pattern positive, maps can be compared.
    largest = np.take_along_axis(patterns, np.abs(patterns).argmax(axis=1)[:, None], axis=1)
    signs = np.where(largest < 0, -1.0, 1.0)
    return SpatialMaps(list(names), filters * signs, patterns * signs, list(ch_names))


def selectivity(
    estimator: Any, X: np.ndarray, sfreq: float, ch_names: Sequence[str]
) -> Selectivity | None:
    """Add sinusoids to trials and see how the rates of the first hidden layer change.

    To each of a few trials a sinusoid is added, to one channel at a time, as large as that
    channel's own standard deviation, with a phase of its own per trial; the change of a neuron's
    rate is the mean over the trials. A linear filter, an encoder and a threshold are all seen
    through: this works for whatever stands before the neurons.

    Parameters
    ----------
    estimator : fitted classifier
        Its ``hidden_spikes`` is asked; None is returned where it has none.
    X : ndarray, shape (trials, channels, times)
        Training trials; a few are taken, evenly spaced.
    sfreq : float
        Hertz.
    ch_names : sequence of str
    """
    if not hasattr(estimator, "hidden_spikes") or X.ndim != 3:
        return None
    channels = np.unique(np.linspace(0, len(ch_names) - 1, _CHANNELS).round().astype(int))
    number = int(np.clip(300 // len(channels), _FEWEST_FREQUENCIES, _MOST_FREQUENCIES))
    frequencies = probed_frequencies(sfreq, X.shape[2], number, _centres(estimator))
    per_background = len(channels) * len(frequencies)
    n_trials = min(len(X), int(np.clip(_PROBES // max(1, per_background), 1, _BACKGROUNDS)))
    chosen = np.unique(np.linspace(0, len(X) - 1, n_trials).round().astype(int))
    background = np.asarray(X[chosen], dtype=np.float64)
    rest = _rates(estimator, background)
    time = np.arange(X.shape[2]) / sfreq
    phases = 2 * np.pi * np.arange(len(chosen)) / len(chosen)
    size = np.sqrt(2) * background.std(axis=2).mean(axis=0)
    change = np.empty((rest.shape[1], len(channels), len(frequencies)))
    # (frequencies, trials, times)
    waves = np.sin(2 * np.pi * frequencies[:, None, None] * time + phases[:, None])
    for row, channel in enumerate(channels):
        probes = np.repeat(background[None], len(frequencies), axis=0)
        probes[:, :, channel] += size[channel] * waves
        rates = _rates(estimator, probes.reshape(-1, *background.shape[1:]))
        changes = rates.reshape(len(frequencies), len(chosen), -1) - rest
        change[:, row] = changes.mean(axis=1).T
    names = [ch_names[channel] for channel in channels]
    strongest = np.sort(np.argsort(-np.abs(change).max(axis=(1, 2)), kind="stable")[:_NEURONS])
    return Selectivity(change[strongest], frequencies, names)


def probed_frequencies(
    sfreq: float, n_times: int, number: int = 14, also: Sequence[float] = ()
) -> np.ndarray:
    """Return frequencies evenly spaced on a logarithmic axis, from two periods a trial.

    Up to 0.4 times the sampling rate, and 100 Hz at most. Those of `also` within these limits are
    added: the centres of narrow bands lie between the others.

    Examples
    --------
    >>> np.round(probed_frequencies(250.0, 500, 3, [15.0]), 1).tolist()
    [1.0, 10.0, 15.0, 100.0]
    """
    high = min(0.4 * sfreq, 100.0)
    low = min(max(0.5, 2 * sfreq / n_times), high / 2)
    added = [f for f in also if low < f < high]
    return np.unique(np.round([*np.geomspace(low, high, number), *added], 6))


def _centres(estimator: Any) -> list[float]:
    """Centres in hertz of the bands of an estimator's encoders."""
    bands = [band for encoder in _encoders(estimator) for band in getattr(encoder, "bands_", [])]
    return [(band.low + band.high) / 2 for band in bands if band.low and band.high]


def _rates(estimator: Any, X: np.ndarray) -> np.ndarray:
    """Spikes per step (trials, neurons) of the first hidden layer, or of the weightiest view."""
    weights = [member.weight for member in _members(estimator)]
    chosen = {"layer": int(np.argmax(weights))} if weights else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that an encoder cannot follow a probe is no news
        if hasattr(estimator, "hidden_rates"):
            return np.asarray(estimator.hidden_rates(X, **chosen))
        spikes = np.asarray(estimator.hidden_spikes(X, **chosen))
    return spikes.reshape(*spikes.shape[:2], -1).mean(axis=0, dtype=np.float64)


def _encoders(estimator: Any) -> list[Any]:
    encoder = getattr(estimator, "encoder_", None)
    return [] if encoder is None else list(getattr(encoder, "encoders_", [encoder]))


def _members(estimator: Any) -> list[Any]:
    """List the views that decide together in an estimator that chose some by itself."""
    return list(getattr(getattr(estimator, "committee_", None), "members", []))


def _of_features(
    features: Any, X: np.ndarray, sfreq: float
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Take the filters (bands, components, channels) of features that have some per band."""
    filters = np.asarray(getattr(features, "filters_", ()))
    bands = list(getattr(features, "bands", ()))
    if filters.ndim != 3 or len(filters) != len(bands):
        return []
    if filters.shape[2] != X.shape[1]:
        return []
    patterns = [
        patterns_of_filters(weights, X, (float(low), float(high)), sfreq)
        for weights, (low, high) in zip(filters, bands, strict=True)
    ]
    return [
        (
            f"{low:g}–{high:g} Hz\nfilter {component + 1}",
            filters[number, component],
            pattern[component],
        )
        for component in range(filters.shape[1])
        for number, ((low, high), pattern) in enumerate(zip(bands, patterns, strict=True))
    ]


def _of_encoder(encoder: Any) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Take the filters of every band: best component of each band first."""
    spatial = getattr(encoder, "spatial_filters_", [])
    if not spatial or getattr(spatial[0], "method", "") == "average":
        return []
    bands = [str(band.name) for band in getattr(encoder, "bands_", [])]
    parts = []
    for component in range(max(part.n_components_ for part in spatial)):
        for number, part in enumerate(spatial):
            if component >= part.n_components_:
                continue
            name = part.component_names([])[component]
            band = bands[number] if len(bands) == len(spatial) else f"band {number + 1}"
            parts.append(
                (f"{band}\n{name}", part.filters_[0, component], part.patterns_[0, component])
            )
    return parts


def _of_network(estimator: Any, n_channels: int) -> np.ndarray | None:
    """Take the spatial filters of a network that reads the channels themselves."""
    ensemble = getattr(estimator, "_ensemble", None)
    if ensemble is None or not hasattr(ensemble, "networks"):
        return None
    network = ensemble.networks()[0]
    mixes = [
        np.asarray(layer.filters, dtype=np.float64)
        for layer in network.modules()
        if hasattr(layer, "whitening") and hasattr(layer, "filters")
    ]
    mixes = [mix for mix in mixes if mix.shape[-1] == n_channels]
    if not mixes:
        return None
    scale = np.asarray(getattr(ensemble.scaler, "scale", 1.0), dtype=np.float64)
    return np.concatenate(mixes) / scale
