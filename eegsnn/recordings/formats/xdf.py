"""Recordings of the Lab Streaming Layer: several streams in a file, each with a clock of its own.

Format: *Extensible Data Format*, and its meta-data for EEG and for markers,
https://github.com/sccn/xdf/wiki. pyxdf reads it, aligns the clocks and takes the jitter out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mne
import numpy as np

from eegsnn._validation import check_channel_names, check_choice
from eegsnn._warnings import warn_user
from eegsnn.errors import DataTrapWarning, DependencyError, RecordingError
from eegsnn.recordings.annotations import plain_label
from eegsnn.recordings.formats.assembling import (
    GAP,
    assemble,
    choose_channels,
    none_such,
    tell_gaps,
)
from eegsnn.recordings.units import TO_VOLTS

#: Suffixes of the format; the second is compressed.
XDF_SUFFIXES = (".xdf", ".xdfz")

_UNITS = {
    **dict.fromkeys(("uv", "µv", "μv", "microvolt", "microvolts"), "uV"),
    **dict.fromkeys(("mv", "millivolt", "millivolts"), "mV"),
    **dict.fromkeys(("nv", "nanovolt", "nanovolts"), "nV"),
    **dict.fromkeys(("v", "volt", "volts"), "V"),
}
_POTENTIALS = ("eeg", "eog", "ecg", "emg")
_TYPES = {name: name for name in _POTENTIALS} | dict.fromkeys(
    ("stim", "trigger", "triggers", "marker", "markers"), "stim"
)
_MARKERS = ("marker", "markers", "event", "events", "stim", "trigger", "triggers")
# Share by which a device's clock may differ from the rate that it declares.
_CLOCK = 0.05


def read_xdf_recording(
    path: Path,
    *,
    stream: str | None = None,
    unit: str | None = None,
    channels: Sequence[str] | None = None,
    events: str | None = None,
) -> tuple[mne.io.RawArray, list[str]]:
    """Make a recording of a file of streams.

    Parameters
    ----------
    path : Path
        A file of the Extensible Data Format (``.xdf``, ``.xdfz``); extra ``xdf``.
    stream : str, optional
        Name of the stream of signals. If not given, the one whose type is EEG, or the only one
        that has a rate.
    unit : {"uV", "V", "mV", "nV"}, optional
        Unit of the samples; if not given, what the stream says of each channel, and microvolts (as
        the format prefers) where it says nothing.
    channels : sequence of str, optional
        Labels of channels to take, as EEG; ``*`` stands for anything, and ``"1=C3"`` gives a name.
        Channels without a label are called by their place, from 1. If not given, all of the
        stream, as what it says that they are.
    events : str, optional
        Name of the stream of events; all streams of markers if not given.

    Returns
    -------
    raw : mne.io.RawArray
        In volts; markers as annotations, each at the sample nearest to it in time; ``BAD_gap``
        where samples are missing.
    left_out : list of str
        Names of the streams that were not taken.

    Raises
    ------
    DependencyError
        pyxdf is not installed.
    RecordingError
        The file is damaged, or which stream is meant, its names or its unit cannot be known.
    ConfigurationError
        `unit` is impossible.

    Warns
    -----
    DataTrapWarning
        Samples are missing, markers lie outside the samples, no unit is told, or the rate is not
        the one that is declared.
    """
    if unit is not None:
        check_choice("unit", unit, TO_VOLTS)
    streams = _load(path)
    signal = _signal(path, streams, stream)
    markers = _markers(path, streams, events, signal)
    values, times = np.asarray(signal["time_series"], dtype=float).T, signal["time_stamps"]
    if len(times) < 2:
        raise RecordingError(f"{path}: stream {_name(signal)} holds no samples.")
    labels, types, units = _channels(path, signal)
    taken = {label: label for label in labels}
    if channels is not None:
        taken = choose_channels(path, labels, channels, f"channel of stream {_name(signal)}")
        types = dict.fromkeys(taken, "eeg")
    check_channel_names(list(taken.values()))
    rate, gaps = _rate(path, signal)
    scale = _scales(path, {label: (types[label], units[label]) for label in taken}, unit)
    rows = [labels.index(label) for label in taken]
    volts = values[rows] * np.array([scale[label] for label in taken])[:, None]
    raw = assemble(
        volts,
        {name: types[label] for label, name in taken.items()},
        rate,
        _notes(path, markers, times, rate),
        gaps,
    )
    used = [id(one) for one in (signal, *markers)]
    return raw, [_name(one) for one in streams if id(one) not in used]


def _load(path: Path) -> list[dict[str, Any]]:
    try:
        import pyxdf
    except ImportError as error:
        raise DependencyError(
            f"{path}: reading XDF needs pyxdf, not installed here: pip install 'eegsnn[xdf]'."
        ) from error
    if not path.is_file():
        raise RecordingError(f"{path}: no such file.")
    with _listening() as faults:
        try:
            streams, _ = pyxdf.load_xdf(
                str(path), jitter_break_threshold_seconds=GAP, jitter_break_threshold_samples=1
            )
        except Exception as error:  # parsers of damaged files raise anything
            faults.append(f"{type(error).__name__}: {error}")
            streams = []
    if faults:
        raise RecordingError(
            f"{path}: cannot be read whole; it is truncated, damaged or no XDF ({faults[0]})."
        )
    read: list[dict[str, Any]] = streams
    return read


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Collect what pyxdf logs as errors, which are samples that it skips, and show no log."""
    faults: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                faults.append(record.getMessage().splitlines()[0].rstrip("."))

    logger, ear = logging.getLogger("pyxdf"), Ear()
    usual = logger.propagate
    logger.addHandler(ear)
    logger.propagate = False
    try:
        yield faults
    finally:
        logger.removeHandler(ear)
        logger.propagate = usual


