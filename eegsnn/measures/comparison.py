"""Encoders side by side: a table per recording, channel, band and encoder."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from eegsnn._validation import (
    check_channel_names,
    check_choice,
    check_rate_known,
    check_series,
    unpack_series,
)
from eegsnn.encoding import ENCODERS, SignalEncoder, make_encoder
from eegsnn.errors import ConfigurationError, DataError, SlewLimitWarning
from eegsnn.filters import apply_filter, design_filter, resolve_bands
from eegsnn.measures import fidelity, spiking

DEFAULT_ENCODERS = (
    "level_crossing",
    "step_forward",
    "temporal_contrast",
    "moving_window",
    "threshold_crossing",
    "sigma_delta",
    "regular",
    "bsa",
    "hsa",
    "modified_hsa",
)
"""What is compared where nothing is said: the codes whose steps are samples, without randomness."""


def compare_encoders(
    data: Any,
    encoders: Sequence[Any] | Mapping[str, Any] = DEFAULT_ENCODERS,
    bands: Any = "standard",
    *,
    train: Any = None,
    sfreq: float | None = None,
    ch_names: Sequence[str] | None = None,
    order: int = 4,
    window: float = 1.0,
    frame: str = "auto",
) -> Any:
    """Encode, decode and measure: one row per recording, channel, band and encoder.

    Parameters
    ----------
    data : mne Raw or Epochs, ndarray, or mapping of names to these
        Arrays (channels, times) or (trials, channels, times). A mapping names recordings.
    encoders : sequence or mapping
        Names of :data:`eegsnn.encoding.ENCODERS`, unfitted encoders, or pairs (name, settings);
        a mapping gives each a label of its own.
    bands : default "standard"
        See :func:`eegsnn.filters.resolve_bands`. Filtered without delay.
    train : like one of `data`, optional
        What scales are learned from. Default: each recording itself; no more than the scale of
        each channel and band is learned.
    sfreq : float, optional
        In Hz, for arrays.
    ch_names : sequence of str, optional
        For arrays.
    order : int, default 4
        Of the filters.
    window : float, default 1.0
        Seconds of the windows of the Fano factor.
    frame : {"auto", "pandas", "records"}, default "auto"
        "pandas": a DataFrame; "records": a list of dicts; "auto": the first, if pandas is there.

    Returns
    -------
    pandas.DataFrame or list of dict
        Columns: recording, channel, band, encoder; snr (dB, about the training mean), rmse (in
        the unit of the data), nrmse, correlation: NaN where a code has no inverse;
        spikes_per_second, up_per_second, down_per_second, spikes_per_sample, bits_per_sample,
        silent, isi_cv, fano: NaN for currents. Spikes of a channel's several units are added.

    Raises
    ------
    ConfigurationError
        If an encoder, band or rate is impossible.
    DataError
        If the data cannot be used, or `train` has other channels.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(2, 2000))
    >>> rows = compare_encoders(
    ...     X, ["level_crossing", ("level_crossing", {"threshold": 0.25})], {"alpha": (8, 13)},
    ...     sfreq=250.0, frame="records")
    >>> [(row["channel"], row["encoder"], round(row["snr"])) for row in rows[:2]]
    [('ch0', 'level_crossing', 11), ('ch0', 'level_crossing(threshold=0.25)', 17)]
    """
    check_choice("frame", frame, ["auto", "pandas", "records"])
    chosen = _resolve_encoders(encoders)
    chosen_bands = resolve_bands(bands)
    recordings = data if isinstance(data, Mapping) else {"recording": data}
    learned = None if train is None else _read(train, sfreq, ch_names)
    rows: list[dict[str, Any]] = []
    for name, recording in recordings.items():
        X, names, rate = _read(recording, sfreq, ch_names)
        if learned is not None and (learned[1] != names or learned[2] != rate):
            raise DataError(
                f"train: expected the channels {', '.join(names)} at {rate:g} Hz as in recording "
                f"{name!r}, but got {', '.join(learned[1])} at {learned[2]:g} Hz."
            )
        for band in chosen_bands:
            band_filter = design_filter(band, rate, order)
            signals = apply_filter(X, band_filter)
            fit_on = signals if learned is None else apply_filter(learned[0], band_filter)
            for label, encoder in chosen.items():
                encoder.fit(fit_on, ch_names=names)
                measured = _measure(encoder, signals, rate, window)
                rows += [
                    {"recording": str(name), "channel": channel, "band": band.name,
                     "encoder": label, **{key: value[i] for key, value in measured.items()}}
                    for i, channel in enumerate(names)
                ]  # fmt: skip
    rows.sort(key=_in_order(rows, ("recording", "channel", "band", "encoder")))
    if frame == "records" or (frame == "auto" and find_spec("pandas") is None):
        return rows
    try:
        import pandas
    except ImportError as error:
        raise ConfigurationError(
            'frame: "pandas" needs pandas, which is not installed. Install it, or take "records".'
        ) from error
    return pandas.DataFrame(rows)


def _resolve_encoders(encoders: Any) -> dict[str, SignalEncoder]:
    if isinstance(encoders, str | SignalEncoder):
        encoders = [encoders]
    pairs = (
        [(str(label), _make(spec)) for label, spec in encoders.items()]
        if isinstance(encoders, Mapping)
        else [(_label(spec), _make(spec)) for spec in encoders]
    )
    if not pairs:
        raise ConfigurationError("encoders: expected at least one encoder, but got none.")
    labels = [label for label, _ in pairs]
    for label in labels:
        if labels.count(label) > 1:
            raise ConfigurationError(
                f"encoders: {label!r} is given more than once; give a mapping of labels."
            )
    return dict(pairs)


def _make(spec: Any) -> SignalEncoder:
    if isinstance(spec, SignalEncoder):
        from sklearn.base import clone

        spec.check_parameters()
        return clone(spec)
    name, settings = _name_and_settings(spec)
    return make_encoder(name, settings)


def _label(spec: Any) -> str:
    if isinstance(spec, SignalEncoder):
        return next(n for n, cls in ENCODERS.items() if type(spec) is cls) + _listed(
            {k: v for k, v in spec.get_params().items() if v != type(spec)().get_params()[k]}
        )
    name, settings = _name_and_settings(spec)
    return name + _listed(settings)


def _listed(settings: Mapping[str, Any]) -> str:
    return f"({', '.join(f'{k}={v}' for k, v in settings.items())})" if settings else ""


def _name_and_settings(spec: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(spec, str):
        return spec, {}
    if isinstance(spec, tuple | list) and len(spec) == 2 and isinstance(spec[1], Mapping):
        return str(spec[0]), dict(spec[1])
    raise ConfigurationError(
        f"encoders: expected a name, an unfitted encoder or (name, settings), but got {spec!r}."
    )


def _read(
    data: Any, sfreq: float | None, ch_names: Sequence[str] | None
) -> tuple[np.ndarray, list[str], float]:
    """Trials (trials, channels, times), channel names and rate of any kind of data."""
    X, names, rate = unpack_series(data, ch_names=ch_names)
    X = np.asarray(X)
    if X.ndim == 2:
        X = X[None]
    if names is not None and X.ndim == 3:
        names = check_channel_names(names, X.shape[1])
    X = check_series(X, name="data", ch_names=names)
    if names is None:
        names = [f"ch{i}" for i in range(X.shape[1])]
    return X, list(names), check_rate_known(rate, sfreq)


def _measure(
    encoder: SignalEncoder, X: np.ndarray, sfreq: float, window: float
) -> dict[str, list[Any]]:
    """Return every measure, one value per channel."""
    with warnings.catch_warnings():
        # That a code cannot follow shows in the table.
        warnings.simplefilter("ignore", SlewLimitWarning)
        spikes = encoder.transform(X)
    found: dict[str, Any] = _fidelity(encoder, X, spikes) | _spiking(encoder, spikes, sfreq, window)
    return {name: [_plain(value) for value in values] for name, values in found.items()}


def _fidelity(encoder: SignalEncoder, X: np.ndarray, spikes: np.ndarray) -> dict[str, Any]:
    n_channels = X.shape[1]
    if encoder.instead_of_inverse is not None:
        return dict.fromkeys(("snr", "rmse", "nrmse", "correlation"), [np.nan] * n_channels)
    decoded = encoder.inverse_transform(spikes, start=X[..., 0], n_times=X.shape[-1])
    centre = X.mean(axis=(0, 2))
    s = np.moveaxis(X, 1, 0).reshape(n_channels, -1) - centre[:, None]
    r = np.moveaxis(decoded, 1, 0).reshape(n_channels, -1) - centre[:, None]
    return {
        "snr": fidelity.snr(s, r),
        "rmse": fidelity.rmse(s, r),
        "nrmse": fidelity.nrmse(s, r),
        "correlation": fidelity.correlation(s, r),
    }


def _spiking(
    encoder: SignalEncoder, spikes: np.ndarray, sfreq: float, window: float
) -> dict[str, Any]:
    n_channels, per_sample = spikes.shape[1], encoder.steps_per_sample_
    if spikes.dtype.kind == "f":
        names = ("spikes_per_second", "up_per_second", "down_per_second", "spikes_per_sample",
                 "bits_per_sample", "silent", "isi_cv", "fano")  # fmt: skip
        return dict.fromkeys(names, [np.nan] * n_channels)
    # (channels, units, trials, steps): units are added, trials averaged.
    trains = np.moveaxis(spikes.reshape(*spikes.shape[:2], -1, spikes.shape[-1]), 0, 2)
    rate = sfreq * per_sample
    by_sign = {
        name: value.sum(axis=1).mean(axis=1)
        for name, value in spiking.spikes_per_second(trains, rate).items()
    }
    joined = trains.reshape(*trains.shape[:2], -1)
    regularity = spiking.interval_statistics(trains, rate, min(window, spikes.shape[-1] / rate))
    return {
        "spikes_per_second": by_sign["total"],
        "up_per_second": by_sign["up"],
        "down_per_second": by_sign["down"],
        "spikes_per_sample": by_sign["total"] / sfreq,
        "bits_per_sample": spiking.bits_per_sample(joined, per_sample).sum(axis=1),
        "silent": [not channel.any() for channel in joined],
        "isi_cv": _mean_known(regularity["cv"]),
        "fano": _mean_known(regularity["fano"]),
    }


def _mean_known(values: np.ndarray) -> list[float]:
    """Mean of each channel's units and trials, those without a value left out."""
    return [
        float(np.mean(known)) if (known := row[np.isfinite(row)]).size else np.nan
        for row in values.reshape(len(values), -1)
    ]


def _plain(value: Any) -> Any:
    return bool(value) if isinstance(value, bool | np.bool_) else float(value)


def _in_order(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> Any:
    """Return the key that sorts rows by columns, values in the order they first came."""
    first: dict[str, dict[Any, int]] = {column: {} for column in columns}
    for row in rows:
        for column in columns:
            first[column].setdefault(row[column], len(first[column]))

    def key(row: dict[str, Any]) -> tuple[int, ...]:
        return tuple(first[column][row[column]] for column in columns)

    return key
