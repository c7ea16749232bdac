"""From a recording to a folder: spikes, sidecar, table of measures, report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eegsnn._files import sha256_of, write_json, write_text
from eegsnn._validation import check_folder
from eegsnn.backend.versions import describe
from eegsnn.encoding import SignalEncoder, ThresholdCrossingEncoder
from eegsnn.recordings import open_recording
from eegsnn.reports.folder import replace_contents
from eegsnn.reports.tables import to_csv
from eegsnn.study.curves import BandCurve, band_curves
from eegsnn.study.encoding import Excerpt, Progress, encode_bands, learn_scales
from eegsnn.study.event_files import EventFiles, event_id
from eegsnn.study.page import StudyPage, render_study
from eegsnn.study.settings import StudySettings
from eegsnn.study.source import BandedSource

_FILES = (
    *("spikes.npz", "spikes-eve.txt", "spikes-annot.txt", "spikes.h5"),
    *("spikes.json", "measures.csv", "report.html"),
)
# Seconds of the middle of the recording that the curve is measured on, and that figures show.
CURVE_SECONDS = 30.0
SHOWN_SECONDS = 3.0


@dataclass(frozen=True)
class StudyOutcome:
    """What was made.

    Attributes
    ----------
    folder : Path
    files : list of str
        Names within the folder.
    n_spikes : int
    rows : list of dict
        The measures: one row per channel and band, as in ``measures.csv``.
    """

    folder: Path
    files: list[str]
    n_spikes: int
    rows: list[dict[str, Any]]


def encode_recording(
    path: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    settings: StudySettings | None = None,
    *,
    report: bool = True,
    command: str = "",
    progress: Progress | None = None,
) -> StudyOutcome:
    """Encode a recording into spikes and write everything that a study needs.

    The recording is read twice (scales, then spikes), chunk by chunk: with causal filters memory
    does not grow with its length, as far as MNE reads its format in pieces. With zero-phase
    filters it is loaded as a whole, and held once per band.

    Parameters
    ----------
    path : path-like
        Any file that MNE reads.
    folder : path-like
        Where ``spikes.npz``, ``spikes-eve.txt``, ``spikes-annot.txt``, ``spikes.h5``,
        ``spikes.json``, ``measures.csv`` and ``report.html`` go, those asked for: all, or none if
        something fails or is interrupted. Files of an earlier study are replaced.
    settings : StudySettings, optional
    report : bool, default True
        Make ``report.html``.
    command : str, optional
        Shown in the report and sidecar.
    progress : callable, optional
        Called with (what, samples done, samples in all).

    Returns
    -------
    StudyOutcome

    Raises
    ------
    RecordingError
        If the recording cannot be read.
    ConfigurationError
        If a setting is impossible, for itself or at this sampling rate.
    DataError
        If a sample is not finite, a channel flat in a band, or the recording too short.
    """
    settings = settings or StudySettings()
    tell: Progress = progress or (lambda what, done, total: None)
    target = check_folder("out", Path(folder))
    raw = open_recording(path, picks=settings.picks, duplicates=settings.duplicates)
    source = BandedSource(raw, settings)
    with replace_contents(target) as fresh:
        wide = _excerpt(source, CURVE_SECONDS, 0, source.n_times)
        encoders = learn_scales(source, settings, tell, wide)
        narrow = _excerpt(source, SHOWN_SECONDS, wide.first, wide.stop)
        files = _open_files(fresh, source, settings, encoders, raw)
        try:
            measures, decoded, events = encode_bands(
                source, encoders, files, tell, narrow.first, narrow.stop,
                blank=settings.bad == "blank",
            )  # fmt: skip
        finally:
            files.close()
        written = [*files.finish(), "spikes.json", "measures.csv"]
        tell("measuring", source.n_times, source.n_times)
        seconds = (source.n_times - source.bad.n_samples) / source.sfreq
        tables = [m.table(seconds) for m in measures]
        rows = _rows(source, tables)
        write_text(fresh / "measures.csv", to_csv(rows))
        description = _describe(path, raw, source, settings, encoders, command)
        description["n_spikes"], description["files"] = files.count, written
        if report:
            written.append("report.html")
            curves: list[BandCurve] = band_curves(wide.array, source, settings)
            page = StudyPage(
                description, source, narrow, wide, tables, decoded, events, curves, raw.info
            )
            write_text(fresh / "report.html", render_study(page))
        write_json(fresh / "spikes.json", description)
        stale = [name for name in _FILES if name not in written]
    for name in stale:
        (target / name).unlink(missing_ok=True)
    return StudyOutcome(target, written, files.count, rows)


def _excerpt(source: BandedSource, seconds: float, first: int, stop: int) -> Excerpt:
    """Return a stretch about the middle of [first, stop), clear of what is BAD where one is."""
    length = min(stop - first, max(2, round(seconds * source.sfreq)))
    at = source.bad.clear_stretch(first, stop, length)
    return Excerpt(at, at + length)


def _open_files(
    folder: Path,
    source: BandedSource,
    settings: StudySettings,
    encoders: list[SignalEncoder],
    raw: Any,
) -> EventFiles:
    names = {"channels": source.ch_names, "bands": [band.name for band in source.bands]}
    units = [max(encoder.n_units_, 1) for encoder in encoders]
    labels = _labels(source, encoders)
    return EventFiles(folder, settings.formats, units, int(raw.first_samp), names, labels)


def _labels(source: BandedSource, encoders: list[SignalEncoder]) -> dict[str, int]:
    return event_id(
        [band.name for band in source.bands],
        source.ch_names,
        [encoder._unit_names() or [""] for encoder in encoders],
        [encoder.bipolar for encoder in encoders],
    )


def _rows(source: BandedSource, tables: list[dict[str, np.ndarray]]) -> list[dict[str, Any]]:
    return [
        {"band": band.name, "channel": channel}
        | {name: values[i].item() for name, values in table.items()}
        for band, table in zip(source.bands, tables, strict=True)
        for i, channel in enumerate(source.ch_names)
    ]


def _describe(
    path: str | os.PathLike[str],
    raw: Any,
    source: BandedSource,
    settings: StudySettings,
    encoders: list[SignalEncoder],
    command: str,
) -> dict[str, Any]:
    bands = [band.name for band in source.bands]
    codes = [
        _code(method, encoder)
        for method, encoder in zip(settings.band_methods(), encoders, strict=True)
    ]
    alike = not isinstance(settings.method, Mapping)
    return {
        "format": "eegsnn spikes",
        "format_version": 1,
        "command": command,
        "recording": {
            "file": Path(path).name,
            "sha256": _hashes(Path(path), raw),
            "sampling_rate_hz": source.sfreq,
            "n_samples": source.n_times,
            "seconds": source.n_times / source.sfreq,
            "first_sample": int(raw.first_samp),
            "scale": settings.scale,
        },
        "channels": source.ch_names,
        "bands": [band.to_dict() for band in source.bands],
        "filter": {"design": "Butterworth", "order": settings.order, "phase": settings.phase},
        # One for all bands, or one for each.
        **({"encoder": codes[0]} if alike else {"encoders": dict(zip(bands, codes, strict=True))}),
        "bad": {
            "treated": settings.bad,
            "spans_seconds": [
                [start / source.sfreq, stop / source.sfreq]
                for start, stop in zip(
                    source.bad.starts.tolist(), source.bad.stops.tolist(), strict=True
                )
            ],
            "seconds": source.bad.n_samples / source.sfreq,
        },
        "scales_volts": {
            band: _scales(one, source.ch_names) for band, one in zip(bands, encoders, strict=True)
        },
        "event_id": _labels(source, encoders),
        "memory": (
            "streamed: memory does not grow with the recording"
            if settings.phase == "causal"
            else "zero-phase filters: the whole recording was loaded, once per band"
        ),
        "versions": describe(),
    }


def _code(method: str, encoder: SignalEncoder) -> dict[str, Any]:
    """Return what there is to say of an encoder, besides its scales."""
    return {
        "method": method,
        "settings": _plain(encoder.get_params()),
        "seed": encoder.seed_,
        "steps_per_sample": encoder.steps_per_sample_,
        "units": [str(name) for name in encoder._unit_names()],
        "signed": encoder.bipolar,
    }


def _scales(encoder: SignalEncoder, channels: list[str]) -> dict[str, dict[str, Any]]:
    """Per channel, in volts: what is subtracted, what is divided by, and thresholds."""
    found: dict[str, dict[str, Any]] = {}
    for i, channel in enumerate(channels):
        offset, unit = float(encoder.offset_[i]), float(encoder.unit_[i])
        found[channel] = {"offset": offset, "unit": unit}
        threshold = getattr(encoder, "threshold", None)
        if isinstance(encoder, ThresholdCrossingEncoder):
            levels = np.atleast_1d(np.asarray(threshold, dtype=float))
            found[channel]["levels_up"] = (offset + unit * levels).tolist()
            found[channel]["levels_down"] = (offset - unit * levels).tolist()
        elif hasattr(encoder, "thresholds_"):
            found[channel]["threshold"] = float(encoder.thresholds_[i])
        elif threshold is not None and encoder.scaling == "standard":
            found[channel]["threshold"] = float(threshold) * unit
    return found


def _hashes(path: Path, raw: Any) -> dict[str, str]:
    """SHA-256 of every file that the recording consists of."""
    files = {path, *(Path(name) for name in raw.filenames if name is not None)}
    inner = {
        file
        for entry in files
        for file in (entry.rglob("*") if entry.is_dir() else [entry])
        if file.is_file()
    }
    return {file.name: sha256_of(file) for file in sorted(inner)}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