def _text(info: Any, key: str) -> str:
    """Return what stands under a key of the meta-data, which keeps lists of one; "" if nothing."""
    value = info.get(key) if isinstance(info, dict) else None
    first = value[0] if isinstance(value, list) and value else value
    return "" if first is None or isinstance(first, dict) else str(first).strip()


def _name(stream: dict[str, Any]) -> str:
    return _text(stream["info"], "name") or f"number {stream['info']['stream_id']}"


def _is_signal(stream: dict[str, Any]) -> bool:
    info = stream["info"]
    return _text(info, "channel_format") != "string" and float(_text(info, "nominal_srate")) > 0


def _described(stream: dict[str, Any]) -> str:
    info = stream["info"]
    rate = float(_text(info, "nominal_srate"))
    told = f"{_text(info, 'channel_count')} channels, " + (f"{rate:g} Hz" if rate else "no rate")
    return f"{_name(stream)} ({_text(info, 'type') or 'no type'}, {told})"


def _signal(path: Path, streams: list[dict[str, Any]], wanted: str | None) -> dict[str, Any]:
    with_rate = [one for one in streams if _is_signal(one)]
    if wanted is None:
        is_eeg = [_text(one["info"], "type").lower() == "eeg" for one in with_rate]
        found = [
            one for one, good in zip(with_rate, is_eeg, strict=True) if good or not any(is_eeg)
        ]
        if len(found) == 1:
            return found[0]
        raise RecordingError(
            f"{path}: {len(found) or 'none'} of its streams could be the EEG: "
            f"{'; '.join(map(_described, found or streams)) or 'there are none'}."
            + (
                f" Choose one: eegsnn convert {path.name} --stream '{_name(found[0])}' "
                f"--out {path.stem}_raw.fif"
                if found
                else ""
            )
        )
    found = [one for one in with_rate if _name(one) == wanted]
    if len(found) != 1:
        names = [_name(one) for one in with_rate]
        raise none_such(path, "stream", wanted, names, "single stream with a rate")
    return found[0]


def _markers(
    path: Path, streams: list[dict[str, Any]], wanted: str | None, signal: dict[str, Any]
) -> list[dict[str, Any]]:
    irregular = [one for one in streams if one is not signal and not _is_signal(one)]
    if wanted is not None:
        found = [one for one in irregular if _name(one) == wanted]
        if not found:
            names = [_name(one) for one in irregular]
            raise none_such(path, "events", wanted, names, "stream of markers")
        return found
    return [
        one
        for one in irregular
        if _text(one["info"], "channel_format") == "string"
        or _text(one["info"], "type").lower() in _MARKERS
    ]


