"""The study report: one HTML file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eegsnn import reports
from eegsnn.filters import FrequencyBand
from eegsnn.plots.style import to_png, to_svg
from eegsnn.study.curves import BandCurve, spread
from eegsnn.study.encoding import Excerpt
from eegsnn.study.figures import (
    curve_figure,
    raster_figure,
    reconstruction_figure,
    topography_figure,
)
from eegsnn.study.source import BandedSource

_SHOWN_CHANNELS = 3
_SHOWN_CYCLES = 15
_MANY_SPIKES = 4000


@dataclass(frozen=True)
class StudyPage:
    """What a report tells.

    Attributes
    ----------
    description : dict
        The sidecar.
    source : BandedSource
    shown : Excerpt
        What figures show of the signals.
    wide : Excerpt
        Filtered signals about it; of the curve.
    tables : list of dict of str to ndarray
        Measures per band, a value per channel.
    decoded : list of ndarray or None
        Reconstruction within `shown`, per band.
    events : dict of str to ndarray
        Events within `shown`.
    curves : list of BandCurve
    info : mne.Info
        Where channels are on the head.
    """

    description: Mapping[str, Any]
    source: BandedSource
    shown: Excerpt
    wide: Excerpt
    tables: Sequence[Mapping[str, np.ndarray]]
    decoded: Sequence[np.ndarray | None]
    events: Mapping[str, np.ndarray]
    curves: Sequence[BandCurve]
    info: Any


def render_study(page: StudyPage) -> str:
    """Return the report; figures and style stand inside it, and all text is escaped."""
    folders = [Path(__file__).parent, Path(reports.__file__).parent]
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    about = page.description
    bands = [band.name for band in page.source.bands]
    return environment.get_template("page.html.jinja").render(
        about=about,
        bands=[str(band) for band in page.source.bands],
        summary=_summary(page),
        headline=_headline(page),
        reconstructions=list(zip(map(str, page.source.bands), _reconstructions(page), strict=True)),
        raster=_raster(page, bands),
        curve=_curve(page),
        curve_channels=len(spread(len(page.source.ch_names), 8)),
        curve_seconds=(page.wide.stop - page.wide.first) / page.source.sfreq,
        maps=_maps(page, bands),
        shown=(page.shown.first / page.source.sfreq, page.shown.stop / page.source.sfreq),
        methods=list(dict.fromkeys(code["method"] for code in _codes(about))),
        codes=_told(about),
        signed=any(code["signed"] for code in _codes(about)),
        inverses=[band is not None for band in page.decoded],
        sidecar=json.dumps(
            {k: v for k, v in about.items() if k not in ("event_id", "scales_volts", "versions")},
            indent=2,
            ensure_ascii=False,
        ),
    )


def _summary(page: StudyPage) -> list[dict[str, Any]]:
    """One row per band: median over channels, and their range."""
    rows = []
    for band, table in zip(page.source.bands, page.tables, strict=True):
        values = {
            name: (float(np.median(v)), float(v.min()), float(v.max()))
            for name, v in table.items()
            if name != "silent" and np.isfinite(v).all()
        }
        rows.append({"band": str(band), "silent": float(table["silent"].mean()), **values})
    return rows


def _headline(page: StudyPage) -> float | None:
    """Median SNR of the bands that have one."""
    found = [table["snr"] for table in page.tables if np.isfinite(table["snr"]).all()]
    return float(np.median(np.concatenate(found))) if found else None


def _reconstructions(page: StudyPage) -> list[Markup]:
    chosen = spread(len(page.source.ch_names), _SHOWN_CHANNELS)
    names = [page.source.ch_names[i] for i in chosen]
    at = slice(page.shown.first - page.wide.first, page.shown.stop - page.wide.first)
    signals = page.wide.array[:, chosen, at]
    times = np.arange(page.shown.first, page.shown.stop) / page.source.sfreq
    figures = []
    for band, signal, decoded in zip(page.source.bands, signals, page.decoded, strict=True):
        part = _some_cycles(band, len(times), page.source.sfreq)
        restored = None if decoded is None else decoded[chosen, part]
        figure = reconstruction_figure(times[part], signal[:, part], restored, names)
        words = f"Signals of {band.name}, and what the spikes tell of them"
        figures.append(Markup(to_svg(figure, words)))
    return figures


def _some_cycles(band: FrequencyBand, n_times: int, sfreq: float) -> slice:
    """Return the first samples that hold cycles enough to see, and few enough to tell apart."""
    centre = np.sqrt((band.low or 0.5) * (band.high or sfreq / 2))
    return slice(0, min(n_times, max(2, round(_SHOWN_CYCLES * sfreq / centre))))


def _raster(page: StudyPage, bands: Sequence[str]) -> Markup:
    limits = (page.shown.first / page.source.sfreq, page.shown.stop / page.source.sfreq)
    units = max(1, *(len(code["units"]) for code in _codes(page.description)))
    figure = raster_figure(page.events, bands, page.source.ch_names, limits, units)
    if len(page.events["sample"]) <= _MANY_SPIKES:
        return Markup(to_svg(figure, "Spike raster of a stretch of the recording"))
    # Bars by the ten thousand are smaller as an image.
    return Markup('<img alt="spike raster" src="{}">').format(to_png(figure))


def _curve(page: StudyPage) -> Markup | None:
    if not page.curves:
        return None
    words = "Signal-to-noise ratio of each band against spikes per second"
    return Markup(to_svg(curve_figure(page.curves), words))


def _maps(page: StudyPage, bands: Sequence[str]) -> list[tuple[str, Markup]]:
    wanted = [("spikes_per_second", "spikes per second"), ("snr", "SNR (dB)")]
    found = []
    for name, label in wanted:
        values = [table[name] for table in page.tables]
        if not any(np.isfinite(of_band).all() for of_band in values):
            continue
        figure = topography_figure(values, bands, page.info, label)
        if figure is not None:
            # As an image: a map of many small patches is larger as SVG.
            src = to_png(figure, dpi=160)
            found.append((name, Markup('<img alt="map of {}" src="{}">').format(label, src)))
    return found


def _number(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}g}" if abs(value) < 1000 else f"{value:,.0f}"


def _codes(about: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the encoders of the bands, or the one of all."""
    return [about["encoder"]] if "encoder" in about else list(about["encoders"].values())


def _told(about: Mapping[str, Any]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return band (empty: all), method, and settings as text."""
    named = {"": about["encoder"]} if "encoder" in about else about["encoders"]
    return [
        (band, code["method"], [(k, json.dumps(v)) for k, v in code["settings"].items()])
        for band, code in named.items()
    ]
