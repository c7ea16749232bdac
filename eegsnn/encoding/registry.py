"""Encoders by name."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from eegsnn._validation import check_choice, suggestion
from eegsnn.encoding import event_encoders, rate_encoders, spiker_encoders, value_encoders
from eegsnn.encoding.signals import SignalEncoder
from eegsnn.errors import ConfigurationError

ENCODERS: dict[str, type[SignalEncoder]] = {
    "regular": rate_encoders.RegularRateEncoder,
    "poisson": rate_encoders.PoissonRateEncoder,
    "latency": value_encoders.LatencyEncoder,
    "temporal_contrast": event_encoders.TemporalContrastEncoder,
    "step_forward": event_encoders.StepForwardEncoder,
    "level_crossing": event_encoders.LevelCrossingEncoder,
    "threshold_crossing": event_encoders.ThresholdCrossingEncoder,
    "moving_window": event_encoders.MovingWindowEncoder,
    "bsa": spiker_encoders.BSAEncoder,
    "hsa": spiker_encoders.HSAEncoder,
    "modified_hsa": spiker_encoders.ModifiedHSAEncoder,
    "sigma_delta": event_encoders.SigmaDeltaEncoder,
    "phase": value_encoders.PhaseEncoder,
    "burst": value_encoders.BurstEncoder,
    "population": rate_encoders.PopulationEncoder,
    "rank_order": value_encoders.RankOrderEncoder,
    "repeat": value_encoders.RepeatEncoder,
    "direct": value_encoders.DirectEncoder,
}
"""Every encoder of signals, by the name that `make_encoder` and `EEGEncoder` take."""


def make_encoder(name: str, settings: Mapping[str, Any] | None = None) -> SignalEncoder:
    """Return an unfitted encoder by name.

    Parameters
    ----------
    name : str
        A key of :data:`ENCODERS`.
    settings : mapping, optional
        Its constructor's values, where they are not the defaults.

    Raises
    ------
    ConfigurationError
        If the name or a setting is unknown, or a value impossible.

    Examples
    --------
    >>> make_encoder("level_crossing", {"threshold": 0.25})
    LevelCrossingEncoder(threshold=0.25)
    """
    check_choice("encoder", name, ENCODERS)
    settings = dict(settings or {})
    known = list(inspect.signature(ENCODERS[name]).parameters)
    for key in settings:
        if key not in known:
            raise ConfigurationError(
                f"{key}: {name!r} has no such setting, but {', '.join(known) or 'none'}."
                f"{suggestion(key, known)}"
            )
    encoder = ENCODERS[name](**settings)
    encoder.check_parameters()
    return encoder