def _channels(
    path: Path, stream: dict[str, Any]
) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """Return labels, and for each its type as MNE calls it and what is said of its unit."""
    n_channels = np.shape(stream["time_series"])[1]
    held: Any = stream["info"].get("desc")
    for key in ("channels", "channel"):
        inner = held[0] if isinstance(held, list) and held else None
        held = inner.get(key) if isinstance(inner, dict) else None
    told = held if isinstance(held, list) and len(held) == n_channels else [{}] * n_channels
    labels = [_text(one, "label") or str(k) for k, one in enumerate(told, start=1)]
    copies = sorted({label for label in labels if labels.count(label) > 1})
    if copies:
        raise RecordingError(
            f"{path}: stream {_name(stream)}: several channels are called {', '.join(copies)}."
        )
    kinds = [_text(one, "type").lower() or "eeg" for one in told]
    types = {label: _TYPES.get(kind, "misc") for label, kind in zip(labels, kinds, strict=True)}
    return labels, types, dict(zip(labels, (_text(one, "unit") for one in told), strict=True))


def _scales(path: Path, told: dict[str, tuple[str, str]], unit: str | None) -> dict[str, float]:
    """Return label → what one of its unit is in volts; 1 for what is no potential."""
    scales, silent = {}, []
    for label, (kind, text) in told.items():
        known = unit or _UNITS.get(text.lower(), "" if text else "uV")
        if kind not in _POTENTIALS:
            scales[label] = 1.0
            continue
        if not known:
            raise RecordingError(
                f"{path}: channel {label}: expected a unit of potential, but the stream says "
                f"{text!r}. Give it: eegsnn convert {path.name} --unit uV --out "
                f"{path.stem}_raw.fif"
            )
        if not (unit or text):
            silent.append(label)
        scales[label] = TO_VOLTS[known]
    if silent:
        warn_user(
            f"{path}: no unit is told for {len(silent)} of {len(told)} channels; they are taken to "
            f"be in microvolts. Otherwise give it: eegsnn convert {path.name} --unit V.",
            DataTrapWarning,
        )
    return scales


def _rate(path: Path, stream: dict[str, Any]) -> tuple[float, list[int]]:
    """Return the sampling rate, and the samples before which others are missing.

    The declared rate stands where the clock keeps it, so that recordings of one device agree.
    """
    steps = np.diff(stream["time_stamps"])
    if (steps < 0).any():
        raise RecordingError(
            f"{path}: stream {_name(stream)}: times go back after sample "
            f"{int(np.argmax(steps < 0)) + 1}."
        )
    declared = float(_text(stream["info"], "nominal_srate"))
    usual = steps[steps <= GAP]
    measured = len(usual) / usual.sum() if usual.sum() > 0 else declared
    rate = declared if abs(measured - declared) <= _CLOCK * declared else round(measured, 1)
    if rate != declared:
        warn_user(
            f"{path}: stream {_name(stream)} declares {declared:g} Hz, but its times say "
            f"{measured:.4g} Hz; these are believed.",
            DataTrapWarning,
        )
    return rate, tell_gaps(path, steps, rate)


def _notes(
    path: Path, markers: list[dict[str, Any]], times: np.ndarray, rate: float
) -> list[tuple[float, float, str]]:
    """Return (onset, duration, label) of the markers, in order; several columns are joined by /."""
    middle = (times[1:] + times[:-1]) / 2
    notes, outside = [], 0
    for stream in markers:
        for moment, values in zip(stream["time_stamps"], stream["time_series"], strict=True):
            label = "/".join(text for value in values if (text := plain_label(str(value).strip())))
            if not times[0] - 1 / rate <= moment <= times[-1] + 1 / rate:
                outside += 1
            elif label:
                notes.append((int(np.searchsorted(middle, moment)) / rate, 0.0, label))
    if outside:
        warn_user(
            f"{path}: {outside} of {outside + len(notes)} markers lie before or after the samples "
            f"and are left out.",
            DataTrapWarning,
        )
    return sorted(notes)
