"""The signal-to-noise ratio against the rate of spikes, per band, on a stretch of the recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.measures import snr_rate_curve
from eegsnn.measures.curves import CurvePoint
from eegsnn.study.settings import StudySettings
from eegsnn.study.source import BandedSource

# The setting that trades spikes for fidelity, and values of it.
PARAMETERS: dict[str, tuple[str, tuple[float, ...]]] = {
    "level_crossing": ("threshold", (0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)),
    "step_forward": ("threshold", (0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)),
    "moving_window": ("threshold", (0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)),
    "sigma_delta": ("threshold", (1.5, 2.0, 3.0, 4.0, 6.0)),
    "temporal_contrast": ("factor", (0.25, 0.5, 1.0, 1.5, 2.0)),
    "regular": ("spikes_per_sample", (0.1, 0.25, 0.5, 1.0, 2.0)),
    "poisson": ("spikes_per_sample", (0.1, 0.25, 0.5, 1.0)),
    "population": ("spikes_per_sample", (0.1, 0.25, 0.5, 1.0)),
    "bsa": ("threshold", (0.2, 0.35, 0.5, 0.75)),
    "modified_hsa": ("threshold", (0.05, 0.1, 0.2, 0.4)),
}
_MOST_CHANNELS = 8


@dataclass(frozen=True)
class BandCurve:
    """Points of one band.

    Attributes
    ----------
    band : str
    parameter : str
    own : float
        Its value in the study.
    points : list of CurvePoint
    """

    band: str
    parameter: str
    own: float
    points: list[CurvePoint]


def band_curves(
    excerpt: np.ndarray, source: BandedSource, settings: StudySettings
) -> list[BandCurve]:
    """Measure the curve of every band; none where a code has no inverse, or nothing to turn.

    Parameters
    ----------
    excerpt : ndarray, shape (bands, channels, times)
        At most eight channels of it, evenly spread, are used; scales are learned from them.
    source : BandedSource
    settings : StudySettings
    """
    chosen = spread(excerpt.shape[1], _MOST_CHANNELS)
    curves = []
    made = zip(settings.band_methods(), settings.band_encoders(), strict=True)
    for band, signals, (method, encoder) in zip(source.bands, excerpt, made, strict=True):
        if method not in PARAMETERS or encoder.instead_of_inverse is not None:
            continue
        parameter, values = PARAMETERS[method]
        own = float(getattr(encoder, parameter))
        fixed = {k: v for k, v in encoder.get_params().items() if k != parameter}
        try:
            points = snr_rate_curve(
                signals[None, chosen],
                source.sfreq,
                method,
                sorted({*values, own}),
                parameter=parameter,
                settings=fixed,
            )
        except (DataError, ConfigurationError):
            continue  # flat within the excerpt: the measures of the whole tell what there is
        curves.append(BandCurve(band.name, parameter, own, points))
    return curves


def spread(count: int, most: int) -> list[int]:
    """Return at most `most` places among `count`, evenly spread.

    Examples
    --------
    >>> spread(64, 4), spread(2, 4)
    ([0, 21, 42, 63], [0, 1])
    """
    return sorted({round(i) for i in np.linspace(0, count - 1, min(count, most))})
