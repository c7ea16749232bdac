"""What a study asks for, checked before anything is read or written."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eegsnn._validation import check_choice, check_integer, check_number
from eegsnn.encoding import ENCODERS, SignalEncoder, make_encoder
from eegsnn.errors import ConfigurationError
from eegsnn.filters import FrequencyBand, resolve_bands

FORMATS = ("npz", "events", "hdf5")
"""What spikes can be written as."""
_CURRENTS = ("direct", "repeat")
# A seed that is written down, so that a random code can be made again.
_SEED = 0


@dataclass(frozen=True)
class StudySettings:
    """How a recording is encoded.

    Parameters
    ----------
    method : str, default "level_crossing"
        A name of :data:`eegsnn.encoding.ENCODERS` that gives spikes.
    settings : mapping, default {}
        The encoder's values, where they are not the defaults. A random code gets the seed 0
        where none is given.
    bands : default "standard"
        See :func:`eegsnn.filters.resolve_bands`.
    phase : {"causal", "zero"}, default "causal"
        "causal": forward filters, streamed, memory does not grow with the recording. "zero":
        forward and backward, without delay; the whole recording is loaded, once per band.
    order : int, default 4
        Of the Butterworth filters.
    picks : str or sequence of str, default "eeg"
        Channel types or names.
    scale : float, default 1.0
        Multiplies the recording's volts, where its unit is not what the file says.
    chunk : float, default 10.0
        Seconds read at a time. Spikes do not depend on it.
    formats : sequence of str, default ("npz", "events")
        Of :data:`FORMATS`.

    Raises
    ------
    ConfigurationError
        If a value is impossible; the message names it.

    Examples
    --------
    >>> StudySettings("bsa", bands=["alpha"]).make_encoder()
    BSAEncoder()
    """

    method: str = "level_crossing"
    settings: Mapping[str, Any] = field(default_factory=dict)
    bands: Any = "standard"
    phase: str = "causal"
    order: int = 4
    picks: str | Sequence[str] | None = "eeg"
    scale: float = 1.0
    chunk: float = 10.0
    formats: Sequence[str] = ("npz", "events")

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check_choice("method", self.method, ENCODERS)
        if self.method in _CURRENTS:
            raise ConfigurationError(
                f"method: {self.method!r} gives currents, which have no events. Choose a code that "
                f"spikes, such as 'level_crossing'."
            )
        self.make_encoder()
        self.resolved_bands()
        check_choice("phase", self.phase, ["causal", "zero"])
        check_integer("order", self.order, low=1, high=12)
        check_number("scale", self.scale, low=0.0, low_open=True)
        check_number("chunk", self.chunk, low=0.0, low_open=True, unit="s")
        for name in self.formats:
            check_choice("formats", name, FORMATS)

    def make_encoder(self) -> SignalEncoder:
        """Return the encoder, unfitted."""
        settings = dict(self.settings)
        takes = inspect.signature(ENCODERS[self.method]).parameters
        if "random_state" in takes and settings.get("random_state") is None:
            settings["random_state"] = _SEED
        return make_encoder(self.method, settings)

    def resolved_bands(self) -> tuple[FrequencyBand, ...]:
        """Return the bands as objects."""
        return resolve_bands(self.bands)
